package org.boomiauth;

/** The response is larger than {@link ClientBuilder#maxResponseBytes(long)}. */
public final class ResponseTooLargeException extends ProtocolException {
    private static final long serialVersionUID = 1L;

    ResponseTooLargeException(Details details) {
        super(details);
    }
}
