package org.boomiauth.tests.packaging;

import static org.boomiauth.tests.packaging.Natives.expectUnavailable;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Arrays;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.zip.ZipFile;
import org.boomiauth.BoomiAuth;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that are not the library, or not the one that belongs to the jar: each is told, and none ends the JVM. */
class BadLibraryTest {
    private static final String LOADER = "org/boomiauth/NativeLoader.class";

    /** Tries a file as the one that is named, and as one that lies in {@code java.library.path}. */
    private static void expectTold(Path file, String text, Path... classPath) {
        Child.Ended named = Child.of(Probe.class, "load")
                .classPath(classPath)
                .option("-Dboomi.auth.library.path=" + file)
                .run();
        expectUnavailable(named);
        assertTrue(named.all("attempt").get(0).startsWith(file + " (boomi.auth.library.path): "), named::toString);
        assertTrue(named.all("attempt").get(0).contains(text), named::toString);

        Child.Ended found = Child.of(Probe.class, LoadingTest.ELSEWHERE, "load")
                .classPath(classPath)
                .option("-Djava.library.path=" + file.getParent())
                .run();
        expectUnavailable(found);
        String attempt = found.all("attempt").get(1);
        assertTrue(attempt.startsWith(file + " (of java.library.path): ") && attempt.contains(text), found::toString);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 100, 4096, 2_500_000})
    void aFileThatWasCutOffIsTold(int length, @TempDir Path directory) throws IOException {
        byte[] whole = Natives.bytes();
        assertTrue(length < whole.length);
        Path file = Files.write(directory.resolve(Natives.NAME), Arrays.copyOf(whole, length));
        // The system itself tells of what is too short for its header, in words of its own.
        expectTold(file, length < 64 ? "" : "the file was cut off: it ends after " + length + " bytes");
    }

    @Test
    void aFileOfGarbageIsTold(@TempDir Path directory) throws IOException {
        byte[] garbage = new byte[100_000];
        new Random(1).nextBytes(garbage);
        expectTold(Files.write(directory.resolve(Natives.NAME), garbage), "");
        // What claims to be a library, and is garbage behind that.
        System.arraycopy(Natives.bytes(), 0, garbage, 0, 6);
        expectTold(Files.write(directory.resolve(Natives.NAME), garbage), "");
    }

    @Test
    void anotherLibraryIsTold(@TempDir Path directory) throws IOException {
        Path lib = Paths.get(System.getProperty("java.home"), "lib");
        Path other = lib.resolve(System.mapLibraryName("jsig"));
        if (!Files.exists(other)) {
            other = lib.resolve(System.getProperty("os.arch")).resolve(System.mapLibraryName("jsig"));
        }
        expectTold(Files.copy(other, directory.resolve(Natives.NAME)), "Error: ");
    }

    @Test
    void aDirectoryIsTold(@TempDir Path directory) throws IOException {
        expectTold(Files.createDirectory(directory.resolve(Natives.NAME)), "");
    }

    /** The version in the library is code; that in the jar is a constant, so the jar is made another one. */
    @Test
    void aLibraryOfAnotherVersionIsTold(@TempDir Path directory, @TempDir Path classes) throws IOException {
        Path file = Natives.in(directory);
        Path loader = classes.resolve(LOADER);
        Files.createDirectories(loader.getParent());
        try (ZipFile jar = new ZipFile(Child.jar().toFile())) {
            Files.write(loader, withVersion("9.8.7", Natives.read(jar, LOADER)));
        }
        expectTold(file, "it is of version " + BoomiAuth.VERSION + ", and the jar of 9.8.7", classes);

        // Out of the jar it is no better, and there is nothing else.
        Child.Ended child = Child.of(Probe.class, "load").classPath(classes).run();
        expectUnavailable(child);
        assertTrue(child.all("attempt").get(0).contains("and the jar of 9.8.7"), child::toString);
    }

    private static byte[] withVersion(String version, byte[] classFile) {
        // As a constant stands in a class file: its length, and its bytes. ISO 8859-1 keeps every byte.
        String constant = "\1\0" + (char) BoomiAuth.VERSION.length() + BoomiAuth.VERSION;
        String text = new String(classFile, StandardCharsets.ISO_8859_1);
        String[] around = text.split(Pattern.quote(constant));
        assertEquals(2, around.length);
        String changed = around[0] + "\1\0" + (char) version.length() + version + around[1];
        return changed.getBytes(StandardCharsets.ISO_8859_1);
    }
}
