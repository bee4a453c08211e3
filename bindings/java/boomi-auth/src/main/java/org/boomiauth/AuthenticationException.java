package org.boomiauth;

/** There was no sign-in. */
public class AuthenticationException extends BoomiAuthException {
    private static final long serialVersionUID = 1L;

    AuthenticationException(Details details) {
        super(details);
    }
}
