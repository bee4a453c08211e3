package org.boomiauth.tests.scenarios;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;

/** An object of a file. A field that nobody has asked for by the {@link #end()} is an error. */
final class Fields {
    private final JsonObject json;
    private final Set<String> left;

    Fields(JsonElement json) {
        if (!json.isJsonObject()) {
            throw new IllegalArgumentException(json + " is no object");
        }
        this.json = json.getAsJsonObject();
        left = new LinkedHashSet<>(this.json.keySet());
    }

    /** Null where the file says nothing. */
    JsonElement any(String name) {
        left.remove(name);
        return json.get(name);
    }

    private <T> T read(String name, Predicate<JsonPrimitive> fits, Function<JsonElement, T> read, T otherwise) {
        JsonElement value = any(name);
        if (value == null || value.isJsonNull()) {
            return otherwise;
        }
        if (!value.isJsonPrimitive() || !fits.test(value.getAsJsonPrimitive())) {
            throw new IllegalArgumentException("`" + name + "` is " + value);
        }
        return read.apply(value);
    }

    String text(String name, String otherwise) {
        return read(name, JsonPrimitive::isString, JsonElement::getAsString, otherwise);
    }

    boolean flag(String name, boolean otherwise) {
        return read(name, JsonPrimitive::isBoolean, JsonElement::getAsBoolean, otherwise);
    }

    /** Null where the file says nothing. */
    Boolean flag(String name) {
        return read(name, JsonPrimitive::isBoolean, JsonElement::getAsBoolean, null);
    }

    /** Null where the file says nothing. */
    Integer whole(String name) {
        return read(name, JsonPrimitive::isNumber, value -> value.getAsBigDecimal().intValueExact(), null);
    }

    int whole(String name, int otherwise) {
        Integer said = whole(name);
        return said == null ? otherwise : said;
    }

    /** Null where the file says nothing. */
    Range range(String name) {
        JsonElement value = any(name);
        return value == null || value.isJsonNull() ? null : Range.read(value);
    }

    /** One without fields where the file says nothing. */
    Fields object(String name) {
        JsonElement value = any(name);
        return new Fields(value == null ? new JsonObject() : value);
    }

    /** What is there must be. */
    <T> T required(String name, T value) {
        if (value == null) {
            throw new IllegalArgumentException("`" + name + "` is missing");
        }
        return value;
    }

    void end() {
        if (!left.isEmpty()) {
            throw new IllegalArgumentException("`" + String.join("`, `", left) + "` is not in the format");
        }
    }
}
