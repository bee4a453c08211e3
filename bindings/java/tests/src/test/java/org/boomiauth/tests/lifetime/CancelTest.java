package org.boomiauth.tests.lifetime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.boomiauth.BoomiClient;
import org.boomiauth.Call;
import org.boomiauth.CanceledException;
import org.boomiauth.Request;
import org.boomiauth.Response;
import org.boomiauth.Token;
import org.boomiauth.junit5.BoomiEmulator;
import org.boomiauth.junit5.Emulator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Calls that another thread ends, through {@link Call}, the client, or the future of a call. */
@BoomiEmulator
class CancelTest {
    private static final Request RECORD = Request.get(CallbackTest.RECORD);
    private static final Request QUERY = Request.post("/graphql", "{\"query\":\"{ organizations { id } }\"}");

    private final ExecutorService threads = Executors.newCachedThreadPool();

    @AfterEach
    void end() {
        threads.shutdownNow();
    }

    private static Throwable failure(Future<?> call) throws Exception {
        return assertThrows(ExecutionException.class, () -> call.get(1, TimeUnit.MINUTES))
                .getCause();
    }

    private static void isCanceled(Throwable told) {
        assertTrue(told instanceof CanceledException, String.valueOf(told));
        assertFalse(told.getMessage().contains("interrupted"), told.getMessage());
        assertEquals(15, ((CanceledException) told).code());
    }

    @Test
    void aCallEndsTheCallsThatItWasGivenTo(Emulator boomi) throws Exception {
        try (Silent server = new Silent("");
                BoomiClient client = boomi.builder().baseUrl(server.url()).build()) {
            Call call = new Call();
            Future<Response> given = threads.submit(() -> client.send(RECORD, call));
            server.awaitRequest();
            call.cancel();
            isCanceled(failure(given));
            server.awaitEnd();
            // Later ones end at once.
            isCanceled(assertThrows(CanceledException.class, () -> client.send(RECORD, call)));
            call.cancel();
        }
        try (BoomiClient client = boomi.client()) {
            assertTrue(client.send(RECORD, new Call()).isOk());
        }
    }

    @Test
    void aCallEndsNoOther(Emulator boomi) throws Exception {
        try (Silent server = new Silent("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf");
                BoomiClient client = boomi.builder().baseUrl(server.url()).build()) {
            Call ended = new Call();
            Future<Response> given =
                    threads.submit(() -> client.send(QUERY.auth(org.boomiauth.AuthScheme.NONE), ended));
            server.awaitRequest();
            Response open = client.open(RECORD.auth(org.boomiauth.AuthScheme.NONE), new Call());
            server.awaitRequest();
            ended.cancel();
            isCanceled(failure(given));
            server.awaitEnd();
            assertEquals(4, open.stream().read(new byte[4]));
            open.close();
            server.awaitEnd();
        }
    }

    @Test
    void aClientEndsAllOfItsCalls(Emulator boomi) throws Exception {
        try (BoomiClient client = boomi.client();
                BoomiClient other = boomi.client()) {
            assertTrue(client.send(QUERY).isOk() && client.send(RECORD).isOk());
            boomi.control("outage", "{\"kind\":\"hang\"}");
            List<Future<?>> calls = new ArrayList<>();
            for (int number = 0; number < 20; number++) {
                calls.add(threads.submit(() -> client.send(QUERY)));
            }
            calls.add(threads.submit(() -> client.send(RECORD)));
            calls.add(threads.submit(() -> client.generateJwt()));
            Future<?> foreign = threads.submit(() -> other.send(RECORD.auth(org.boomiauth.AuthScheme.NONE)));
            Until.asked(boomi, "/graphql", 21);
            Until.asked(boomi, "/api/rest/v1/account123/AuditLog/documentId-321", 3);
            client.cancel();
            for (Future<?> call : calls) {
                isCanceled(failure(call));
            }
            assertFalse(foreign.isDone());
            boomi.control("outage", "{\"kind\":null}");
            foreign.cancel(true);
            assertTrue(client.send(QUERY).isOk() && client.send(RECORD).isOk());
        }
    }

    @Test
    void aFutureEndsItsCall(Emulator boomi) throws Exception {
        List<Function<BoomiClient, CompletableFuture<?>>> begins = new ArrayList<>();
        begins.add(client -> client.sendAsync(RECORD, threads));
        begins.add(client -> client.tokenAsync(threads));
        begins.add(client -> client.generateJwtAsync(threads));
        for (Function<BoomiClient, CompletableFuture<?>> begin : begins) {
            try (Silent server = new Silent("");
                    BoomiClient client = boomi.builder().baseUrl(server.url()).build()) {
                CompletableFuture<?> future = begin.apply(client);
                server.awaitRequest();
                assertFalse(future.isDone());
                assertTrue(future.cancel(false));
                assertThrows(CancellationException.class, future::get);
                server.awaitEnd();
                future = begin.apply(client);
                future.completeExceptionally(new IllegalArgumentException("enough"));
                isNotHung();
            }
        }
    }

    /** The threads of the pool are free, so that it can be shut down. */
    private void isNotHung() throws Exception {
        Until.holds(
                "no thread of the pool is in a call",
                () -> ((java.util.concurrent.ThreadPoolExecutor) threads).getActiveCount() == 0);
    }

    @Test
    void aFutureThatIsCanceledBeforeItsThreadIsThereSendsNothing(Emulator boomi) throws Exception {
        ExecutorService one = Executors.newSingleThreadExecutor();
        CountDownLatch free = new CountDownLatch(1);
        Future<?> busy = one.submit(() -> {
            free.await();
            return null;
        });
        try (BoomiClient client = boomi.client()) {
            CompletableFuture<Response> future = client.sendAsync(RECORD, one);
            assertTrue(future.cancel(true));
            free.countDown();
            busy.get();
            one.shutdown();
            assertTrue(one.awaitTermination(1, TimeUnit.MINUTES));
        }
        assertEquals(0, Until.requests(boomi, "/"));
    }

    @Test
    void aFutureHasTheAnswerOrTheException(Emulator boomi) throws Exception {
        try (BoomiClient client = boomi.client()) {
            assertTrue(client.sendAsync(RECORD, threads).get().isOk());
            CompletableFuture<Token> token = client.tokenAsync(threads);
            assertEquals(token.get().jwt(), client.token().jwt());
            // To cancel what is over ends nothing.
            assertFalse(token.cancel(true));
            assertEquals(200, client.send(QUERY).status());
            boomi.control("outage", "{\"kind\":\"refuse\"}");
            BoomiClient once = boomi.builder().maxRetries(0).build();
            Throwable told = failure(once.sendAsync(RECORD, threads));
            assertTrue(told instanceof org.boomiauth.TransportException, told.toString());
        }
    }
}
