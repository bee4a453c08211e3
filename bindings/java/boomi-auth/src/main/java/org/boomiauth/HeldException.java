package org.boomiauth;

/**
 * Nothing was sent, because sign-ins of these credentials were rejected, and one more could lock the user.
 *
 * <p>{@link #retryAfter()} says how long; without it, until there are other credentials, or
 * {@link BoomiClient#resetGuard()}.
 */
public final class HeldException extends AuthenticationException {
    private static final long serialVersionUID = 1L;

    HeldException(Details details) {
        super(details);
    }
}
