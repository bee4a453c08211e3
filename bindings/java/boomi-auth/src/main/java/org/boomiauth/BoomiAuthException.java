package org.boomiauth;

import java.io.Serializable;
import java.time.Duration;
import java.util.Optional;

/**
 * The base class of this package's exceptions. Its text says what failed, why, and what to do; it never holds a secret.
 *
 * <p>They are unchecked. Only the use of a closed object is another one, {@link IllegalStateException}.
 */
public class BoomiAuthException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** The facts of a failure. */
    static final class Details implements Serializable {
        private static final long serialVersionUID = 1L;

        final int code;
        final int status;
        final Duration retryAfter;
        final boolean retryable;
        final boolean sent;
        final int attempts;
        final String message;

        Details(
                int code,
                int status,
                Duration retryAfter,
                boolean retryable,
                boolean sent,
                int attempts,
                String message) {
            this.code = code;
            this.status = status;
            this.retryAfter = retryAfter;
            this.retryable = retryable;
            this.sent = sent;
            this.attempts = attempts;
            this.message = message;
        }
    }

    /** The facts of this failure. */
    final Details details;

    BoomiAuthException(Details details) {
        super(details.message);
        this.details = details;
    }

    /**
     * The number of the kind: the {@code BOOMI_ERR_*} code of the C header.
     *
     * @return 1 or more
     */
    public final int code() {
        return details.code;
    }

    /**
     * The HTTP status of the response.
     *
     * @return the status, or 0 if no response arrived
     */
    public final int httpStatus() {
        return details.status;
    }

    /**
     * How long to wait before a retry.
     *
     * @return the time, where it is known
     */
    public final Optional<Duration> retryAfter() {
        return Optional.ofNullable(details.retryAfter);
    }

    /**
     * Whether the call, unchanged, may work later.
     *
     * @return whether it may
     */
    public final boolean isRetryable() {
        return details.retryable;
    }

    /**
     * Whether any part of the request left this machine, so that it may have taken effect.
     *
     * @return whether it did
     */
    public final boolean wasSent() {
        return details.sent;
    }

    /**
     * The number of attempts.
     *
     * @return 0 or more
     */
    public final int attempts() {
        return details.attempts;
    }
}
