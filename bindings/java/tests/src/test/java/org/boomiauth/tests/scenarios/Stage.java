package org.boomiauth.tests.scenarios;

import com.google.gson.JsonObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.boomiauth.BoomiClient;
import org.boomiauth.ClientBuilder;
import org.boomiauth.Credentials;
import org.boomiauth.Token;
import org.boomiauth.TokenProvider;
import org.boomiauth.junit5.Emulator;

/** A story's server, its clients, and what they got. */
final class Stage implements AutoCloseable {
    final Emulator boomi;
    final Emulator.User user;
    private final Given given;
    private String callbackGives;
    private final List<BoomiClient> clients = new ArrayList<>();
    private final Map<BoomiClient, Map<String, TokenProvider>> providers = new IdentityHashMap<>();
    /** Different JWTs, in the order in which they came. */
    private final List<Token> tokens = new ArrayList<>();

    Stage(Given given, Emulator boomi) {
        this.given = given;
        this.boomi = boomi;
        user = given.otp ? Emulator.TWO_FACTOR_USER : Emulator.USER;
        callbackGives = given.credentials;
        boomi.control("jwt", given.jwt);
        advance(given.serverClock);
        newClient(given.credentials, given.kind, null);
    }

    void newClient(String word, String kind, Integer timeoutMs) {
        ClientBuilder builder =
                boomi.builder().credentials(credentials(word, kind)).maxRetries(given.retries);
        Integer timeout = timeoutMs == null ? given.timeoutMs : timeoutMs;
        if (timeout != null) {
            builder.timeout(Duration.ofMillis(timeout));
        }
        clients.add(builder.build());
    }

    private Credentials credentials(String word, String kind) {
        Credentials credentials =
                given.callback ? Credentials.from(() -> fixed(callbackGives, kind)) : fixed(word, kind);
        return given.otp ? credentials.withOtpSecret(user.otpSecret().toCharArray()) : credentials;
    }

    private Credentials fixed(String word, String kind) {
        boolean isToken = kind.equals("token");
        String right = isToken ? user.apiToken() : user.password();
        char[] secret = (word.equals("right") ? right : word).toCharArray();
        return isToken ? Credentials.apiToken(user.name(), secret) : Credentials.password(user.name(), secret);
    }

    /** A client by its number; null for the one that was made last. */
    BoomiClient client(Integer number) {
        int index = number == null ? clients.size() : number;
        if (index < 1 || index > clients.size()) {
            throw new AssertionError("there is no client " + index);
        }
        return clients.get(index - 1);
    }

    /** Always the same, which remembers its last token. */
    TokenProvider provider(BoomiClient client, String account) {
        return providers
                .computeIfAbsent(client, key -> new HashMap<>())
                .computeIfAbsent(account, client::tokenProvider);
    }

    /** Different JWTs are numbered as they come. */
    int numberOf(Token token) {
        for (int index = 0; index < tokens.size(); index++) {
            if (tokens.get(index).jwt().equals(token.jwt())) {
                tokens.set(index, token);
                return index + 1;
            }
        }
        tokens.add(token);
        return tokens.size();
    }

    Token token(int number) {
        if (number < 1 || number > tokens.size()) {
            throw new AssertionError("there is no token " + number + " yet");
        }
        return tokens.get(number - 1);
    }

    void callbackGives(String word) {
        callbackGives = word;
    }

    void setPassword(String word) {
        JsonObject change = new JsonObject();
        change.addProperty("user", user.name());
        change.addProperty("password", word.equals("right") ? user.password() : word);
        boomi.control("password", change.toString());
    }

    void advance(int seconds) {
        boomi.control("clock", "{\"advance_s\":" + seconds + "}");
    }

    void forgetAnswers() {
        boomi.control("DELETE", "faults", null);
    }

    @Override
    public void close() {
        clients.forEach(BoomiClient::close);
    }
}
