package org.boomiauth.tests.http;

import static java.util.Arrays.asList;
import static java.util.Collections.singletonList;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okio.BufferedSink;
import org.boomiauth.AuthScheme;
import org.boomiauth.BoomiClient;
import org.boomiauth.HeldException;
import org.boomiauth.junit5.BoomiEmulator;
import org.boomiauth.junit5.Emulator;
import org.boomiauth.okhttp.BoomiInterceptor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What OkHttp's users may do beside the plain call, and what they find in the answer. */
@BoomiEmulator
class OkHttpInterceptorTest {
    private static Request get(Emulator boomi, String path) {
        return new Request.Builder().url(boomi.baseUrl() + path).build();
    }

    private static Request query(Emulator boomi, RequestBody body) {
        return new Request.Builder().url(boomi.baseUrl() + "/graphql").post(body).build();
    }

    private static Response enqueued(OkHttpClient http, Request request) throws Exception {
        CompletableFuture<Response> end = new CompletableFuture<>();
        http.newCall(request).enqueue(new Callback() {
            @Override
            public void onResponse(Call call, Response answer) {
                end.complete(answer);
            }

            @Override
            public void onFailure(Call call, IOException failed) {
                end.completeExceptionally(failed);
            }
        });
        return end.get(1, TimeUnit.MINUTES);
    }

    @Test
    void anEnqueuedCallIsSignedAndItsJwtReplaced(Emulator boomi) throws Exception {
        try (BoomiClient client = boomi.client()) {
            OkHttpClient http = OkHttpTest.builder(client, Trust.of(boomi)).build();
            try (Response record = enqueued(http, get(boomi, LibraryContract.RECORD))) {
                assertTrue(record.body().string().contains("documentId-321"));
            }
            client.token();
            boomi.control("clock", "{\"advance_s\":301}");
            RequestBody body = RequestBody.create(LibraryContract.QUERY, OkHttpTest.JSON);
            try (Response answer = enqueued(http, query(boomi, body))) {
                assertTrue(answer.body().string().contains("organization-1"));
            }
            assertEquals(asList("Bearer 401", "Bearer 200"), Seen.sent(boomi, "/graphql"));
        }
    }

    @Test
    void whatHindersAnEnqueuedCallComesAsItsFailure(Emulator boomi) throws Exception {
        try (BoomiClient client =
                boomi.builder().credentials(LibraryContract.wrongPassword()).build()) {
            OkHttpClient http = OkHttpTest.builder(client, Trust.of(boomi)).build();
            try (Response refused = enqueued(http, get(boomi, LibraryContract.RECORD))) {
                assertEquals(401, refused.code());
            }
            Throwable held = assertThrows(
                            ExecutionException.class, () -> enqueued(http, get(boomi, LibraryContract.RECORD)))
                    .getCause();
            assertInstanceOf(IOException.class, held);
            assertInstanceOf(HeldException.class, held.getCause());
            assertEquals(held.getCause().getMessage(), held.getMessage());
            assertEquals(singletonList("Basic 401"), Seen.sent(boomi, "/"));
        }
    }

    @Test
    void aBodyThatCanBeSentOnceIsSentOnce(Emulator boomi) throws Exception {
        try (BoomiClient client = boomi.client()) {
            OkHttpClient http = OkHttpTest.builder(client, Trust.of(boomi)).build();
            client.token();
            boomi.control("clock", "{\"advance_s\":301}");
            try (Response answer = http.newCall(query(boomi, new OneShot())).execute()) {
                assertEquals(401, answer.code());
                assertFalse(answer.body().string().isEmpty());
            }
            assertEquals(singletonList("Bearer 401"), Seen.sent(boomi, "/graphql"));
            // The JWT is known to be refused, all the same.
            try (Response answer = http.newCall(query(boomi, new OneShot())).execute()) {
                assertEquals(200, answer.code());
            }
        }
    }

    private static final class OneShot extends RequestBody {
        @Override
        public MediaType contentType() {
            return OkHttpTest.JSON;
        }

        @Override
        public boolean isOneShot() {
            return true;
        }

        @Override
        public void writeTo(BufferedSink sink) throws IOException {
            sink.writeUtf8(LibraryContract.QUERY);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/api/ 401", "/graphql 200"})
    void anAnswerThatWasLookedAtIsReadFromItsBeginning(String which, Emulator boomi) throws Exception {
        String[] pathAndStatus = which.split(" ");
        char[] letters = new char[200_000];
        Arrays.fill(letters, 'x');
        String text = "begin" + new String(letters) + "end";
        boomi.control("faults", "{\"status\":" + pathAndStatus[1] + ",\"body\":\"" + text + "\"}");
        try (BoomiClient client = boomi.client()) {
            // A JWT is asked for first where one is needed, and that is no answer of the request's.
            OkHttpClient http = installed(client, Trust.of(boomi), AuthScheme.BASIC);
            try (Response answer = http.newCall(get(boomi, pathAndStatus[0])).execute()) {
                assertEquals(text, answer.body().string());
            }
        }
    }

    private static OkHttpClient installed(BoomiClient client, Trust trust, AuthScheme scheme) {
        OkHttpClient.Builder builder = new OkHttpClient.Builder()
                .sslSocketFactory(trust.context.getSocketFactory(), trust.manager);
        return BoomiInterceptor.install(builder, client, scheme).build();
    }

    /** A download, an error and an answer of GraphQL: none of them ever ends. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "/api/rest/v1/account123/AuditLog/documentId-321",
                "/api/rest/v1/account123/AuditLog/none",
                "/graphql"
            })
    void anAnswerIsThereBeforeItsEnd(String path, Emulator boomi) throws Exception {
        try (BoomiClient client = boomi.client()) {
            client.token();
            OkHttpClient http = OkHttpTest.builder(client, Trust.of(boomi)).build();
            boomi.control("faults", "{\"fault\":\"endless-body\"}");
            Request request = path.equals("/graphql")
                    ? query(boomi, RequestBody.create(LibraryContract.QUERY, OkHttpTest.JSON))
                    : get(boomi, path);
            Call call = http.newCall(request);
            call.timeout().timeout(1, TimeUnit.MINUTES);
            try (Response answer = call.execute()) {
                byte[] beginning = answer.body().source().readByteArray(1_000_000);
                char first = new String(beginning, StandardCharsets.UTF_8).trim().charAt(0);
                assertTrue(first == '{' || first == '<', "it begins with " + first);
            } finally {
                call.cancel();
            }
        }
    }

    @Test
    void aDownloadArrivesWhole(Emulator boomi) throws Exception {
        try (BoomiClient client = boomi.client()) {
            OkHttpClient http = OkHttpTest.builder(client, Trust.of(boomi)).build();
            Request request = get(boomi, "/api/rest/v1/account123/Deployment/sized-20000000");
            try (Response answer = http.newCall(request).execute()) {
                long length = 0;
                byte[] piece = new byte[10_000];
                for (int amount = 0; amount >= 0; amount = answer.body().byteStream().read(piece)) {
                    length += amount;
                }
                assertEquals(20_000_000, length);
            }
        }
    }

    @Test
    void theSchemeIsTheUsersChoice(Emulator boomi) throws Exception {
        try (BoomiClient client = boomi.client()) {
            Request request = get(boomi, "/api/rest/v1/account123/Deployment/documentId-321");
            for (AuthScheme scheme : asList(AuthScheme.BASIC, AuthScheme.JWT)) {
                OkHttpClient http = installed(client, Trust.of(boomi), scheme);
                try (Response answer = http.newCall(request).execute()) {
                    assertEquals(200, answer.code());
                }
            }
            assertEquals(asList("Basic 200", "Bearer 200"), Seen.sent(boomi, "/api/"));
        }
    }
}
