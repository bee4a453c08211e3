package org.boomiauth.tests.lifetime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.boomiauth.BoomiAuth;
import org.boomiauth.BoomiAuthException;
import org.boomiauth.BoomiClient;
import org.boomiauth.ConfigurationException;
import org.boomiauth.Credentials;
import org.boomiauth.InternalException;
import org.boomiauth.OtpException;
import org.boomiauth.Response;
import org.boomiauth.junit5.BoomiEmulator;
import org.boomiauth.junit5.Emulator;
import org.junit.jupiter.api.Test;

/** What comes out of a call when a function that it calls back does not return as it should, and of a panic. */
@BoomiEmulator
class CallbackTest {
    static final String RECORD = "/api/rest/v1/{accountId}/AuditLog/documentId-321";

    static Credentials user() {
        return Credentials.apiToken(
                Emulator.USER.name(), Emulator.USER.apiToken().toCharArray());
    }

    private static BoomiClient withCodes(Emulator boomi, Supplier<String> codes) {
        Credentials password = Credentials.password(
                Emulator.TWO_FACTOR_USER.name(),
                Emulator.TWO_FACTOR_USER.password().toCharArray());
        return boomi.builder().credentials(password.withOtp(codes)).build();
    }

    private static BoomiClient of(Emulator boomi, Credentials credentials) {
        return boomi.builder().credentials(credentials).build();
    }

    private static <T> T fail(RuntimeException thrown) {
        throw thrown;
    }

    private static <T> T fail(Error thrown) {
        throw thrown;
    }

    @SuppressWarnings("InfiniteRecursion")
    private static int overflow(int depth) {
        return overflow(depth + 1) + 1;
    }

    @Test
    void aPanicIsAnExceptionWithItsMessage(Emulator boomi) throws Exception {
        try (BoomiClient client = boomi.client()) {
            for (String message : new String[] {"the floor is lava", "", "w\u00f6rld \ud83c\udf0d"}) {
                InternalException told = assertThrows(InternalException.class, () -> Internals.panic(message));
                assertEquals("internal error, a bug in boomi-auth: " + message, told.getMessage());
                assertFalse(told.isRetryable());
                assertNull(told.getCause());
                assertTrue(client.get(RECORD).isOk());
            }
        }
    }

    @Test
    void aPanicInACallbackIsTheCause(Emulator boomi) throws Exception {
        Credentials credentials = Credentials.from(rejected -> {
            Internals.panic("inside");
            return null;
        });
        try (BoomiClient client = of(boomi, credentials)) {
            ConfigurationException told = assertThrows(ConfigurationException.class, client::token);
            assertEquals(
                    "internal error, a bug in boomi-auth: inside",
                    told.getCause().getMessage());
        }
    }

    @Test
    void whatACodeSupplierThrowsIsTheCause(Emulator boomi) {
        RuntimeException lost = new IllegalArgumentException("the phone is lost");
        try (BoomiClient client = withCodes(boomi, () -> fail(lost))) {
            for (int time = 0; time < 3; time++) {
                OtpException told = assertThrows(OtpException.class, () -> client.get(RECORD));
                assertSame(lost, told.getCause());
                assertTrue(told.getMessage().contains(lost.getClass().getName()), told.getMessage());
                // It was the user's to say what it holds.
                assertFalse(told.getMessage().contains("phone"), told.getMessage());
                assertFalse(told.wasSent());
            }
        }
        assertEquals(0, Until.requests(boomi, "/"));
    }

    @Test
    void whatASourceOfCredentialsThrowsIsTheCause(Emulator boomi) {
        IOException sealed = new IOException("the vault is sealed");
        Credentials.Source source = rejected -> {
            throw sealed;
        };
        Credentials credentials = Credentials.from(source);
        try (BoomiClient client = of(boomi, credentials)) {
            ConfigurationException told = assertThrows(ConfigurationException.class, () -> client.get(RECORD));
            assertSame(sealed, told.getCause());
        }
        assertSame(
                sealed,
                assertThrows(ConfigurationException.class, () -> BoomiAuth.header(credentials))
                        .getCause());
        RuntimeException unchecked = new IllegalStateException("it is closed");
        try (BoomiClient client = of(boomi, Credentials.from(() -> fail(unchecked)))) {
            ConfigurationException told = assertThrows(ConfigurationException.class, client::generateJwt);
            assertSame(unchecked, told.getCause());
        }
        assertEquals(0, Until.requests(boomi, "/"));
    }

    @Test
    void anErrorIsThrownOn(Emulator boomi) {
        AssertionError wrong = new AssertionError("of the test");
        try (BoomiClient codes = withCodes(boomi, () -> fail(wrong));
                BoomiClient source = of(boomi, Credentials.from(() -> fail(wrong)))) {
            assertSame(wrong, assertThrows(AssertionError.class, () -> codes.get(RECORD)));
            assertSame(wrong, assertThrows(AssertionError.class, codes::token));
            assertSame(wrong, assertThrows(AssertionError.class, () -> source.get(RECORD)));
        }
        try (BoomiClient codes = withCodes(boomi, () -> "" + overflow(0));
                BoomiClient source = of(boomi, Credentials.from(rejected -> fail(new Error("" + overflow(0)))))) {
            for (int time = 0; time < 3; time++) {
                assertThrows(StackOverflowError.class, () -> codes.get(RECORD));
                assertThrows(StackOverflowError.class, source::token);
            }
        }
        // None of it is left for another call of this thread.
        try (BoomiClient client = boomi.client()) {
            assertEquals(
                    404, client.get("/api/rest/v1/{accountId}/AuditLog/none").status());
            assertTrue(client.get(RECORD).isOk());
            boomi.control("outage", "{\"kind\":\"refuse\"}");
            BoomiAuthException told = assertThrows(
                    BoomiAuthException.class,
                    () -> boomi.builder().maxRetries(0).build().get(RECORD));
            assertNull(told.getCause());
        }
    }

    @Test
    void nothingIsNoCodeAndNoCredentials(Emulator boomi) {
        try (BoomiClient codes = withCodes(boomi, () -> null);
                BoomiClient source = of(boomi, Credentials.from(() -> null))) {
            OtpException noCode = assertThrows(OtpException.class, () -> codes.get(RECORD));
            assertEquals(
                    "the function that supplies the one-time code returned null",
                    noCode.getCause().getMessage());
            ConfigurationException nobody = assertThrows(ConfigurationException.class, () -> source.get(RECORD));
            assertEquals(
                    "the function that supplies the credentials returned null",
                    nobody.getCause().getMessage());
        }
        for (String code : new String[] {"", "12 34 56", "12\r\nX-A: b", "\udc80"}) {
            try (BoomiClient codes = withCodes(boomi, () -> code)) {
                assertThrows(OtpException.class, () -> codes.get(RECORD));
            }
        }
        // A wrong one would have counted as a bad sign-in.
        assertEquals(0, Until.requests(boomi, "/"));
    }

    @Test
    void whatAListenerThrowsEndsNoCall(Emulator boomi) throws Exception {
        List<Throwable> thrown = new ArrayList<>();
        for (Throwable each : new Throwable[] {
            new IllegalArgumentException("of the listener"), new AssertionError("of the listener"), null
        }) {
            AtomicReference<Response> answer = new AtomicReference<>();
            Thread thread = new Thread(() -> {
                try (BoomiClient client = boomi.builder()
                        .onEvent(event -> {
                            if (each instanceof Error) {
                                fail((Error) each);
                            } else if (each == null) {
                                overflow(0);
                            }
                            fail((RuntimeException) each);
                        })
                        .build()) {
                    assertEquals(Emulator.ACCOUNT_ID, client.token().accountId());
                    answer.set(client.get(RECORD));
                }
            });
            thread.setUncaughtExceptionHandler((where, what) -> {
                assertSame(thread, where);
                thrown.add(what);
                // The JVM lets that pass as well.
                throw new IllegalStateException("of the handler");
            });
            thread.start();
            Until.ended(thread);
            assertTrue(answer.get().isOk());
            Throwable last = thrown.get(thrown.size() - 1);
            assertTrue(each == null ? last instanceof StackOverflowError : last == each, last.toString());
        }
    }

    @Test
    void whatAListenerThrowsIsNotTheCauseOfAFailure(Emulator boomi) throws Exception {
        AtomicReference<Throwable> told = new AtomicReference<>();
        Credentials wrong = Credentials.password(Emulator.USER.name(), "wrong".toCharArray());
        Thread thread = new Thread(() -> {
            try (BoomiClient client = boomi.builder()
                    .credentials(wrong)
                    .onEvent(event -> fail(new AssertionError("of the listener")))
                    .build()) {
                told.set(assertThrows(BoomiAuthException.class, client::token));
            }
        });
        thread.setUncaughtExceptionHandler((where, what) -> fail(new AssertionError("of the handler")));
        thread.start();
        Until.ended(thread);
        assertNull(told.get().getCause());
    }
}
