package org.boomiauth.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.boomiauth.AuthScheme;
import org.boomiauth.BoomiAuth;
import org.boomiauth.BoomiClient;
import org.boomiauth.Call;
import org.boomiauth.ConfigurationException;
import org.boomiauth.Credentials;
import org.boomiauth.OtpException;
import org.boomiauth.Request;
import org.boomiauth.Token;
import org.boomiauth.junit5.BoomiEmulator;
import org.boomiauth.junit5.Emulator;
import org.junit.jupiter.api.Test;

/** A user with two-factor authentication. */
@BoomiEmulator
class OneTimeCodesTest {
    private static final Emulator.User USER = Emulator.TWO_FACTOR_USER;

    private static Credentials password() {
        return Credentials.password(USER.name(), USER.password().toCharArray());
    }

    private static String code() {
        return BoomiAuth.oneTimeCode(USER.otpSecret().toCharArray());
    }

    /** That the only sign-in had a code, and was accepted. A request without credentials may precede it. */
    private static void assertSignedInWithACode(Emulator boomi) {
        List<JsonObject> log = ServerSide.log(boomi);
        log.removeIf(entry -> entry.get("scheme").isJsonNull());
        assertEquals(1, log.size());
        assertTrue(log.get(0).get("otp").getAsBoolean());
        assertEquals(200, log.get(0).get("status").getAsInt());
    }

    @Test
    void codesAreMadeOfTheSecret(Emulator boomi) {
        Credentials credentials = password().withOtpSecret(USER.otpSecret().toCharArray());
        try (BoomiClient client = boomi.builder().credentials(credentials).build()) {
            Token token = client.token();
            assertSame(token, client.token());
            for (String shown : new String[] {client.describe(), client.describeGuard(), credentials.toString()}) {
                assertFalse(shown.contains(USER.otpSecret()) || shown.contains(USER.password()), shown);
            }
        }
        assertSignedInWithACode(boomi);
    }

    @Test
    void codesAreMadeOfAnOtpauthUri(Emulator boomi) {
        String uri = "otpauth://totp/Boomi:someone?secret=" + USER.otpSecret() + "&issuer=Boomi";
        Credentials credentials = password().withOtpSecret(uri.toCharArray());
        try (BoomiClient client = boomi.builder().credentials(credentials).build()) {
            assertEquals("account123", client.token().accountId());
        }
        assertSignedInWithACode(boomi);
    }

    @Test
    void codesComeFromAFunctionOnTheThreadOfTheCall(Emulator boomi) {
        Thread[] asked = new Thread[1];
        Credentials credentials = password().withOtp(() -> {
            asked[0] = Thread.currentThread();
            return code();
        });
        Request request = Request.get(ClientTest.RECORD).auth(AuthScheme.BASIC);
        try (BoomiClient client = boomi.builder().credentials(credentials).build()) {
            assertEquals(200, client.send(request).check().status());
        }
        assertSame(Thread.currentThread(), asked[0]);
        assertSignedInWithACode(boomi);
    }

    @Test
    void credentialsOfAFunctionTakeCodesToo(Emulator boomi) {
        Credentials credentials =
                Credentials.from(OneTimeCodesTest::password).withOtpSecret(USER.otpSecret().toCharArray());
        try (BoomiClient client = boomi.builder().credentials(credentials).build()) {
            assertEquals("account123", client.token().accountId());
        }
        assertSignedInWithACode(boomi);
    }

    @Test
    void aTypedCodeGoesWithOneCall(Emulator boomi) {
        try (BoomiClient client = boomi.builder().credentials(password()).build()) {
            Call call = new Call().otp(code());
            assertEquals("account123", client.generateJwt(null, call).accountId());
            assertFalse(call.toString().contains(code()));
        }
        assertSignedInWithACode(boomi);
    }

    @Test
    void noCodeGoesWithAnApiToken(Emulator boomi) {
        AtomicInteger asked = new AtomicInteger();
        Credentials credentials = Credentials.apiToken(USER.name(), USER.apiToken().toCharArray())
                .withOtp(() -> "00000" + asked.incrementAndGet());
        try (BoomiClient client = boomi.builder().credentials(credentials).build()) {
            assertEquals(200, client.get(ClientTest.RECORD).check().status());
        }
        assertEquals(0, asked.get());
        assertFalse(ServerSide.log(boomi).get(0).get("otp").getAsBoolean());
    }

    private static OtpException failed(Emulator boomi, Supplier<String> supplier) {
        Credentials credentials = password().withOtp(supplier);
        try (BoomiClient client = boomi.builder().credentials(credentials).build()) {
            OtpException failure = assertThrows(OtpException.class, client::token);
            assertEquals(6, failure.code());
            assertFalse(failure.wasSent());
            assertTrue(ServerSide.log(boomi).isEmpty());
            return failure;
        }
    }

    @Test
    void whatTheFunctionThrowsIsTheCause(Emulator boomi) {
        IllegalStateException shut = new IllegalStateException("the prompt was closed: secret 123456");
        OtpException failure = failed(boomi, () -> {
            throw shut;
        });
        assertSame(shut, failure.getCause());
        assertTrue(failure.getMessage().contains("IllegalStateException"), failure.getMessage());
        assertFalse(failure.getMessage().contains("123456"), failure.getMessage());
    }

    @Test
    void anErrorOfTheFunctionComesOutAsItIs(Emulator boomi) {
        AssertionError error = new AssertionError("of the caller's");
        Credentials credentials = password().withOtp(() -> {
            throw error;
        });
        try (BoomiClient client = boomi.builder().credentials(credentials).build()) {
            assertSame(error, assertThrows(AssertionError.class, client::token));
            // It is told once, and not with another call's failure.
            assertNull(assertThrows(ConfigurationException.class, () -> client.get("no path")).getCause());
        }
    }

    @Test
    void whatIsNoCodeIsNotSent(Emulator boomi) {
        assertTrue(failed(boomi, () -> null).getCause() instanceof NullPointerException);
        for (String bad : new String[] {"", "12 34", "123\r\n456", "12\u0000", "\u00fc"}) {
            assertTrue(failed(boomi, () -> bad).getMessage().contains("one-time code"));
        }
        // Half of a pair is found before it leaves Java.
        assertTrue(failed(boomi, () -> "\ud83d").getCause() instanceof ConfigurationException);
        try (BoomiClient client = boomi.builder().credentials(password()).build()) {
            Call call = new Call().otp("12 34");
            assertThrows(ConfigurationException.class, () -> client.generateJwt(null, call));
        }
        assertTrue(ServerSide.log(boomi).isEmpty());
    }

    @Test
    void aSecretThatIsNoneIsToldAtOnce() {
        String counted = "otpauth://hotp/x?secret=GEZDGNBV";
        for (String bad : new String[] {"", "1", "not base32!", "otpauth://totp/x", counted, "\u0000"}) {
            assertThrows(ConfigurationException.class, () -> password().withOtpSecret(bad.toCharArray()));
        }
    }
}
