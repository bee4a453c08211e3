package org.boomiauth;

/**
 * The native library cannot be loaded here. The attempts are its {@linkplain #getSuppressed() suppressed} exceptions.
 *
 * <p>See {@link NativeSupport}.
 */
public final class NativeUnavailableException extends BoomiAuthException {
    private static final long serialVersionUID = 1L;

    NativeUnavailableException(Details details) {
        super(details);
    }
}
