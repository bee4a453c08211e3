package org.boomiauth.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.boomiauth.BoomiClient;
import org.boomiauth.ClientBuilder;
import org.boomiauth.ConfigurationException;
import org.boomiauth.Event;
import org.boomiauth.junit5.BoomiEmulator;
import org.boomiauth.junit5.Emulator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A fleet: processes that nothing but a store joins, and a store that is away. */
@BoomiEmulator
class StoreTest {
    @TempDir
    Path directory;

    /** The client, when this process is connected to its store: a call does not wait for that, and goes on alone. */
    static BoomiClient connected(BoomiClient client) {
        long end = System.nanoTime() + 30_000_000_000L;
        while (!client.describeGuard().contains("\"memory\":\"redis")) {
            assertTrue(System.nanoTime() < end, client::describe);
        }
        return client;
    }

    @Test
    void oneProcessSignsInForAll(Emulator boomi) throws Exception {
        try (StoreServer store = new StoreServer(directory)) {
            Map<String, String> env = new HashMap<>(boomi.env());
            List<String> one = GuardTest.linesOf(GuardTest.child(StoreChild.class, env, store.url()));
            env.put("BOOMI_STORE", store.url());
            List<String> other = GuardTest.linesOf(GuardTest.child(StoreChild.class, env));

            assertEquals(one.remove(0), other.remove(0));
            long exchanges = ServerSide.log(boomi).stream()
                    .filter(entry -> entry.get("path").getAsString().startsWith("/auth/jwt/"))
                    .filter(entry -> entry.get("status").getAsInt() == 200)
                    .count();
            assertEquals(1, exchanges);
            // All of the first at once, and then another.
            assertTrue(one.contains("rejected") && !one.contains("accepted"), one::toString);
            assertEquals(Collections.nCopies(4, "HeldException"), other);
            int sent = ServerSide.rejections(boomi, Emulator.USER);
            assertTrue(1 <= sent && sent <= 2, sent + " bad sign-ins were sent");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"redis://u:%s@host:port", "http://u:%s@host", "redis://u:%s@a,b", "redis://h?password=%s"})
    void aUrlThatCannotBeReadIsAWrongSettingAndNotQuoted(String url) {
        ClientBuilder builder = BoomiClient.builder().proxy("").store(String.format(url, StoreServer.PASSWORD));
        ConfigurationException thrown = assertThrows(ConfigurationException.class, builder::build);
        assertTrue(thrown.getMessage().contains("the store's URL"), thrown.getMessage());
        assertFalse((thrown + " " + builder).contains(StoreServer.PASSWORD), thrown.toString());
    }

    @Test
    void aStoreThatIsAwayIsToldOnceAndHindersNobody(Emulator boomi) throws Exception {
        List<Event> events = Collections.synchronizedList(new ArrayList<>());
        String url = "redis://:" + StoreServer.PASSWORD + "@127.0.0.1:" + StoreServer.freePort();
        try (BoomiClient client = boomi.builder()
                .store(url)
                .stateDir(directory)
                .onEvent(events::add)
                .build()) {
            for (int round = 0; round < 5; round++) {
                assertEquals(200, client.get(ClientTest.RECORD).status());
                assertTrue(client.token().jwt().length() > 100);
            }
            events.removeIf(event -> !event.kind().equals("state_unavailable"));
            assertEquals(1, events.size(), events::toString);
            JsonObject store = object(client.describe()).getAsJsonObject("store");
            JsonObject guard = object(client.describeGuard());
            for (JsonElement problem : Arrays.asList(store.get("problem"), guard.get("problem"))) {
                assertTrue(problem.getAsString().contains("connection refused"), problem::toString);
            }
            assertEquals(directory.toString(), guard.get("memory").getAsString());
            assertFalse((events.toString() + store + guard).contains(StoreServer.PASSWORD));
        }
    }

    @Test
    void nothingThatIsSaidOfAClientHasThePassword(Emulator boomi) throws Exception {
        try (StoreServer server = new StoreServer(directory)) {
            ClientBuilder builder = boomi.builder().store(server.url());
            try (BoomiClient client = connected(builder.build())) {
                assertEquals(200, client.get(ClientTest.RECORD).status());
                JsonObject store = object(client.describe()).getAsJsonObject("store");
                assertEquals(server.place(), store.get("url").getAsString());
                assertTrue(store.get("problem").isJsonNull());
                String said = builder + " " + client + client.describe() + client.describeGuard();
                assertFalse(said.contains(StoreServer.PASSWORD), said);
            }
        }
    }

    private static JsonObject object(String json) {
        return JsonParser.parseString(json).getAsJsonObject();
    }
}
