package org.boomiauth.tests;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.util.ArrayList;
import java.util.List;
import org.boomiauth.junit5.Emulator;

/** What a server saw of a test. */
final class ServerSide {
    private ServerSide() {}

    static List<JsonObject> log(Emulator boomi) {
        return objects(boomi.control("log"));
    }

    private static List<JsonObject> objects(String json) {
        List<JsonObject> objects = new ArrayList<>();
        for (JsonElement element : JsonParser.parseString(json).getAsJsonArray()) {
            objects.add(element.getAsJsonObject());
        }
        return objects;
    }

    /** The paths of the requests, in order. */
    static List<String> paths(Emulator boomi) {
        List<String> paths = new ArrayList<>();
        log(boomi).forEach(entry -> paths.add(entry.get("path").getAsString()));
        return paths;
    }

    /** How often a user signed in badly. */
    static int rejections(Emulator boomi, Emulator.User user) {
        return objects(boomi.control("users")).stream()
                .filter(about -> about.get("user").getAsString().equals(user.name()))
                .mapToInt(about -> about.get("total_rejections").getAsInt())
                .sum();
    }

    /** Changes a user's password. */
    static void setPassword(Emulator boomi, Emulator.User user, String password) {
        JsonObject change = new JsonObject();
        change.addProperty("user", user.name());
        change.addProperty("password", password);
        boomi.control("password", change.toString());
    }

    /** Waits until a request has arrived that will have no answer. */
    static void awaitArrival(Emulator boomi) throws InterruptedException {
        while (log(boomi).isEmpty()) {
            Thread.sleep(5);
        }
    }
}
