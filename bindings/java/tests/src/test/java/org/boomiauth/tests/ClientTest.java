package org.boomiauth.tests;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.boomiauth.BoomiClient;
import org.boomiauth.CredentialsRejectedException;
import org.boomiauth.Credentials;
import org.boomiauth.HttpStatusException;
import org.boomiauth.NativeSupport;
import org.boomiauth.Request;
import org.boomiauth.Response;
import org.boomiauth.Token;
import org.boomiauth.junit5.BoomiEmulator;
import org.boomiauth.junit5.Emulator;
import org.junit.jupiter.api.Test;

/** The main job. */
@BoomiEmulator
class ClientTest {
    static final String RECORD = "/api/rest/v1/{accountId}/AuditLog/documentId-321";

    @Test
    void theBackendIsTheExpectedOne() {
        String expected = System.getProperty("expect.backend");
        assertTrue(NativeSupport.isAvailable());
        assertEquals(expected == null ? NativeSupport.backend() : expected, NativeSupport.backend());
    }

    @Test
    void theJarIsWhereItIsExpected() throws Exception {
        String expected = System.getProperty("expect.module");
        if (expected != null) {
            // Class.getModule(), which Java 8 has not.
            Object module = Class.class.getMethod("getModule").invoke(BoomiClient.class);
            assertEquals("module " + expected, module.toString());
        }
    }

    @Test
    void aRecordIsFetched(Emulator boomi) {
        try (BoomiClient client = boomi.client()) {
            Response record = client.get(RECORD).check();
            assertEquals(200, record.status());
            assertTrue(record.isOk() && record.text().contains("documentId-321"));
            assertEquals("application/json", record.header("content-TYPE").get());
            assertEquals(1, record.attempts());
            assertArrayEquals(record.bytes(), client.get(RECORD).bytes());
        }
    }

    @Test
    void whatIsReadOfAnAnswerLeavesItAsItWas(Emulator boomi) throws IOException {
        try (BoomiClient client = boomi.client()) {
            Response record = client.get(RECORD);
            byte[] bytes = record.bytes();
            String text = record.text();
            assertArrayEquals(text.getBytes(StandardCharsets.UTF_8), bytes);
            Arrays.fill(bytes, (byte) 0);
            assertEquals(text, record.text());
            byte[] streamed = new byte[bytes.length + 1];
            assertEquals(bytes.length, record.stream().read(streamed));
            assertEquals(text, new String(streamed, 0, bytes.length, StandardCharsets.UTF_8));
            assertEquals(-1, record.stream().read(), "the answer ends with its body");
            // Each the same, whoever asks first.
            Map<String, List<String>> headers = client.get(RECORD).headers();
            assertEquals(record.headers().keySet(), headers.keySet());
            assertEquals(record.header("Content-Type").get(), headers.get("content-type").get(0));
            assertThrows(UnsupportedOperationException.class, headers::clear);
        }
    }

    @Test
    void aBadStatusIsAnAnswerAndCheckedAnException(Emulator boomi) {
        try (BoomiClient client = boomi.client()) {
            Response missing = client.get("/api/rest/v1/{accountId}/AuditLog/none");
            assertFalse(missing.isOk());
            HttpStatusException thrown = assertThrows(HttpStatusException.class, missing::check);
            assertEquals(missing.status(), thrown.httpStatus());
            assertTrue(thrown.getStackTrace()[0].getClassName().startsWith("org.boomiauth."));
        }
    }

    @Test
    void aWrongPasswordIsToldAsBoomiTellsIt(Emulator boomi) {
        Credentials wrong = Credentials.password(Emulator.USER.name(), "wrong".toCharArray());
        try (BoomiClient client = boomi.builder().credentials(wrong).build()) {
            Response answer = client.get(RECORD);
            assertEquals(401, answer.status());
            assertEquals("Username or password is incorrect", answer.message().get());
            CredentialsRejectedException thrown = assertThrows(CredentialsRejectedException.class, answer::check);
            assertEquals(3, thrown.code());
            assertTrue(thrown.wasSent());
            assertFalse(thrown.isRetryable());
        }
    }

    @Test
    void aTokenIsKept(Emulator boomi) {
        try (BoomiClient client = boomi.client()) {
            Token token = client.token();
            assertSame(token, client.token());
            assertEquals("Bearer " + token.jwt(), token.header());
            assertEquals(Emulator.ACCOUNT_ID, token.accountId());
            client.invalidate(token);
            assertFalse(client.token().jwt().equals(token.jwt()));
            Response answer = client.post("/graphql", "{\"query\":\"{ organizations { id } }\"}");
            assertTrue(answer.check().text().contains("organization-1"));
        }
    }

    @Test
    void pagesAreGoneThrough(Emulator boomi) {
        try (BoomiClient client = boomi.client()) {
            List<Integer> statuses = new ArrayList<>();
            for (Response page : client.pages(Request.post("/api/rest/v1/{accountId}/Process/query", "{}"))) {
                statuses.add(page.status());
            }
            assertEquals(3, statuses.size());
        }
    }

    @Test
    void aLargeAnswerIsRead(Emulator boomi) throws IOException {
        Request request = Request.get("/api/rest/v1/{accountId}/Deployment/sized-3000000");
        try (BoomiClient client = boomi.client();
                Response answer = client.open(request)) {
            long length = 0;
            byte[] piece = new byte[10_000];
            InputStream in = answer.check().stream();
            for (int amount = in.read(piece); amount >= 0; amount = in.read(piece)) {
                length += amount;
            }
            assertEquals(3_000_000, length);
            assertEquals(-1, in.read());
        }
    }
}
