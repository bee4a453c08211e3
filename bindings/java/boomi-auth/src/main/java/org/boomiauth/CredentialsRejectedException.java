package org.boomiauth;

/** The server refused who you are. */
public final class CredentialsRejectedException extends AuthenticationException {
    private static final long serialVersionUID = 1L;

    CredentialsRejectedException(Details details) {
        super(details);
    }
}
