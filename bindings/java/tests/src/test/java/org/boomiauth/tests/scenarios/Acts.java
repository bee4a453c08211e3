package org.boomiauth.tests.scenarios;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.time.Duration;
import java.util.Locale;
import org.boomiauth.AuthScheme;
import org.boomiauth.Authorization;
import org.boomiauth.BoomiClient;
import org.boomiauth.Call;
import org.boomiauth.Request;
import org.boomiauth.junit5.Emulator;

/** Reads what steps do. */
final class Acts {
    private static final String BASIC_PATH = "/api/rest/v1/{accountId}/AuditLog/documentId-321";
    private static final String JWT_PATH = "/graphql";
    private static final String QUERY = "{\"query\":\"{ organizations { id } }\"}";

    private Acts() {}

    /** Reads what a step does, and the fields that belong to it. */
    static Act read(Fields fields, Given given) {
        String what = fields.required("do", fields.text("do", null));
        switch (what) {
            case "get":
            case "refresh":
            case "generate":
                return aboutTokens(what, fields);
            case "send":
                return send(fields);
            case "authorize":
                return authorize(fields);
            case "invalidate":
            case "use":
                int number = fields.required("token", fields.whole("token"));
                return what.equals("use") ? use(number) : invalidate(number);
            case "reset_guard":
                return doing((stage, client) -> client.resetGuard());
            case "new_client":
                String credentials = fields.text("credentials", "right");
                String kind = Given.kind(fields);
                Integer timeout = fields.whole("timeout_ms");
                return doing((stage, client) -> stage.newClient(credentials, kind, timeout));
            case "set_credentials":
                if (!given.callback) {
                    throw new IllegalArgumentException("the credentials come from no callback");
                }
                String word = fields.required("to", fields.text("to", null));
                return doing((stage, client) -> stage.callbackGives(word));
            case "set_password":
                String password = fields.required("to", fields.text("to", null));
                return doing((stage, client) -> stage.setPassword(password));
            case "revoke":
                // To the server, they have all died.
                return doing((stage, client) -> stage.advance(given.lifetime + 1));
            case "answer":
                return answer(fields);
            case "answer_normally":
                return doing((stage, client) -> stage.forgetAnswers());
            case "outage":
                return outage(fields);
            default:
                throw new IllegalArgumentException("no step does `" + what + "` without the clock");
        }
    }

    /** What changes the world and asks nothing of it. */
    private interface Doing {
        void on(Stage stage, BoomiClient client);
    }

    private static Act doing(Doing doing) {
        return (stage, client) -> {
            doing.on(stage, client);
            return Came.NOTHING;
        };
    }

    private static Act aboutTokens(String what, Fields fields) {
        String account = fields.text("account", null);
        Integer timeout = fields.whole("timeout_ms");
        if (what.equals("refresh")) {
            return doing((stage, client) -> stage.provider(client, account).refresh(call(timeout)));
        }
        if (what.equals("generate")) {
            return (stage, client) -> Came.of(client.generateJwt(account, call(timeout)));
        }
        Duration validity = Duration.ofSeconds(fields.whole("min_validity_s", 0));
        return (stage, client) -> Came.of(stage.provider(client, account).get(validity, call(timeout)));
    }

    private static Act invalidate(int number) {
        return doing((stage, client) -> client.invalidate(stage.token(number)));
    }

    private static Act use(int number) {
        return (stage, client) -> Came.checked(client.send(Request.post(JWT_PATH, QUERY)
                .auth(AuthScheme.NONE)
                .secretHeader("Authorization", stage.token(number).header())));
    }

    private static Act send(Fields fields) {
        AuthScheme scheme = scheme(fields);
        String path = path(fields, scheme);
        Integer timeout = fields.whole("timeout_ms");
        JsonElement post = fields.any("post");
        String body = post != null ? textOf(post) : path.endsWith(JWT_PATH) ? QUERY : null;
        Request request = (body == null ? Request.get(path) : Request.post(path, body)).auth(scheme);
        return (stage, client) -> Came.checked(client.send(request, call(timeout)));
    }

    private static Act authorize(Fields fields) {
        AuthScheme scheme = scheme(fields);
        String path = path(fields, scheme);
        Integer timeout = fields.whole("timeout_ms");
        Integer status = fields.whole("answer");
        String body = textOf(fields.any("body"));
        return (stage, client) -> {
            String url = stage.boomi.baseUrl() + path;
            try (Authorization signed = client.authorize(url, scheme, call(timeout), (name, value) -> {})) {
                return status == null ? Came.NOTHING : Came.observed(signed.observe(status, body));
            }
        };
    }

    private static Act answer(Fields fields) {
        String path = fields.required("path", fields.text("path", null));
        int status = fields.required("status", fields.whole("status"));
        String body = textOf(fields.any("body"));
        JsonElement headers = fields.any("headers");
        JsonElement times = fields.any("times");
        JsonObject fault = new JsonObject();
        fault.addProperty("path_prefix", path.replace("{accountId}", Emulator.ACCOUNT_ID));
        fault.addProperty("status", status);
        fault.addProperty("body", body);
        if (headers != null) {
            fault.add("headers", headers);
        }
        if (times != null) {
            fault.add("times", times);
        }
        fault.addProperty("counts", status == 401 || (status == 403 && body.contains("error.user.login")));
        return doing((stage, client) -> stage.boomi.control("faults", fault.toString()));
    }

    private static Act outage(Fields fields) {
        JsonElement kind = fields.required("kind", fields.any("kind"));
        if (!kind.isJsonNull() && !kind.toString().equals("\"unavailable\"")) {
            throw new IllegalArgumentException("the outage " + kind + " needs the clock");
        }
        return doing((stage, client) -> stage.boomi.control("outage", "{\"kind\":" + kind + "}"));
    }

    private static AuthScheme scheme(Fields fields) {
        String scheme = fields.required("scheme", fields.text("scheme", null));
        if (!scheme.equals("basic") && !scheme.equals("jwt")) {
            throw new IllegalArgumentException("`scheme` is " + scheme);
        }
        return AuthScheme.valueOf(scheme.toUpperCase(Locale.ROOT));
    }

    private static String path(Fields fields, AuthScheme scheme) {
        return fields.text("path", scheme == AuthScheme.JWT ? JWT_PATH : BASIC_PATH);
    }

    private static Call call(Integer timeoutMs) {
        return timeoutMs == null ? null : new Call().timeout(Duration.ofMillis(timeoutMs));
    }

    /** A body as text: a string as it is, nothing as "", and anything else as JSON. */
    private static String textOf(JsonElement body) {
        if (body == null || body.isJsonNull()) {
            return "";
        }
        boolean isText = body.isJsonPrimitive() && body.getAsJsonPrimitive().isString();
        return isText ? body.getAsString() : body.toString();
    }
}
