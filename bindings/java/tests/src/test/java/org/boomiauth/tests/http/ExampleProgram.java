package org.boomiauth.tests.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.boomiauth.junit5.Emulator;

/** A program of examples/java, run as its user runs it: a process of its own, which knows what its environment says. */
public final class ExampleProgram {
    public final int exit;
    public final String shown;

    private ExampleProgram(int exit, String shown) {
        this.exit = exit;
        this.shown = shown;
    }

    public static ExampleProgram run(Emulator boomi, Path directory, String name) throws Exception {
        List<String> command = new ArrayList<>();
        command.add(Paths.get(System.getProperty("java.home"), "bin", "java").toString());
        String backend = System.getProperty("boomi.auth.backend");
        if (backend != null) {
            command.add("-Dboomi.auth.backend=" + backend);
        }
        command.addAll(Arrays.asList("-Xmx128m", "-cp", System.getProperty("java.class.path"), name));
        Path file = directory.resolve("shown");
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(file.toFile());
        builder.environment().keySet().removeIf(variable -> variable.startsWith("BOOMI_"));
        builder.environment().putAll(boomi.env());
        Process process = builder.start();
        try {
            assertTrue(process.waitFor(2, TimeUnit.MINUTES), name + " does not end");
            return new ExampleProgram(process.exitValue(), text(file));
        } finally {
            process.destroyForcibly();
        }
    }

    private static String text(Path file) throws IOException {
        return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    }

    /** What each example promises. */
    public static void fetchesAndReplacesAJwt(Emulator boomi, Path directory, String name) throws Exception {
        boomi.control("faults", "{\"status\":401,\"path_prefix\":\"/graphql\"}");
        ExampleProgram run = run(boomi, directory, name);
        assertEquals(0, run.exit, run.shown);
        assertTrue(run.shown.contains("\"documentId-321\"") && run.shown.contains("organization-1"), run.shown);
        assertFalse(run.shown.contains(Emulator.USER.apiToken()) || run.shown.contains("eyJ"), run.shown);
        assertEquals(Arrays.asList("Basic 200"), Seen.sent(boomi, LibraryContract.RECORD));
        assertEquals(Arrays.asList("Bearer 401", "Bearer 200"), Seen.sent(boomi, "/graphql"));
        assertEquals(2, Seen.exchanges(boomi));
        Path source = Paths.get(System.getProperty("repository"), "examples", "java", name + ".java");
        assertTrue(Files.readAllLines(source).size() < 60, name + " is no short program any more");
    }

    /** And that a JWT which is refused again is the end of it, and told. */
    public static void givesUpWhereTheNextJwtIsRefusedToo(Emulator boomi, Path directory, String name)
            throws Exception {
        boomi.control("faults", "{\"status\":401,\"path_prefix\":\"/graphql\",\"times\":null,\"body\":\"no\"}");
        ExampleProgram run = run(boomi, directory, name);
        assertEquals(1, run.exit, run.shown);
        assertTrue(run.shown.contains("401"), run.shown);
        assertEquals(Arrays.asList("Bearer 401", "Bearer 401"), Seen.sent(boomi, "/graphql"));
    }
}
