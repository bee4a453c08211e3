package org.boomiauth.tests.lifetime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.time.Duration;
import java.util.Iterator;
import java.util.concurrent.ExecutionException;
import org.boomiauth.Authorization;
import org.boomiauth.BoomiAuth;
import org.boomiauth.BoomiClient;
import org.boomiauth.Credentials;
import org.boomiauth.Job;
import org.boomiauth.Pages;
import org.boomiauth.Request;
import org.boomiauth.Response;
import org.boomiauth.Token;
import org.boomiauth.TokenProvider;
import org.boomiauth.junit5.BoomiEmulator;
import org.boomiauth.junit5.Emulator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** To close twice is fine, to use what is closed is told, and what a closed client gave lives on. */
@BoomiEmulator
class ClosingTest {
    private static final String RECORD = "/api/rest/v1/{accountId}/AuditLog/documentId-321";
    private static final Request QUERY = Request.post("/api/rest/v1/{accountId}/Process/query", "{}");
    private static final Request LARGE = Request.get("/api/rest/v1/{accountId}/Deployment/sized-3000000");
    private static final Request EXECUTION =
            Request.post("/api/rest/v1/{accountId}/ExecutionRequest", "{\"processId\":\"p\"}");

    private static void isClosed(String what, Executable use) {
        IllegalStateException told = assertThrows(IllegalStateException.class, use);
        assertEquals("this " + what + " is closed", told.getMessage());
        assertTrue(told.getStackTrace()[0].getClassName().startsWith("org.boomiauth."));
    }

    @Test
    void aClosedClientIsToldByEachOfItsMethods(Emulator boomi) throws Exception {
        BoomiClient client = boomi.client();
        Token token = client.token();
        client.close();
        client.close();
        String url = boomi.baseUrl() + "/graphql";
        for (Executable use : new Executable[] {
            () -> client.get(RECORD),
            () -> client.open(Request.get(RECORD)),
            () -> client.pages(QUERY),
            () -> client.start(EXECUTION, null),
            () -> client.await(EXECUTION, null),
            client::token,
            () -> client.token("account123"),
            () -> client.tokenProvider(null),
            () -> client.tokenAsync(Runnable::run),
            client::generateJwt,
            () -> client.invalidate(token),
            () -> client.authorize(URI.create(url), (name, value) -> {}),
            client::cancel,
            client::resetGuard,
            client::describe,
            client::describeGuard,
        }) {
            isClosed("BoomiClient", use);
        }
        ExecutionException told =
                assertThrows(ExecutionException.class, () -> client.sendAsync(Request.get(RECORD), Runnable::run)
                        .get());
        isClosed("BoomiClient", () -> {
            throw told.getCause();
        });
        assertTrue(client.toString().contains(Emulator.USER.name()));
    }

    @Test
    void closedCredentialsAreTold(Emulator boomi) {
        Credentials credentials = Credentials.password("user@example.com", "password".toCharArray());
        BoomiClient client = boomi.builder().credentials(credentials).build();
        assertFalse(credentials.isDestroyed());
        credentials.close();
        credentials.destroy();
        credentials.close();
        assertTrue(credentials.isDestroyed());
        isClosed("Credentials", () -> BoomiAuth.header(credentials));
        isClosed("Credentials", () -> BoomiAuth.username(credentials));
        isClosed("Credentials", () -> credentials.withOtpSecret("GEZDGNBVGY3TQOJQ".toCharArray()));
        isClosed("Credentials", () -> credentials.withOtp(() -> "123456"));
        isClosed("Credentials", () -> boomi.builder().credentials(credentials).build());
        assertTrue(credentials.toString().contains("user@example.com"));
        // The client has a copy of its own.
        assertEquals(401, client.get(RECORD).status());
        client.close();
    }

    @Test
    void aClosedAnswerIsTold(Emulator boomi) throws IOException {
        try (BoomiClient client = boomi.client()) {
            Response answer = client.open(LARGE);
            InputStream in = answer.stream();
            assertTrue(in.read() >= 0);
            answer.close();
            answer.close();
            in.close();
            isClosed("Response", answer::bytes);
            isClosed("Response", answer::text);
            assertEquals(200, answer.status());
            byte[] room = new byte[100_000];
            IOException told = assertThrows(IOException.class, () -> {
                while (in.read(room) >= 0) {
                    assertTrue(true);
                }
            });
            isClosed("Response", () -> {
                throw told.getCause();
            });
            Response whole = client.send(Request.get(RECORD));
            whole.close();
            assertTrue(whole.text().contains("documentId-321"));
        }
    }

    @Test
    void closedPagesJobsAndAuthorizationsAreTold(Emulator boomi) {
        try (BoomiClient client = boomi.client()) {
            Pages pages = client.pages(QUERY);
            Iterator<Response> each = pages.iterator();
            assertTrue(each.next().isOk());
            pages.close();
            pages.close();
            isClosed("Pages", each::hasNext);
            isClosed("Pages", each::next);

            Job job = client.start(EXECUTION, null);
            job.close();
            job.close();
            isClosed("Job", job::await);
            isClosed("Job", () -> job.open(null));
            assertTrue(job.path().isPresent());

            Authorization authorization =
                    client.authorize(URI.create(boomi.baseUrl() + "/graphql"), (name, value) -> {});
            authorization.close();
            authorization.close();
            // Only the first end of it counts, whatever it was.
            assertFalse(authorization.observe(401));
            authorization.withdraw();
        }
    }

    @Test
    void aTokenProviderOfAClosedClientIsGoodForAnother(Emulator boomi) {
        BoomiClient platform = boomi.client();
        TokenProvider provider = platform.tokenProvider(null);
        platform.close();
        try (BoomiClient hub = BoomiClient.builder()
                .baseUrl(boomi.hubUrl())
                .caFile(boomi.caFile())
                .proxy("")
                .tokenProvider(provider)
                .build()) {
            Request universe = Request.get("/mdm/universes/universe-1").query("repositoryId", "repository-1");
            assertTrue(hub.send(universe.header("Accept", "application/xml")).isOk());
        }
        assertEquals(Emulator.ACCOUNT_ID, provider.get().accountId());
    }

    @Test
    void whatAClosedClientGaveWorksOn(Emulator boomi) throws Exception {
        BoomiClient client = boomi.client();
        Response answer = client.open(LARGE);
        Pages pages = client.pages(QUERY);
        Job job = client.start(EXECUTION, null);
        TokenProvider provider = client.tokenProvider(null);
        Authorization authorization = client.authorize(URI.create(boomi.baseUrl() + "/graphql"), (name, value) -> {});
        client.close();
        work(answer, pages, job, provider);
        assertFalse(authorization.observe(200));
    }

    /** All that the emulator has for them. */
    static void work(Response answer, Pages pages, Job job, TokenProvider provider) {
        int count = 0;
        for (Response page : pages) {
            assertTrue(page.isOk());
            count++;
        }
        assertEquals(3, count);
        assertEquals(3_000_000, answer.bytes().length);
        assertTrue(job.await().isOk());
        Token token = provider.get();
        assertSame(token, provider.get(Duration.ofSeconds(1)));
        provider.invalidate(token);
        provider.refresh();
        assertFalse(provider.get().jwt().equals(token.jwt()));
    }
}
