package org.boomiauth;

/** The response is not what the API promises, such as a login page instead of a token. */
public class ProtocolException extends BoomiAuthException {
    private static final long serialVersionUID = 1L;

    ProtocolException(Details details) {
        super(details);
    }
}
