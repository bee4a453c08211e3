package org.boomiauth;

/**
 * Nothing was sent: sign-ins of these credentials were rejected, and one more could lock the user.
 *
 * <p>{@link #retryAfter()} says for how long; without it, until other credentials or
 * {@link BoomiClient#resetGuard()}.
 */
public final class HeldException extends AuthenticationException {
    private static final long serialVersionUID = 1L;

    HeldException(Details details) {
        super(details);
    }
}
