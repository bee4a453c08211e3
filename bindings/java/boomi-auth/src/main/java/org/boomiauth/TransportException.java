package org.boomiauth;

/** The answer did not arrive. */
public class TransportException extends BoomiAuthException {
    private static final long serialVersionUID = 1L;

    TransportException(Details details) {
        super(details);
    }
}
