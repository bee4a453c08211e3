package org.boomiauth.tests.scenarios;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;

/** The start of a story. */
final class Given {
    final String credentials;
    final String kind;
    final boolean callback;
    final boolean otp;
    /** Null for the library's. */
    final Integer timeoutMs;

    final int retries;
    /** As the emulator takes it. */
    final String jwt;

    final int lifetime;
    final int serverClock;

    Given(Fields fields) {
        credentials = fields.text("credentials", "right");
        kind = kind(fields);
        callback = fields.flag("callback", false);
        otp = fields.flag("otp", false);
        timeoutMs = fields.whole("timeout_ms");
        retries = fields.whole("retries", 0);
        serverClock = fields.whole("server_clock_s", 0);
        JsonElement said = fields.any("jwt");
        jwt = said == null ? "{}" : said.toString();
        fields.end();
        Fields options = said == null ? new Fields(new JsonObject()) : new Fields(said);
        lifetime = options.whole("lifetime_s", 300);
        options.whole("same_for_s");
        options.whole("age_s");
        options.flag("iat");
        options.flag("exp");
        options.flag("milliseconds");
        options.end();
    }

    static String kind(Fields fields) {
        String kind = fields.text("kind", "password");
        if (!kind.equals("password") && !kind.equals("token")) {
            throw new IllegalArgumentException("`kind` is " + kind);
        }
        return kind;
    }
}
