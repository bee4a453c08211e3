package org.boomiauth;

/** Authentication failed, or was not attempted. */
public class AuthenticationException extends BoomiAuthException {
    private static final long serialVersionUID = 1L;

    AuthenticationException(Details details) {
        super(details);
    }
}
