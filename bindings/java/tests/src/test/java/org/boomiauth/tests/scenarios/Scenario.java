package org.boomiauth.tests.scenarios;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A file of {@code tests/scenarios}, whose README is the format. */
final class Scenario {
    /** One thing that is done, and what must come of it. */
    static final class Step {
        final Act act;
        /** Null for the one that was made last. */
        final Integer client;

        final int repeat;
        final Expect expect;
        /** As it is in the file. */
        final String text;

        private Step(JsonElement json, Given given) {
            Fields fields = new Fields(json);
            text = json.toString();
            client = fields.whole("client");
            repeat = fields.whole("repeat", 1);
            expect = new Expect(fields.object("expect"));
            act = Acts.read(fields, given);
            fields.end();
            if (repeat < 1) {
                throw new IllegalArgumentException("it is never done");
            }
        }
    }

    final String file;
    final Given given;
    final List<Step> steps = new ArrayList<>();
    /** What the server must have counted at the end. */
    final Map<String, Range> expected = new LinkedHashMap<>();

    final boolean locked;

    private Scenario(Path path, Fields fields) {
        file = path.getFileName().toString();
        if (!file.equals(fields.text("name", null) + ".json")) {
            throw new IllegalArgumentException("its name is another");
        }
        if (!fields.text("why", "").endsWith(".")) {
            throw new IllegalArgumentException("its `why` is no sentence");
        }
        if (fields.flag("clock", false)) {
            throw new IllegalArgumentException("it needs the clock, which there is not here");
        }
        given = new Given(fields.object("given"));
        JsonElement all = fields.required("steps", fields.any("steps"));
        for (JsonElement step : all.isJsonArray() ? all.getAsJsonArray() : new JsonArray()) {
            try {
                steps.add(new Step(step, given));
            } catch (IllegalArgumentException problem) {
                String number = "step " + (steps.size() + 1) + ": ";
                throw new IllegalArgumentException(number + problem.getMessage() + "\n    " + step, problem);
            }
        }
        if (steps.isEmpty()) {
            throw new IllegalArgumentException("it has no step");
        }
        Fields counts = new Fields(fields.required("expected", fields.any("expected")));
        // No story may end otherwise without saying so.
        expected.put("repeated_codes", Range.exactly(0));
        for (String name : ServerCounts.NAMES) {
            Range range = counts.range(name);
            if (range != null) {
                expected.put(name, range);
            }
        }
        locked = counts.flag("locked", false);
        counts.end();
        fields.end();
    }

    /** Whether a file needs the fake clock, which is the core's alone. */
    static boolean needsClock(Path path) {
        return new Fields(json(path)).flag("clock", false);
    }

    /** Reads a file; an {@link IllegalArgumentException} tells what of it is not the format. */
    static Scenario read(Path path) {
        try {
            return new Scenario(path, new Fields(json(path)));
        } catch (IllegalArgumentException | ArithmeticException problem) {
            throw new IllegalArgumentException(path.getFileName() + ": " + problem.getMessage(), problem);
        }
    }

    private static JsonObject json(Path path) {
        try (Reader text = Files.newBufferedReader(path, StandardCharsets.UTF_8)) {
            JsonReader reader = new JsonReader(text);
            reader.setStrictness(Strictness.STRICT);
            JsonElement json = JsonParser.parseReader(reader);
            if (!json.isJsonObject() || reader.peek() != JsonToken.END_DOCUMENT) {
                throw new IllegalArgumentException("it is no object");
            }
            return json.getAsJsonObject();
        } catch (IOException | JsonParseException problem) {
            throw new IllegalArgumentException("it is no JSON: " + problem.getMessage(), problem);
        }
    }
}
