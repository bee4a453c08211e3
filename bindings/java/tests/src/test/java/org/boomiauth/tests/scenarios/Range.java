package org.boomiauth.tests.scenarios;

import com.google.gson.JsonElement;

/** A number that is expected: it, {@code [least, most]}, or {@code {"at_most": n}}. */
final class Range {
    /** Times are told in milliseconds. */
    private static final double ROUNDING = 0.0005;

    private final double least;
    private final double most;
    private final String shown;

    private Range(double least, double most, String shown) {
        this.least = least;
        this.most = most;
        this.shown = shown;
    }

    static Range exactly(int number) {
        return new Range(number, number, String.valueOf(number));
    }

    static Range read(JsonElement json) {
        Range range;
        if (json.isJsonArray() && json.getAsJsonArray().size() == 2) {
            range = new Range(
                    number(json.getAsJsonArray().get(0)), number(json.getAsJsonArray().get(1)), json.toString());
        } else if (json.isJsonObject()) {
            Fields fields = new Fields(json);
            range = new Range(0, number(fields.required("at_most", fields.any("at_most"))), json.toString());
            fields.end();
        } else {
            range = new Range(number(json), number(json), json.toString());
        }
        if (range.least > range.most) {
            throw new IllegalArgumentException("no number is in " + json);
        }
        return range;
    }

    private static double number(JsonElement json) {
        if (!json.isJsonPrimitive() || !json.getAsJsonPrimitive().isNumber()) {
            throw new IllegalArgumentException(json + " is no number");
        }
        return json.getAsDouble();
    }

    boolean has(double number) {
        return least - ROUNDING <= number && number <= most + ROUNDING;
    }

    @Override
    public String toString() {
        return shown;
    }
}
