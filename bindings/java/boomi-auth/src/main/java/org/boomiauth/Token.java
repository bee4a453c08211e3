package org.boomiauth;

import java.time.Instant;

/**
 * A JWT for one account. Immutable; any number of threads may share it.
 *
 * <p>Its text is in native memory until somebody asks for it: {@link #jwt()} and {@link #header()} give it as a String, which nobody
 * can wipe.
 */
public final class Token {
    private static final int BEARER = "Bearer ".length();

    final Handle handle;
    private final String accountId;
    private final long issuedAt;
    private final long expiresAt;
    /** Once it was asked for. */
    private volatile String header;

    Token(Answer answer) {
        accountId = answer.text();
        issuedAt = answer.longNumber();
        expiresAt = answer.longNumber();
        handle = new Handle(this, answer.longNumber());
    }

    /**
     * The JWT itself. It is a secret.
     *
     * @return its text
     */
    public String jwt() {
        return header().substring(BEARER);
    }

    /**
     * The value of the Authorization header, {@code "Bearer ..."}. It is a secret.
     *
     * @return the value
     */
    public String header() {
        String known = header;
        if (known == null) {
            Answer answer = Native.call(this, Operation.TOKEN_HEADER, handle);
            known = answer.text();
            answer.wipe();
            header = known;
        }
        return known;
    }

    /**
     * The account that it is for.
     *
     * @return the account's id
     */
    public String accountId() {
        return accountId;
    }

    /**
     * When it was asked for.
     *
     * @return the time, by this machine's clock
     */
    public Instant issuedAt() {
        return Instant.ofEpochSecond(issuedAt);
    }

    /**
     * When it dies.
     *
     * @return the time, by this machine's clock, whatever the server's says
     */
    public Instant expiresAt() {
        return Instant.ofEpochSecond(expiresAt);
    }

    @Override
    public String toString() {
        return "Token[" + accountId + ", good until " + expiresAt() + ", ***]";
    }
}
