package org.boomiauth;

/** The response has an HTTP status that the call cannot use. */
public final class HttpStatusException extends BoomiAuthException {
    private static final long serialVersionUID = 1L;

    HttpStatusException(Details details) {
        super(details);
    }
}
