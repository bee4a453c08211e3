package org.boomiauth.tests.packaging;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import org.boomiauth.junit5.BoomiEmulator;
import org.boomiauth.junit5.Emulator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The jar in several class loaders of one JVM, as in the runtimes of Boomi, and in web servers. */
@BoomiEmulator
class ClassLoadersTest {
    private static final String CALLED = "[" + Child.backend()
            + ", 200, true, account123, credentials_loaded, token_issued, token_refreshed, asked 1]";
    private static final String COMPUTED = "[" + Child.backend() + ", BOOMI_TOKEN.user@example.com, asked 1]";

    /** A host, which makes class loaders of the same jar. */
    private static Child host(String what) {
        return Child.of(Host.class, what).option("-Dboomi.jar=" + Child.jar());
    }

    private static String named(Path directory) throws IOException {
        return "-Dboomi.auth.library.path=" + Natives.in(directory);
    }

    private static void assumeFfm() {
        assumeTrue(Child.backend().equals("ffm"), "JNI lets a file be loaded by one class loader at a time");
    }

    private static void expect(String done, int times, Child.Ended child) {
        List<String> expected = Collections.nCopies(times, done);
        assertEquals(expected, child.all("guest"), child::toString);
    }

    @Test
    void twoWorkAtOnce(Emulator boomi) {
        expect(CALLED, 2, host("two").env(boomi.env()).run());
    }

    @Test
    void twoWorkAtOnceOnOneFile(Emulator boomi, @TempDir Path directory) throws IOException {
        assumeFfm();
        expect(CALLED, 2, host("two").env(boomi.env()).option(named(directory)).run());
    }

    @Test
    void connectorsWorkBesideEachOtherAndTheJarOfTheClassPath(Emulator boomi) {
        expect(CALLED, 3, host("connectors").env(boomi.env()).run());
    }

    @Test
    void aCallbackOfOneMayCallTheOther(@TempDir Path directory) throws IOException {
        expect(COMPUTED, 2, host("nested").run());
        if (Child.backend().equals("ffm")) {
            expect(COMPUTED, 2, host("nested").option(named(directory)).run());
        }
    }

    @Test
    void aFileThatAnotherClassLoaderHasIsToldByJni(@TempDir Path directory) throws IOException {
        assumeTrue(Child.backend().equals("jni"), "FFM does not mind");
        Child.Ended child = host("second").option(named(directory)).run();
        expect(COMPUTED, 2, child);
        assertEquals("org.boomiauth.NativeUnavailableException", child.one("refused"));
        assertTrue(child.one("message").contains("already loaded in another classloader"), child::toString);
    }

    @Test
    void oneThatIsDroppedIsCollected(Emulator boomi) {
        Child.Ended child = host("gone").env(boomi.env()).run();
        expect(CALLED, 3, child);
        assertEquals(Collections.nCopies(3, "true"), child.all("gone"), child::toString);
    }

    /** With JNI, the file can be loaded again only when the one before is gone. */
    @Test
    void oneThatIsDroppedLeavesItsFileToTheNext(@TempDir Path directory) throws IOException {
        Child.Ended child = host("gone").option(named(directory)).run();
        expect(COMPUTED, 3, child);
        assertEquals(Collections.nCopies(3, "true"), child.all("gone"), child::toString);
    }
}
