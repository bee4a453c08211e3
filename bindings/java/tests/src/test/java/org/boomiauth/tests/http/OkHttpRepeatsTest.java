package org.boomiauth.tests.http;

import static java.util.Arrays.asList;
import static java.util.Collections.singletonList;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import okhttp3.Cache;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.boomiauth.BoomiClient;
import org.boomiauth.Credentials;
import org.boomiauth.HeldException;
import org.boomiauth.junit5.BoomiEmulator;
import org.boomiauth.junit5.Emulator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What OkHttp sends by itself: to where it is redirected, after some answers, and after none. */
@BoomiEmulator
class OkHttpRepeatsTest {
    private static final String OTHER = "/api/rest/v1/account123/Process/documentId-321";

    private static Request record(Emulator boomi) {
        return new Request.Builder().url(boomi.baseUrl() + LibraryContract.RECORD).build();
    }

    private static int status(OkHttpClient http, Request request) throws IOException {
        try (Response answer = http.newCall(request).execute()) {
            return answer.code();
        }
    }

    private static void redirect(Emulator from, int status, String path, String to) {
        from.control(
                "faults",
                "{\"status\":" + status + ",\"path_prefix\":\"" + path + "\",\"headers\":{\"Location\":\"" + to
                        + "\"}}");
    }

    private static void assertUnsigned(JsonObject request) {
        String headers = request.get("headers").toString();
        assertFalse(headers.contains("authorization") || headers.contains("x-boomi-otp"), headers);
    }

    private static Emulator other(String kind, Emulator boomi) {
        if (kind.equals("another host")) {
            return boomi;
        }
        return kind.equals("plain HTTP") ? Emulator.start("--http") : Emulator.start();
    }

    @ParameterizedTest
    @ValueSource(strings = {"another host", "another port", "plain HTTP"})
    void noOtherOriginGetsWhatWeSign(String kind, Emulator boomi) throws Exception {
        Emulator other = other(kind, boomi);
        String there = (other == boomi ? boomi.hubUrl() : other.baseUrl()) + "/elsewhere";
        Trust trust = Trust.of(boomi, other);
        try (BoomiClient coded =
                        boomi.builder().credentials(LibraryContract.twoFactor()).build();
                BoomiClient client = boomi.client()) {
            redirect(boomi, 302, "/api/", there);
            status(OkHttpTest.builder(coded, trust).build(), record(boomi));
            JsonObject first = Seen.requests(boomi, "/api/").get(0);
            assertTrue(first.get("otp").getAsBoolean() && "Basic".equals(first.get("scheme").getAsString()));
            redirect(boomi, 307, "/graphql", there);
            RequestBody body = RequestBody.create(LibraryContract.QUERY, OkHttpTest.JSON);
            Request query = new Request.Builder().url(boomi.baseUrl() + "/graphql").post(body).build();
            status(OkHttpTest.builder(client, trust).build(), query);
            assertEquals(singletonList("Bearer 307"), Seen.sent(boomi, "/graphql"));

            assertEquals(2, Seen.requests(other, "/elsewhere").size());
            Seen.requests(other, "/elsewhere").forEach(OkHttpRepeatsTest::assertUnsigned);
        } finally {
            if (other != boomi) {
                other.close();
            }
        }
    }

    @Test
    void whoeverRedirectsBackDoesNotHaveItsRequestSigned(Emulator boomi) throws Exception {
        try (Emulator other = Emulator.start();
                BoomiClient client =
                        boomi.builder().credentials(LibraryContract.twoFactor()).build()) {
            OkHttpClient http = OkHttpTest.builder(client, Trust.of(boomi, other)).build();
            redirect(boomi, 302, LibraryContract.RECORD, other.baseUrl() + "/elsewhere");
            redirect(other, 302, "/elsewhere", boomi.baseUrl() + OTHER);
            assertEquals(401, status(http, record(boomi)));
            assertEquals(singletonList("none 401"), Seen.sent(boomi, OTHER));
            Seen.requests(boomi, OTHER).forEach(OkHttpRepeatsTest::assertUnsigned);
            // That 401 was not said to the password.
            assertEquals(0, Seen.guard(client, "rejections"));
        }
    }

    @Test
    void aRedirectWithinTheOriginIsSigned(Emulator boomi) throws Exception {
        try (BoomiClient client = boomi.client()) {
            OkHttpClient http = OkHttpTest.builder(client, Trust.of(boomi)).build();
            redirect(boomi, 302, LibraryContract.RECORD, boomi.baseUrl() + OTHER);
            assertEquals(200, status(http, record(boomi)));
            assertEquals(asList("Basic 302", "Basic 200"), Seen.sent(boomi, "/"));
            assertEquals(0, Seen.guard(client, "in_flight"));
        }
    }

    @Test
    void noCodeIsSentTwice(Emulator boomi) throws Exception {
        Emulator.User user = Emulator.TWO_FACTOR_USER;
        AtomicInteger codes = new AtomicInteger(111_110);
        Credentials typed = Credentials.password(user.name(), user.password().toCharArray())
                .withOtp(() -> Integer.toString(codes.incrementAndGet()));
        try (BoomiClient client = boomi.builder().credentials(typed).build()) {
            OkHttpClient http = OkHttpTest.builder(client, Trust.of(boomi)).build();
            redirect(boomi, 302, LibraryContract.RECORD, boomi.baseUrl() + OTHER);
            assertEquals(401, status(http, record(boomi)));
            assertEquals(2, Seen.sent(boomi, "/").size());
            assertEquals(111_112, codes.get());
            assertEquals(0, Seen.count(boomi, user, "repeated_codes"));
            assertEquals(1, Seen.guard(client, "rejections"));
        }
    }

    /** OkHttp sends at once again after these; the rejection comes then. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"status\":503,\"headers\":{\"Retry-After\":\"0\"}}",
                "{\"status\":408}",
                "{\"status\":302,\"headers\":{\"Location\":\"" + OTHER + "\"}}"
            })
    void aRejectionIsLearntFromWhateverCameBeforeIt(String before, Emulator boomi) throws Exception {
        try (BoomiClient client =
                boomi.builder().credentials(LibraryContract.wrongPassword()).build()) {
            OkHttpClient http = OkHttpTest.builder(client, Trust.of(boomi)).build();
            boomi.control("faults", before);
            assertEquals(401, status(http, record(boomi)));
            assertEquals(2, Seen.sent(boomi, "/").size());
            assertEquals(1, Seen.guard(client, "rejections"));
            Throwable held = assertThrows(IOException.class, () -> status(http, record(boomi)));
            assertInstanceOf(HeldException.class, held.getCause());
            assertEquals(1, Seen.count(boomi, Emulator.USER, "total_rejections"));
        }
    }

    @Test
    void aRequestWhoseAnswersAreLostIsNotSentToEachAddress(Emulator boomi) throws Exception {
        InetAddress loopback = InetAddress.getByName("127.0.0.1");
        try (BoomiClient client =
                boomi.builder().credentials(LibraryContract.wrongPassword()).build()) {
            OkHttpClient http = OkHttpTest.builder(client, Trust.of(boomi))
                    .dns(name -> asList(loopback, loopback, loopback, loopback, loopback, loopback))
                    .build();
            boomi.control("faults", "{\"fault\":\"reset-after\",\"times\":null}");
            assertThrows(IOException.class, () -> status(http, record(boomi)));
            int total = Seen.count(boomi, Emulator.USER, "total_rejections");
            assertTrue(total <= 2, total + " bad sign-ins");
            assertEquals(1, Seen.guard(client, "unanswered"));
            assertEquals(0, Seen.guard(client, "in_flight"));
        }
    }

    @Test
    void aConnectionThatWasClosedMeanwhileIsReplaced(Emulator boomi) throws Exception {
        try (BoomiClient client = boomi.client()) {
            OkHttpClient http = OkHttpTest.builder(client, Trust.of(boomi)).build();
            for (int time = 0; time < 5; time++) {
                boomi.control("faults", "{\"fault\":\"close-after\"}");
                assertEquals(200, status(http, record(boomi)));
            }
            assertEquals(0, Seen.guard(client, "unanswered"));
            assertEquals(5, Seen.sent(boomi, "/").size());
        }
    }

    @Test
    void aConnectionThatIsResetBeforeTheRequestCountsNothing(Emulator boomi) throws Exception {
        try (BoomiClient client = boomi.client()) {
            OkHttpClient http = OkHttpTest.builder(client, Trust.of(boomi)).build();
            boomi.control("outage", "{\"kind\":\"refuse\"}");
            for (int time = 0; time < 7; time++) {
                assertThrows(IOException.class, () -> status(http, record(boomi)));
                assertEquals(0, Seen.guard(client, "unanswered") + Seen.guard(client, "in_flight"));
            }
            boomi.control("outage", "{\"kind\":null}");
            assertEquals(200, status(http, record(boomi)));
        }
    }

    @Test
    void anAnswerOfTheCacheSaysNothingOfAPassword(Emulator boomi, @TempDir Path directory) throws Exception {
        try (BoomiClient right = boomi.client();
                BoomiClient wrong = boomi.builder()
                        .credentials(LibraryContract.wrongPassword())
                        .build();
                Cache cache = new Cache(directory.toFile(), 1_000_000)) {
            boomi.control(
                    "faults", "{\"status\":200,\"body\":\"kept\",\"headers\":{\"Cache-Control\":\"max-age=60\"}}");
            Trust trust = Trust.of(boomi);
            assertEquals(200, status(OkHttpTest.builder(right, trust).cache(cache).build(), record(boomi)));
            assertEquals(200, status(OkHttpTest.builder(wrong, trust).cache(cache).build(), record(boomi)));
            assertEquals(1, Seen.sent(boomi, "/").size());
            // A password that was accepted is sent by several at once.
            boomi.control("delays", "[{\"path_prefix\":\"\",\"min_ms\":200,\"max_ms\":300,\"when\":\"refused\"}]");
            OkHttpClient http = OkHttpTest.builder(wrong, trust).build();
            Together.run(8, () -> status(http, record(boomi)));
            assertEquals(1, Seen.count(boomi, Emulator.USER, "total_rejections"));
        }
    }
}
