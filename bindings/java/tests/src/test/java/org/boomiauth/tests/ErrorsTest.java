package org.boomiauth.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.lang.reflect.AccessibleObject;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.Optional;
import org.boomiauth.AuthScheme;
import org.boomiauth.AuthenticationException;
import org.boomiauth.BoomiAuthException;
import org.boomiauth.BoomiClient;
import org.boomiauth.Call;
import org.boomiauth.ConfigurationException;
import org.boomiauth.Credentials;
import org.boomiauth.CredentialsRejectedException;
import org.boomiauth.HeldException;
import org.boomiauth.HttpStatusException;
import org.boomiauth.InternalException;
import org.boomiauth.OtpException;
import org.boomiauth.PermissionDeniedException;
import org.boomiauth.ProtocolException;
import org.boomiauth.RateLimitedException;
import org.boomiauth.Request;
import org.boomiauth.Response;
import org.boomiauth.ResponseTooLargeException;
import org.boomiauth.junit5.BoomiEmulator;
import org.boomiauth.junit5.Emulator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What settings, credentials and answers come to: the class, and what the exception knows. */
@BoomiEmulator
class ErrorsTest {
    /** That a call throws an exception of just this class, which knows just this. */
    static <T extends BoomiAuthException> T assertFails(
            Class<T> kind, int code, int status, boolean retryable, boolean sent, int attempts, Executable call) {
        BoomiAuthException thrown = assertThrows(BoomiAuthException.class, call);
        assertSame(kind, thrown.getClass(), thrown::toString);
        String expected = shown(code, status, retryable, sent, attempts);
        String came = shown(
                thrown.code(), thrown.httpStatus(), thrown.isRetryable(), thrown.wasSent(), thrown.attempts());
        assertEquals(expected, came, thrown::toString);
        assertTrue(thrown.getMessage().length() > 20);
        // Users of Java cannot use what is said to users of Rust and C.
        assertFalse(thrown.getMessage().contains("::") || thrown.getMessage().contains("boomi_"), thrown::toString);
        return kind.cast(thrown);
    }

    private static String shown(int code, int status, boolean retryable, boolean sent, int attempts) {
        return "code " + code + ", status " + status + (retryable ? ", retryable" : "") + (sent ? ", sent" : "")
                + ", attempts " + attempts;
    }

    @Test
    void aWrongSettingIsOfTheConfiguration(Emulator boomi) {
        for (String url : new String[] {"", "localhost", "ftp://localhost", "http://api.boomi.com", "https://a:b@c"}) {
            Executable build = () -> boomi.builder().baseUrl(url).build();
            assertFails(ConfigurationException.class, 1, 0, false, false, 0, build);
        }
    }

    @Test
    void aMissingSettingIsOfTheConfigurationAndTellsWhatToDo(Emulator boomi) {
        try (BoomiClient client = BoomiClient.builder()
                .baseUrl(boomi.baseUrl())
                .caFile(boomi.caFile())
                .proxy("")
                .build()) {
            Executable get = () -> client.send(Request.get("/").auth(AuthScheme.BASIC));
            String text = assertFails(ConfigurationException.class, 2, 0, false, false, 0, get)
                    .getMessage();
            assertTrue(text.contains("give the client its credentials"), text);
            text = assertFails(ConfigurationException.class, 2, 0, false, false, 0, () -> client.get(ClientTest.RECORD))
                    .getMessage();
            assertTrue(text.contains("give the account id to the client"), text);
        }
        assertTrue(ServerSide.log(boomi).isEmpty());
    }

    @Test
    void credentialsAreNotSentToAnotherOrigin(Emulator boomi) {
        try (BoomiClient client = boomi.client()) {
            Executable elsewhere = () -> client.get(boomi.hubUrl() + "/mdm/universes/universe-1");
            BoomiAuthException thrown = assertThrows(ConfigurationException.class, elsewhere);
            assertFalse(thrown.wasSent());
        }
        assertTrue(ServerSide.log(boomi).isEmpty());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "{'status':401}                               | CredentialsRejected | 3 | 401 | false |   |",
                "{'shape':'user-message-login'}               | CredentialsRejected | 3 | 403 | false |   | lock",
                "{'shape':'user-message-auth'}                | PermissionDenied    | 4 | 403 | false |   | account",
                "{'status':403,'body':'no'}                   | PermissionDenied    | 4 | 403 | false |   | privileges",
                "{'status':404}                               | HttpStatus          | 8 | 404 | false |   | 404",
                "{'fault':'redirect'}                         | HttpStatus          | 8 | 302 | false |   | redirects",
                "{'status':500,'body':'oops'}                 | HttpStatus          | 8 | 500 | true  |   | 500: oops",
                "{'status':429,'headers':{'Retry-After':'7'}} | RateLimited         | 7 | 429 | true  | 7 | wait",
                "{'shape':'rate-limit-xml'}                   | RateLimited         | 7 | 503 | true  |   | 10 req",
            })
    void anAnswerIsCheckedForWhatItMeans(
            String fault,
            String kind,
            int code,
            int status,
            boolean retryable,
            Integer after,
            String text,
            Emulator boomi)
            throws ClassNotFoundException {
        Class<?> expected = Class.forName("org.boomiauth." + kind + "Exception");
        boomi.control("faults", fault.replace('\'', '"'));
        try (BoomiClient client = boomi.builder().maxRetries(0).build()) {
            Response answer = client.get(ClientTest.RECORD);
            assertEquals(status, answer.status());
            assertFalse(answer.isOk());
            Optional<Duration> wait = Optional.ofNullable(after).map(Duration::ofSeconds);
            assertEquals(wait, answer.retryAfter());
            BoomiAuthException thrown =
                    assertFails(expected.asSubclass(BoomiAuthException.class), code, status, retryable, true, 1, () -> {
                        answer.check();
                    });
            assertEquals(wait, thrown.retryAfter());
            assertTrue(text == null || thrown.getMessage().contains(text), thrown::getMessage);
            // Each has the stack of who asked.
            assertNotSame(thrown, assertThrows(BoomiAuthException.class, answer::check));
        }
    }

    @ParameterizedTest
    @CsvSource({"429, 7", "503, 7", "503, "})
    void anExchangeThatIsToldToWaitIsLimited(int status, Integer after, Emulator boomi) {
        String headers = after == null ? "" : ",\"headers\":{\"Retry-After\":\"" + after + "\"}";
        boomi.control("faults", "{\"path_prefix\":\"/auth/\",\"times\":null,\"status\":" + status + headers + "}");
        try (BoomiClient client = boomi.client()) {
            RateLimitedException limited =
                    assertFails(RateLimitedException.class, 7, status, true, true, 1, client::generateJwt);
            assertEquals(Optional.ofNullable(after).map(Duration::ofSeconds), limited.retryAfter());
            // A provider waits, and does not ask again for so long.
            Call call = new Call().timeout(Duration.ofSeconds(2));
            Executable get = () -> client.tokenProvider(null).get(Duration.ZERO, call);
            assertEquals(status, assertThrows(RateLimitedException.class, get).httpStatus());
        }
    }

    @Test
    void anExchangeIsRejectedOrForbidden(Emulator boomi) {
        Credentials wrong = Credentials.password(Emulator.USER.name(), "wrong".toCharArray());
        try (BoomiClient client = boomi.builder().credentials(wrong).build()) {
            AuthenticationException rejected =
                    assertFails(CredentialsRejectedException.class, 3, 401, false, true, 1, client::token);
            assertEquals(Optional.empty(), rejected.retryAfter());
            HeldException held = assertFails(HeldException.class, 5, 0, true, false, 0, client::token);
            assertTrue(held.retryAfter().get().compareTo(Duration.ofSeconds(61)) < 0);
        }
        try (BoomiClient client = boomi.client()) {
            // An API token opens the user's own account alone.
            Executable foreign = () -> client.token("subaccount456");
            assertFails(PermissionDeniedException.class, 4, 403, false, true, 1, foreign);
        }
    }

    @Test
    void aLoginPageIsNoToken(Emulator boomi) {
        boomi.control("faults", "{\"fault\":\"html-200\",\"path_prefix\":\"/auth/\"}");
        try (BoomiClient client = boomi.client()) {
            ProtocolException page = assertFails(ProtocolException.class, 13, 200, false, true, 1, client::generateJwt);
            assertTrue(page.getMessage().contains("HTML") && !page.getMessage().contains("<"), page::getMessage);
        }
    }

    @Test
    void anAnswerIsTooLarge(Emulator boomi) throws IOException {
        String sized = "/api/rest/v1/{accountId}/Deployment/sized-";
        try (BoomiClient client = boomi.builder().maxResponseBytes(1000).build()) {
            assertEquals(1000, client.get(sized + 1000).bytes().length);
            ResponseTooLargeException large = assertFails(
                    ResponseTooLargeException.class, 14, 200, false, true, 1, () -> client.get(sized + 1001));
            assertTrue(large.getMessage().contains("1000"), large::getMessage);
            // One that is opened has no limit.
            try (Response answer = client.open(Request.get(sized + 5000))) {
                InputStream in = answer.stream();
                int length = 0;
                while (in.read() >= 0) {
                    length++;
                }
                assertEquals(5000, length);
            }
        }
    }

    @Test
    void aCodeCannotBeHad(Emulator boomi) {
        Emulator.User user = Emulator.TWO_FACTOR_USER;
        Credentials bad = Credentials.password(user.name(), user.password().toCharArray())
                .withOtp(() -> {
                    throw new IllegalStateException("nobody types");
                });
        try (BoomiClient client = boomi.builder().credentials(bad).build()) {
            OtpException failure = assertFails(OtpException.class, 6, 0, false, false, 0, client::token);
            assertEquals("nobody types", failure.getCause().getMessage());
        }
        assertTrue(ServerSide.log(boomi).isEmpty());
    }

    @Test
    void anErrorOfGraphQlHasStatus200(Emulator boomi) {
        try (BoomiClient client = boomi.client()) {
            client.token();
            boomi.control("faults", "{\"shape\":\"graphql-system-error\"}");
            Response answer = client.post("/graphql", "{\"query\":\"{ organizations { id } }\"}");
            assertEquals(200, answer.status());
            HttpStatusException thrown = assertFails(HttpStatusException.class, 8, 200, false, true, 1, answer::check);
            assertTrue(thrown.getMessage().contains("Something went wrong"), thrown::getMessage);
        }
    }

    @Test
    void anExceptionIsWrittenAndReadAgain(Emulator boomi) throws Exception {
        Credentials wrong = Credentials.password(Emulator.USER.name(), "wrong".toCharArray());
        try (BoomiClient client = boomi.builder().credentials(wrong).build()) {
            client.get(ClientTest.RECORD);
            HeldException held = assertThrows(HeldException.class, client::token);
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
                out.writeObject(held);
            }
            ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()));
            HeldException read = (HeldException) in.readObject();
            assertEquals(held.getMessage(), read.getMessage());
            assertEquals(held.retryAfter(), read.retryAfter());
            assertEquals(5, read.code());
        }
    }

    @Test
    void aBugOfOursIsAnExceptionToo() throws Exception {
        // The library has an operation that panics, which no public method does.
        Class<?> fields = Class.forName("org.boomiauth.Fields");
        Constructor<?> empty = fields.getDeclaredConstructor();
        Method text = fields.getDeclaredMethod("text", String.class);
        Method call = Class.forName("org.boomiauth.Native").getDeclaredMethod("call", int.class, fields);
        AccessibleObject.setAccessible(new AccessibleObject[] {empty, text, call}, true);
        Object given = text.invoke(empty.newInstance(), "on purpose");
        Executable panic = () -> {
            try {
                call.invoke(null, 3, given);
            } catch (InvocationTargetException thrown) {
                throw thrown.getCause();
            }
        };
        BoomiAuthException bug = assertFails(InternalException.class, 16, 0, false, true, 0, panic);
        assertTrue(bug.getMessage().contains("on purpose"), bug::getMessage);
    }
}
