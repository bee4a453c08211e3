package org.boomiauth;

import java.util.function.Function;
import org.boomiauth.BoomiAuthException.Details;

/** Makes exceptions of the core's errors. */
final class Failures {
    private static final int CONFIG = 2;
    private static final int CANCELED = 15;

    private Failures() {}

    /** Reads an exception from the fields of a fields. */
    static BoomiAuthException read(FieldReader fields) {
        int code = fields.number();
        int status = fields.number();
        java.time.Duration after = fields.duration();
        boolean retryable = fields.flag();
        boolean sent = fields.flag();
        int attempts = fields.number();
        String message = fields.text();
        if (code == CANCELED && Thread.currentThread().isInterrupted()) {
            message += " (the thread was interrupted)";
        }
        return of(code).apply(new Details(code, status, after, retryable, sent, attempts, message));
    }

    /** Makes a copy of a failure, with this thread's stack. */
    static BoomiAuthException again(BoomiAuthException failure) {
        return of(failure.code()).apply(failure.details);
    }

    /** The exception for a bad argument that the core has not seen. */
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
