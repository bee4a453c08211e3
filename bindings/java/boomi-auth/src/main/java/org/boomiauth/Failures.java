package org.boomiauth;

import java.util.function.Function;
import org.boomiauth.BoomiAuthException.Details;

/** Makes exceptions of the core's errors. */
final class Failures {
    private static final int CONFIG = 2;
    private static final int CANCELED = 15;

    private Failures() {}

    /** The exception that is written in an answer. */
    static BoomiAuthException read(Answer answer) {
        int code = answer.number();
        int status = answer.number();
        java.time.Duration after = answer.duration();
        boolean retryable = answer.flag();
        boolean sent = answer.flag();
        int attempts = answer.number();
        String message = answer.text();
        if (code == CANCELED && Thread.currentThread().isInterrupted()) {
            message += " (the thread was interrupted)";
        }
        return of(code).apply(new Details(code, status, after, retryable, sent, attempts, message));
    }

    /** The same failure once more. */
    static BoomiAuthException again(BoomiAuthException failure) {
        return of(failure.code()).apply(failure.details);
    }

    /** An argument that is wrong before the core has seen it. */
    static ConfigurationException configuration(String message) {
        return new ConfigurationException(new Details(CONFIG, 0, null, false, false, 0, message));
    }

    static NativeUnavailableException unavailable(String message) {
        return new NativeUnavailableException(new Details(CONFIG, 0, null, false, false, 0, message));
    }

    private static Function<Details, BoomiAuthException> of(int code) {
        switch (code) {
            case 1:
            case CONFIG:
                return ConfigurationException::new;
            case 3:
                return CredentialsRejectedException::new;
            case 4:
                return PermissionDeniedException::new;
            case 5:
                return HeldException::new;
            case 6:
                return OtpException::new;
            case 7:
                return RateLimitedException::new;
            case 8:
                return HttpStatusException::new;
            case 9:
                return ConnectException::new;
            case 10:
                return ProxyException::new;
            case 11:
                return TlsException::new;
            case 12:
                return RequestTimeoutException::new;
            case 13:
                return ProtocolException::new;
            case 14:
                return ResponseTooLargeException::new;
            case CANCELED:
                return CanceledException::new;
            default:
                return InternalException::new;
        }
    }
}
