package org.boomiauth;

/** The server knows who you are and does not allow this. */
public final class PermissionDeniedException extends BoomiAuthException {
    private static final long serialVersionUID = 1L;

    PermissionDeniedException(Details details) {
        super(details);
    }
}
