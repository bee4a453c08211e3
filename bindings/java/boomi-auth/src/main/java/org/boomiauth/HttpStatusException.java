package org.boomiauth;

/** Another HTTP status than the call can use. */
public final class HttpStatusException extends BoomiAuthException {
    private static final long serialVersionUID = 1L;

    HttpStatusException(Details details) {
        super(details);
    }
}
