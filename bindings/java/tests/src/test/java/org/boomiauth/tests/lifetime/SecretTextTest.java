package org.boomiauth.tests.lifetime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.Serializable;
import java.lang.reflect.Modifier;
import java.net.URI;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import okhttp3.OkHttpClient;
import org.boomiauth.AuthScheme;
import org.boomiauth.BoomiAuth;
import org.boomiauth.BoomiAuthException;
import org.boomiauth.BoomiClient;
import org.boomiauth.Call;
import org.boomiauth.ClientBuilder;
import org.boomiauth.Credentials;
import org.boomiauth.CredentialsRejectedException;
import org.boomiauth.Event;
import org.boomiauth.HeldException;
import org.boomiauth.Pages;
import org.boomiauth.Request;
import org.boomiauth.Response;
import org.boomiauth.Token;
import org.boomiauth.TokenProvider;
import org.boomiauth.junit5.BoomiEmulator;
import org.boomiauth.junit5.Emulator;
import org.boomiauth.okhttp.BoomiInterceptor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** No secret is in what objects, events and exceptions say, also when a server sends it back. */
@BoomiEmulator
class SecretTextTest {
    private static final String RECORD = CallbackTest.RECORD;
    private static final Request SECRET = Request.get(RECORD).secretHeader("X-Key", Texts.HEADER);
    private static final Request QUERY = Request.post("/graphql", "{\"query\":\"{ organizations { id } }\"}");

    private static final String[][] SHAPES = {
        {"application/json", "{\"message\":\"no %s here\"}"},
        {"application/json", "{\"@type\":\"Error\",\"message\":\"no %s here\"}"},
        {"application/json", "{\"errors\":[{\"message\":\"no %s here\"}]}"},
        {"application/xml", "<Error><message>no %s here</message></Error>"},
        {"text/plain", "no %s here"},
        {"text/html", "<html><title>no %s here</title></html>"},
    };

    private final List<Event> events = Collections.synchronizedList(new ArrayList<>());

    private static Credentials twoFactor(String password) {
        Emulator.User user = Emulator.TWO_FACTOR_USER;
        return Credentials.password(user.name(), password.toCharArray())
                .withOtpSecret(user.otpSecret().toCharArray());
    }

    private ClientBuilder builder(Emulator boomi, Credentials credentials) {
        return boomi.builder().credentials(credentials).onEvent(events::add);
    }

    /** One of each class that has objects, with a secret where one can be. */
    private List<Object> things(Emulator boomi, Texts texts) {
        List<Object> things = new ArrayList<>();
        Credentials credentials = twoFactor(Emulator.TWO_FACTOR_USER.password());
        ClientBuilder builder = builder(boomi, credentials).proxy("http://user:" + Texts.PROXY + "@127.0.0.1:1");
        BoomiClient client = builder(boomi, credentials).build();
        BoomiClient proxied = builder.build();
        Token token = client.token();
        texts.addSecret("the JWT", token.jwt());
        texts.addSecret("the JWT's signature", token.jwt().substring(token.jwt().lastIndexOf('.')));
        BoomiClient byToken = builder(boomi, CallbackTest.user()).build();
        TokenProvider provider = client.tokenProvider(null);
        Pages pages = byToken.pages(
                Request.post("/api/rest/v1/{accountId}/Process/query", "{}").secretHeader("X-Key", Texts.HEADER));
        Collections.addAll(
                things,
                credentials,
                Credentials.from(CallbackTest::user),
                Credentials.password("user@example.com", Texts.PASSWORD.toCharArray())
                        .withOtp(() -> Texts.CODE),
                CallbackTest.user(),
                builder,
                client,
                proxied,
                token,
                provider,
                pages,
                byToken.send(SECRET),
                byToken.open(SECRET),
                byToken.open(SECRET).stream(),
                byToken.start(
                        Request.post("/api/rest/v1/{accountId}/ExecutionRequest", "{\"processId\":\"p\"}")
                                .secretHeader("X-Key", Texts.HEADER),
                        null),
                byToken.authorize(URI.create(boomi.baseUrl() + "/graphql"), (name, value) -> {}),
                new Call().otp(Texts.CODE),
                SECRET.body(Texts.PASSWORD),
                events.get(0),
                BoomiInterceptor.install(new OkHttpClient.Builder(), client)
                        .interceptors()
                        .get(0));
        for (BoomiClient each : new BoomiClient[] {client, proxied, byToken}) {
            texts.add(each.describe());
            texts.add(each.describeGuard());
        }
        texts.add(provider.describe());
        // The header of a kept token was asked for, and is kept as well.
        token.header();
        return things;
    }

    @Test
    void noObjectShowsOne(Emulator boomi) throws Exception {
        Texts texts = new Texts();
        Set<Class<?>> seen = new HashSet<>();
        for (Object thing : things(boomi, texts)) {
            texts.add(thing);
            seen.add(thing.getClass());
            assertTrue(!(thing instanceof Serializable), thing + " can be serialized");
            assertEquals(
                    Object.class,
                    thing.getClass().getMethod("hashCode").getDeclaringClass(),
                    "what is equal to what tells nobody a secret");
        }
        for (String name : ManyClientsTest.classes()) {
            Class<?> known = Class.forName(name, false, getClass().getClassLoader());
            boolean hasObjects = known != BoomiAuth.class && known != org.boomiauth.NativeSupport.class;
            if (Modifier.isPublic(known.getModifiers())
                    && !known.isInterface()
                    && !known.isEnum()
                    && !Throwable.class.isAssignableFrom(known)
                    && hasObjects) {
                assertTrue(seen.contains(known), known + " is not among them");
            }
        }
        assertTrue(events.size() >= 3, events.toString());
        for (Event event : events) {
            texts.add(event);
            texts.add(event.json());
        }
    }

    /** The next answer of the emulator. */
    private static void answer(Emulator boomi, int status, String[] shape, String secret) {
        String body = String.format(shape[1], secret).replace("\"", "\\\"");
        String fault = "{\"status\":%d,\"body\":\"%s\",\"content_type\":\"%s\",\"headers\":{\"X-Echo\":\"%s\"}}";
        boomi.control("faults", String.format(fault, status, body, shape[0], Texts.HEADER));
    }

    private static void addAnswer(Texts texts, Response answer, String secret) throws Exception {
        // What was asked for is there; what is said of it is another thing.
        assertTrue(answer.text().contains(secret), answer.toString());
        assertTrue(
                answer.message().orElse("no *** here").contains("here"),
                answer.message().toString());
        texts.add(answer);
        texts.add(answer.message().orElse(""));
        texts.addThrown(assertThrows(BoomiAuthException.class, answer::check));
    }

    @Test
    void whatAServerSendsBackIsNotInItsMessage(Emulator boomi) throws Exception {
        Texts texts = new Texts();
        try (BoomiClient client =
                builder(boomi, CallbackTest.user()).maxRetries(0).build()) {
            String jwt = client.token().jwt();
            texts.addSecret("the JWT", jwt);
            for (int status : new int[] {400, 403, 404, 500}) {
                for (String[] shape : SHAPES) {
                    // What a request sent itself.
                    answer(boomi, status, shape, Emulator.USER.apiToken() + " " + Texts.HEADER);
                    addAnswer(texts, client.send(SECRET), Emulator.USER.apiToken());
                    answer(boomi, status, shape, BoomiAuth.header(CallbackTest.user()));
                    addAnswer(texts, client.send(SECRET), BoomiAuth.header(CallbackTest.user()));
                    answer(boomi, status, shape, "Bearer " + jwt);
                    addAnswer(texts, client.send(QUERY), jwt);
                }
            }
        }
        assertTrue(texts.said() > 4 * 6 * 3 * 6, texts.said() + " texts");
    }

    @Test
    void whatARejectionSendsBackIsInNoException(Emulator boomi) throws Exception {
        for (String[] shape : SHAPES) {
            Texts texts = new Texts();
            String name = "user" + shape[1].hashCode() + "@example.com";
            Credentials wrong = Credentials.password(name, Texts.PASSWORD.toCharArray());
            texts.addSecret("its Basic", BoomiAuth.header(wrong).substring("Basic ".length()));
            try (BoomiClient client = builder(boomi, wrong).maxRetries(0).build()) {
                answer(boomi, 401, shape, Texts.PASSWORD + " " + BoomiAuth.header(wrong));
                texts.addThrown(assertThrows(CredentialsRejectedException.class, client::token));
                texts.addThrown(assertThrows(HeldException.class, client::token));
                texts.add(client.describeGuard());
            }
            Credentials withCode = Credentials.password("otp" + name, Texts.PASSWORD.toCharArray())
                    .withOtp(() -> Texts.CODE);
            try (BoomiClient client = builder(boomi, withCode).maxRetries(0).build()) {
                answer(boomi, 401, shape, Texts.CODE + " " + Texts.PASSWORD);
                addAnswer(texts, client.send(SECRET), Texts.CODE);
            }
        }
        Texts texts = new Texts();
        for (Event event : events) {
            texts.add(event);
        }
        assertTrue(events.size() >= 6, events.toString());
    }

    @Test
    void whatIsWrongWithASecretIsToldWithoutIt(Emulator boomi) throws Exception {
        Texts texts = new Texts();
        Credentials user = CallbackTest.user();
        Credentials password = Credentials.password("user@example.com", Texts.PASSWORD.toCharArray());
        BoomiClient badCodes =
                builder(boomi, password.withOtp(() -> Texts.CODE + "\n")).build();
        BoomiClient noProxy = builder(boomi, user)
                .proxy("http://user:" + Texts.PROXY + "@127.0.0.1:1")
                .maxRetries(0)
                .build();
        BoomiClient client = builder(boomi, user).build();
        Executable[] wrong = {
            () -> Credentials.password("user@example.com", (Texts.PASSWORD + "\n").toCharArray()),
            () -> Credentials.password("a:b", Texts.PASSWORD.toCharArray()),
            () -> Credentials.apiToken("user@example.com", (Texts.PASSWORD + "\0").toCharArray()),
            () -> password.withOtpSecret(Texts.PASSWORD.toCharArray()),
            () -> password.withOtpSecret(("otpauth://totp/x?secret=" + Texts.PASSWORD).toCharArray()),
            () -> BoomiAuth.oneTimeCode(Texts.PASSWORD.toCharArray()),
            () -> badCodes.get(RECORD),
            () -> client.send(Request.get(RECORD).auth(AuthScheme.BASIC), new Call().otp(Texts.CODE + "\n")),
            () -> noProxy.get(RECORD),
            () -> boomi.builder().proxy("http://user:" + Texts.PROXY + "@:x").build(),
            () -> boomi.builder().store("redis://user:" + Texts.PROXY + "@:x").build(),
            () -> boomi.builder()
                    .proxy("ftp://user:" + Texts.PROXY + "@127.0.0.1:1")
                    .build(),
            () -> boomi.builder()
                    .baseUrl("https://user:" + Texts.PROXY + "@127.0.0.1")
                    .build(),
            () -> client.send(SECRET.secretHeader("X-Other", Texts.HEADER + "\n")),
            () -> client.send(SECRET.secretHeader("X-\u00d6ther", Texts.HEADER)),
            () -> client.get("https://user:" + Texts.PROXY + "@127.0.0.1/"),
            () -> client.authorize(URI.create("https://user:" + Texts.PROXY + "@127.0.0.1/"), (name, value) -> {}),
        };
        for (Executable each : wrong) {
            texts.addThrown(assertThrows(BoomiAuthException.class, each));
        }
    }
}
