package org.boomiauth.tests.packaging;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/** The native file of the jar. */
final class Natives {
    static final String NAME = System.mapLibraryName("boomi_auth_java");

    private Natives() {}

    /** Its name in the jar: the one that this machine loads. */
    static String entry() throws IOException {
        List<String> entries = new ArrayList<>();
        String machine = System.getProperty("os.arch").replace("amd64", "x86_64").replace("arm64", "aarch64");
        try (ZipFile jar = new ZipFile(Child.jar().toFile())) {
            jar.stream()
                    .map(ZipEntry::getName)
                    .filter(name -> name.endsWith(machine + "/" + NAME))
                    .forEach(entries::add);
        }
        assertEquals(1, entries.size(), entries::toString);
        return entries.get(0);
    }

    static byte[] bytes() throws IOException {
        try (ZipFile jar = new ZipFile(Child.jar().toFile())) {
            return read(jar, entry());
        }
    }

    static byte[] read(ZipFile jar, String entry) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        try (InputStream in = jar.getInputStream(jar.getEntry(entry))) {
            byte[] piece = new byte[1 << 16];
            for (int amount = in.read(piece); amount >= 0; amount = in.read(piece)) {
                all.write(piece, 0, amount);
            }
        }
        return all.toByteArray();
    }

    /** Puts it into a directory. */
    static Path in(Path directory) throws IOException {
        return Files.write(directory.resolve(NAME), bytes());
    }

    /** That a child has loaded it, and used it. */
    static void expectLoaded(Child.Ended child) {
        assertEquals(Probe.HEADER, child.one("header"));
        assertEquals(Child.backend(), child.one("backend"));
        assertEquals("true", child.one("available"));
        assertEquals("none", child.one("cause"));
    }

    /** That a child could not, and said so each time with all attempts. */
    static void expectUnavailable(Child.Ended child) {
        int attempts = child.all("attempt").size();
        assertEquals("org.boomiauth.NativeUnavailableException", child.one("thrown"), child::toString);
        assertTrue(attempts > 0, child::toString);
        assertEquals("false", child.one("available"));
        assertEquals(String.valueOf(attempts), child.one("cause"));
        assertEquals("org.boomiauth.NativeUnavailableException " + attempts, child.one("again"));
        String message = child.one("message");
        for (String attempt : child.all("attempt")) {
            assertTrue(message.contains(attempt), child::toString);
        }
        assertTrue(message.contains("local runtimes, molecules and services"), message);
    }
}
