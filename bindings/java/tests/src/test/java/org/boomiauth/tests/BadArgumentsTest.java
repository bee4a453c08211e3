package org.boomiauth.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.boomiauth.AuthScheme;
import org.boomiauth.BoomiAuth;
import org.boomiauth.BoomiClient;
import org.boomiauth.Call;
import org.boomiauth.ConfigurationException;
import org.boomiauth.Credentials;
import org.boomiauth.Request;
import org.boomiauth.junit5.BoomiEmulator;
import org.boomiauth.junit5.Emulator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What no call can use is a {@link ConfigurationException}, and null a {@link NullPointerException}. Nothing is sent.
 */
@BoomiEmulator
class BadArgumentsTest {
    private static final String USER = "user@example.com";
    private static final Call NO_LIMITS = null;
    private static final List<String> BAD_TEXTS = Arrays.asList(
            "with a\u0000NUL", "\u0000", "half \ud83d of a pair", "\udc80", "\ud83d", "two\r\nlines: x", "\n");

    /** What is done with a text, by what the text is. */
    private static Map<String, BiConsumer<BoomiClient, String>> textUses() {
        Map<String, BiConsumer<BoomiClient, String>> uses = new LinkedHashMap<>();
        uses.put("method", (client, bad) -> client.send(Request.of(bad, ClientTest.RECORD)));
        uses.put("path", (client, bad) -> client.get(bad));
        uses.put("path of a post", (client, bad) -> client.post(bad, "{}"));
        uses.put("path of an opened request", (client, bad) -> client.open(Request.get(bad)));
        uses.put("path of a query", (client, bad) -> client.pages(Request.post(bad, "{}")).iterator().next());
        uses.put("path of a job", (client, bad) -> client.start(Request.get(bad), NO_LIMITS));
        uses.put("path of work", (client, bad) -> client.await(Request.get(bad), NO_LIMITS));
        uses.put("header name", (client, bad) -> client.send(record().header(bad, "x")));
        uses.put("header value", (client, bad) -> client.send(record().header("X-A", "a" + bad)));
        uses.put("secret header name", (client, bad) -> client.send(record().secretHeader(bad, "x")));
        uses.put("secret header value", (client, bad) -> client.send(record().secretHeader("X-A", "a" + bad)));
        uses.put("account of a request", (client, bad) -> client.send(record().accountId(bad)));
        uses.put("typed code", (client, bad) -> client.send(record(), new Call().otp(bad)));
        uses.put("account of a token", (client, bad) -> client.token(bad));
        uses.put("account of a new token", (client, bad) -> client.generateJwt(bad, NO_LIMITS));
        uses.put("account of a provider", (client, bad) -> client.tokenProvider(bad));
        uses.put("URL to sign for", (client, bad) -> authorize(client, bad));
        uses.put("user of a token", (client, bad) -> Credentials.apiToken(bad, "x".toCharArray()));
        uses.put("user of a password", (client, bad) -> Credentials.password(bad, "x".toCharArray()));
        uses.put("API token", (client, bad) -> Credentials.apiToken(USER, bad.toCharArray()));
        uses.put("password", (client, bad) -> Credentials.password(USER, bad.toCharArray()));
        uses.put("secret of codes", (client, bad) -> password().withOtpSecret(bad.toCharArray()));
        uses.put("one-time secret", (client, bad) -> BoomiAuth.oneTimeCode(bad.toCharArray()));
        uses.put("user of a program", (client, bad) -> Credentials.process("true", bad));
        uses.put("base URL", (client, bad) -> BoomiClient.builder().baseUrl(bad).build());
        uses.put("client's account", (client, bad) -> BoomiClient.builder().accountId(bad).build());
        uses.put("user agent", (client, bad) -> BoomiClient.builder().userAgent("a" + bad).build());
        uses.put("proxy", (client, bad) -> BoomiClient.builder().proxy(bad).build());
        uses.put("store", (client, bad) -> BoomiClient.builder().store(bad).build());
        return uses;
    }

    private static Request record() {
        return Request.get(ClientTest.RECORD);
    }

    private static Credentials password() {
        return Credentials.password(USER, "x".toCharArray());
    }

    private static void authorize(BoomiClient client, String url) {
        client.authorize(url, AuthScheme.AUTO, null, (name, value) -> {});
    }

    static Iterable<String> textsThatAreUsed() {
        return textUses().keySet();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("textsThatAreUsed")
    void aTextThatCannotBeSentIsRefused(String what, Emulator boomi) {
        try (BoomiClient client = boomi.client()) {
            for (String bad : BAD_TEXTS) {
                Executable use = () -> textUses().get(what).accept(client, bad);
                ConfigurationException thrown = assertThrows(ConfigurationException.class, use, () -> shown(bad));
                assertFalse(thrown.wasSent());
                assertTrue(thrown.getMessage().length() > 10);
            }
            assertEquals(200, client.get(ClientTest.RECORD).status());
        }
        assertEquals(1, ServerSide.log(boomi).size());
    }

    private static String shown(String bad) {
        StringBuilder shown = new StringBuilder();
        bad.chars().forEach(unit -> shown.append(String.format("%04x ", unit)));
        return shown.toString();
    }

    @Test
    void aSecretThatIsNoTextIsNotInTheException() {
        for (String end : Arrays.asList("\ud83d", "\u0000", "\r\n")) {
            Executable use = () -> Credentials.password(USER, ("marker" + end).toCharArray());
            assertFalse(assertThrows(ConfigurationException.class, use).toString().contains("marker"));
        }
        Executable use = () -> password().withOtpSecret("marker!".toCharArray());
        assertFalse(assertThrows(ConfigurationException.class, use).toString().contains("marker"));
    }

    @Test
    void aNameWithAColonIsRefused() {
        for (String bad : Arrays.asList("a:b", ":", "BOOMI_TOKEN.a:b", "")) {
            assertThrows(ConfigurationException.class, () -> Credentials.password(bad, "x".toCharArray()));
            assertThrows(ConfigurationException.class, () -> Credentials.apiToken(bad, "x".toCharArray()));
        }
        assertThrows(ConfigurationException.class, () -> Credentials.password(USER, new char[0]));
        assertThrows(ConfigurationException.class, () -> Credentials.apiToken(USER, new char[0]));
    }

    @Test
    void whatBelongsToTheLibraryIsNoHeader(Emulator boomi) {
        try (BoomiClient client = boomi.client()) {
            List<String> names =
                    Arrays.asList("Host", "Authorization", "Content-Length", "Transfer-Encoding", "", "a b");
            for (String name : names) {
                assertThrows(ConfigurationException.class, () -> client.send(record().header(name, "x")), name);
            }
        }
        assertTrue(ServerSide.log(boomi).isEmpty());
    }

    @Test
    void aParameterIsAnyTextAndItsNameHasNoControlCharacter(Emulator boomi) {
        try (BoomiClient client = boomi.client()) {
            String any = "\u0000\r\n&=? \ud83d\ude00";
            String url = client.send(record().query("&=? \ud83d\ude00", any)).url();
            assertTrue(url.endsWith("?%26%3D%3F%20%F0%9F%98%80=%00%0D%0A%26%3D%3F%20%F0%9F%98%80"), url);
            for (String bad : BAD_TEXTS) {
                assertThrows(ConfigurationException.class, () -> client.send(record().query(bad, "x")));
            }
            assertThrows(ConfigurationException.class, () -> client.send(record().query("a", "\ude00")));
        }
        assertEquals(1, ServerSide.log(boomi).size());
    }

    /** What is done with null. */
    private static List<Consumer<BoomiClient>> nullUses() {
        List<Consumer<BoomiClient>> uses = new ArrayList<>();
        uses.add(client -> client.get(null));
        uses.add(client -> client.send(null));
        uses.add(client -> client.open(null));
        uses.add(client -> client.post(null, "{}"));
        uses.add(client -> client.post("/", null));
        uses.add(client -> client.pages(null));
        uses.add(client -> client.start(null, NO_LIMITS));
        uses.add(client -> client.await(null, NO_LIMITS));
        uses.add(client -> client.invalidate(null));
        uses.add(client -> authorize(client, null));
        uses.add(client -> client.authorize((URI) null, (name, value) -> {}));
        uses.add(client -> client.authorize(URI.create("https://localhost/"), null));
        uses.add(client -> client.authorize("https://localhost/", null, null, (name, value) -> {}));
        uses.add(client -> client.sendAsync(record(), null));
        uses.add(client -> client.tokenAsync(null));
        uses.add(client -> client.tokenProvider(null).invalidate(null));
        uses.add(client -> Request.of(null, "/"));
        uses.add(client -> record().auth(null));
        uses.add(client -> record().accountId(null));
        uses.add(client -> record().query(null, "x"));
        uses.add(client -> record().query("x", null));
        uses.add(client -> record().header(null, "x"));
        uses.add(client -> record().header("x", null));
        uses.add(client -> record().secretHeader("x", null));
        uses.add(client -> record().body((byte[]) null));
        uses.add(client -> record().body((String) null));
        uses.add(client -> new Call().timeout(null));
        uses.add(client -> new Call().otp(null));
        uses.add(client -> Credentials.apiToken(null, new char[1]));
        uses.add(client -> Credentials.apiToken(USER, null));
        uses.add(client -> Credentials.password(null, new char[1]));
        uses.add(client -> Credentials.password(USER, null));
        uses.add(client -> Credentials.passwordFile(USER, null));
        uses.add(client -> Credentials.process(null));
        uses.add(client -> Credentials.from((Supplier<Credentials>) null));
        uses.add(client -> Credentials.from((Credentials.Source) null));
        uses.add(client -> password().withOtp(null));
        uses.add(client -> password().withOtpSecret(null));
        uses.add(client -> BoomiAuth.header(null));
        uses.add(client -> BoomiAuth.oneTimeCode(null));
        uses.add(client -> BoomiAuth.oneTimeCode("GEZDGNBV".toCharArray(), null));
        uses.add(client -> BoomiClient.builder().credentials(null));
        uses.add(client -> BoomiClient.builder().baseUrl(null));
        uses.add(client -> BoomiClient.builder().accountId(null));
        uses.add(client -> BoomiClient.builder().timeout(null));
        uses.add(client -> BoomiClient.builder().connectTimeout(null));
        uses.add(client -> BoomiClient.builder().caFile(null));
        uses.add(client -> BoomiClient.builder().addCaFile(null));
        uses.add(client -> BoomiClient.builder().proxy(null));
        uses.add(client -> BoomiClient.builder().stateDir(null));
        uses.add(client -> BoomiClient.builder().store(null));
        uses.add(client -> BoomiClient.builder().userAgent(null));
        uses.add(client -> BoomiClient.builder().tokenProvider(null));
        uses.add(client -> BoomiClient.builder().onEvent(null));
        return uses;
    }

    @Test
    void nullIsRefusedWhereItIsNoChoice(Emulator boomi) {
        try (BoomiClient client = boomi.client()) {
            int number = 0;
            for (Consumer<BoomiClient> use : nullUses()) {
                String which = "use " + number++;
                assertThrows(NullPointerException.class, () -> use.accept(client), which);
            }
            assertThrows(NullPointerException.class, () -> client.tokenProvider(null).get(null));
        }
        assertTrue(ServerSide.log(boomi).isEmpty());
    }

    @Test
    void aTimeThatIsNoneIsRefused(Emulator boomi) {
        List<Duration> negative = Arrays.asList(Duration.ofNanos(-1), Duration.ofSeconds(Long.MIN_VALUE));
        List<Duration> bad = new ArrayList<>(negative);
        bad.add(Duration.ZERO);
        for (Duration time : bad) {
            assertThrows(ConfigurationException.class, () -> new Call().timeout(time));
            assertThrows(ConfigurationException.class, () -> boomi.builder().timeout(time).build());
            assertThrows(ConfigurationException.class, () -> boomi.builder().connectTimeout(time).build());
        }
        try (BoomiClient client = boomi.client()) {
            for (Duration time : negative) {
                assertThrows(ConfigurationException.class, () -> client.tokenProvider(null).get(time));
            }
        }
        assertTrue(ServerSide.log(boomi).isEmpty());
        // As long as there is.
        Duration ever = Duration.ofSeconds(Long.MAX_VALUE, 999_999_999);
        try (BoomiClient client =
                boomi.builder().timeout(ever).connectTimeout(ever).build()) {
            assertEquals(200, client.send(record(), new Call().timeout(ever)).status());
        }
    }

    @Test
    void aNumberThatIsNoneIsRefused(Emulator boomi) {
        List<Executable> uses = Arrays.asList(
                () -> boomi.builder().maxResponseBytes(-1),
                () -> boomi.builder().maxResponseBytes(Long.MIN_VALUE),
                () -> boomi.builder().maxResponseBytes(0).build(),
                () -> boomi.builder().requestsPerSecond(-1),
                () -> boomi.builder().requestsPerSecond(Integer.MAX_VALUE).build(),
                () -> boomi.builder().maxRetries(-1),
                () -> boomi.builder().maxRetries(Integer.MAX_VALUE).build(),
                () -> boomi.builder().maxSignInsInFlight(-1),
                () -> boomi.builder().maxSignInsInFlight(0).build(),
                () -> boomi.builder().maxSignInsInFlight(6).build());
        for (int index = 0; index < uses.size(); index++) {
            assertThrows(ConfigurationException.class, uses.get(index), "use " + index);
        }
        boomi.builder().maxResponseBytes(Long.MAX_VALUE).build().close();
    }

    @Test
    void aMomentBefore1970IsRefused() {
        char[] secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ".toCharArray();
        for (Instant bad : Arrays.asList(Instant.MIN, Instant.ofEpochSecond(-1))) {
            assertThrows(ConfigurationException.class, () -> BoomiAuth.oneTimeCode(secret, bad));
        }
        assertEquals("287082", BoomiAuth.oneTimeCode(secret, Instant.ofEpochSecond(59)));
        assertEquals(6, BoomiAuth.oneTimeCode(secret, Instant.MAX).length());
    }

    @Test
    void aFileThatIsNoBundleIsRefused(Emulator boomi, @TempDir Path directory) throws IOException {
        Path empty = Files.write(directory.resolve("empty.pem"), "nothing".getBytes(StandardCharsets.UTF_8));
        Path cut = directory.resolve("cut.pem");
        byte[] whole = Files.readAllBytes(boomi.caFile());
        Files.write(cut, Arrays.copyOf(whole, whole.length / 2));
        for (Path bad : Arrays.asList(directory.resolve("missing.pem"), directory, empty, cut)) {
            assertThrows(ConfigurationException.class, () -> boomi.builder().caFile(bad).build(), bad::toString);
            assertThrows(ConfigurationException.class, () -> boomi.builder().addCaFile(bad).build(), bad::toString);
        }
    }

    @Test
    void aBodyThatIsNoTextIsRefused(Emulator boomi) {
        try (BoomiClient client = boomi.client()) {
            assertThrows(ConfigurationException.class, () -> client.post(ClientTest.RECORD, "\"\ud83d\""));
        }
        assertTrue(ServerSide.log(boomi).isEmpty());
    }

    @Test
    void aQueryIsRefusedWhenItIsGoneThrough(Emulator boomi) {
        try (BoomiClient client = boomi.client()) {
            Executable pages = () -> {
                Iterator<?> none = client.pages(Request.get(ClientTest.RECORD)).iterator();
                none.next();
            };
            assertThrows(ConfigurationException.class, pages);
        }
        assertTrue(ServerSide.log(boomi).isEmpty());
    }
}
