package org.boomiauth;

/** The TLS handshake failed. The text names the roots that were trusted. */
public final class TlsException extends TransportException {
    private static final long serialVersionUID = 1L;

    TlsException(Details details) {
        super(details);
    }
}
