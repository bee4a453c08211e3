package org.boomiauth;

/** No one-time code was available in time. */
public final class OtpException extends AuthenticationException {
    private static final long serialVersionUID = 1L;

    OtpException(Details details) {
        super(details);
    }
}
