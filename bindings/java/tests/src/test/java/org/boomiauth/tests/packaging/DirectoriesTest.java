package org.boomiauth.tests.packaging;

import static org.boomiauth.tests.packaging.Natives.expectLoaded;
import static org.boomiauth.tests.packaging.Natives.expectUnavailable;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The directories by way of which the library is loaded out of the jar, and what is left in them: nothing. */
class DirectoriesTest {
    /** Mounts what it is told, runs the rest, and says what is left there. The mounts are gone when it ends. */
    private static final String MOUNTED = "options=$1; shift; directories=\n"
            + "while [ \"$1\" != -- ]; do\n"
            + "  mount -t tmpfs -o \"$options\" tmpfs \"$1\" || exit 9; directories=\"$directories $1\"; shift\n"
            + "done; shift\n"
            + "\"$@\"; status=$?\n"
            + "for directory in $directories; do ls -A \"$directory\" | sed 's/^/left=/'; done\n"
            + "exit $status";

    private static Child mounted(Child child, String options, Path... directories) {
        List<String> program = new ArrayList<>(Arrays.asList("unshare", "-m", "sh", "-c", MOUNTED, "sh", options));
        for (Path directory : directories) {
            program.add(directory.toString());
        }
        program.add("--");
        return child.by(program);
    }

    private static void assumeRootOnLinux() {
        assumeTrue(System.getProperty("os.name").equals("Linux"), "mounting is done as on Linux");
        assumeTrue(System.getProperty("user.name").equals("root"), "only root may mount");
    }

    @Test
    void aTemporaryDirectoryThatRunsNothingIsPassedOver() {
        assumeRootOnLinux();
        Child child = Child.of(Probe.class, "load");
        Child.Ended ended = mounted(child, "noexec", child.temporary()).run();
        expectLoaded(ended);
        assertEquals(Collections.emptyList(), ended.all("left"));
    }

    @Test
    void eachDirectoryIsToldWhereNoneRunsAnything(@TempDir Path home, @TempDir Path work) {
        assumeRootOnLinux();
        Child child = Child.of(Probe.class, "load").directory(work).option("-Duser.home=" + home);
        Path[] directories = {child.temporary(), home, work, Paths.get("/var/tmp"), Paths.get("/dev/shm")};
        Child.Ended ended = mounted(child, "noexec", directories).run();
        expectUnavailable(ended);
        for (Path directory : directories) {
            long attempts = ended.all("attempt").stream()
                    .filter(attempt -> attempt.startsWith(directory + "/boomi-auth-"))
                    .count();
            assertTrue(attempts > 0, () -> directory + " was not tried: " + ended);
        }
        assertEquals(Collections.emptyList(), ended.all("left"));
    }

    @Test
    void directoriesThatCannotBeWrittenToArePassedOver(@TempDir Path home) throws IOException {
        Child child = Child.of(Probe.class, "load").option("-Duser.home=" + home);
        if (System.getProperty("user.name").equals("root")) {
            // Who may do everything is stopped by nothing less.
            assumeRootOnLinux();
            mounted(child, "ro", child.temporary(), home);
        } else {
            Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("r-xr-xr-x"));
            Files.setPosixFilePermissions(child.temporary(), PosixFilePermissions.fromString("r-xr-xr-x"));
        }
        expectLoaded(child.run());
    }

    @Test
    void directoriesThatAreMissingArePassedOver(@TempDir Path directory) {
        Path missing = directory.resolve("missing");
        expectLoaded(Child.of(Probe.class, "load")
                .option("-Djava.io.tmpdir=" + missing, "-Duser.home=" + missing)
                .run());
        assertEquals(Collections.emptyList(), Child.namesIn(directory));
    }

    @Test
    void aDirectoryMayHaveAnyName(@TempDir Path directory) throws IOException {
        Path odd = Files.createDirectory(directory.resolve("with spaces, 100% & 'quotes'"));
        expectLoaded(Child.of(Probe.class, "load")
                .option("-Djava.io.tmpdir=" + odd)
                .run());
        assertEquals(Collections.emptyList(), Child.namesIn(odd));
    }

    @Test
    void aProcessThatIsKilledLeavesNothing() {
        assumeTrue(System.getProperty("os.name").equals("Linux"), "a loaded file cannot be removed everywhere");
        Child child = Child.of(Probe.class, "load", "wait");
        Child.Running running = child.start().until("waits");
        assertEquals(Collections.emptyList(), Child.namesIn(child.temporary()));
        running.kill();
    }

    @Test
    void processesAreNotInEachOthersWay(@TempDir Path shared) {
        List<Child.Running> children = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            children.add(Child.of(Probe.class, "wait", "load")
                    .option("-Djava.io.tmpdir=" + shared)
                    .start());
        }
        children.forEach(child -> child.until("waits"));
        children.forEach(Child.Running::goOn);
        children.forEach(child -> expectLoaded(child.end()));
        assertEquals(Collections.emptyList(), Child.namesIn(shared));
    }
}
