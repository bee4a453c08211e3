package org.boomiauth.tests.lifetime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.ref.WeakReference;
import java.net.URI;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.boomiauth.Authorization;
import org.boomiauth.BoomiClient;
import org.boomiauth.ConfigurationException;
import org.boomiauth.Credentials;
import org.boomiauth.Job;
import org.boomiauth.Pages;
import org.boomiauth.Request;
import org.boomiauth.Response;
import org.boomiauth.TokenProvider;
import org.boomiauth.junit5.BoomiEmulator;
import org.boomiauth.junit5.Emulator;
import org.junit.jupiter.api.Test;

/** Clients that nobody closed and nobody holds any more. */
@BoomiEmulator
class GarbageTest {
    /** What a client gave, and how often its functions were called. */
    private static final class Given {
        final AtomicInteger asked = new AtomicInteger();
        final AtomicInteger told = new AtomicInteger();
        final Response answer;
        final Pages pages;
        final Job job;
        final TokenProvider provider;
        final Authorization authorization;

        Given(Emulator boomi) {
            Credentials credentials = Credentials.from(rejected -> {
                asked.incrementAndGet();
                return Credentials.apiToken(
                        Emulator.USER.name(), Emulator.USER.apiToken().toCharArray());
            });
            BoomiClient client = boomi.builder()
                    .credentials(credentials)
                    .onEvent(event -> told.incrementAndGet())
                    .build();
            answer = client.open(Request.get("/api/rest/v1/{accountId}/Deployment/sized-3000000"));
            pages = client.pages(Request.post("/api/rest/v1/{accountId}/Process/query", "{}"));
            job = client.start(
                    Request.post("/api/rest/v1/{accountId}/ExecutionRequest", "{\"processId\":\"p\"}"), null);
            provider = client.tokenProvider(null);
            authorization = client.authorize(URI.create(boomi.baseUrl() + "/graphql"), (name, value) -> {});
        }
    }

    private static void collect() throws Exception {
        for (int time = 0; time < 5; time++) {
            System.gc();
            // It frees what is garbage.
            Internals.count();
            Thread.sleep(10);
        }
    }

    @Test
    void whatTheyGaveWorksOn(Emulator boomi) throws Exception {
        Given given = new Given(boomi);
        collect();
        int told = given.told.get();
        ClosingTest.work(given.answer, given.pages, given.job, given.provider);
        assertTrue(given.told.get() > told, "its listener is told nothing any more");
        assertTrue(!given.authorization.observe(200));
        assertEquals(1, given.asked.get());
        // After a rejection the credentials are asked for anew.
        boomi.control("password", "{\"user\":\"user@example.com\",\"token\":\"another\"}");
        collect();
        assertThrows(org.boomiauth.CredentialsRejectedException.class, given.provider::refresh);
        assertThrows(org.boomiauth.BoomiAuthException.class, given.provider::refresh);
        assertEquals(2, given.asked.get());
    }

    /** Each alone keeps what its client calls back. */
    @Test
    void whatTheyGaveKeepsTheirFunctions(Emulator boomi) throws Exception {
        List<String> events = Collections.synchronizedList(new ArrayList<>());
        TokenProvider provider = client(boomi, events).tokenProvider(null);
        Pages pages = client(boomi, events).pages(Request.post("/api/rest/v1/{accountId}/Process/query", "{}"));
        Job job = client(boomi, events)
                .start(Request.post("/api/rest/v1/{accountId}/ExecutionRequest", "{\"processId\":\"p\"}"), null);
        Authorization authorization =
                client(boomi, events).authorize(URI.create(boomi.baseUrl() + "/api/"), (name, value) -> {});
        collect();
        assertEquals(Arrays.asList("credentials_loaded", "credentials_loaded"), events);
        provider.get();
        assertEquals("token_issued", events.get(3));
        assertTrue(pages.iterator().next().isOk());
        assertEquals("credentials_loaded", events.get(events.size() - 1));
        events.clear();
        authorization.observe(401);
        assertEquals(Collections.singletonList("sign_in_rejected"), events);
        boomi.control("password", "{\"user\":\"user@example.com\",\"token\":\"another\"}");
        events.clear();
        assertEquals(401, job.await().status());
        assertTrue(events.contains("sign_in_rejected"), events.toString());
    }

    private static BoomiClient client(Emulator boomi, List<String> events) {
        return boomi.builder()
                .credentials(Credentials.from(CallbackTest::user))
                .onEvent(event -> events.add(event.kind()))
                .build();
    }

    @Test
    void oneThatItsOwnListenerHoldsIsCollected(Emulator boomi) throws Exception {
        WeakReference<BoomiClient> client = held(boomi);
        Until.holds("the client is garbage", () -> {
            collect();
            return client.get() == null;
        });
    }

    private static WeakReference<BoomiClient> held(Emulator boomi) {
        AtomicReference<BoomiClient> own = new AtomicReference<>();
        Credentials credentials = Credentials.from(() -> {
            own.get();
            return Credentials.apiToken(
                    Emulator.USER.name(), Emulator.USER.apiToken().toCharArray());
        });
        own.set(boomi.builder()
                .credentials(credentials)
                .onEvent(event -> own.get())
                .build());
        own.get().token();
        return new WeakReference<>(own.get());
    }

    @Test
    void credentialsThatOnlyTheSupplierMadeAreNotGarbageTooEarly(Emulator boomi) throws Exception {
        Credentials credentials = Credentials.from(() -> {
            Credentials made = Credentials.apiToken(
                    Emulator.USER.name(), Emulator.USER.apiToken().toCharArray());
            try {
                collect();
            } catch (Exception failed) {
                throw new AssertionError(failed);
            }
            return made;
        });
        try (BoomiClient client = boomi.builder().credentials(credentials).build()) {
            assertEquals(Emulator.ACCOUNT_ID, client.token().accountId());
        }
        Credentials gone = Credentials.from(() -> {
            Credentials made = Credentials.apiToken("user@example.com", "token".toCharArray());
            made.close();
            return made;
        });
        try (BoomiClient client = boomi.builder().credentials(gone).build()) {
            ConfigurationException told = assertThrows(ConfigurationException.class, client::token);
            assertEquals("this Credentials is closed", told.getCause().getMessage());
        }
    }
}
