package org.boomiauth.tests.scenarios;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.boomiauth.junit5.Emulator;

/** What a server counted of a user. */
final class ServerCounts {
    static final List<String> NAMES = Collections.unmodifiableList(Arrays.asList(
            "exchanges", "sign_ins", "bearers", "probes", "codes", "accepted", "rejected", "repeated_codes"));

    final Map<String, Integer> numbers = new HashMap<>();
    final boolean locked;

    ServerCounts(Emulator boomi, Emulator.User user) {
        for (JsonElement entry : JsonParser.parseString(boomi.control("log")).getAsJsonArray()) {
            count(entry.getAsJsonObject());
        }
        JsonObject about = null;
        for (JsonElement one : JsonParser.parseString(boomi.control("users")).getAsJsonArray()) {
            if (one.getAsJsonObject().get("user").getAsString().equals(user.name())) {
                about = one.getAsJsonObject();
            }
        }
        if (about == null) {
            throw new AssertionError("the server knows no " + user.name());
        }
        numbers.put("accepted", about.get("accepted").getAsInt());
        numbers.put("rejected", about.get("total_rejections").getAsInt());
        numbers.put("repeated_codes", about.get("repeated_codes").getAsInt());
        locked = about.get("locked").getAsBoolean();
    }

    private void count(JsonObject entry) {
        JsonElement scheme = entry.get("scheme");
        if (scheme.isJsonNull()) {
            one("probes");
        } else if (scheme.getAsString().equals("Bearer")) {
            one("bearers");
        } else if (scheme.getAsString().equals("Basic")) {
            one("sign_ins");
            if (entry.get("path").getAsString().startsWith("/auth/jwt/generate/")) {
                one("exchanges");
            }
        }
        if (entry.get("otp").getAsBoolean()) {
            one("codes");
        }
    }

    private void one(String name) {
        numbers.merge(name, 1, Integer::sum);
    }

    int of(String name) {
        return numbers.getOrDefault(name, 0);
    }
}
