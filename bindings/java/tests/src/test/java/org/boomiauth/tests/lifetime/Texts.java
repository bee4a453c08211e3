package org.boomiauth.tests.lifetime;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import org.boomiauth.junit5.Emulator;

/** What was said, and the secrets that none of it may have. */
final class Texts {
    static final String PASSWORD = "marked:p\u00e4ssword with blanks";
    static final String CODE = "91827364509";
    static final String HEADER = "marked-header-value";
    static final String PROXY = "marked-proxy-password";

    private final Map<String, String> secrets = new LinkedHashMap<>();
    private int said;

    Texts() {
        secrets.put("a password", PASSWORD);
        secrets.put("a one-time code", CODE);
        secrets.put("a secret header", HEADER);
        secrets.put("a proxy's password", PROXY);
        for (Emulator.User user : new Emulator.User[] {Emulator.USER, Emulator.TWO_FACTOR_USER}) {
            secrets.put("the password of " + user.name(), user.password());
            secrets.put("the token of " + user.name(), user.apiToken());
            basic(user.name(), user.password());
            basic("BOOMI_TOKEN." + user.name(), user.apiToken());
            basic(user.name(), PASSWORD);
        }
        basic("user", PROXY);
        secrets.put("the OTP secret", Emulator.TWO_FACTOR_USER.otpSecret());
    }

    private void basic(String user, String password) {
        byte[] both = (user + ":" + password).getBytes(StandardCharsets.UTF_8);
        secrets.put("Basic of " + user + " " + password, Base64.getEncoder().encodeToString(both));
    }

    void addSecret(String what, String secret) {
        assertTrue(secret.length() > 5, what);
        secrets.put(what, secret);
    }

    void add(Object text) {
        String all = String.valueOf(text);
        for (Map.Entry<String, String> secret : secrets.entrySet()) {
            assertTrue(!all.contains(secret.getValue()), secret.getKey() + " is in: " + all);
        }
        said++;
    }

    /** What an exception says, in whatever way it is put down. */
    void addThrown(Throwable thrown) throws IOException {
        StringWriter trace = new StringWriter();
        thrown.printStackTrace(new PrintWriter(trace));
        add(trace);
        add(thrown.getMessage());
        add(thrown.getLocalizedMessage());
        add(thrown);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(thrown);
        }
        add(new String(bytes.toByteArray(), StandardCharsets.UTF_8));
        if (thrown.getCause() != null) {
            addThrown(thrown.getCause());
        }
    }

    int said() {
        return said;
    }
}
