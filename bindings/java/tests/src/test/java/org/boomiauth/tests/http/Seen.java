package org.boomiauth.tests.http;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.util.ArrayList;
import java.util.List;
import org.boomiauth.BoomiClient;
import org.boomiauth.junit5.Emulator;

/** What an emulator saw, and what a guard knows. */
public final class Seen {
    private Seen() {}

    /** The lines of the log whose path begins so. */
    public static List<JsonObject> requests(Emulator boomi, String prefix) {
        List<JsonObject> found = new ArrayList<>();
        for (JsonElement each : JsonParser.parseString(boomi.control("log")).getAsJsonArray()) {
            JsonObject line = each.getAsJsonObject();
            if (line.get("path").getAsString().startsWith(prefix)) {
                found.add(line);
            }
        }
        return found;
    }

    /** The scheme and status of each of them, such as {@code Basic 200}. */
    public static List<String> sent(Emulator boomi, String prefix) {
        List<String> sent = new ArrayList<>();
        for (JsonObject line : requests(boomi, prefix)) {
            JsonElement scheme = line.get("scheme");
            sent.add((scheme.isJsonNull() ? "none" : scheme.getAsString()) + " " + line.get("status"));
        }
        return sent;
    }

    /** How many JWTs were asked for. */
    public static int exchanges(Emulator boomi) {
        return requests(boomi, "/auth/jwt/generate/").size();
    }

    /** What the emulator counts for a user. */
    public static int count(Emulator boomi, Emulator.User user, String name) {
        for (JsonElement each : JsonParser.parseString(boomi.control("users")).getAsJsonArray()) {
            JsonObject status = each.getAsJsonObject();
            if (status.get("user").getAsString().equals(user.name())) {
                return status.get(name).getAsInt();
            }
        }
        throw new AssertionError("the emulator does not know " + user.name());
    }

    /** A number that the guard has. */
    public static int guard(BoomiClient client, String name) {
        JsonElement known = JsonParser.parseString(client.describeGuard()).getAsJsonObject().get(name);
        return known.getAsInt();
    }
}
