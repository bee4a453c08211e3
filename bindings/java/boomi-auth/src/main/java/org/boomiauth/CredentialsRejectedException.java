package org.boomiauth;

/** Authentication failed: the server rejected the credentials. */
public final class CredentialsRejectedException extends AuthenticationException {
    private static final long serialVersionUID = 1L;

    CredentialsRejectedException(Details details) {
        super(details);
    }
}
