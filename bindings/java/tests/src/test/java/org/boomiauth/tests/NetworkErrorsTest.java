package org.boomiauth.tests;

import static org.boomiauth.tests.ErrorsTest.assertFails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.boomiauth.BoomiAuthException;
import org.boomiauth.BoomiClient;
import org.boomiauth.Call;
import org.boomiauth.CanceledException;
import org.boomiauth.ConnectException;
import org.boomiauth.ProxyException;
import org.boomiauth.Request;
import org.boomiauth.RequestTimeoutException;
import org.boomiauth.Response;
import org.boomiauth.TlsException;
import org.boomiauth.TransportException;
import org.boomiauth.junit5.BoomiEmulator;
import org.boomiauth.junit5.Emulator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a network does to a call, and how a call is ended. */
@BoomiEmulator
class NetworkErrorsTest {
    private static final Request RECORD = Request.get(ClientTest.RECORD);
    private static final Request CREATE = Request.post("/api/rest/v1/{accountId}/Folder", "{\"name\":\"new\"}");

    @ParameterizedTest
    @CsvSource({"hang, true", "swallow, false"})
    void aServerThatHangsIsNotWaitedForForEver(String outage, boolean sent, Emulator boomi) {
        boomi.control("outage", "{\"kind\":\"" + outage + "\"}");
        Call call = new Call().timeout(Duration.ofMillis(1500));
        try (BoomiClient client = boomi.client()) {
            TransportException thrown = assertFails(
                    RequestTimeoutException.class, 12, 0, true, sent, 1, () -> client.send(RECORD, call));
            assertTrue(thrown.getMessage().contains("1500 ms"), thrown::getMessage);
        }
    }

    @Test
    void theClientsOwnTimeoutEndsACall(Emulator boomi) {
        boomi.control("outage", "{\"kind\":\"hang\"}");
        try (BoomiClient client = boomi.builder().timeout(Duration.ofMillis(1500)).build()) {
            TransportException thrown =
                    assertFails(RequestTimeoutException.class, 12, 0, true, true, 1, () -> client.send(RECORD));
            assertTrue(thrown.getMessage().contains("1500 ms"), thrown::getMessage);
        }
    }

    /** A port that is taken, and on which nobody listens. */
    private static Socket taken() throws IOException {
        Socket socket = new Socket();
        socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        return socket;
    }

    @Test
    void aConnectionIsRefused(Emulator boomi) throws IOException {
        try (Socket socket = taken();
                BoomiClient client = boomi.builder()
                        .baseUrl("https://127.0.0.1:" + socket.getLocalPort())
                        .maxRetries(1)
                        .build()) {
            // What never left is sent again, even if it creates.
            TransportException thrown =
                    assertFails(ConnectException.class, 9, 0, true, false, 2, () -> client.send(CREATE));
            assertTrue(thrown.getMessage().contains("refused"), thrown::getMessage);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"reset-before", "reset-after", "cut-headers", "cut-body"})
    void aConnectionIsLost(String fault, Emulator boomi) {
        boomi.control("faults", "{\"fault\":\"" + fault + "\",\"method\":\"POST\"}");
        try (BoomiClient client = boomi.client()) {
            // Nobody can know whether it took effect, so what creates is sent once.
            TransportException thrown =
                    assertFails(ConnectException.class, 9, 0, true, true, 1, () -> client.send(CREATE));
            assertTrue(thrown.getMessage().contains("lost"), thrown::getMessage);
        }
    }

    @Test
    void aNameIsUnknown(Emulator boomi) {
        try (BoomiClient client =
                boomi.builder().baseUrl("https://boomi.invalid").maxRetries(0).build()) {
            ConnectException thrown = assertThrows(ConnectException.class, () -> client.send(RECORD));
            assertTrue(thrown.getMessage().contains("boomi.invalid"), thrown::getMessage);
        }
    }

    @Test
    void aProxyIsDown(Emulator boomi) throws IOException {
        try (Socket socket = taken()) {
            String proxy = "http://someone:proxy-secret@127.0.0.1:" + socket.getLocalPort();
            try (BoomiClient client = boomi.builder().proxy(proxy).maxRetries(0).build()) {
                TransportException thrown =
                        assertFails(ProxyException.class, 10, 0, true, false, 1, () -> client.send(RECORD));
                String text = thrown.getMessage();
                assertTrue(text.contains("127.0.0.1:" + socket.getLocalPort()) && text.contains("refused"), text);
                assertTrue(!text.contains("proxy-secret"), text);
            }
        }
        assertTrue(ServerSide.log(boomi).isEmpty());
    }

    @ParameterizedTest
    @CsvSource({"expired, expired", "wrong_host, example.org", "self_signed, self-signed"})
    void aCertificateIsBad(String how, String text, Emulator boomi) {
        try (BoomiClient client = boomi.builder().baseUrl(boomi.badTlsUrl(how)).build()) {
            TransportException thrown =
                    assertFails(TlsException.class, 11, 0, false, false, 1, () -> client.send(RECORD));
            assertTrue(thrown.getMessage().contains(text), thrown::getMessage);
        }
        assertTrue(ServerSide.log(boomi).isEmpty());
    }

    @Test
    void aCertificateIsOfAnAuthorityThatIsNotTrusted(Emulator boomi) {
        // Of another emulator, which has an authority of its own.
        try (Emulator other = Emulator.start();
                BoomiClient client = boomi.builder().caFile(other.caFile()).build()) {
            TlsException thrown =
                    assertFails(TlsException.class, 11, 0, false, false, 1, () -> client.send(RECORD));
            assertTrue(thrown.getMessage().contains("the given CA bundle alone"), thrown::getMessage);
        }
        assertTrue(ServerSide.log(boomi).isEmpty());
    }

    /** How somebody ends a call that is under way. */
    private interface Ending {
        void end(Thread caller, BoomiClient client, Call call);
    }

    private static CanceledException canceled(Emulator boomi, Ending ending, boolean leavesInterrupted) {
        boomi.control("outage", "{\"kind\":\"hang\"}");
        Call call = new Call();
        Thread caller = Thread.currentThread();
        try (BoomiClient client = boomi.client()) {
            Thread other = new Thread(() -> {
                try {
                    ServerSide.awaitArrival(boomi);
                } catch (InterruptedException never) {
                    throw new AssertionError(never);
                }
                ending.end(caller, client, call);
            });
            other.start();
            CanceledException thrown =
                    assertFails(CanceledException.class, 15, 0, false, true, 1, () -> client.send(RECORD, call));
            assertEquals(leavesInterrupted, Thread.interrupted());
            boomi.control("outage", "{\"kind\":null}");
            client.resetGuard();
            // The client goes on.
            assertEquals(200, client.send(RECORD).status());
            return thrown;
        }
    }

    @Test
    void aCallIsCanceled(Emulator boomi) {
        Call[] used = new Call[1];
        canceled(
                boomi,
                (caller, client, call) -> {
                    used[0] = call;
                    call.cancel();
                },
                false);
        // It stays canceled.
        try (BoomiClient client = boomi.client()) {
            assertFails(CanceledException.class, 15, 0, false, false, 0, () -> client.send(RECORD, used[0]));
        }
    }

    @Test
    void allCallsOfAClientAreCanceled(Emulator boomi) {
        canceled(boomi, (caller, client, call) -> client.cancel(), false);
    }

    @Test
    void aThreadIsInterrupted(Emulator boomi) {
        CanceledException thrown = canceled(boomi, (caller, client, call) -> caller.interrupt(), true);
        assertTrue(thrown.getMessage().contains("interrupted"), thrown::getMessage);
    }

    @Test
    void aCallOfAnotherThreadIsCanceled(Emulator boomi) throws Exception {
        boomi.control("outage", "{\"kind\":\"hang\"}");
        ExecutorService executor = Executors.newSingleThreadExecutor();
        try (BoomiClient client = boomi.client()) {
            CompletableFuture<Response> answer = client.sendAsync(RECORD, executor);
            ServerSide.awaitArrival(boomi);
            assertTrue(answer.cancel(true));
            assertThrows(CancellationException.class, answer::get);
            // Its thread is free, although nobody answers.
            Future<String> next = executor.submit(() -> "next");
            assertEquals("next", next.get(30, TimeUnit.SECONDS));
        } finally {
            executor.shutdownNow();
        }
    }

    @Test
    void anExceptionHasTheStackOfItsCaller(Emulator boomi) {
        boomi.control("faults", "{\"status\":404}");
        try (BoomiClient client = boomi.client()) {
            Response answer = client.send(RECORD);
            BoomiAuthException thrown = assertThrows(BoomiAuthException.class, answer::check);
            boolean isHere = false;
            for (StackTraceElement element : thrown.getStackTrace()) {
                isHere = isHere || element.getMethodName().equals("anExceptionHasTheStackOfItsCaller");
            }
            assertTrue(isHere);
        }
    }
}
