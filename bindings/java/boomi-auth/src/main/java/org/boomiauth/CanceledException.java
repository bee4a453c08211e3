package org.boomiauth;

/** The call was cancelled, or its thread interrupted, which it still is. */
public final class CanceledException extends BoomiAuthException {
    private static final long serialVersionUID = 1L;

    CanceledException(Details details) {
        super(details);
    }
}
