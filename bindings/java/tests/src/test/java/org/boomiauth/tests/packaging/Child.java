package org.boomiauth.tests.packaging;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A JVM of its own, on the Java of the test: what is loaded stays loaded, so nothing about loading can be tried twice
 * in one. It has a directory for temporary files, in which it may leave nothing.
 */
final class Child {
    /** Longer than any of them takes; that one hangs is seen all the same. */
    private static final int PATIENCE_SECONDS = 180;

    private final List<String> before = new ArrayList<>();
    private final List<String> options = new ArrayList<>();
    private final List<String> classPath = new ArrayList<>();
    private final List<String> main = new ArrayList<>();
    private final Map<String, String> env = new LinkedHashMap<>();
    private final Path temporary;
    private Path directory;
    private boolean allowsNativeAccess = true;
    private int status;

    private Child(String... main) {
        try {
            temporary = Files.createTempDirectory("child-");
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
        this.main.addAll(Arrays.asList(main));
        options.addAll(Arrays.asList("-Xmx128m", "-Xcheck:jni", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData"));
        option("-Djava.io.tmpdir=" + temporary);
        String backend = System.getProperty("boomi.auth.backend");
        if (backend != null) {
            option("-Dboomi.auth.backend=" + backend);
        }
        classPath(jar(), classes());
    }

    /** One that runs a class of this directory. */
    static Child of(Class<?> main, String... arguments) {
        Child child = new Child(main.getName());
        child.main.addAll(Arrays.asList(arguments));
        return child;
    }

    /** One that runs a module, and has no class path. */
    static Child ofModule(String module, Path... modulePath) {
        List<String> path = new ArrayList<>();
        for (Path entry : modulePath) {
            path.add(entry.toString());
        }
        Child child = new Child("-p", String.join(File.pathSeparator, path), "-m", module);
        child.classPath.clear();
        return child;
    }

    /** The finished jar. */
    static Path jar() {
        try {
            return Paths.get(System.getProperty("boomi.jar")).toRealPath();
        } catch (IOException missing) {
            throw new UncheckedIOException(missing);
        }
    }

    /** Where the classes of the tests are. */
    static Path classes() {
        return where(Child.class);
    }

    /** The jar or directory that a class comes from. */
    static Path where(Class<?> type) {
        try {
            return Paths.get(type.getProtectionDomain().getCodeSource().getLocation().toURI());
        } catch (java.net.URISyntaxException impossible) {
            throw new AssertionError(impossible);
        }
    }

    /** Such as 8 or 25. */
    static int java() {
        String version = System.getProperty("java.specification.version");
        return Integer.parseInt(version.startsWith("1.") ? version.substring(2) : version);
    }

    /** How the library is called in a JVM that is started as this one was. */
    static String backend() {
        String expected = System.getProperty("expect.backend");
        return expected != null ? expected : org.boomiauth.NativeSupport.backend();
    }

    Path temporary() {
        return temporary;
    }

    Child option(String... more) {
        options.addAll(Arrays.asList(more));
        return this;
    }

    /** Does not say that native access is allowed. */
    Child withoutNativeAccess() {
        allowsNativeAccess = false;
        return this;
    }

    /** In front of what is there. */
    Child classPath(Path... entries) {
        for (int i = 0; i < entries.length; i++) {
            classPath.add(i, entries[i].toString());
        }
        return this;
    }

    Child env(Map<String, String> values) {
        env.putAll(values);
        return this;
    }

    /** It is to end with an exception. */
    Child expectFailure() {
        status = 1;
        return this;
    }

    Child directory(Path directory) {
        this.directory = directory;
        return this;
    }

    /** A program that runs the JVM, and which gets its command at the end of its own arguments. */
    Child by(List<String> program) {
        before.addAll(program);
        return this;
    }

    /** Runs it to its end, which has to be a good one unless another is expected. */
    Ended run() {
        return start().end();
    }

    Running start() {
        List<String> command = new ArrayList<>(before);
        command.add(Paths.get(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        if (allowsNativeAccess && java() >= 22) {
            command.add("--enable-native-access=" + (classPath.isEmpty() ? "org.boomiauth" : "ALL-UNNAMED"));
        }
        if (!classPath.isEmpty()) {
            command.addAll(Arrays.asList("-cp", String.join(File.pathSeparator, classPath)));
        }
        command.addAll(main);
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().keySet().removeIf(name -> name.startsWith("BOOMI_") || name.equals("XDG_RUNTIME_DIR"));
        builder.environment().putAll(env);
        builder.directory((directory != null ? directory : temporary).toFile());
        try {
            return new Running(builder.start());
        } catch (IOException failed) {
            throw new UncheckedIOException("cannot run " + command, failed);
        }
    }

    /** What is in a directory. */
    static List<String> namesIn(Path directory) {
        try (Stream<Path> entries = Files.list(directory)) {
            List<String> names = new ArrayList<>();
            entries.forEach(entry -> names.add(entry.getFileName().toString()));
            return names;
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** One that runs. */
    final class Running {
        private final Process process;
        private final BufferedReader output;
        private final List<String> lines = new ArrayList<>();

        Running(Process process) {
            this.process = process;
            output = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
            Thread watch = new Thread(this::endWhatHangs, "a child's end");
            watch.setDaemon(true);
            watch.start();
        }

        private void endWhatHangs() {
            try {
                if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                    process.destroyForcibly();
                }
            } catch (InterruptedException interrupted) {
                process.destroyForcibly();
            }
        }

        /** Reads what it says up to a line, or to its end. */
        Running until(String line) {
            try {
                for (String said = output.readLine(); said != null; said = output.readLine()) {
                    lines.add(said);
                    if (said.equals(line)) {
                        return this;
                    }
                }
            } catch (IOException failed) {
                throw new UncheckedIOException(failed);
            }
            assertEquals(null, line, () -> "it never said that; it said:\n" + String.join("\n", lines));
            return this;
        }

        /** Ends its standard input, for which it waits. */
        Running goOn() {
            try {
                process.getOutputStream().close();
                return this;
            } catch (IOException failed) {
                throw new UncheckedIOException(failed);
            }
        }

        /** Ends it as {@code kill -9} does. */
        void kill() {
            process.destroyForcibly();
            await();
            expectNothingLeft();
        }

        private int await() {
            try {
                return process.waitFor();
            } catch (InterruptedException interrupted) {
                process.destroyForcibly();
                throw new AssertionError("interrupted", interrupted);
            }
        }

        Ended end() {
            until(null);
            String all = String.join("\n", lines);
            assertEquals(status, await(), all);
            expectNoWarning();
            expectNothingLeft();
            return new Ended(lines);
        }

        /** What {@code -Xcheck:jni} says, below which the stack stands. Java 8 says it of its own launcher too. */
        private void expectNoWarning() {
            for (int i = 0; i + 1 < lines.size(); i++) {
                boolean isOurs = lines.get(i).contains("in native method")
                        && lines.get(i + 1).startsWith("\tat org.boomiauth.");
                assertFalse(isOurs, String.join("\n", lines));
            }
        }

        private void expectNothingLeft() {
            assertEquals(Collections.emptyList(), namesIn(temporary));
            temporary.toFile().delete();
        }
    }

    /** What one said that has ended. */
    static final class Ended {
        private final List<String> lines;

        Ended(List<String> lines) {
            this.lines = lines;
        }

        /** The values of the lines that begin with {@code name=}. */
        List<String> all(String name) {
            List<String> values = new ArrayList<>();
            for (String line : lines) {
                if (line.startsWith(name + "=")) {
                    values.add(line.substring(name.length() + 1));
                }
            }
            return values;
        }

        String one(String name) {
            List<String> values = all(name);
            assertEquals(1, values.size(), this::toString);
            return values.get(0);
        }

        @Override
        public String toString() {
            return String.join("\n", lines);
        }
    }
}
