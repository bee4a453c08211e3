package org.boomiauth;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Consumer;

/** Settings for a {@link BoomiClient}. What is not set has its default. One thread uses it at a time. */
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
     * Who signs in.
     *
     * @param credentials who
     * @return this
     */
    public ClientBuilder credentials(Credentials credentials) {
        this.credentials = Objects.requireNonNull(credentials, "credentials");
        return this;
    }

    /**
     * The account that fills {@code {accountId}} in paths, and that JWTs are made for.
     *
     * @param accountId the account's id
     * @return this
     */
    public ClientBuilder accountId(String accountId) {
        this.accountId = Objects.requireNonNull(accountId, "accountId");
        return this;
    }

    /**
     * Boomi's address; {@link BoomiAuth#BASE_URL_US} unless set.
     *
     * @param baseUrl https, or http to loopback; without a path
     * @return this
     */
    public ClientBuilder baseUrl(String baseUrl) {
        this.baseUrl = Objects.requireNonNull(baseUrl, "baseUrl");
        return this;
    }

    /**
     * How long one call may last, all told; 60 s unless set.
     *
     * @param timeout the time, in whole milliseconds
     * @return this
     */
    public ClientBuilder timeout(Duration timeout) {
        this.timeout = Objects.requireNonNull(timeout, "timeout");
        return this;
    }

    /**
     * How long name, TCP, proxy and TLS may take; 5 s unless set.
     *
     * @param timeout the time, in whole milliseconds
     * @return this
     */
    public ClientBuilder connectTimeout(Duration timeout) {
        connectTimeout = Objects.requireNonNull(timeout, "timeout");
        return this;
    }

    /**
     * A PEM bundle that is trusted alone. Java's own trust store is not used; unless set, the operating system's is.
     *
     * @param pem the file
     * @return this
     */
    public ClientBuilder caFile(Path pem) {
        caFile = Objects.requireNonNull(pem, "pem");
        addCa = false;
        return this;
    }

    /**
     * A PEM bundle that is trusted besides the operating system's roots.
     *
     * @param pem the file
     * @return this
     */
    public ClientBuilder addCaFile(Path pem) {
        caFile = Objects.requireNonNull(pem, "pem");
        addCa = true;
        return this;
    }

    /**
     * The proxy; the environment's ({@code HTTPS_PROXY} and so on) unless set. Java's own proxy properties are not used.
     *
     * @param url {@code http://user:password@host:port}, or https; {@code ""} for none
     * @return this
     */
    public ClientBuilder proxy(String url) {
        proxy = Objects.requireNonNull(url, "url");
        return this;
    }

    /**
     * A directory for the guard's memory across processes; none unless set.
     *
     * @param directory of this user alone
     * @return this
     */
    public ClientBuilder stateDir(Path directory) {
        stateDir = Objects.requireNonNull(directory, "directory");
        return this;
    }

    /**
     * A Valkey or Redis server that a fleet of machines shares, so that it signs in as one; none unless set.
     *
     * <p>The guard's memory, one-time codes, JWTs and the pace are then the fleet's. The client begins to connect when it is made, on a
     * thread of its own. While the server cannot be used, no call fails for that, nor waits for more than 50 ms: the event
     * {@code state_unavailable} and {@link BoomiClient#describe} say why. A URL that cannot be read is a {@link ConfigurationException}
     * of {@link #build}, and its password is in no message.
     *
     * @param url {@code rediss://user:password@host:6379/0?prefix=...}, or {@code redis://} without TLS;
     *     {@code redis+sentinel://host1,host2/name/0} and {@code redis+cluster://host1,host2}; {@code ca_file=} in the query names a PEM
     *     bundle that is trusted alone
     * @return this
     */
    public ClientBuilder store(String url) {
        store = Objects.requireNonNull(url, "url");
        return this;
    }

    /**
     * What is put before our own User-Agent.
     *
     * @param userAgent such as {@code my-program/1.0}
     * @return this
     */
    public ClientBuilder userAgent(String userAgent) {
        this.userAgent = Objects.requireNonNull(userAgent, "userAgent");
        return this;
    }

    /**
     * The longest body of a whole answer; 64 MiB unless set. Answers that are opened have no limit.
     *
     * @param bytes the length
     * @return this
     */
    public ClientBuilder maxResponseBytes(long bytes) {
        maxResponseBytes = notNegative(bytes, "maxResponseBytes");
        return this;
    }

    /**
     * The pace of one account's requests; Boomi's 10 a second unless set.
     *
     * @param number how many a second; 0 for as many as come
     * @return this
     */
    public ClientBuilder requestsPerSecond(int number) {
        requestsPerSecond = notNegative(number, "requestsPerSecond");
        return this;
    }

    /**
     * How often a request is sent again; 4 unless set.
     *
     * @param number 0 for never
     * @return this
     */
    public ClientBuilder maxRetries(int number) {
        maxRetries = notNegative(number, "maxRetries");
        return this;
    }

    /**
     * How many sign-ins may be without an answer at once, for credentials that work; 3 unless set.
     *
     * @param number 1 to 5
     * @return this
     */
    public ClientBuilder maxSignInsInFlight(int number) {
        maxSignInsInFlight = notNegative(number, "maxSignInsInFlight");
        return this;
    }

    /**
     * Whose JWT goes with requests to another host, such as a DataHub repository.
     *
     * @param provider of the platform's client
     * @return this
     */
    public ClientBuilder tokenProvider(TokenProvider provider) {
        tokenProvider = Objects.requireNonNull(provider, "provider");
        return this;
    }

    /**
     * What is told each event, on the thread of the call, outside of locks. It must not make calls of the same client. What it throws
     * goes to the thread's handler of uncaught exceptions, and does not end the call.
     *
     * @param listener gets the events
     * @return this
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
     * Fills what is not set from the {@code BOOMI_*} variables. A client without any credentials is then an error.
     *
     * @return this
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
            // As the JVM does: it must not pass for the reason of a call's failure.
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
     * Makes the client. No network is used.
     *
     * @return the client
     * @throws ConfigurationException if a setting is wrong
     * @throws NativeUnavailableException if native code cannot be used here
     */
    public BoomiClient build() {
        Object[] kept = {credentials, tokenProvider, listener};
        Answer made = Native.call(Operation.CLIENT, write());
        return new BoomiClient(made.longNumber(), made.text(), kept);
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
