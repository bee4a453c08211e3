package org.boomiauth.tests.scenarios;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.boomiauth.BoomiAuthException;
import org.boomiauth.CanceledException;
import org.boomiauth.ConfigurationException;
import org.boomiauth.ConnectException;
import org.boomiauth.CredentialsRejectedException;
import org.boomiauth.HeldException;
import org.boomiauth.HttpStatusException;
import org.boomiauth.InternalException;
import org.boomiauth.OtpException;
import org.boomiauth.PermissionDeniedException;
import org.boomiauth.ProtocolException;
import org.boomiauth.ProxyException;
import org.boomiauth.RateLimitedException;
import org.boomiauth.RequestTimeoutException;
import org.boomiauth.ResponseTooLargeException;
import org.boomiauth.TlsException;

/** Says what is wrong with what came. */
final class Judge {
    /** In the order of their codes, from 1. */
    static final Map<String, Class<? extends BoomiAuthException>> ERRORS;

    static {
        Map<String, Class<? extends BoomiAuthException>> errors = new LinkedHashMap<>();
        errors.put("BOOMI_ERR_INVALID_ARGUMENT", ConfigurationException.class);
        errors.put("BOOMI_ERR_CONFIG", ConfigurationException.class);
        errors.put("BOOMI_ERR_CREDENTIALS_REJECTED", CredentialsRejectedException.class);
        errors.put("BOOMI_ERR_PERMISSION_DENIED", PermissionDeniedException.class);
        errors.put("BOOMI_ERR_HELD", HeldException.class);
        errors.put("BOOMI_ERR_OTP", OtpException.class);
        errors.put("BOOMI_ERR_RATE_LIMITED", RateLimitedException.class);
        errors.put("BOOMI_ERR_HTTP_STATUS", HttpStatusException.class);
        errors.put("BOOMI_ERR_CONNECT", ConnectException.class);
        errors.put("BOOMI_ERR_PROXY", ProxyException.class);
        errors.put("BOOMI_ERR_TLS", TlsException.class);
        errors.put("BOOMI_ERR_TIMEOUT", RequestTimeoutException.class);
        errors.put("BOOMI_ERR_PROTOCOL", ProtocolException.class);
        errors.put("BOOMI_ERR_TOO_LARGE", ResponseTooLargeException.class);
        errors.put("BOOMI_ERR_CANCELED", CanceledException.class);
        errors.put("BOOMI_ERR_INTERNAL", InternalException.class);
        ERRORS = Collections.unmodifiableMap(errors);
    }

    private Judge() {}

    /** Null if it is what was expected. */
    static String step(Expect expect, Came came, Stage stage) {
        BoomiAuthException failure = came.failure;
        String told = failure == null ? "success" : failure + " with the code " + failure.code();
        if (!isExpected(expect.error, failure)) {
            return "expected " + (expect.error == null ? "success" : expect.error) + ", came " + told;
        }
        Double after = failure == null
                ? null
                : failure.retryAfter().map(time -> time.toMillis() / 1000.0).orElse(null);
        if (expect.noRetryAfter && after != null) {
            return "expected no retry_after_s, came " + after + ": " + told;
        }
        Double left = came.token == null
                ? null
                : came.token.expiresAt().getEpochSecond() - System.currentTimeMillis() / 1000.0;
        // Each token gets its number, whether it is compared or not.
        Integer token = came.token == null ? null : stage.numberOf(came.token);
        Integer exchanges =
                expect.exchanges == null ? null : new ServerCounts(stage.boomi, stage.user).of("exchanges");
        return first(
                equal("status", expect.status, came.status),
                equal("attempts", expect.attempts, came.attempts),
                equal("sent", expect.sent, failure == null ? null : failure.wasSent()),
                equal("again", expect.again, came.again),
                within("retry_after_s", expect.retryAfter, after),
                within("left_s", expect.left, left),
                equal("token", expect.token, token),
                within("exchanges", expect.exchanges, exchanges));
    }

    private static boolean isExpected(String expected, BoomiAuthException failure) {
        if (expected == null || failure == null) {
            return expected == null && failure == null;
        }
        int code = new ArrayList<>(ERRORS.keySet()).indexOf(expected) + 1;
        return failure.getClass() == ERRORS.get(expected) && failure.code() == code;
    }

    /** Null if the server counted what was expected. */
    static String end(Scenario scenario, ServerCounts counts) {
        for (Map.Entry<String, Range> expected : scenario.expected.entrySet()) {
            String problem = within(expected.getKey(), expected.getValue(), counts.of(expected.getKey()));
            if (problem != null) {
                return problem;
            }
        }
        return equal("locked", scenario.locked, counts.locked);
    }

    private static String first(String... problems) {
        for (String problem : problems) {
            if (problem != null) {
                return problem;
            }
        }
        return null;
    }

    private static String equal(String what, Object expected, Object came) {
        boolean fits = expected == null || expected.equals(came);
        return fits ? null : "expected " + what + " " + expected + ", came " + came;
    }

    private static String within(String what, Range expected, Number came) {
        boolean fits = expected == null || (came != null && expected.has(came.doubleValue()));
        return fits ? null : "expected " + what + " " + expected + ", came " + came;
    }
}
