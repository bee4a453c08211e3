package org.boomiauth;

/** The name did not resolve, or the connection failed or was lost. */
public final class ConnectException extends TransportException {
    private static final long serialVersionUID = 1L;

    ConnectException(Details details) {
        super(details);
    }
}
