package org.boomiauth;

import java.time.Instant;

/**
 * A JWT for one account. Immutable and thread-safe.
 *
 * <p>Its text is in native memory until {@link #jwt()} or {@link #header()} returns it as a String, which cannot be
 * wiped.
 */
public final class Token {
    private static final int BEARER = "Bearer ".length();

    final Handle handle;
    private final String accountId;
    private final long issuedAt;
    private final long expiresAt;
    /** Null until the first use. */
    private volatile String header;

    Token(FieldReader fields) {
        accountId = fields.text();
        issuedAt = fields.longNumber();
        expiresAt = fields.longNumber();
        handle = new Handle(this, fields.longNumber());
    }

    /**
     * The JWT itself. A secret.
     *
     * @return its text
     */
    public String jwt() {
        return header().substring(BEARER);
    }

    /**
     * The value of the Authorization header, {@code "Bearer ..."}. A secret.
     *
     * @return the value
     */
    public String header() {
        String known = header;
        if (known == null) {
            FieldReader result = Native.call(this, Operation.TOKEN_HEADER, handle);
            known = result.text();
            result.wipe();
            header = known;
        }
        return known;
    }

    /**
     * The account of the JWT.
     *
     * @return the account's id
     */
    public String accountId() {
        return accountId;
    }

    /**
     * The time of the token request.
     *
     * @return the time, by this machine's clock
     */
    public Instant issuedAt() {
        return Instant.ofEpochSecond(issuedAt);
    }

    /**
     * The time it expires.
     *
     * @return the time, by this machine's clock
     */
    public Instant expiresAt() {
        return Instant.ofEpochSecond(expiresAt);
    }

    @Override
    public String toString() {
        return "Token[" + accountId + ", good until " + expiresAt() + ", ***]";
    }
}
