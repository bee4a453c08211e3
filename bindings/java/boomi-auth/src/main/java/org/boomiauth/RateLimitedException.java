package org.boomiauth;

/** Too many requests. */
public final class RateLimitedException extends BoomiAuthException {
    private static final long serialVersionUID = 1L;

    RateLimitedException(Details details) {
        super(details);
    }
}
