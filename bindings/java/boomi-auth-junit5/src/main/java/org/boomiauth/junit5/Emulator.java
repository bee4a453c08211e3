package org.boomiauth.junit5;

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.boomiauth.BoomiClient;
import org.boomiauth.ClientBuilder;
import org.boomiauth.Credentials;

/** A running emulator, with the users and records that its README tells. */
public final class Emulator implements AutoCloseable {
    /** A user of the emulator. */
    public static final class User {
        private final String name;
        private final String password;
        private final String apiToken;
        private final String otpSecret;

        User(String name, String password, String apiToken, String otpSecret) {
            this.name = name;
            this.password = password;
            this.apiToken = apiToken;
            this.otpSecret = otpSecret;
        }

        /**
         * Who it is.
         *
         * @return the user name
         */
        public String name() {
            return name;
        }

        /**
         * The password at the start.
         *
         * @return a password
         */
        public String password() {
            return password;
        }

        /**
         * The API token at the start.
         *
         * @return a token
         */
        public String apiToken() {
            return apiToken;
        }

        /**
         * The secret of the one-time codes.
         *
         * @return base32; null for a user without two-factor authentication
         */
        public String otpSecret() {
            return otpSecret;
        }
    }

    /** A user whose password opens {@code account123} and {@code subaccount456}, and whose token opens {@code account123}. */
    public static final User USER = new User(
            "user@example.com", "pass:w\u00f6rd with spaces", "11111111-aaaa-4bbb-8ccc-000000000001", null);
    /** A user whose password needs a one-time code. */
    public static final User TWO_FACTOR_USER = new User(
            "twofa@example.com",
            "twofa-password",
            "11111111-aaaa-4bbb-8ccc-000000000004",
            "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    /** The account of clients. */
    public static final String ACCOUNT_ID = "account123";

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final Process process;
    private final String ready;

    Emulator(String program, String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(program);
        command.addAll(Arrays.asList(arguments));
        try {
            process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            BufferedReader output =
                    new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
            ready = output.readLine();
        } catch (IOException failed) {
            throw new UncheckedIOException(
                    program + ", which BOOMI_EMULATOR or the PATH names, cannot be run", failed);
        }
        if (ready == null) {
            throw new IllegalStateException(program + " did not start; what it said stands on standard error");
        }
    }

    /**
     * Starts one outside of a test that has a parameter for it. Close it.
     *
     * @param arguments for the program, such as {@code --http}
     * @return the emulator, with its rate limit
     */
    public static Emulator start(String... arguments) {
        String program = program();
        if (program == null) {
            throw new IllegalStateException("boomi-emulator is neither named by BOOMI_EMULATOR nor on the PATH");
        }
        return new Emulator(program, arguments);
    }

    /** Null where it is not installed. */
    static String program() {
        String named = System.getenv("BOOMI_EMULATOR");
        if (named != null) {
            return named;
        }
        for (String directory : System.getenv().getOrDefault("PATH", "").split(File.pathSeparator)) {
            File program = new File(directory, "boomi-emulator");
            if (program.canExecute()) {
                return program.getPath();
            }
        }
        return null;
    }

    /** A field of the line that it says when it is ready. */
    private String field(String name) {
        Matcher found = Pattern.compile("\"" + name + "\":\"([^\"]*)\"").matcher(ready);
        if (!found.find()) {
            throw new IllegalStateException("the emulator did not say its " + name + ": " + ready);
        }
        return found.group(1);
    }

    /**
     * Its address.
     *
     * @return a URL without a path
     */
    public String baseUrl() {
        return field("base_url");
    }

    /**
     * The same server as another origin, as a DataHub repository is.
     *
     * @return a URL without a path
     */
    public String hubUrl() {
        return field("hub_url");
    }

    /**
     * The CA bundle that its certificate is of.
     *
     * @return a PEM file
     */
    public Path caFile() {
        return Paths.get(field("ca_pem_path"));
    }

    /**
     * An address whose certificate is bad.
     *
     * @param how {@code expired}, {@code wrong_host} or {@code self_signed}
     * @return a URL without a path
     */
    public String badTlsUrl(String how) {
        return field(how);
    }

    /**
     * The variables that point a program at it, with the regular user.
     *
     * @return values by names
     */
    public Map<String, String> env() {
        Map<String, String> env = new LinkedHashMap<>();
        env.put("BOOMI_API_URL", baseUrl());
        env.put("BOOMI_CA_FILE", caFile().toString());
        env.put("BOOMI_USERNAME", USER.name);
        env.put("BOOMI_API_TOKEN", USER.apiToken);
        env.put("BOOMI_ACCOUNT_ID", ACCOUNT_ID);
        env.put("NO_PROXY", "localhost,127.0.0.1");
        env.put("no_proxy", "localhost,127.0.0.1");
        return env;
    }

    /**
     * Settings for a client of the regular user's API token and {@code account123}, without a proxy and a pace.
     *
     * @return the settings, to be changed
     */
    public ClientBuilder builder() {
        return BoomiClient.builder()
                .credentials(Credentials.apiToken(USER.name, USER.apiToken.toCharArray()))
                .accountId(ACCOUNT_ID)
                .baseUrl(baseUrl())
                .caFile(caFile())
                .proxy("")
                .requestsPerSecond(0);
    }

    /**
     * A client with these settings.
     *
     * @return the client
     */
    public BoomiClient client() {
        return builder().build();
    }

    /**
     * Asks the control API: {@code control("log")}.
     *
     * @param path what stands behind {@code /control/}
     * @return JSON
     */
    public String control(String path) {
        return control("GET", path, null);
    }

    /**
     * Tells the control API something: {@code control("faults", "{\"status\":500}")}.
     *
     * @param path what stands behind {@code /control/}
     * @param json the body
     * @return JSON, or nothing
     */
    public String control(String path, String json) {
        return control("POST", path, json);
    }

    /**
     * Tells the control API something with a method: {@code control("DELETE", "faults", null)}.
     *
     * @param method GET, POST or DELETE
     * @param path what stands behind {@code /control/}
     * @param json the body; null for none
     * @return JSON, or nothing
     */
    public String control(String method, String path, String json) {
        try {
            URL url = new URL(field("control_url") + "/control/" + path);
            HttpURLConnection connection = (HttpURLConnection) url.openConnection(Proxy.NO_PROXY);
            connection.setRequestMethod(method);
            connection.setReadTimeout((int) PATIENCE.toMillis());
            if (json != null) {
                connection.setDoOutput(true);
                try (OutputStream out = connection.getOutputStream()) {
                    out.write(json.getBytes(StandardCharsets.UTF_8));
                }
            }
            int status = connection.getResponseCode();
            String answer = text(status < 400 ? connection.getInputStream() : connection.getErrorStream());
            if (status >= 400) {
                throw new IllegalArgumentException("the emulator does not take " + path + ": " + answer);
            }
            return answer;
        } catch (IOException failed) {
            throw new UncheckedIOException("the emulator does not answer " + path, failed);
        }
    }

    private static String text(InputStream in) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        byte[] piece = new byte[8192];
        for (int amount = in.read(piece); amount >= 0; amount = in.read(piece)) {
            all.write(piece, 0, amount);
        }
        in.close();
        return new String(all.toByteArray(), StandardCharsets.UTF_8);
    }

    /** Back to the start. What the guard of this process knows of the users stays. */
    public void reset() {
        control("POST", "reset", null);
    }

    /** Ends it. */
    @Override
    public void close() {
        try {
            // It ends, and removes its files, when its standard input does.
            process.getOutputStream().close();
            if (!process.waitFor(PATIENCE.getSeconds(), TimeUnit.SECONDS)) {
                process.destroy();
            }
        } catch (IOException ended) {
            process.destroy();
        } catch (InterruptedException interrupted) {
            process.destroy();
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public String toString() {
        return "Emulator[" + baseUrl() + "]";
    }
}
