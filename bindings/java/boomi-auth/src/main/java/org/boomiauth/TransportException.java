package org.boomiauth;

/** No response arrived. */
public class TransportException extends BoomiAuthException {
    private static final long serialVersionUID = 1L;

    TransportException(Details details) {
        super(details);
    }
}
