package org.boomiauth;

/** A bug in this library. */
public final class InternalException extends BoomiAuthException {
    private static final long serialVersionUID = 1L;

    InternalException(Details details) {
        super(details);
    }
}
