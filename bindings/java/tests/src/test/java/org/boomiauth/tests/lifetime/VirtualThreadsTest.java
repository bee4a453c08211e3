package org.boomiauth.tests.lifetime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.boomiauth.BoomiClient;
import org.boomiauth.CanceledException;
import org.boomiauth.Credentials;
import org.boomiauth.OtpException;
import org.boomiauth.Request;
import org.boomiauth.junit5.BoomiEmulator;
import org.boomiauth.junit5.Emulator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Calls of virtual threads: each holds its carrier for as long as it lasts, and is a call as any. */
@BoomiEmulator
class VirtualThreadsTest {
    private static final int THREADS = 200;

    @BeforeEach
    void thereAreSome() {
        String version = System.getProperty("java.specification.version");
        assumeTrue(!version.startsWith("1.") && Integer.parseInt(version) >= 21, "Java " + version + " has none");
    }

    private static Thread start(Runnable work) throws Exception {
        Method start = Thread.class.getMethod("startVirtualThread", Runnable.class);
        return (Thread) start.invoke(null, work);
    }

    @Test
    void twoHundredOfThemMakeCalls(Emulator boomi) throws Exception {
        AtomicInteger good = new AtomicInteger();
        AtomicReference<Throwable> bad = new AtomicReference<>();
        List<Thread> threads = new ArrayList<>();
        try (BoomiClient client = boomi.builder()
                .credentials(Credentials.from(CallbackTest::user))
                .onEvent(event -> Thread.yield())
                .build()) {
            for (int number = 0; number < THREADS; number++) {
                int kind = number % 4;
                threads.add(start(() -> {
                    try {
                        for (int time = 0; time < 3; time++) {
                            if (once(client, kind)) {
                                good.incrementAndGet();
                            }
                        }
                    } catch (Throwable thrown) {
                        bad.set(thrown);
                    }
                }));
            }
            for (Thread thread : threads) {
                Until.ended(thread);
            }
        }
        if (bad.get() != null) {
            throw new AssertionError(bad.get());
        }
        assertEquals(3 * THREADS, good.get());
    }

    private static boolean once(BoomiClient client, int kind) throws Exception {
        switch (kind) {
            case 0:
                return client.get(CallbackTest.RECORD).isOk();
            case 1:
                return client.token().accountId().equals(Emulator.ACCOUNT_ID);
            case 2:
                return client.post("/graphql", "{\"query\":\"{ organizations { id } }\"}")
                        .isOk();
            default:
                return client.open(Request.get("/api/rest/v1/{accountId}/Deployment/sized-10000"))
                                .bytes()
                                .length
                        == 10_000;
        }
    }

    @Test
    void anInterruptEndsACall(Emulator boomi) throws Exception {
        AtomicReference<Object> end = new AtomicReference<>();
        try (Silent server = new Silent("");
                BoomiClient client = boomi.builder().baseUrl(server.url()).build()) {
            Thread thread = start(() -> {
                try {
                    client.get(CallbackTest.RECORD);
                } catch (CanceledException told) {
                    end.set(Thread.currentThread().isInterrupted());
                }
            });
            server.awaitRequest();
            thread.interrupt();
            Until.ended(thread);
            server.awaitEnd();
        }
        assertEquals(true, end.get());
    }

    @Test
    void whatAFunctionThrowsIsTheCauseOfItsOwnThreadsCall(Emulator boomi) throws Exception {
        AtomicReference<Throwable> wrong = new AtomicReference<>();
        List<Thread> threads = new ArrayList<>();
        for (int number = 0; number < THREADS; number++) {
            IllegalArgumentException own = new IllegalArgumentException("of thread " + number);
            threads.add(start(() -> {
                Credentials codes = Credentials.password(own.getMessage(), "password".toCharArray())
                        .withOtp(() -> {
                            Thread.yield();
                            throw own;
                        });
                try (BoomiClient client = boomi.builder().credentials(codes).build()) {
                    client.token();
                } catch (OtpException told) {
                    if (told.getCause() != own) {
                        wrong.set(told);
                    }
                }
            }));
        }
        for (Thread thread : threads) {
            Until.ended(thread);
        }
        assertSame(null, wrong.get());
        assertTrue(Until.requests(boomi, "/") == 0);
    }
}
