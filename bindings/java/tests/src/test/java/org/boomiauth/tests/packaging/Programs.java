package org.boomiauth.tests.packaging;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Programs of this machine, beside the Java of the test, which may be no JDK. */
final class Programs {
    private Programs() {}

    /** What it says, which has to end well. */
    static String run(String... command) throws IOException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String said;
        try (BufferedReader output =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            said = output.lines().collect(Collectors.joining("\n"));
        }
        try {
            if (process.waitFor() != 0) {
                throw new AssertionError(String.join(" ", command) + " said:\n" + said);
            }
        } catch (InterruptedException interrupted) {
            throw new AssertionError("interrupted", interrupted);
        }
        return said;
    }

    static boolean isInstalled(String program) {
        return Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
                .anyMatch(directory -> Files.isExecutable(Paths.get(directory, program)));
    }

    /** A tool of a JDK of at least this version: the test's own Java, JAVA_HOME, or one that Linux has. */
    static Optional<Path> ofJdk(String tool, int version) throws IOException {
        List<Path> homes = new ArrayList<>();
        homes.add(Paths.get(System.getProperty("java.home")));
        if (System.getenv("JAVA_HOME") != null) {
            homes.add(Paths.get(System.getenv("JAVA_HOME")));
        }
        Path machine = Paths.get("/usr/lib/jvm");
        if (Files.isDirectory(machine)) {
            try (DirectoryStream<Path> found = Files.newDirectoryStream(machine)) {
                found.forEach(homes::add);
            }
        }
        for (Path home : homes) {
            if (Files.isExecutable(home.resolve("bin").resolve(tool)) && version(home) >= version) {
                return Optional.of(home.resolve("bin").resolve(tool));
            }
        }
        return Optional.empty();
    }

    /** As its file {@code release} says; 0 if it says nothing. */
    private static int version(Path home) throws IOException {
        Path release = home.resolve("release");
        if (!Files.exists(release)) {
            return 0;
        }
        for (String line : Files.readAllLines(release, StandardCharsets.UTF_8)) {
            if (line.startsWith("JAVA_VERSION=")) {
                String version = line.replaceAll("[^0-9.]", "").replaceFirst("^1\\.", "");
                return Integer.parseInt(version.replaceFirst("\\..*", ""));
            }
        }
        return 0;
    }
}
