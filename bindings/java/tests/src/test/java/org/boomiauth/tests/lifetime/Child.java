package org.boomiauth.tests.lifetime;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.boomiauth.NativeSupport;

/** A JVM for one test, on the same Java with the same class path and the same way into the library. */
final class Child implements AutoCloseable {
    private static final int MOST_LINES = 30;

    private final Process process;
    private final BufferedReader output;

    private Child(Process process) {
        this.process = process;
        output = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    /** Runs {@code main} of a class; its standard error is ours. */
    static Child start(Class<?> program, List<String> options, String... arguments) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(System.getProperty("java.home") + "/bin/java");
        command.add("-Dboomi.auth.backend=" + NativeSupport.backend());
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        if (!System.getProperty("java.specification.version").matches("1\\.8|9|1[0-6]")) {
            command.add("--enable-native-access=ALL-UNNAMED");
        }
        command.addAll(options);
        command.add(program.getName());
        command.addAll(Arrays.asList(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
        // All that the library allocates is in one place, where it can be looked at.
        builder.environment().put("MALLOC_ARENA_MAX", "1");
        return new Child(builder.start());
    }

    /** Waits for a line. */
    String hear() throws IOException {
        String line = output.readLine();
        if (line == null) {
            throw new AssertionError("the program has ended; why stands on standard error");
        }
        return line;
    }

    void hear(String expected) throws IOException {
        String line = hear();
        if (!line.equals(expected)) {
            throw new AssertionError("the program said " + line + " and not " + expected);
        }
    }

    /** Writes bytes and a line end. */
    void tell(byte... bytes) throws IOException {
        OutputStream input = process.getOutputStream();
        input.write(bytes);
        input.write('\n');
        input.flush();
    }

    /** The id of the process: that of a Process is not known to Java 8. */
    long pid() throws ReflectiveOperationException {
        try {
            return (Long) Process.class.getMethod("pid").invoke(process);
        } catch (NoSuchMethodException before9) {
            java.lang.reflect.Field pid = process.getClass().getDeclaredField("pid");
            pid.setAccessible(true);
            return pid.getInt(process);
        }
    }

    /** All that it says until its end, which must be a good one. */
    List<String> end() throws Exception {
        process.getOutputStream().close();
        List<String> lines = new ArrayList<>();
        for (String line = output.readLine(); line != null; line = output.readLine()) {
            lines.add(line);
        }
        if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
            throw new AssertionError(
                    "the program ended badly, or not at all: " + lines.subList(0, Math.min(lines.size(), MOST_LINES)));
        }
        return lines;
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
