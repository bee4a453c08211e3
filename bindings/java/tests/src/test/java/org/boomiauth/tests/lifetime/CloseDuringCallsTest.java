package org.boomiauth.tests.lifetime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.boomiauth.BoomiAuthException;
import org.boomiauth.BoomiClient;
import org.boomiauth.Credentials;
import org.boomiauth.Job;
import org.boomiauth.Request;
import org.boomiauth.Response;
import org.boomiauth.junit5.BoomiEmulator;
import org.boomiauth.junit5.Emulator;
import org.junit.jupiter.api.Test;

/** What is closed while others use it: a call that has begun ends as ever, and a later one says so. */
@BoomiEmulator
class CloseDuringCallsTest {
    private static final int THREADS = 64;

    /** Uses something until it is closed, and returns how often that worked. */
    private interface Use {
        void once() throws Exception;
    }

    private static int untilClosed(Use use, AtomicInteger begun) throws Exception {
        for (int times = 0; ; times++) {
            begun.incrementAndGet();
            try {
                use.once();
            } catch (IllegalStateException closed) {
                assertTrue(closed.getMessage().endsWith(" is closed"), closed.toString());
                return times;
            } catch (IOException closed) {
                assertTrue(closed.getCause() instanceof IllegalStateException, closed.toString());
                return times;
            }
        }
    }

    private static int closedMeanwhile(List<Use> uses, AutoCloseable shared, int calls) throws Exception {
        AtomicInteger begun = new AtomicInteger();
        ExecutorService threads = Executors.newFixedThreadPool(uses.size());
        try {
            List<Future<Integer>> ends = new ArrayList<>();
            for (Use use : uses) {
                ends.add(threads.submit(() -> untilClosed(use, begun)));
            }
            Until.holds("there are calls", () -> begun.get() >= calls);
            shared.close();
            int worked = 0;
            for (Future<Integer> end : ends) {
                worked += end.get(2, TimeUnit.MINUTES);
            }
            return worked;
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void aClient(Emulator boomi) throws Exception {
        BoomiClient client = boomi.client();
        client.token();
        boomi.control("delays", "[{\"path_prefix\":\"\",\"min_ms\":10,\"max_ms\":200}]");
        List<Use> uses = new ArrayList<>();
        for (int thread = 0; thread < THREADS; thread++) {
            switch (thread % 8) {
                case 0:
                    uses.add(() -> client.token().jwt());
                    break;
                case 1:
                    uses.add(client::generateJwt);
                    break;
                case 2:
                    uses.add(client::describe);
                    break;
                case 3:
                    uses.add(() -> assertEquals(
                            1000,
                            client.open(Request.get("/api/rest/v1/{accountId}/Deployment/sized-1000"))
                                    .bytes()
                                    .length));
                    break;
                default:
                    uses.add(() -> client.post("/graphql", "{\"query\":\"{ organizations { id } }\"}")
                            .check());
            }
        }
        // Most of them are waiting for their second or third answer.
        assertTrue(closedMeanwhile(uses, client, 3 * THREADS) >= THREADS / 2);
        assertEquals("this BoomiClient is closed", told(client::describe));
    }

    @Test
    void credentials(Emulator boomi) throws Exception {
        Credentials credentials = Credentials.apiToken(
                Emulator.USER.name(), Emulator.USER.apiToken().toCharArray());
        List<Use> uses = new ArrayList<>();
        for (int thread = 0; thread < THREADS; thread++) {
            uses.add(() -> {
                BoomiClient client = boomi.builder().credentials(credentials).build();
                client.close();
            });
        }
        assertTrue(closedMeanwhile(uses, credentials, 5 * THREADS) >= THREADS);
    }

    @Test
    void anAnswerThatIsRead(Emulator boomi) throws Exception {
        boomi.control("faults", "{\"fault\":\"endless-body\"}");
        try (BoomiClient client = boomi.client()) {
            Response answer = client.open(Request.get("/api/rest/v1/{accountId}/Deployment/sized-1000"));
            byte[] room = new byte[10_000];
            List<Use> reader = new ArrayList<>();
            reader.add(() -> assertTrue(answer.stream().read(room) > 0));
            assertTrue(closedMeanwhile(reader, answer, 100) >= 99);
        }
    }

    @Test
    void aJobThatIsWaitedFor(Emulator boomi) throws Exception {
        boomi.control("async", "{\"polls\":3,\"status\":200}");
        try (BoomiClient client = boomi.client()) {
            Job job = client.start(
                    Request.post("/api/rest/v1/{accountId}/ExecutionRequest", "{\"processId\":\"p\"}"), null);
            AtomicInteger results = new AtomicInteger();
            Thread waiting = new Thread(() -> {
                if (job.await().isOk()) {
                    results.incrementAndGet();
                }
            });
            waiting.start();
            Until.asked(boomi, "/api/rest/v1/account123/ExecutionRecord/async/", 1);
            job.close();
            Until.ended(waiting);
            assertEquals(1, results.get());
            assertEquals("this Job is closed", told(job::await));
        }
    }

    private static String told(Use use) throws Exception {
        try {
            use.once();
        } catch (BoomiAuthException other) {
            throw other;
        } catch (IllegalStateException closed) {
            return closed.getMessage();
        }
        throw new AssertionError("it is not closed");
    }
}
