package org.boomiauth.tests.lifetime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.boomiauth.BoomiAuthException;
import org.boomiauth.BoomiClient;
import org.boomiauth.ConfigurationException;
import org.boomiauth.Credentials;
import org.boomiauth.OtpException;
import org.boomiauth.RequestTimeoutException;
import org.boomiauth.junit5.BoomiEmulator;
import org.boomiauth.junit5.Emulator;
import org.junit.jupiter.api.Test;

/** Functions that make calls, and calls with little room left for any. */
@BoomiEmulator
class RecursionTest {
    private static final String RECORD = CallbackTest.RECORD;
    private static final Duration SHORT = Duration.ofSeconds(2);

    private static Credentials password() {
        return Credentials.password(
                Emulator.TWO_FACTOR_USER.name(),
                Emulator.TWO_FACTOR_USER.password().toCharArray());
    }

    @Test
    void functionsMayMakeCallsOfAnotherClient(Emulator boomi) {
        List<String> told = new ArrayList<>();
        try (BoomiClient vault = boomi.client()) {
            Credentials credentials = Credentials.from(() -> {
                assertTrue(vault.get(RECORD).isOk());
                return CallbackTest.user();
            });
            try (BoomiClient client = boomi.builder()
                    .credentials(credentials)
                    .onEvent(event -> {
                        assertTrue(vault.get(RECORD).isOk());
                        told.add(event.kind());
                    })
                    .build()) {
                assertEquals(Emulator.ACCOUNT_ID, client.token().accountId());
                assertTrue(client.get(RECORD).isOk());
            }
            assertEquals(Arrays.asList("credentials_loaded", "token_issued", "token_refreshed"), told);

            Credentials codes = password().withOtp(() -> {
                // An inner failure is the function's own business.
                assertThrows(ConfigurationException.class, () -> boomi.builder()
                        .credentials(Credentials.from(() -> null))
                        .build()
                        .token());
                assertTrue(vault.get(RECORD).isOk());
                return org.boomiauth.BoomiAuth.oneTimeCode(
                        Emulator.TWO_FACTOR_USER.otpSecret().toCharArray());
            });
            try (BoomiClient client = boomi.builder().credentials(codes).build()) {
                assertTrue(client.get(RECORD).isOk());
            }
        }
    }

    /** The failures from the outermost to the first. */
    private static List<Throwable> causes(Throwable told) {
        List<Throwable> causes = new ArrayList<>();
        for (Throwable each = told; each != null; each = each.getCause()) {
            causes.add(each);
        }
        return causes;
    }

    @Test
    void aSourceThatNeedsItselfIsTold(Emulator boomi) {
        AtomicReference<BoomiClient> own = new AtomicReference<>();
        Credentials credentials = Credentials.from(() -> {
            own.get().get(RECORD);
            return CallbackTest.user();
        });
        try (BoomiClient client = boomi.builder().credentials(credentials).build()) {
            own.set(client);
            List<Throwable> causes = causes(assertThrows(ConfigurationException.class, () -> client.get(RECORD)));
            assertEquals(
                    "a callback makes the call that it is a callback of",
                    causes.get(causes.size() - 1).getMessage());
            // The thread is out of all of them.
            causes = causes(assertThrows(ConfigurationException.class, () -> client.get(RECORD)));
            assertTrue(causes.size() > 5, causes.toString());
            assertTrue(boomi.client().get(RECORD).isOk());
        }
    }

    @Test
    void whatWaitsForItselfEndsWithItsTime(Emulator boomi) {
        AtomicReference<BoomiClient> own = new AtomicReference<>();
        Credentials codes = password().withOtp(() -> own.get().token().jwt());
        try (BoomiClient client =
                boomi.builder().timeout(SHORT).credentials(codes).build()) {
            own.set(client);
            OtpException told = assertThrows(OtpException.class, client::token);
            assertTrue(told.getCause() instanceof RequestTimeoutException, told.toString());
        }
        List<BoomiAuthException> inner = new ArrayList<>();
        try (BoomiClient client = boomi.builder()
                .timeout(SHORT)
                .onEvent(event -> {
                    if (inner.isEmpty()) {
                        inner.add(assertThrows(
                                BoomiAuthException.class, () -> own.get().token()));
                    }
                })
                .build()) {
            own.set(client);
            // It has the token by then, and says so late.
            assertEquals(Emulator.ACCOUNT_ID, client.token().accountId());
            assertTrue(inner.get(0) instanceof RequestTimeoutException, inner.toString());
        }
    }

    @Test
    void aCallNearTheEndOfTheStackEndsNoJvm(Emulator boomi) throws Exception {
        try (Child child = Child.start(
                DeepCalls.class,
                Arrays.asList(),
                boomi.baseUrl(),
                boomi.caFile().toString(),
                Emulator.USER.apiToken())) {
            List<String> lines = child.end();
            assertEquals(4, lines.size(), lines.toString());
            String end = "java.lang.StackOverflowError|.* a callback could not be called: too little is left of the .*";
            for (String line : lines) {
                assertTrue(line.matches("\\w+: (" + end + ") after [1-9]\\d+ calls, then it works"), line);
            }
        }
    }
}
