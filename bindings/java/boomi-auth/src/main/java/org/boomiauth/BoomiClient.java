package org.boomiauth;

import java.net.URI;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.BiConsumer;

/**
 * A client for one user at one address of Boomi: it signs in, keeps JWTs, sends requests, and owns the connections.
 *
 * <p>Any number of threads may share it, and should: one client for a program is enough. Calls block; an interrupt of their thread ends
 * them within 0.1 s with {@link CanceledException}, and the thread stays interrupted. What a call throws is a {@link BoomiAuthException};
 * a closed client's is an {@link IllegalStateException}.
 */
public final class BoomiClient implements AutoCloseable {
    private final Handle handle;
    private final String shown;
    /** What has the functions that are called back, which the library knows weakly. */
    private final Object[] kept;

    private volatile TokenProvider tokens;

    BoomiClient(long number, String shown, Object[] kept) {
        this.kept = kept;
        this.shown = shown;
        handle = new Handle(this, number);
    }

    /**
     * A client from the environment: the {@code BOOMI_*} variables.
     *
     * @return the client
     * @throws ConfigurationException if they are not enough, or wrong; it names what to set
     */
    public static BoomiClient fromEnv() {
        return builder().fromEnv().build();
    }

    /**
     * Settings for a client.
     *
     * @return nothing set
     */
    public static ClientBuilder builder() {
        return new ClientBuilder();
    }

    /**
     * Sends a request, and returns the whole answer, whatever its status. It waits for its turn, and is sent again where that helps
     * and does no harm. Redirects are not followed.
     *
     * @param request the request
     * @return the answer
     * @throws BoomiAuthException if there is none
     */
    public Response send(Request request) {
        return send(request, null);
    }

    /**
     * The same, within one call's limits.
     *
     * @param request the request
     * @param call the limits; null for the client's
     * @return the answer
     * @throws BoomiAuthException if there is none
     */
    public Response send(Request request, Call call) {
        return new Response(this, call, perform(Operation.SEND, request, call));
    }

    /**
     * The same with GET.
     *
     * @param path of the API, or a URL of this client's origin
     * @return the answer
     * @throws BoomiAuthException if there is none
     */
    public Response get(String path) {
        return send(Request.get(path));
    }

    /**
     * The same with POST.
     *
     * @param path of the API, or a URL of this client's origin
     * @param body the body, as UTF-8
     * @return the answer
     * @throws BoomiAuthException if there is none
     */
    public Response post(String path, String body) {
        return send(Request.post(path, body));
    }

    /**
     * Sends a request, and returns when the headers are there. The body is read from {@link Response#stream()}, in constant memory;
     * close the answer.
     *
     * @param request the request
     * @return the answer
     * @throws BoomiAuthException if there is none
     */
    public Response open(Request request) {
        return open(request, null);
    }

    /**
     * The same, within one call's limits.
     *
     * @param request the request
     * @param call the limits; null for the client's
     * @return the answer
     * @throws BoomiAuthException if there is none
     */
    public Response open(Request request, Call call) {
        return new Response(this, call, perform(Operation.OPEN, request, call));
    }

    /**
     * Sends a request on another thread. To cancel the result ends the call.
     *
     * @param request the request
     * @param executor has the thread, which is blocked meanwhile
     * @return the answer, or the exception
     */
    public CompletableFuture<Response> sendAsync(Request request, Executor executor) {
        return Async.run(executor, call -> send(request, call));
    }

    /**
     * The pages of a query.
     *
     * @param request a POST to {@code .../query}
     * @return the pages
     */
    public Pages pages(Request request) {
        return pages(request, null);
    }

    /**
     * The same, with one call's limits for each page.
     *
     * @param request a POST to {@code .../query}
     * @param call the limits; null for the client's
     * @return the pages
     */
    public Pages pages(Request request, Call call) {
        return new Pages(this, call, perform(Operation.PAGES, request, null));
    }

    /**
     * Sends a request for work that the server does in its own time: what is asked for under {@code /async/}, an
     * {@code ExecutionRequest}, or a download such as {@code ProcessLog}.
     *
     * @param request the request
     * @param call the limits; null for the client's
     * @return the work, to be waited for
     * @throws BoomiAuthException if it was not begun
     */
    public Job start(Request request, Call call) {
        return new Job(this, perform(Operation.START, request, call));
    }

    /**
     * Sends such a request and waits for its result, all within one call's limits.
     *
     * @param request the request
     * @param call the limits; null for the client's
     * @return the result
     * @throws BoomiAuthException if there is none
     */
    public Response await(Request request, Call call) {
        return new Response(this, call, perform(Operation.WAIT, request, call));
    }

    private Answer perform(int operation, Request request, Call call) {
        return Native.call(this, operation, handle, Call.limits(request.write(), call));
    }

    /**
     * A JWT for the client's account: a kept one while it is fresh, or a new one.
     *
     * @return the token
     * @throws BoomiAuthException if there is none to be had
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
     * A JWT for another account.
     *
     * @param accountId the account's id
     * @return the token
     * @throws BoomiAuthException if there is none to be had
     */
    public Token token(String accountId) {
        return tokenProvider(accountId).get();
    }

    /**
     * The same as {@link #token()}, on another thread. To cancel the result ends the call.
     *
     * @param executor has the thread, which is blocked meanwhile
     * @return the token, or the exception
     */
    public CompletableFuture<Token> tokenAsync(Executor executor) {
        TokenProvider provider = tokenProvider(null);
        return Async.run(executor, call -> provider.get(java.time.Duration.ZERO, call));
    }

    /**
     * What hands out JWTs for an account.
     *
     * @param accountId the account's id; null for the client's own
     * @return the provider, which lives on when this client is closed
     * @throws ConfigurationException if there is no account
     */
    public TokenProvider tokenProvider(String accountId) {
        return new TokenProvider(this, Native.call(this, Operation.TOKEN_PROVIDER, handle, new Fields().text(accountId)));
    }

    /**
     * Asks the server for a JWT, always. For one that is kept and renewed see {@link #token()}.
     *
     * @return the token
     * @throws BoomiAuthException if there is none to be had
     */
    public Token generateJwt() {
        return generateJwt(null, null);
    }

    /**
     * The same for an account, within one call's limits.
     *
     * @param accountId the account's id; null for the client's own
     * @param call the limits; null for the client's
     * @return the token
     * @throws BoomiAuthException if there is none to be had
     */
    public Token generateJwt(String accountId, Call call) {
        Fields fields = Call.limits(new Fields().text(accountId), call);
        return new Token(Native.call(this, Operation.GENERATE_JWT, handle, fields));
    }

    /**
     * The same on another thread. To cancel the result ends the call.
     *
     * @param executor has the thread, which is blocked meanwhile
     * @return the token, or the exception
     */
    public CompletableFuture<Token> generateJwtAsync(Executor executor) {
        return Async.run(executor, call -> generateJwt(null, call));
    }

    /**
     * Says that an API refused a token of {@link #token()}: it is not handed out again, unless tokens were refused too often lately.
     *
     * @param rejected the token
     */
    public void invalidate(Token rejected) {
        Native.call(this, Operation.INVALIDATE, handle, new Fields().number(rejected.handle.number()));
    }

    /**
     * Signs a request that another HTTP library sends: {@code client.authorize(uri, request::setHeader)}. It gives credentials to URLs
     * of this client's origin alone, and passes the guard. With {@link AuthScheme#AUTO}.
     *
     * <p>Send the request, and tell {@link Authorization#observe} the answer. The library must not follow redirects with these headers
     * (say {@code Redirect.NEVER}). The headers are Strings, which nobody can wipe.
     *
     * <p>On virtual threads use {@link AuthScheme#JWT}: with Basic, threads that wait for their turn hold the carrier threads that those whose
     * turn it is need to go on.
     *
     * @param uri the whole URL of the request
     * @param headers gets each header's name and value
     * @return what the answer is told
     * @throws ConfigurationException if the URL is on another origin
     * @throws BoomiAuthException if there are no headers to be had: {@link HeldException}, say
     */
    public Authorization authorize(URI uri, BiConsumer<String, String> headers) {
        return authorize(uri.toString(), AuthScheme.AUTO, null, headers);
    }

    /**
     * The same with a scheme.
     *
     * @param uri the whole URL of the request
     * @param scheme how it is signed
     * @param headers gets each header's name and value
     * @return what the answer is told
     * @throws BoomiAuthException if there are no headers to be had
     */
    public Authorization authorize(URI uri, AuthScheme scheme, BiConsumer<String, String> headers) {
        return authorize(uri.toString(), scheme, null, headers);
    }

    /**
     * The same for a URL as text, with a scheme and one call's limits.
     *
     * @param url the whole URL of the request
     * @param scheme how it is signed
     * @param call the limits; null for the client's
     * @param headers gets each header's name and value
     * @return what the answer is told
     * @throws BoomiAuthException if there are no headers to be had
     */
    public Authorization authorize(String url, AuthScheme scheme, Call call, BiConsumer<String, String> headers) {
        Objects.requireNonNull(headers, "headers");
        Objects.requireNonNull(url, "url");
        Fields fields = Call.limits(new Fields().octet(scheme.ordinal()).text(url), call);
        Answer answer = Native.call(this, Operation.AUTHORIZE, handle, fields);
        Authorization authorization = new Authorization(this, answer.longNumber());
        try {
            for (int left = answer.number(); left > 0; left--) {
                headers.accept(answer.text(), answer.text());
            }
            return authorization;
        } catch (Throwable unsent) {
            authorization.withdraw();
            throw unsent;
        } finally {
            answer.wipe();
        }
    }

    /** Cancels every call of this client that has begun, within 0.1 s. Later ones work. */
    public void cancel() {
        Native.call(this, Operation.CANCEL, handle);
    }

    /**
     * Lets one more sign-in of this client's user through, whatever the guard holds back: for when the credentials were corrected,
     * or the user was unlocked, where the library cannot see it.
     */
    public void resetGuard() {
        Native.call(this, Operation.RESET_GUARD, handle);
    }

    /**
     * The settings in force.
     *
     * @return a JSON object, in which secrets are {@code ***}
     */
    public String describe() {
        return Native.call(this, Operation.DESCRIBE, handle).text();
    }

    /**
     * What the guard knows of this client's user, and what it would say to a sign-in now. Nothing is sent.
     *
     * @return a JSON object
     * @throws BoomiAuthException if the credentials cannot be had from where they come from
     */
    public String describeGuard() {
        return Native.call(this, Operation.DESCRIBE_GUARD, handle).text();
    }

    /**
     * Frees it, and closes the connections that are not in use. Calls that have begun go on to their end; token providers, pages, jobs
     * and authorizations that it gave work on. To close it twice is fine.
     */
    @Override
    public void close() {
        tokens = null;
        handle.close();
    }

    /**
     * Where it signs in, and who.
     *
     * @return no secret
     */
    @Override
    public String toString() {
        return "BoomiClient[" + shown + "]";
    }
}
