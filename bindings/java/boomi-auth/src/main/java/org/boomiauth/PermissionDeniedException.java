package org.boomiauth;

/** The user is authenticated, and not permitted to do this. */
public final class PermissionDeniedException extends BoomiAuthException {
    private static final long serialVersionUID = 1L;

    PermissionDeniedException(Details details) {
        super(details);
    }
}
