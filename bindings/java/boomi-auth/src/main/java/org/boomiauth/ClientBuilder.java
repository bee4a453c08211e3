package org.boomiauth;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Consumer;

/** Settings for a {@link BoomiClient}, each with a default. Not thread-safe. */
public final class ClientBuilder {
    private Credentials credentials;
    private String accountId;
    private String baseUrl;
    private Duration timeout;
    private Duration connectTimeout;
    private Path caFile;
    private boolean addCa;
    private String proxy;
    private Path stateDir;
    private String store;
    private String userAgent;
    private long maxResponseBytes = -1;
    private long requestsPerSecond = -1;
    private long maxRetries = -1;
    private long maxSignInsInFlight = -1;
    private TokenProvider tokenProvider;
    private Upcalls.Function listener;
    private boolean fromEnv;

    ClientBuilder() {}

    /**
     * Sets the credentials.
     *
     * @param credentials the credentials
     * @return this builder
     */
    public ClientBuilder credentials(Credentials credentials) {
        this.credentials = Objects.requireNonNull(credentials, "credentials");
        return this;
    }

    /**
     * Sets the account that fills {@code {accountId}} in paths, and that JWTs are for.
     *
     * @param accountId the account's id
     * @return this builder
     */
    public ClientBuilder accountId(String accountId) {
        this.accountId = Objects.requireNonNull(accountId, "accountId");
        return this;
    }

    /**
     * Sets Boomi's base URL; {@link BoomiAuth#BASE_URL_US} unless set.
     *
     * @param baseUrl https, or http to loopback; without a path
     * @return this builder
     */
    public ClientBuilder baseUrl(String baseUrl) {
        this.baseUrl = Objects.requireNonNull(baseUrl, "baseUrl");
        return this;
    }

    /**
     * Sets the timeout of one call as a whole; 60 s by default.
     *
     * @param timeout the time, in whole milliseconds
     * @return this builder
     */
    public ClientBuilder timeout(Duration timeout) {
        this.timeout = Objects.requireNonNull(timeout, "timeout");
        return this;
    }

    /**
     * Sets the timeout of a name look-up, and then of TCP, proxy and TLS; 10 s by default.
     *
     * @param timeout the time, in whole milliseconds
     * @return this builder
     */
    public ClientBuilder connectTimeout(Duration timeout) {
        connectTimeout = Objects.requireNonNull(timeout, "timeout");
        return this;
    }

    /**
     * Sets a PEM bundle that is trusted alone. Java's own trust store is not used; the default is the operating
     * system's.
     *
     * @param pem the file
     * @return this builder
     */
    public ClientBuilder caFile(Path pem) {
        caFile = Objects.requireNonNull(pem, "pem");
        addCa = false;
        return this;
    }

    /**
     * Sets a PEM bundle that is trusted besides the operating system's roots.
     *
     * @param pem the file
     * @return this builder
     */
    public ClientBuilder addCaFile(Path pem) {
        caFile = Objects.requireNonNull(pem, "pem");
        addCa = true;
        return this;
    }

    /**
     * Sets the proxy; by default the environment's ({@code HTTPS_PROXY} and so on). Java's own proxy properties are not
     * used.
     *
     * @param url {@code http://user:password@host:port}, or https; {@code ""} for none
     * @return this builder
     */
    public ClientBuilder proxy(String url) {
        proxy = Objects.requireNonNull(url, "url");
        return this;
    }

    /**
     * Sets a directory for the guard's memory across processes; none by default.
     *
     * @param directory of this user alone
     * @return this builder
     */
    public ClientBuilder stateDir(Path directory) {
        stateDir = Objects.requireNonNull(directory, "directory");
        return this;
    }

    /**
     * Sets a Valkey or Redis server through which machines share tokens, rate limit and guard; none by default.
     *
     * <p>The guard's memory, one-time codes, JWTs and the rate limit are then shared. The client begins to connect when
     * it is built, on its own thread. While the server cannot be used, no call fails for that, nor waits for more than
     * 50 ms: the event {@code state_unavailable} and {@link BoomiClient#describe} say why. A bad URL is a {@link
     * ConfigurationException} of {@link #build}, and its password is in no message.
     *
     * @param url {@code rediss://user:password@host:6379/0?prefix=...}, or {@code redis://} without TLS; {@code
     *     redis+sentinel://host1,host2/name/0} and {@code redis+cluster://host1,host2}; {@code ca_file=} in the query
     *     names a PEM bundle that is trusted alone
     * @return this builder
     */
    public ClientBuilder store(String url) {
        store = Objects.requireNonNull(url, "url");
        return this;
    }

    /**
     * Sets what is put before this library's own User-Agent.
     *
     * @param userAgent such as {@code my-program/1.0}
     * @return this builder
     */
    public ClientBuilder userAgent(String userAgent) {
        this.userAgent = Objects.requireNonNull(userAgent, "userAgent");
        return this;
    }

    /**
     * Sets the longest body of a response; 64 MiB by default. Opened responses have no limit.
     *
     * @param bytes the length
     * @return this builder
     */
    public ClientBuilder maxResponseBytes(long bytes) {
        maxResponseBytes = notNegative(bytes, "maxResponseBytes");
        return this;
    }

    /**
     * Sets the rate limit of one account's requests; Boomi's 10 a second by default.
     *
     * @param number how many a second; 0 for no limit
     * @return this builder
     */
    public ClientBuilder requestsPerSecond(int number) {
        requestsPerSecond = notNegative(number, "requestsPerSecond");
        return this;
    }

    /**
     * Sets the most retries of a request; 4 by default.
     *
     * @param number 0 for none
     * @return this builder
     */
    public ClientBuilder maxRetries(int number) {
        maxRetries = notNegative(number, "maxRetries");
        return this;
    }

    /**
     * Sets how many sign-ins may wait for a response at once, for credentials that work; 3 by default.
     *
     * @param number 1 to 5
     * @return this builder
     */
    public ClientBuilder maxSignInsInFlight(int number) {
        maxSignInsInFlight = notNegative(number, "maxSignInsInFlight");
        return this;
    }

    /**
     * Sets the provider whose JWT signs requests to another host, such as a DataHub repository.
     *
     * @param provider of the platform's client
     * @return this builder
     */
    public ClientBuilder tokenProvider(TokenProvider provider) {
        tokenProvider = Objects.requireNonNull(provider, "provider");
        return this;
    }

    /**
     * Sets a listener for events, called on the thread of the call, outside of locks. It must not use the same client.
     * Its exceptions go to the thread's handler of uncaught exceptions, and do not end the call.
     *
     * @param listener receives the events
     * @return this builder
     */
    public ClientBuilder onEvent(Consumer<? super Event> listener) {
        Objects.requireNonNull(listener, "listener");
        this.listener = fields -> {
            try {
                listener.accept(new Event(fields.text(), fields.text()));
            } catch (Throwable thrown) {
                report(thrown);
            }
            return new Fields().flag(false);
        };
        return this;
    }

    /**
     * Fills settings that are not set from the {@code BOOMI_*} variables. A client without credentials is then an
     * error.
     *
     * @return this builder
     */
    public ClientBuilder fromEnv() {
        fromEnv = true;
        return this;
    }

    private static void report(Throwable thrown) {
        Thread thread = Thread.currentThread();
        try {
            thread.getUncaughtExceptionHandler().uncaughtException(thread, thrown);
        } catch (Throwable ignored) {
            // Ignored as the JVM does: it is not the reason of a call's failure.
            return;
        }
    }

    private static long notNegative(long number, String name) {
        if (number < 0) {
            throw Failures.configuration(name + " is " + number + ": give a number that is not negative");
        }
        return number;
    }

    /**
     * Builds the client. Uses no network.
     *
     * @return the client
     * @throws ConfigurationException if a setting is bad
     * @throws NativeUnavailableException if native code cannot be used here
     */
    public BoomiClient build() {
        Object[] reachable = {credentials, tokenProvider, listener};
        FieldReader result = Native.call(Operation.CLIENT, write());
        return new BoomiClient(result.longNumber(), result.text(), reachable);
    }

    private Fields write() {
        Fields fields = new Fields(256)
                .number(credentials == null ? 0L : credentials.handle.number())
                .text(accountId)
                .text(baseUrl)
                .duration(timeout, "timeout")
                .duration(connectTimeout, "connectTimeout")
                .text(caFile == null ? null : caFile.toAbsolutePath().toString())
                .flag(addCa)
                .text(proxy)
                .text(stateDir == null ? null : stateDir.toAbsolutePath().toString())
                .text(store)
                .text(userAgent)
                .number(maxResponseBytes)
                .number(requestsPerSecond)
                .number(maxRetries)
                .number(maxSignInsInFlight)
                .number(tokenProvider == null ? 0L : tokenProvider.handle.number());
        return fields.number(listener == null ? 0L : Upcalls.register(listener)).flag(fromEnv);
    }

    @Override
    public String toString() {
        return "ClientBuilder[" + (credentials == null ? "no credentials" : credentials) + "]";
    }
}
