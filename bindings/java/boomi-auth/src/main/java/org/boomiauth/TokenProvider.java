package org.boomiauth;

import java.time.Duration;
import java.util.Objects;

/**
 * Hands out JWTs for one account: a kept one while it is fresh, or a new one. All providers of a client and account, and its
 * requests, share one token, which one caller at a time renews.
 *
 * <p>Any number of threads may share it. It works also when its client is closed.
 */
public final class TokenProvider {
    final Handle handle;
    /** Its callbacks are needed as long as this. */
    private final BoomiClient client;

    private final String accountId;
    /** The one that was handed out last. */
    private volatile Token last;

    TokenProvider(BoomiClient client, Answer answer) {
        this.client = client;
        accountId = answer.text();
        handle = new Handle(this, answer.longNumber());
    }

    /**
     * A JWT that is good for a while yet. While a kept one is fresh there is no I/O, and no lock that anybody waits for.
     *
     * @return the token
     * @throws BoomiAuthException if there is none to be had
     */
    public Token get() {
        return get(Duration.ZERO, null);
    }

    /**
     * A JWT with some time left.
     *
     * @param minValidity how much of its life must be left, as far as the server gives one; more than 0.6 of it is not waited for
     * @return the token
     * @throws BoomiAuthException if there is none to be had
     */
    public Token get(Duration minValidity) {
        return get(minValidity, null);
    }

    /**
     * The same, within one call's limits.
     *
     * @param minValidity how much of its life must be left
     * @param call the limits; null for the client's
     * @return the token
     * @throws BoomiAuthException if there is none to be had
     */
    public Token get(Duration minValidity, Call call) {
        Objects.requireNonNull(minValidity, "minValidity");
        Token kept = last;
        if (kept != null && call == null && isCurrent(kept, minValidity)) {
            return kept;
        }
        Fields fields = Call.limits(new Fields().duration(minValidity, "minValidity"), call);
        Token got = new Token(Native.call(this, Operation.GET_TOKEN, handle, fields));
        last = got;
        return got;
    }

    private boolean isCurrent(Token kept, Duration minValidity) {
        long millis = minValidity == Duration.ZERO ? 0 : Fields.millis(minValidity, "minValidity");
        return NativeSupport.required().isCurrent(handle.number(), kept.handle.number(), millis);
    }

    /**
     * Asks the server for a new JWT now, for who has a timer. An error leaves the kept token as it is.
     *
     * @throws BoomiAuthException if there is none to be had
     */
    public void refresh() {
        refresh(null);
    }

    /**
     * The same, within one call's limits.
     *
     * @param call the limits; null for the client's
     * @throws BoomiAuthException if there is none to be had
     */
    public void refresh(Call call) {
        Native.call(this, Operation.REFRESH, handle, Call.limits(new Fields(), call));
    }

    /**
     * Says that an API refused a token: it is not handed out again, unless tokens were refused too often lately. One that was
     * replaced since, or is of another account, changes nothing.
     *
     * @param rejected the token
     */
    public void invalidate(Token rejected) {
        Native.call(this, Operation.INVALIDATE, handle, new Fields().number(rejected.handle.number()));
    }

    /**
     * The account that it provides for.
     *
     * @return the account's id
     */
    public String accountId() {
        return accountId;
    }

    /**
     * The kept token's times, the last error, and what was counted.
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
