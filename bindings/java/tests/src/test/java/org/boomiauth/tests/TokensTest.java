package org.boomiauth.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.boomiauth.BoomiClient;
import org.boomiauth.ConfigurationException;
import org.boomiauth.Credentials;
import org.boomiauth.PermissionDeniedException;
import org.boomiauth.RateLimitedException;
import org.boomiauth.Token;
import org.boomiauth.TokenProvider;
import org.boomiauth.junit5.BoomiEmulator;
import org.boomiauth.junit5.Emulator;
import org.junit.jupiter.api.Test;

/** JWTs, kept and new. */
@BoomiEmulator
class TokensTest {
    private static final int THREADS = 64;
    private static final String EXCHANGE = "/auth/jwt/generate/account123";

    private static BoomiClient withPassword(Emulator boomi) {
        Emulator.User user = Emulator.USER;
        Credentials password = Credentials.password(user.name(), user.password().toCharArray());
        return boomi.builder().credentials(password).build();
    }

    @Test
    void threadsOfAColdClientShareOneExchange(Emulator boomi) throws Exception {
        try (BoomiClient client = boomi.client()) {
            List<Token> tokens = AtOnce.run(THREADS, number -> client::token);
            Set<String> jwts = new HashSet<>();
            tokens.forEach(token -> jwts.add(token.jwt()));
            assertEquals(1, jwts.size());
        }
        assertEquals(Collections.singletonList(EXCHANGE), ServerSide.paths(boomi));
    }

    @Test
    void providersOfOneAccountShareOneToken(Emulator boomi) {
        try (BoomiClient client = boomi.client()) {
            TokenProvider one = client.tokenProvider(null);
            TokenProvider other = client.tokenProvider(Emulator.ACCOUNT_ID);
            String jwt = one.get().jwt();
            assertEquals(jwt, other.get().jwt());
            assertEquals(jwt, client.token().jwt());
            // What one is told, all know, also one that remembers the token.
            other.invalidate(other.get());
            assertNotEquals(jwt, one.get().jwt());
            assertEquals(one.get().jwt(), client.token().jwt());
        }
        assertEquals(Arrays.asList(EXCHANGE, EXCHANGE), ServerSide.paths(boomi));
    }

    @Test
    void aRefusedTokenIsNotHandedOutAgain(Emulator boomi) {
        try (BoomiClient client = boomi.client()) {
            Token refused = client.token();
            client.invalidate(refused);
            Token next = client.token();
            assertNotEquals(refused.jwt(), next.jwt());
            // It was replaced already.
            client.invalidate(refused);
            assertSame(next, client.token());
        }
        assertEquals(2, ServerSide.log(boomi).size());
    }

    @Test
    void aRefreshGetsAnotherTokenAndAFailedOneLeavesIt(Emulator boomi) {
        try (BoomiClient client = boomi.client()) {
            TokenProvider provider = client.tokenProvider(null);
            Token first = provider.get();
            provider.refresh();
            Token second = provider.get();
            assertNotEquals(first.jwt(), second.jwt());
            boomi.control("outage", "{\"kind\":\"unavailable\"}");
            assertThrows(RateLimitedException.class, provider::refresh);
            assertSame(second, provider.get());
            JsonObject about = JsonParser.parseString(provider.describe()).getAsJsonObject();
            assertEquals(7, about.get("last_error").getAsInt());
            assertEquals(3, about.get("exchanges").getAsInt());
        }
    }

    @Test
    void anotherAccountHasATokenOfItsOwn(Emulator boomi) {
        try (BoomiClient client = withPassword(boomi)) {
            TokenProvider provider = client.tokenProvider("subaccount456");
            assertEquals("subaccount456", provider.accountId());
            assertEquals("subaccount456", provider.get().accountId());
            assertEquals(provider.get().jwt(), client.token("subaccount456").jwt());
            assertEquals("account123", client.token().accountId());
            assertNotEquals(provider.get().jwt(), client.token().jwt());
            // A token tells for which account it was refused.
            Token refused = provider.get();
            Token own = client.token();
            client.invalidate(refused);
            assertNotEquals(refused.jwt(), provider.get().jwt());
            assertSame(own, client.token());
            assertThrows(PermissionDeniedException.class, () -> client.token("account789"));
        }
    }

    @Test
    void generatedTokensAreAlwaysNew(Emulator boomi) {
        try (BoomiClient client = withPassword(boomi)) {
            Token kept = client.token();
            assertNotEquals(client.generateJwt().jwt(), client.generateJwt().jwt());
            assertEquals("subaccount456", client.generateJwt("subaccount456", null).accountId());
            assertSame(kept, client.token());
        }
        assertEquals(4, ServerSide.log(boomi).size());
    }

    @Test
    void aFreshTokenHasWhatValidityIsAskedFor(Emulator boomi) {
        try (BoomiClient client = boomi.client()) {
            TokenProvider provider = client.tokenProvider(null);
            Token token = provider.get();
            for (Duration validity : Arrays.asList(
                    Duration.ZERO,
                    Duration.ofNanos(1),
                    Duration.ofSeconds(60),
                    Duration.ofDays(400),
                    Duration.ofSeconds(Long.MAX_VALUE, 999_999_999))) {
                assertSame(token, provider.get(validity));
            }
            for (Duration negative : Arrays.asList(Duration.ofNanos(-1), Duration.ofSeconds(Long.MIN_VALUE))) {
                assertThrows(ConfigurationException.class, () -> provider.get(negative));
            }
        }
        assertEquals(1, ServerSide.log(boomi).size());
    }

    @Test
    void whoAsksForMoreValidityGetsANewerToken(Emulator boomi) throws InterruptedException {
        // Of ten seconds, six are the most that can be asked for, and with less than four left any caller renews it. In
        // between only who asks for more does; that time comes with each token anew.
        boomi.control("jwt", "{\"lifetime_s\":10}");
        try (BoomiClient client = boomi.client()) {
            TokenProvider provider = client.tokenProvider(null);
            String kept;
            String asked;
            long begun = System.nanoTime();
            do {
                Thread.sleep(20);
                assertTrue(System.nanoTime() - begun < Duration.ofSeconds(90).toNanos());
                kept = provider.get().jwt();
                asked = provider.get(Duration.ofHours(1)).jwt();
            } while (kept.equals(asked));
            assertEquals(asked, provider.get().jwt());
        }
    }

    @Test
    void aTokenOfThePlatformOpensARepository(Emulator boomi) {
        String universe = "/mdm/universes/universe-1?repositoryId=repository-1";
        TokenProvider provider;
        try (BoomiClient platform = boomi.client()) {
            provider = platform.tokenProvider(null);
        }
        // It outlives its client.
        try (BoomiClient hub = BoomiClient.builder()
                .baseUrl(boomi.hubUrl())
                .caFile(boomi.caFile())
                .proxy("")
                .tokenProvider(provider)
                .build()) {
            assertEquals(200, hub.get(universe).check().status());
            assertEquals(200, hub.get(universe).check().status());
            JsonObject about = JsonParser.parseString(hub.describe()).getAsJsonObject();
            assertEquals("account123", about.get("token_provider").getAsString());
        }
        List<JsonObject> log = ServerSide.log(boomi);
        assertEquals(3, log.size());
        assertEquals(EXCHANGE, log.get(0).get("path").getAsString());
        assertEquals("Bearer", log.get(1).get("scheme").getAsString());
        assertEquals("Bearer", log.get(2).get("scheme").getAsString());
    }

    @Test
    void whatIsToldOfATokenIsNoSecret(Emulator boomi) {
        try (BoomiClient client = withPassword(boomi)) {
            TokenProvider provider = client.tokenProvider(null);
            Token token = provider.get();
            String signature = token.jwt().substring(token.jwt().lastIndexOf('.') + 1);
            for (String json : Arrays.asList(client.describe(), client.describeGuard(), provider.describe())) {
                assertTrue(JsonParser.parseString(json).getAsJsonObject().size() > 2, json);
                assertFalse(json.contains(signature) || json.contains("pass:"), json);
                assertFalse(json.contains("spaces") || json.contains("cGFzcz"), json);
            }
            for (Object shown : Arrays.asList(client, provider, token, client.token())) {
                assertFalse(shown.toString().contains(signature) || shown.toString().contains("pass:"));
            }
        }
    }
}
