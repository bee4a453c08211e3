package org.boomiauth.tests.lifetime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.UUID;
import java.util.regex.Pattern;
import org.boomiauth.junit5.BoomiEmulator;
import org.boomiauth.junit5.Emulator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** What is left of secrets in Java's heap and in what the native library allocated, when what had them is closed. */
@BoomiEmulator
@Execution(ExecutionMode.SAME_THREAD)
class SecretsInMemoryTest {
    private static final String OTP_USER = "otp@example.com";
    private static final String USER = "user@example.com";
    /** {@code eyJ} is how a JSON object begins in base64; the second is UTF-16. */
    private static final Pattern JWT = Pattern.compile("eyJ[A-Za-z0-9_-]{60,}|e\0y\0J(?:\0[A-Za-z0-9_-]){60,}");

    private final String password = "w\u00f6rd-" + UUID.randomUUID();
    private final String apiToken = UUID.randomUUID().toString();
    private final String otpSecret = base32();

    @TempDir
    Path directory;

    private static String base32() {
        StringBuilder secret = new StringBuilder();
        for (char hex : UUID.randomUUID().toString().replace("-", "").toCharArray()) {
            secret.append((char) ('A' + Character.digit(hex, 16)));
        }
        return secret.toString();
    }

    /** The JDK may lack what makes dumps. */
    @BeforeEach
    void heapsCanBeDumped() {
        try {
            Class.forName("com.sun.management.HotSpotDiagnosticMXBean");
        } catch (ClassNotFoundException missing) {
            assumeTrue(false, "this Java has no jdk.management");
        }
    }

    /** What no place may have, by what it is. */
    private Map<String, String> secrets() {
        Map<String, String> secrets = new LinkedHashMap<>();
        secrets.put("password", password);
        secrets.put("API token", apiToken);
        secrets.put("OTP secret", otpSecret);
        secrets.put("Basic of the password", base64(OTP_USER + ":" + password));
        secrets.put("Basic of the API token", base64("BOOMI_TOKEN." + USER + ":" + apiToken));
        return secrets;
    }

    private static String base64(String text) {
        // Less its end, which depends on what follows.
        return Base64.getEncoder()
                .encodeToString(text.getBytes(StandardCharsets.UTF_8))
                .replaceAll(".{3}$", "");
    }

    /** What of the secrets is in some memory, which is given as ISO-8859-1. */
    private TreeSet<String> found(String memory) {
        TreeSet<String> found = new TreeSet<>();
        for (Map.Entry<String, String> secret : secrets().entrySet()) {
            if (holds(memory, secret.getValue())) {
                found.add(secret.getKey());
            }
        }
        if (JWT.matcher(memory).find()) {
            found.add("JWT");
        }
        return found;
    }

    private static boolean holds(String memory, String text) {
        for (Charset charset : new Charset[] {StandardCharsets.UTF_8, StandardCharsets.ISO_8859_1}) {
            if (memory.contains(new String(text.getBytes(charset), StandardCharsets.ISO_8859_1))) {
                return true;
            }
        }
        // UTF-16 in both byte orders, less the NUL at one end.
        return memory.contains(String.join("\0", text.split("")));
    }

    private TreeSet<String> foundIn(String dump) throws IOException {
        String memory = new String(Files.readAllBytes(directory.resolve(dump)), StandardCharsets.ISO_8859_1);
        // It is a dump, and such things are found in it.
        assertTrue(memory.startsWith("JAVA PROFILE") && memory.length() > 1_000_000, dump);
        assertTrue(holds(memory, directory.toString()), "the dump does not show what is there");
        return found(memory);
    }

    /** What is in the memory that malloc gives. */
    private TreeSet<String> foundInNative(Child child) throws Exception {
        for (int attempt = 1; ; attempt++) {
            try {
                return found(heap(Paths.get("/proc", String.valueOf(child.pid()))));
            } catch (IOException shrunk) {
                // Other threads give memory back, and what is gone cannot be read.
                if (attempt == 20) {
                    throw shrunk;
                }
            }
        }
    }

    private static String heap(Path process) throws IOException {
        StringBuilder memory = new StringBuilder();
        try (RandomAccessFile all = new RandomAccessFile(process.resolve("mem").toString(), "r")) {
            for (String map : Files.readAllLines(process.resolve("maps"), StandardCharsets.UTF_8)) {
                if (map.endsWith("[heap]")) {
                    String[] ends = map.split("[- ]");
                    long from = Long.parseLong(ends[0], 16);
                    byte[] bytes = new byte[(int) (Long.parseLong(ends[1], 16) - from)];
                    all.seek(from);
                    all.readFully(bytes);
                    memory.append(new String(bytes, StandardCharsets.ISO_8859_1));
                }
            }
        }
        return memory.toString();
    }

    private Emulator emulator() throws IOException {
        String user = "{\"name\":\"%s\",\"password\":\"%s\",\"token\":\"%s\",\"password_sign_in\":true%s,"
                + "\"accounts\":[\"account123\"],\"token_account\":\"account123\"}";
        String users = String.format(user, OTP_USER, password, "none-1", ",\"otp_secret\":\"" + otpSecret + "\"") + ","
                + String.format(user, USER, "none-2", apiToken, "");
        Path scenario = directory.resolve("scenario.json");
        Files.write(
                scenario,
                ("{\"users\":[" + users + "],\"rate_limit\":{\"requests_per_second\":null}}")
                        .getBytes(StandardCharsets.UTF_8));
        return Emulator.start("--scenario", scenario.toString());
    }

    private List<TreeSet<String>> remains(String more) throws Exception {
        boolean isLinux = Files.isReadable(Paths.get("/proc/self/maps"));
        List<TreeSet<String>> found = new ArrayList<>();
        try (Emulator boomi = emulator();
                Child child = Child.start(
                        SecretsInMemory.class,
                        // No collection before the first dump: what was garbage by then is there too.
                        Arrays.asList("-Xms128m", "-Xmn96m", "-XX:+UseSerialGC"),
                        boomi.baseUrl(),
                        boomi.caFile().toString(),
                        OTP_USER,
                        USER,
                        directory.toString(),
                        more)) {
            for (String secret : Arrays.asList(password, otpSecret, apiToken)) {
                child.tell(secret.getBytes(StandardCharsets.ISO_8859_1));
            }
            child.hear("signed in");
            found.add(isLinux ? foundInNative(child) : new TreeSet<>());
            child.tell();
            child.hear("closed");
            found.add(isLinux ? foundInNative(child) : new TreeSet<>());
            child.tell();
            child.hear("dumped");
            child.tell();
            child.end();
        }
        found.add(foundIn("closed.hprof"));
        found.add(foundIn("collected.hprof"));
        return found;
    }

    @Test
    void nothingIsLeftInTheHeapAndInNativeMemory() throws Exception {
        List<TreeSet<String>> found = remains("nothing");
        // The clients had them there, as far as that can be seen.
        TreeSet<String> all = new TreeSet<>(secrets().keySet());
        all.add("JWT");
        assertTrue(found.get(0).isEmpty() || found.get(0).equals(all), found.toString());
        assertEquals(Collections.emptySet(), found.get(1), "in native memory");
        assertEquals(Collections.emptySet(), found.get(2), "in the heap");
        assertEquals(Collections.emptySet(), found.get(3), "in the heap after a collection");
    }

    @Test
    void aHeaderThatIsAskedForIsAString() throws Exception {
        List<TreeSet<String>> found = remains("header");
        assertEquals(Collections.emptySet(), found.get(1), "in native memory");
        assertEquals(Collections.singleton("JWT"), found.get(2));
    }

    @Test
    void headersForAnotherLibraryAreStrings() throws Exception {
        List<TreeSet<String>> found = remains("authorize");
        assertEquals(Collections.emptySet(), found.get(1), "in native memory");
        assertEquals(Collections.singleton("Basic of the password"), found.get(2));
    }
}
