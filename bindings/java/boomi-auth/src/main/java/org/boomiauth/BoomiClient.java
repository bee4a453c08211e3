package org.boomiauth;

import java.net.URI;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.BiConsumer;

/**
 * A client for one user at one base URL of Boomi: it signs in, caches JWTs, sends requests, and owns the connections.
 *
 * <p>Thread-safe, and meant to be shared: one client for a program is enough. Calls block; an interrupt of their thread
 * ends them within 0.1 s with {@link CanceledException}, and the thread stays interrupted. Calls throw {@link
 * BoomiAuthException}; those of a closed client {@link IllegalStateException}.
 */
public final class BoomiClient implements AutoCloseable {
    private final Handle handle;
    private final String shown;
    /** Keeps the callbacks reachable, which the library refers to weakly. */
    private final Object[] reachable;

    private volatile TokenProvider tokens;

    BoomiClient(long number, String shown, Object[] reachable) {
        this.reachable = reachable;
        this.shown = shown;
        handle = new Handle(this, number);
    }

    /**
     * Makes a client from the environment: the {@code BOOMI_*} variables.
     *
     * @return the client
     * @throws ConfigurationException if variables are missing or bad; it names what to set
     */
    public static BoomiClient fromEnv() {
        return builder().fromEnv().build();
    }

    /**
     * Returns a builder with default settings.
     *
     * @return the builder
     */
    public static ClientBuilder builder() {
        return new ClientBuilder();
    }

    /**
     * Sends a request, and returns the response with its whole body, whatever its status. The rate limit may delay the
     * request, and it is retried with backoff when that is safe. Redirects are not followed.
     *
     * @param request the request
     * @return the response
     * @throws BoomiAuthException if there is none
     */
    public Response send(Request request) {
        return send(request, null);
    }

    /**
     * Sends a request, within one call's limits.
     *
     * @param request the request
     * @param call the limits; null for the client's
     * @return the response
     * @throws BoomiAuthException if there is none
     */
    public Response send(Request request, Call call) {
        return new Response(this, call, perform(Operation.SEND, request, call));
    }

    /**
     * Sends a GET request.
     *
     * @param path of the API, or a URL of this client's origin
     * @return the response
     * @throws BoomiAuthException if there is none
     */
    public Response get(String path) {
        return send(Request.get(path));
    }

    /**
     * Sends a POST request.
     *
     * @param path of the API, or a URL of this client's origin
     * @param body the body, as UTF-8
     * @return the response
     * @throws BoomiAuthException if there is none
     */
    public Response post(String path, String body) {
        return send(Request.post(path, body));
    }

    /**
     * Sends a request, and returns when the headers are there. The body is read from {@link Response#stream()}, in
     * constant memory; close the response.
     *
     * @param request the request
     * @return the response
     * @throws BoomiAuthException if there is none
     */
    public Response open(Request request) {
        return open(request, null);
    }

    /**
     * Sends a request, and returns when the headers are there, within one call's limits.
     *
     * @param request the request
     * @param call the limits; null for the client's
     * @return the response
     * @throws BoomiAuthException if there is none
     */
    public Response open(Request request, Call call) {
        return new Response(this, call, perform(Operation.OPEN, request, call));
    }

    /**
     * Sends a request on another thread. Cancelling the result ends the call.
     *
     * @param request the request
     * @param executor supplies the thread, which blocks
     * @return the response, or the exception
     */
    public CompletableFuture<Response> sendAsync(Request request, Executor executor) {
        return Async.run(executor, call -> send(request, call));
    }

    /**
     * Returns the pages of a query.
     *
     * @param request a POST to {@code .../query}
     * @return the pages
     */
    public Pages pages(Request request) {
        return pages(request, null);
    }

    /**
     * Returns the pages of a query, with one call's limits for each page.
     *
     * @param request a POST to {@code .../query}
     * @param call the limits; null for the client's
     * @return the pages
     */
    public Pages pages(Request request, Call call) {
        return new Pages(this, call, perform(Operation.PAGES, request, null));
    }

    /**
     * Starts an asynchronous job of the server: a request under {@code /async/}, an {@code ExecutionRequest}, or a
     * download such as {@code ProcessLog}.
     *
     * @param request the request
     * @param call the limits; null for the client's
     * @return the job
     * @throws BoomiAuthException if it was not started
     */
    public Job start(Request request, Call call) {
        return new Job(this, perform(Operation.START, request, call));
    }

    /**
     * Starts a job and waits for its result, within one call's limits.
     *
     * @param request the request
     * @param call the limits; null for the client's
     * @return the result
     * @throws BoomiAuthException if there is none
     */
    public Response await(Request request, Call call) {
        return new Response(this, call, perform(Operation.WAIT, request, call));
    }

    private FieldReader perform(int operation, Request request, Call call) {
        return Native.call(this, operation, handle, Call.limits(request.write(), call));
    }

    /**
     * Returns a JWT for the client's account: the cached one, or a new one.
     *
     * @return the token
     * @throws BoomiAuthException if no token can be issued
     */
    public Token token() {
        TokenProvider provider = tokens;
        if (provider == null) {
            provider = tokenProvider(null);
            tokens = provider;
        }
        handle.number();
        return provider.get();
    }

    /**
     * Returns a JWT for another account.
     *
     * @param accountId the account's id
     * @return the token
     * @throws BoomiAuthException if no token can be issued
     */
    public Token token(String accountId) {
        return tokenProvider(accountId).get();
    }

    /**
     * Returns a JWT as {@link #token()} does, on another thread. Cancelling the result ends the call.
     *
     * @param executor supplies the thread, which blocks
     * @return the token, or the exception
     */
    public CompletableFuture<Token> tokenAsync(Executor executor) {
        TokenProvider provider = tokenProvider(null);
        return Async.run(executor, call -> provider.get(java.time.Duration.ZERO, call));
    }

    /**
     * Returns the token provider of an account.
     *
     * @param accountId the account's id; null for the client's own
     * @return the provider, which works after this client is closed
     * @throws ConfigurationException if there is no account
     */
    public TokenProvider tokenProvider(String accountId) {
        Fields fields = new Fields().text(accountId);
        return new TokenProvider(this, Native.call(this, Operation.TOKEN_PROVIDER, handle, fields));
    }

    /**
     * Requests a new JWT from the server. For a cached one that is refreshed see {@link #token()}.
     *
     * @return the token
     * @throws BoomiAuthException if no token can be issued
     */
    public Token generateJwt() {
        return generateJwt(null, null);
    }

    /**
     * Requests a new JWT for an account, within one call's limits.
     *
     * @param accountId the account's id; null for the client's own
     * @param call the limits; null for the client's
     * @return the token
     * @throws BoomiAuthException if no token can be issued
     */
    public Token generateJwt(String accountId, Call call) {
        Fields fields = Call.limits(new Fields().text(accountId), call);
        return new Token(Native.call(this, Operation.GENERATE_JWT, handle, fields));
    }

    /**
     * Requests a new JWT on another thread. Cancelling the result ends the call.
     *
     * @param executor supplies the thread, which blocks
     * @return the token, or the exception
     */
    public CompletableFuture<Token> generateJwtAsync(Executor executor) {
        return Async.run(executor, call -> generateJwt(null, call));
    }

    /**
     * Reports that an API refused a token of {@link #token()}. It is replaced, unless tokens were refused too often
     * lately.
     *
     * @param rejected the token
     */
    public void invalidate(Token rejected) {
        Native.call(this, Operation.INVALIDATE, handle, new Fields().number(rejected.handle.number()));
    }

    /**
     * Signs a request of another HTTP library: {@code client.authorize(uri, request::setHeader)}. It signs URLs of this
     * client's origin only, and passes the guard. With {@link AuthScheme#AUTO}.
     *
     * <p>Send the request, and report the response with {@link Authorization#observe}. The library must not follow
     * redirects with these headers ({@code Redirect.NEVER}). The headers are Strings, which cannot be wiped.
     *
     * <p>On virtual threads use {@link AuthScheme#JWT}: with Basic, threads that wait for the guard hold the carrier
     * threads that other threads need to finish.
     *
     * @param uri the whole URL of the request
     * @param headers receives each header's name and value
     * @return the authorization, to report the response to
     * @throws ConfigurationException if the URL is on another origin
     * @throws BoomiAuthException if it cannot sign, such as {@link HeldException}
     */
    public Authorization authorize(URI uri, BiConsumer<String, String> headers) {
        return authorize(uri.toString(), AuthScheme.AUTO, null, headers);
    }

    /**
     * Signs a request of another HTTP library, with a scheme.
     *
     * @param uri the whole URL of the request
     * @param scheme how it is signed
     * @param headers receives each header's name and value
     * @return the authorization, to report the response to
     * @throws BoomiAuthException if it cannot sign
     */
    public Authorization authorize(URI uri, AuthScheme scheme, BiConsumer<String, String> headers) {
        return authorize(uri.toString(), scheme, null, headers);
    }

    /**
     * Signs a request of another HTTP library, with a scheme and one call's limits.
     *
     * @param url the whole URL of the request
     * @param scheme how it is signed
     * @param call the limits; null for the client's
     * @param headers receives each header's name and value
     * @return the authorization, to report the response to
     * @throws BoomiAuthException if it cannot sign
     */
    public Authorization authorize(String url, AuthScheme scheme, Call call, BiConsumer<String, String> headers) {
        Objects.requireNonNull(headers, "headers");
        Objects.requireNonNull(url, "url");
        Fields fields = Call.limits(new Fields().octet(scheme.ordinal()).text(url), call);
        FieldReader result = Native.call(this, Operation.AUTHORIZE, handle, fields);
        Authorization authorization = new Authorization(this, result.longNumber());
        try {
            for (int left = result.number(); left > 0; left--) {
                headers.accept(result.text(), result.text());
            }
            return authorization;
        } catch (Throwable unsent) {
            authorization.withdraw();
            throw unsent;
        } finally {
            result.wipe();
        }
    }

    /** Cancels every call of this client that has begun, within 0.1 s. Later calls work. */
    public void cancel() {
        Native.call(this, Operation.CANCEL, handle);
    }

    /**
     * Lets one more sign-in of this client's user pass the guard: after the credentials were corrected or the user was
     * unlocked, which the library cannot see.
     */
    public void resetGuard() {
        Native.call(this, Operation.RESET_GUARD, handle);
    }

    /**
     * Returns the settings in force.
     *
     * @return a JSON object, in which secrets are {@code ***}
     */
    public String describe() {
        return Native.call(this, Operation.DESCRIBE, handle).text();
    }

    /**
     * Returns the guard's state for this client's user, and whether it would hold a sign-in now. Sends nothing.
     *
     * @return a JSON object
     * @throws BoomiAuthException if the source of the credentials fails
     */
    public String describeGuard() {
        return Native.call(this, Operation.DESCRIBE_GUARD, handle).text();
    }

    /**
     * Closes the client and its idle connections. Calls that have begun continue; its token providers, pages, jobs and
     * authorizations still work. Idempotent.
     */
    @Override
    public void close() {
        tokens = null;
        handle.close();
    }

    /**
     * The user and the base URL.
     *
     * @return a text without secrets
     */
    @Override
    public String toString() {
        return "BoomiClient[" + shown + "]";
    }
}
