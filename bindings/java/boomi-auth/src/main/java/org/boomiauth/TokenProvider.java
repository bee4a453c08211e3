package org.boomiauth;

import java.time.Duration;
import java.util.Objects;

/**
 * Provides a JWT for one account, cached and refreshed before it expires. All providers of a client and account, and
 * its requests, share one cached token, which one caller at a time refreshes.
 *
 * <p>Thread-safe. It works after its client is closed, too.
 */
public final class TokenProvider {
    final Handle handle;
    /** Keeps the client's callbacks reachable. */
    private final BoomiClient client;

    private final String accountId;
    /** The token that was returned last. */
    private volatile Token last;

    TokenProvider(BoomiClient client, FieldReader fields) {
        this.client = client;
        accountId = fields.text();
        handle = new Handle(this, fields.longNumber());
    }

    /**
     * Returns a valid JWT: the cached one, or a new one. While the cached one is fresh there is no I/O and no blocking
     * lock.
     *
     * @return the token
     * @throws BoomiAuthException if no token can be issued
     */
    public Token get() {
        return get(Duration.ZERO, null);
    }

    /**
     * Returns a JWT with at least some validity left.
     *
     * @param minValidity the shortest validity left, if the server issues one that long; at most 0.6 of its lifetime is
     *     waited for
     * @return the token
     * @throws BoomiAuthException if no token can be issued
     */
    public Token get(Duration minValidity) {
        return get(minValidity, null);
    }

    /**
     * Returns a JWT with at least some validity left, within one call's limits.
     *
     * @param minValidity the shortest validity left
     * @param call the limits; null for the client's
     * @return the token
     * @throws BoomiAuthException if no token can be issued
     */
    public Token get(Duration minValidity, Call call) {
        Objects.requireNonNull(minValidity, "minValidity");
        Token cached = last;
        if (cached != null && call == null && isCurrent(cached, minValidity)) {
            return cached;
        }
        Fields fields = Call.limits(new Fields().duration(minValidity, "minValidity"), call);
        Token issued = new Token(Native.call(this, Operation.GET_TOKEN, handle, fields));
        last = issued;
        return issued;
    }

    private boolean isCurrent(Token token, Duration minValidity) {
        long millis = minValidity == Duration.ZERO ? 0 : Fields.millis(minValidity, "minValidity");
        return NativeSupport.required().isCurrent(handle.number(), token.handle.number(), millis);
    }

    /**
     * Requests a new JWT now, for callers with their own timer. After an error the cached token stays.
     *
     * @throws BoomiAuthException if no token can be issued
     */
    public void refresh() {
        refresh(null);
    }

    /**
     * Requests a new JWT now, within one call's limits.
     *
     * @param call the limits; null for the client's
     * @throws BoomiAuthException if no token can be issued
     */
    public void refresh(Call call) {
        Native.call(this, Operation.REFRESH, handle, Call.limits(new Fields(), call));
    }

    /**
     * Reports that an API refused a token. It is replaced, unless tokens were refused too often lately. A token that
     * was replaced since, or is of another account, changes nothing.
     *
     * @param rejected the token
     */
    public void invalidate(Token rejected) {
        Native.call(this, Operation.INVALIDATE, handle, new Fields().number(rejected.handle.number()));
    }

    /**
     * The account of its tokens.
     *
     * @return the account's id
     */
    public String accountId() {
        return accountId;
    }

    /**
     * The cached token's times, the last error, and counts.
     *
     * @return a JSON object; never a secret
     */
    public String describe() {
        return Native.call(this, Operation.DESCRIBE_PROVIDER, handle).text();
    }

    @Override
    public String toString() {
        return "TokenProvider[" + accountId + " at " + client + "]";
    }
}
