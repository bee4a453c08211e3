package org.boomiauth.tests.http;

import static java.util.Arrays.asList;
import static java.util.Collections.emptyList;
import static java.util.Collections.singletonList;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.List;
import org.boomiauth.BoomiAuthException;
import org.boomiauth.BoomiClient;
import org.boomiauth.ConfigurationException;
import org.boomiauth.Credentials;
import org.boomiauth.HeldException;
import org.boomiauth.junit5.Emulator;
import org.junit.jupiter.api.Test;

/** What is promised of each library that sends what we sign. */
public abstract class LibraryContract {
    public static final String RECORD = "/api/rest/v1/account123/AuditLog/documentId-321";
    public static final String QUERY = "{\"query\":\"{ organizations { id } }\"}";
    private static final int THREADS = 64;

    /** The library, set up for a client. */
    protected abstract Sender sender(BoomiClient client, Trust trust);

    /** Whether it goes to where a redirect leads. */
    protected boolean followsRedirects() {
        return false;
    }

    /** How often it sends a request whose answer is lost: more than once it does so unasked. */
    protected int sendsOfALostRequest() {
        return 1;
    }

    static Credentials wrongPassword() {
        return Credentials.password(Emulator.USER.name(), "wrong".toCharArray());
    }

    static Credentials twoFactor() {
        Emulator.User user = Emulator.TWO_FACTOR_USER;
        return Credentials.password(user.name(), user.password().toCharArray())
                .withOtpSecret(user.otpSecret().toCharArray());
    }

    /** What hindered the signing, which OkHttp knows as the cause of an IOException. */
    static Object unwrapped(Object end) {
        boolean isWrapped = end instanceof IOException && ((IOException) end).getCause() instanceof BoomiAuthException;
        return isWrapped ? ((IOException) end).getCause() : end;
    }

    @Test
    void aRecordIsFetchedWithBasic(Emulator boomi) throws Exception {
        try (BoomiClient client = boomi.client();
                Sender http = sender(client, Trust.of(boomi))) {
            Sender.Answer record = http.send("GET", boomi.baseUrl() + RECORD, null);
            assertEquals(200, record.status);
            assertTrue(record.text.contains("documentId-321"), record.text);
            assertEquals(singletonList("Basic 200"), Seen.sent(boomi, "/"));
            assertEquals(0, Seen.guard(client, "in_flight"));
        }
    }

    @Test
    void aTwoFactorUserSendsACodeToo(Emulator boomi) throws Exception {
        try (BoomiClient client = boomi.builder().credentials(twoFactor()).build();
                Sender http = sender(client, Trust.of(boomi))) {
            assertEquals(200, http.send("GET", boomi.baseUrl() + RECORD, null).status);
            assertTrue(Seen.requests(boomi, RECORD).get(0).get("otp").getAsBoolean());
        }
    }

    @Test
    void aQueryIsSentWithAJwt(Emulator boomi) throws Exception {
        try (BoomiClient client = boomi.client();
                Sender http = sender(client, Trust.of(boomi))) {
            Sender.Answer answer = http.send("POST", boomi.baseUrl() + "/graphql", QUERY);
            assertEquals(200, answer.status);
            assertTrue(answer.text.contains("organization-1"), answer.text);
            assertEquals(singletonList("Bearer 200"), Seen.sent(boomi, "/graphql"));
            assertEquals(1, Seen.exchanges(boomi));
        }
    }

    @Test
    void aRefusedJwtIsReplacedAndTheRequestSentOnceMore(Emulator boomi) throws Exception {
        try (BoomiClient client = boomi.client();
                Sender http = sender(client, Trust.of(boomi))) {
            client.token();
            boomi.control("clock", "{\"advance_s\":301}");
            Sender.Answer answer = http.send("POST", boomi.baseUrl() + "/graphql", QUERY);
            assertEquals(200, answer.status);
            assertTrue(answer.text.contains("organization-1"), answer.text);
            assertEquals(asList("Bearer 401", "Bearer 200"), Seen.sent(boomi, "/graphql"));
            assertEquals(2, Seen.exchanges(boomi));
        }
    }

    @Test
    void aJwtThatOnlyTheBodyRefusesIsReplacedToo(Emulator boomi) throws Exception {
        try (BoomiClient client = boomi.client();
                Sender http = sender(client, Trust.of(boomi))) {
            boomi.control("faults", "{\"shape\":\"graphql-unauthorized\",\"path_prefix\":\"/graphql\"}");
            Sender.Answer answer = http.send("POST", boomi.baseUrl() + "/graphql", QUERY);
            assertTrue(answer.text.contains("organization-1"), answer.text);
            assertEquals(asList("Bearer 200", "Bearer 200"), Seen.sent(boomi, "/graphql"));
            assertEquals(2, Seen.exchanges(boomi));
        }
    }

    @Test
    void refusedTwiceIsTheAnswer(Emulator boomi) throws Exception {
        try (BoomiClient client = boomi.client();
                Sender http = sender(client, Trust.of(boomi))) {
            boomi.control("faults", "{\"status\":401,\"path_prefix\":\"/graphql\",\"times\":null}");
            assertEquals(401, http.send("POST", boomi.baseUrl() + "/graphql", QUERY).status);
            assertEquals(asList("Bearer 401", "Bearer 401"), Seen.sent(boomi, "/graphql"));
        }
    }

    @Test
    void aRedirectTakesNothingToAnotherOrigin(Emulator boomi) throws Exception {
        boomi.control(
                "faults",
                "{\"status\":302,\"path_prefix\":\"/api/\",\"headers\":{\"Location\":\"" + boomi.hubUrl()
                        + "/elsewhere\"}}");
        try (BoomiClient client = boomi.builder().credentials(twoFactor()).build();
                Sender http = sender(client, Trust.of(boomi))) {
            Sender.Answer answer = http.send("GET", boomi.baseUrl() + RECORD, null);
            JsonObject first = Seen.requests(boomi, RECORD).get(0);
            assertTrue(first.get("otp").getAsBoolean() && "Basic".equals(first.get("scheme").getAsString()));
            List<JsonObject> elsewhere = Seen.requests(boomi, "/elsewhere");
            assertEquals(followsRedirects() ? 1 : 0, elsewhere.size());
            assertEquals(followsRedirects(), answer.status != 302);
            for (JsonObject request : elsewhere) {
                String headers = request.get("headers").toString();
                assertFalse(headers.contains("authorization") || headers.contains("x-boomi-otp"), headers);
            }
            assertEquals(0, Seen.guard(client, "in_flight") + Seen.guard(client, "unanswered"));
        }
    }

    @Test
    void aForeignUrlIsRefusedAndNothingIsSent(Emulator boomi) throws Exception {
        try (BoomiClient client = boomi.client();
                Sender http = sender(client, Trust.of(boomi))) {
            for (String path : asList(RECORD, "/graphql")) {
                Exception refused =
                        assertThrows(Exception.class, () -> http.send("GET", boomi.hubUrl() + path, null));
                assertInstanceOf(ConfigurationException.class, unwrapped(refused));
            }
            assertEquals(emptyList(), Seen.sent(boomi, "/"));
        }
    }

    @Test
    void aWrongPasswordOfManyThreadsIsSentTwiceAtMost(Emulator boomi) throws Exception {
        boomi.control("delays", "[{\"path_prefix\":\"/api/\",\"min_ms\":20,\"max_ms\":200,\"when\":\"refused\"}]");
        try (BoomiClient client = boomi.builder().credentials(wrongPassword()).build();
                Sender http = sender(client, Trust.of(boomi))) {
            int rejected = 0;
            for (Object end : Together.run(THREADS, () -> http.send("GET", boomi.baseUrl() + RECORD, null).status)) {
                if (end.equals(401)) {
                    rejected++;
                } else {
                    assertInstanceOf(HeldException.class, unwrapped(end));
                }
            }
            int total = Seen.count(boomi, Emulator.USER, "total_rejections");
            assertTrue(total == 1 || total == 2, total + " bad sign-ins");
            assertEquals(total, rejected);
            assertEquals(total, Seen.sent(boomi, "/").size());
        }
    }

    @Test
    void aRightPasswordOfManyThreadsAlwaysArrives(Emulator boomi) throws Exception {
        try (BoomiClient client = boomi.client();
                Sender http = sender(client, Trust.of(boomi))) {
            for (Object end : Together.run(THREADS, () -> http.send("GET", boomi.baseUrl() + RECORD, null).status)) {
                assertEquals(200, end);
            }
            assertEquals(THREADS, Seen.count(boomi, Emulator.USER, "accepted"));
            assertEquals(0, Seen.count(boomi, Emulator.USER, "total_rejections"));
            assertEquals(THREADS, Seen.sent(boomi, "/").size());
        }
    }

    @Test
    void withoutAConnectionNothingCounts(Emulator boomi) throws Exception {
        // A port that is bound and not listened to refuses, and nobody else gets it.
        try (Socket bound = new Socket()) {
            bound.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            String url = "https://localhost:" + bound.getLocalPort();
            // More than the guard would let be lost.
            failsAndCountsNothing(boomi, url, 7);
        }
    }

    @Test
    void aFailedHandshakeCountsNothing(Emulator boomi) throws Exception {
        failsAndCountsNothing(boomi, boomi.badTlsUrl("self_signed"), 7);
        assertEquals(emptyList(), Seen.sent(boomi, "/"));
    }

    private void failsAndCountsNothing(Emulator boomi, String baseUrl, int times) throws Exception {
        try (BoomiClient client = boomi.builder().baseUrl(baseUrl).build();
                Sender http = sender(client, Trust.of(boomi))) {
            for (int time = 0; time < times; time++) {
                IOException failed =
                        assertThrows(IOException.class, () -> http.send("GET", baseUrl + RECORD, null));
                assertFalse(unwrapped(failed) instanceof BoomiAuthException, failed.toString());
                assertEquals(0, Seen.guard(client, "in_flight"));
                assertEquals(0, Seen.guard(client, "unanswered"), () -> "of " + failed);
            }
        }
    }

    @Test
    void aLostAnswerMayHaveBeenARejection(Emulator boomi) throws Exception {
        boomi.control("faults", "{\"fault\":\"reset-after\",\"path_prefix\":\"/api/\",\"times\":null}");
        try (BoomiClient client = boomi.client();
                Sender http = sender(client, Trust.of(boomi))) {
            String folder = boomi.baseUrl() + "/api/rest/v1/account123/Folder";
            assertThrows(IOException.class, () -> http.send("POST", folder, "{}"));
            assertEquals(0, Seen.guard(client, "in_flight"));
            assertEquals(1, Seen.guard(client, "unanswered"));
            assertEquals(sendsOfALostRequest(), Seen.sent(boomi, "/api/").size());
        }
    }
}
