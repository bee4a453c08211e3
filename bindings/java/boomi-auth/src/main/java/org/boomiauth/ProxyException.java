package org.boomiauth;

/** The proxy could not be reached, refused, or its setting is wrong. */
public final class ProxyException extends TransportException {
    private static final long serialVersionUID = 1L;

    ProxyException(Details details) {
        super(details);
    }
}
