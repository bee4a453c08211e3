package org.boomiauth;

/** A deadline passed. */
public final class RequestTimeoutException extends TransportException {
    private static final long serialVersionUID = 1L;

    RequestTimeoutException(Details details) {
        super(details);
    }
}
