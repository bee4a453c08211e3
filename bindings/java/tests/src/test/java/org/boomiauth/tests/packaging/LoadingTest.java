package org.boomiauth.tests.packaging;

import static org.boomiauth.tests.packaging.Natives.expectLoaded;
import static org.boomiauth.tests.packaging.Natives.expectUnavailable;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where the library is looked for, and what is said when it is nowhere. */
class LoadingTest {
    /** The jar has nothing for it. As an option, java.lang.foreign would believe it too, which ends the JVM. */
    static final String ELSEWHERE = "os.arch=riscv64";

    @Test
    void itIsLoadedOutOfTheJar() {
        expectLoaded(Child.of(Probe.class, "load").run());
    }

    @Test
    void theFileThatIsNamedIsLoaded(@TempDir Path directory) throws IOException {
        Path file = Files.write(directory.resolve("of another name"), Natives.bytes());
        // The jar could not help.
        expectLoaded(Child.of(Probe.class, ELSEWHERE, "load")
                .option("-Dboomi.auth.library.path=" + file)
                .run());
    }

    @Test
    void theFileThatIsNamedMayBeRelative(@TempDir Path directory) throws IOException {
        Natives.in(directory);
        expectLoaded(Child.of(Probe.class, ELSEWHERE, "load")
                .directory(directory)
                .option("-Dboomi.auth.library.path=" + Natives.NAME)
                .run());
    }

    @Test
    void nothingElseIsTriedWhereTheNamedFileIsMissing(@TempDir Path directory) throws IOException {
        Natives.in(directory);
        Path missing = directory.resolve("missing.so");
        Child.Ended child = Child.of(Probe.class, "load")
                .option("-Djava.library.path=" + directory, "-Dboomi.auth.library.path=" + missing)
                .run();
        expectUnavailable(child);
        assertEquals(1, child.all("attempt").size(), child::toString);
        assertTrue(child.one("attempt").startsWith(missing + " (boomi.auth.library.path): "), child::toString);
    }

    @Test
    void theLibraryPathOfJavaIsTheLastResort(@TempDir Path directory, @TempDir Path empty) throws IOException {
        Natives.in(directory);
        String path = empty + File.pathSeparator + File.pathSeparator + directory;
        expectLoaded(Child.of(Probe.class, ELSEWHERE, "load")
                .option("-Djava.library.path=" + path)
                .run());
    }

    @Test
    void directoriesThatAreNoPathsArePassedOver(@TempDir Path directory) throws IOException {
        expectLoaded(Child.of(Probe.class, "java.io.tmpdir=/NUL", "user.home=/NUL", "load")
                .directory(directory)
                .run());
        assertEquals(0, Child.namesIn(directory).size());
        Natives.in(directory);
        String path = "java.library.path=/NUL" + File.pathSeparator + directory;
        expectLoaded(Child.of(Probe.class, ELSEWHERE, path, "load").run());
        Child.Ended named =
                Child.of(Probe.class, "boomi.auth.library.path=/NUL", "load").run();
        expectUnavailable(named);
        assertTrue(named.one("attempt").contains("InvalidPathException"), named::toString);
    }

    @Test
    void aPlatformThatIsUnknownIsToldWithEachAttempt() {
        Child.Ended child = Child.of(Probe.class, "os.name=Plan9", "load").run();
        expectUnavailable(child);
        assertTrue(child.one("message").contains("in this Java (plan9-"), child::toString);
        assertEquals(2, child.all("attempt").size(), child::toString);
        assertTrue(child.all("attempt").get(0).contains("the jar has no library for this platform: no /native/plan9-"));
        assertTrue(child.all("attempt").get(1).contains(" in java.library.path: "));
    }

    @Test
    void anUnknownBackendIsToldAlone() {
        Child.Ended child = Child.of(Probe.class, "load")
                .option("-Dboomi.auth.backend=nonsense")
                .run();
        expectUnavailable(child);
        assertTrue(child.one("attempt").contains("\"nonsense\": set jni or ffm, or leave it out"), child::toString);
    }

    @Test
    void ffmIsRefusedByJavasThatLackIt() {
        assumeTrue(Child.java() < 22, "this Java has java.lang.foreign");
        Child.Ended child =
                Child.of(Probe.class, "load").option("-Dboomi.auth.backend=ffm").run();
        expectUnavailable(child);
        assertTrue(child.all("attempt").get(0).contains("java.lang.foreign needs Java 22 or later"), child::toString);
    }

    @Test
    void nativeAccessThatIsDeniedIsToldWithWhatAllowsIt() {
        assumeTrue(Child.java() >= 24, "this Java has no --illegal-native-access=deny for JNI");
        Child.Ended child = Child.of(Probe.class, "load")
                .option("--illegal-native-access=deny")
                .withoutNativeAccess()
                .run();
        expectUnavailable(child);
        assertTrue(child.one("message").contains("--enable-native-access=ALL-UNNAMED"), child::toString);
        assertTrue(child.one("message").contains("--enable-native-access=org.boomiauth"), child::toString);
        assertTrue(child.all("attempt").get(0).contains("IllegalCallerException"), child::toString);
    }

    @Test
    void nativeAccessThatIsAllowedIsEnoughAndWarnsNobody() {
        assumeTrue(Child.java() >= 24, "this Java has no --illegal-native-access=deny for JNI");
        Child.Ended child = Child.of(Probe.class, "load")
                .option("--illegal-native-access=deny")
                .run();
        expectLoaded(child);
        assertFalse(child.toString().contains("WARNING"), child::toString);
    }
}
