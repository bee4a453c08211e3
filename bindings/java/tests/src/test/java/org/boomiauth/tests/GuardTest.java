package org.boomiauth.tests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.boomiauth.AuthScheme;
import org.boomiauth.AuthenticationException;
import org.boomiauth.BoomiAuthException;
import org.boomiauth.BoomiClient;
import org.boomiauth.Credentials;
import org.boomiauth.CredentialsRejectedException;
import org.boomiauth.HeldException;
import org.boomiauth.Request;
import org.boomiauth.junit5.BoomiEmulator;
import org.boomiauth.junit5.Emulator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Six bad sign-ins lock a user, and nobody comes near it. */
@BoomiEmulator
class GuardTest {
    private static final int THREADS = 64;

    private static BoomiClient withWrongPassword(Emulator boomi) {
        Credentials wrong = Credentials.password(Emulator.USER.name(), "wrong".toCharArray());
        return boomi.builder().credentials(wrong).build();
    }

    /** How a call failed, which must. */
    private static BoomiAuthException failureOf(Callable<?> call) {
        return assertThrows(BoomiAuthException.class, call::call);
    }

    @ParameterizedTest
    @ValueSource(strings = {"requests", "tokens", "both"})
    void aWrongPasswordIsSentTwiceAtMost(String what, Emulator boomi) throws Exception {
        try (BoomiClient client = withWrongPassword(boomi)) {
            Callable<Object> request = () -> client.send(Request.get(ClientTest.RECORD)).check();
            Callable<Object> token = client::token;
            List<BoomiAuthException> failures = AtOnce.run(THREADS, number -> {
                boolean asksForToken = what.equals("tokens") || (what.equals("both") && number % 2 == 0);
                return () -> failureOf(asksForToken ? token : request);
            });
            int rejected = 0;
            for (BoomiAuthException failure : failures) {
                assertTrue(failure instanceof AuthenticationException, () -> failure.toString());
                if (failure instanceof CredentialsRejectedException) {
                    rejected++;
                } else {
                    assertEquals(HeldException.class, failure.getClass());
                    assertFalse(failure.wasSent());
                }
            }
            assertTrue(rejected > 0);
        }
        int sent = ServerSide.rejections(boomi, Emulator.USER);
        assertTrue(1 <= sent && sent <= 2, sent + " bad sign-ins were sent");
    }

    @Test
    void whatIsHeldTellsUntilWhen(Emulator boomi) {
        try (BoomiClient client = withWrongPassword(boomi)) {
            assertEquals(401, client.get(ClientTest.RECORD).status());
            HeldException held = assertThrows(HeldException.class, () -> client.get(ClientTest.RECORD));
            assertTrue(held.retryAfter().get().compareTo(Duration.ofSeconds(60)) <= 0);
            assertFalse(held.retryAfter().get().isNegative() || held.retryAfter().get().isZero());
            assertTrue(held.isRetryable());
            assertTrue(held.getMessage().contains("reset of the guard"), held.getMessage());
            JsonObject about = JsonParser.parseString(client.describeGuard()).getAsJsonObject();
            assertEquals(Emulator.USER.name(), about.get("username").getAsString());
            assertEquals(1, about.get("rejections").getAsInt());
            assertTrue(about.getAsJsonObject("held").get("wait_ms").getAsLong() > 0);
            assertFalse(about.toString().contains("wrong"));
        }
        assertEquals(1, ServerSide.rejections(boomi, Emulator.USER));
    }

    @Test
    void aResetLetsOneMoreThrough(Emulator boomi) throws Exception {
        try (BoomiClient client = withWrongPassword(boomi)) {
            assertEquals(401, client.get(ClientTest.RECORD).status());
            assertThrows(HeldException.class, client::token);
            client.resetGuard();
            AtOnce.run(8, number -> () -> failureOf(() -> client.get(ClientTest.RECORD).check()));
            assertEquals(2, ServerSide.rejections(boomi, Emulator.USER));
            // It was the last: now it is for good.
            HeldException held = assertThrows(HeldException.class, client::token);
            assertFalse(held.retryAfter().isPresent() || held.isRetryable());
        }
        assertEquals(2, ServerSide.rejections(boomi, Emulator.USER));
    }

    @Test
    void allClientsOfAUserAreHeldAndAnotherUserIsNot(Emulator boomi) {
        try (BoomiClient one = withWrongPassword(boomi);
                BoomiClient other = withWrongPassword(boomi);
                BoomiClient right = boomi.client()) {
            assertEquals(401, one.get(ClientTest.RECORD).status());
            assertThrows(HeldException.class, () -> other.get(ClientTest.RECORD));
            // Another secret of the same user is another matter.
            assertEquals(200, right.get(ClientTest.RECORD).status());
        }
        assertEquals(1, ServerSide.rejections(boomi, Emulator.USER));
    }

    @Test
    void aRotatedSecretIsAskedForAfterARejection(Emulator boomi) {
        Emulator.User user = Emulator.USER;
        AtomicReference<String> vault = new AtomicReference<>(user.password());
        List<Boolean> asked = Collections.synchronizedList(new ArrayList<>());
        Credentials credentials = Credentials.from(rejected -> {
            asked.add(rejected);
            return Credentials.password(user.name(), vault.get().toCharArray());
        });
        Request request = Request.get(ClientTest.RECORD).auth(AuthScheme.BASIC);
        try (BoomiClient client = boomi.builder().credentials(credentials).build()) {
            assertEquals(200, client.send(request).status());
            assertEquals(200, client.send(request).status());
            assertEquals(Collections.singletonList(false), asked);
            ServerSide.setPassword(boomi, user, "rotated");
            vault.set("rotated");
            assertEquals(401, client.send(request).status());
            assertEquals(200, client.send(request).status());
            assertEquals(Arrays.asList(false, true), asked);
            assertTrue(client.token().jwt().length() > 100);
        }
        assertEquals(1, ServerSide.rejections(boomi, user));
    }

    @Test
    void processesWithAStateDirectoryShareOneMemory(Emulator boomi, @TempDir Path directory) throws Exception {
        Path state = directory.resolve("state");
        List<Process> children = new ArrayList<>();
        for (int number = 0; number < 2; number++) {
            children.add(child(boomi, state));
        }
        List<String> ended = new ArrayList<>();
        for (Process child : children) {
            ended.addAll(linesOf(child));
        }
        assertEquals(8, ended.size(), ended::toString);
        assertTrue(ended.contains("rejected true"), ended::toString);
        ended.removeAll(Arrays.asList("rejected true", "rejected false"));
        assertTrue(Collections.frequency(ended, "HeldException") == ended.size(), ended::toString);
        int sent = ServerSide.rejections(boomi, Emulator.USER);
        assertTrue(1 <= sent && sent <= 2, sent + " bad sign-ins were sent");
        try (Stream<Path> files = Files.walk(state)) {
            assertTrue(files.anyMatch(Files::isRegularFile));
        }
        // One more, long after both.
        assertEquals(Collections.nCopies(4, "HeldException"), linesOf(child(boomi, state)));
        assertEquals(sent, ServerSide.rejections(boomi, Emulator.USER));
    }

    private static Process child(Emulator boomi, Path state) throws IOException {
        String[] arguments = {boomi.baseUrl(), boomi.caFile().toString(), state.toString()};
        return child(GuardChild.class, Collections.emptyMap(), arguments);
    }

    /** A JVM that runs a program, with these variables besides its own. */
    static Process child(Class<?> program, Map<String, String> env, String... arguments) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(System.getProperty("java.home") + File.separator + "bin" + File.separator + "java");
        String backend = System.getProperty("boomi.auth.backend");
        if (backend != null) {
            command.add("-Dboomi.auth.backend=" + backend);
        }
        if (!System.getProperty("java.specification.version").matches("1\\.8|9|1[0-6]")) {
            command.add("--enable-native-access=ALL-UNNAMED");
        }
        command.addAll(Arrays.asList("-cp", System.getProperty("java.class.path"), program.getName()));
        command.addAll(Arrays.asList(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().putAll(env);
        return builder.start();
    }

    static List<String> linesOf(Process child) throws Exception {
        BufferedReader output =
                new BufferedReader(new InputStreamReader(child.getInputStream(), StandardCharsets.UTF_8));
        List<String> lines = output.lines().collect(Collectors.toList());
        assertTrue(child.waitFor(60, TimeUnit.SECONDS));
        assertEquals(0, child.exitValue(), lines::toString);
        return lines;
    }
}
