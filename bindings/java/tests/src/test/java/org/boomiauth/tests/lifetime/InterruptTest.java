package org.boomiauth.tests.lifetime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.boomiauth.BoomiClient;
import org.boomiauth.CanceledException;
import org.boomiauth.Credentials;
import org.boomiauth.Request;
import org.boomiauth.Response;
import org.boomiauth.junit5.BoomiEmulator;
import org.boomiauth.junit5.Emulator;
import org.junit.jupiter.api.Test;

/** An interrupt ends a call, whatever it waits for; its thread stays interrupted, and the client works on. */
@BoomiEmulator
class InterruptTest {
    private static final String RECORD = CallbackTest.RECORD;
    private static final String RECORD_PATH = "/api/rest/v1/account123/AuditLog/documentId-321";
    private static final String DELAYED = "[{\"path_prefix\":\"\",\"min_ms\":4000,\"max_ms\":4000}]";
    private static final Duration LONG = Duration.ofMinutes(4);

    private interface Step {
        void run() throws Exception;
    }

    /** Interrupts a call when it has begun, and checks its end. Then {@code next} is called by the same thread. */
    private static void interrupted(Callable<?> call, Step begun, Callable<Boolean> next) throws Exception {
        AtomicReference<Object> end = new AtomicReference<>();
        AtomicReference<Object> later = new AtomicReference<>();
        CountDownLatch free = new CountDownLatch(1);
        Thread thread = new Thread(() -> {
            try {
                end.set(call.call());
            } catch (Throwable thrown) {
                end.set(thrown);
            }
            later.set(Thread.interrupted() ? "interrupted" : "not interrupted");
            try {
                free.await();
                later.set(later.get() + ", then " + next.call());
            } catch (Throwable thrown) {
                later.set(thrown);
            }
        });
        thread.start();
        Until.inside(thread);
        begun.run();
        thread.interrupt();
        Until.holds(thread + " has ended its call", () -> later.get() != null);
        if (!(end.get() instanceof CanceledException)) {
            throw new AssertionError("the call ended with " + end.get());
        }
        CanceledException told = (CanceledException) end.get();
        assertTrue(told.getMessage().endsWith(" (the thread was interrupted)"), told.getMessage());
        free.countDown();
        Until.ended(thread);
        assertEquals("interrupted, then true", later.get());
    }

    @Test
    void beforeACall(Emulator boomi) throws Exception {
        try (Silent server = new Silent("");
                BoomiClient client =
                        boomi.builder().baseUrl(server.url()).timeout(LONG).build()) {
            Thread.currentThread().interrupt();
            assertThrows(CanceledException.class, () -> client.get(RECORD));
            assertTrue(Thread.interrupted());
        }
    }

    /** The queue of its listener is full, so that the system answers no more to whoever connects. */
    @Test
    void whileItConnects(Emulator boomi) throws Exception {
        Path connections = Paths.get("/proc/net/tcp");
        assumeTrue(Files.isReadable(connections));
        List<Socket> queue = new ArrayList<>();
        try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            boolean isFull = false;
            while (!isFull) {
                Socket socket = new Socket();
                queue.add(socket);
                try {
                    socket.connect(new InetSocketAddress("127.0.0.1", listener.getLocalPort()), 500);
                } catch (SocketTimeoutException full) {
                    isFull = true;
                }
            }
            String url = "https://127.0.0.1:" + listener.getLocalPort();
            String remote = String.format("0100007F:%04X", listener.getLocalPort());
            try (BoomiClient client = boomi.builder()
                    .baseUrl(url)
                    .connectTimeout(LONG)
                    .timeout(LONG)
                    .build()) {
                interrupted(
                        () -> client.get(RECORD),
                        () -> Until.holds("it connects", () -> isConnecting(connections, remote)),
                        () -> true);
            }
        } finally {
            for (Socket socket : queue) {
                socket.close();
            }
        }
    }

    private static boolean isConnecting(Path connections, String remote) throws IOException {
        for (String line : Files.readAllLines(connections, StandardCharsets.US_ASCII)) {
            String[] columns = line.trim().split("\\s+");
            if (columns[2].equals(remote) && columns[3].equals("02")) {
                return true;
            }
        }
        return false;
    }

    @Test
    void inTheTlsHandshake(Emulator boomi) throws Exception {
        try (Silent server = new Silent("");
                BoomiClient client = boomi.builder()
                        .baseUrl(server.url().replace("http:", "https:"))
                        .connectTimeout(LONG)
                        .timeout(LONG)
                        .build()) {
            interrupted(() -> client.get(RECORD), () -> {}, () -> true);
            server.awaitEnd();
        }
        boomi.control("outage", "{\"kind\":\"swallow\"}");
        try (BoomiClient client =
                boomi.builder().connectTimeout(LONG).timeout(LONG).build()) {
            interrupted(() -> client.get(RECORD), () -> {}, () -> {
                boomi.control("outage", "{\"kind\":null}");
                return client.get(RECORD).isOk();
            });
        }
    }

    @Test
    void whileTheAnswerIsWaitedFor(Emulator boomi) throws Exception {
        try (BoomiClient client = boomi.client()) {
            // Credentials that are known to be right may have an answer outstanding.
            assertTrue(client.get(RECORD).isOk());
            boomi.control("outage", "{\"kind\":\"hang\",\"path_prefix\":\"/api/\"}");
            interrupted(() -> client.get(RECORD), () -> Until.asked(boomi, RECORD_PATH, 2), () -> {
                boomi.control("outage", "{\"kind\":null}");
                return client.get(RECORD).isOk();
            });
        }
    }

    @Test
    void whileABodyFlows(Emulator boomi) throws Exception {
        try (BoomiClient client = boomi.client()) {
            assertTrue(client.get(RECORD).isOk());
            boomi.control("faults", "{\"fault\":\"drip\",\"times\":1,\"drip_ms\":50}");
            interrupted(
                    () -> client.get("/api/rest/v1/{accountId}/Deployment/sized-100000"),
                    () -> Until.asked(boomi, "/api/rest/v1/account123/Deployment/sized-100000", 1),
                    () -> client.get(RECORD).isOk());
        }
    }

    @Test
    void whileAStreamStalls(Emulator boomi) throws Exception {
        try (Silent server = new Silent("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf");
                BoomiClient client =
                        boomi.builder().baseUrl(server.url()).timeout(LONG).build()) {
            Response answer = client.open(Request.get(RECORD));
            byte[] half = new byte[4];
            assertEquals(4, answer.stream().read(half));
            interrupted(answer::bytes, () -> {}, () -> true);
            interrupted(() -> client.open(Request.get(RECORD)).bytes(), server::awaitRequest, () -> true);
            answer.close();
            server.awaitEnd();
        }
    }

    /** Nobody knows yet whether the credentials are right, so they are sent once at a time. */
    @Test
    void whileTheGuardHoldsItBack(Emulator boomi) throws Exception {
        boomi.control("delays", DELAYED);
        try (BoomiClient client = boomi.builder().timeout(LONG).build()) {
            Thread first = new Thread(() -> client.get(RECORD));
            first.start();
            Until.asked(boomi, RECORD_PATH, 1);
            interrupted(
                    () -> client.get("/api/rest/v1/{accountId}/AuditLog/none"),
                    () -> assertTrue(first.isAlive()),
                    () -> client.get(RECORD).isOk());
            Until.ended(first);
            assertEquals(2, Until.requests(boomi, "/api/"));
        }
    }

    @Test
    void whileAnotherGetsTheToken(Emulator boomi) throws Exception {
        boomi.control("delays", DELAYED);
        try (BoomiClient client = boomi.builder().timeout(LONG).build()) {
            Thread first = new Thread(client::token);
            first.start();
            Until.asked(boomi, "/auth/jwt/generate/account123", 1);
            // What it waits for goes on.
            interrupted(
                    client::token,
                    () -> assertTrue(first.isAlive()),
                    () -> client.token().jwt().equals(client.token().jwt()));
            Until.ended(first);
            assertEquals(1, Until.requests(boomi, "/auth/"));
        }
    }

    @Test
    void inTheQueueOfThePace(Emulator boomi) throws Exception {
        String last = "/api/rest/v1/{accountId}/AuditLog/last";
        try (BoomiClient client =
                boomi.builder().requestsPerSecond(1).timeout(LONG).build()) {
            assertTrue(client.get(RECORD).isOk());
            List<Thread> ahead = new ArrayList<>();
            for (int number = 0; number < 5; number++) {
                Thread thread = new Thread(() -> client.get(RECORD));
                ahead.add(thread);
                thread.start();
                Until.inside(thread);
            }
            interrupted(
                    () -> client.get(last), () -> {}, () -> client.get(RECORD).isOk());
            for (Thread thread : ahead) {
                Until.ended(thread);
            }
            assertEquals(0, Until.requests(boomi, last.replace("{accountId}", "account123")));
            assertEquals(7, Until.requests(boomi, RECORD_PATH));
        }
    }

    @Test
    void beforeItIsSentAgain(Emulator boomi) throws Exception {
        CountDownLatch retried = new CountDownLatch(1);
        boomi.control("faults", "{\"shape\":\"rate-limit-xml\",\"headers\":{\"Retry-After\":\"100\"}}");
        try (BoomiClient client = boomi.builder()
                .timeout(LONG)
                .onEvent(event -> {
                    if (event.kind().equals("request_retried")) {
                        retried.countDown();
                    }
                })
                .build()) {
            interrupted(() -> client.get(RECORD), retried::await, () -> client.get(RECORD)
                    .isOk());
            assertEquals(2, Until.requests(boomi, RECORD_PATH));
        }
    }

    @Test
    void whileTheNextOneTimeCodeIsWaitedFor(Emulator boomi) throws Exception {
        Emulator.User user = Emulator.TWO_FACTOR_USER;
        Credentials credentials = Credentials.password(
                        user.name(), user.password().toCharArray())
                .withOtpSecret(user.otpSecret().toCharArray());
        CountDownLatch awaited = new CountDownLatch(1);
        try (BoomiClient client = boomi.builder()
                .credentials(credentials)
                .timeout(LONG)
                .onEvent(event -> {
                    if (event.kind().equals("otp_awaited")) {
                        awaited.countDown();
                    }
                })
                .build()) {
            assertTrue(client.get(RECORD).isOk());
            interrupted(
                    () -> {
                        // If the next one comes just now, none is waited for.
                        while (client.get(RECORD).isOk()) {
                            assertEquals(1, awaited.getCount());
                        }
                        return null;
                    },
                    awaited::await,
                    () -> client.describe().startsWith("{"));
        }
    }
}
