package org.boomiauth.tests.packaging;

import static org.boomiauth.tests.packaging.Natives.expectLoaded;
import static org.boomiauth.tests.packaging.Natives.expectUnavailable;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A SecurityManager, as Boomi's own clouds have: whatever it denies, one exception tells it, and what to do. */
class SecurityManagerTest {
    private static final String PROPERTIES = "permission java.util.PropertyPermission \"*\", \"read,write\";\n"
            + "permission java.lang.RuntimePermission \"getenv.*\";\n";
    private static final String FILES =
            "permission java.io.FilePermission \"<<ALL FILES>>\", \"read,write,delete\";\n";

    @TempDir
    Path directory;

    @BeforeEach
    void thereIsOne() {
        assumeTrue(Child.java() < 24, "this Java has no SecurityManager");
    }

    private Child.Ended with(String permissions) throws IOException {
        return with(permissions, Child.of(Probe.class, "load"));
    }

    private Child.Ended with(String permissions, Child child) throws IOException {
        Path policy = directory.resolve("policy");
        Files.write(policy, ("grant {\n" + permissions + "};\n").getBytes(StandardCharsets.UTF_8));
        return child.option("-Djava.security.manager", "-Djava.security.policy==" + policy)
                .run();
    }

    @Test
    void nativeCodeThatIsDeniedIsToldWithEachAttempt() throws IOException {
        Child.Ended child = with(PROPERTIES + FILES);
        expectUnavailable(child);
        String message = child.one("message");
        assertTrue(message.contains("access denied (\"java.lang.RuntimePermission\" \"loadLibrary."), child::toString);
        assertTrue(message.contains("Boomi's own clouds"), child::toString);
        // The temporary directory and others, and then the path of Java.
        assertTrue(child.all("attempt").size() > 2, child::toString);
    }

    @Test
    void whereNothingIsAllowedThatIsToldAsWell() throws IOException {
        Child.Ended child = with("");
        expectUnavailable(child);
        assertTrue(child.one("message").contains("access denied"), child::toString);
    }

    @Test
    void filesThatAreDeniedAreToldAsWell() throws IOException {
        Child.Ended child = with(PROPERTIES);
        expectUnavailable(child);
        assertTrue(child.one("message").contains("access denied (\"java.io.FilePermission\""), child::toString);
    }

    @Test
    void oneThatAllowsNativeCodeAndATemporaryDirectoryIsNoHindrance() throws IOException {
        Child child = Child.of(Probe.class, "load");
        String files = "permission java.io.FilePermission \"" + child.temporary() + "/-\", \"read,write,delete\";\n"
                + "permission java.io.FilePermission \"" + child.temporary() + "\", \"read\";\n"
                + "permission java.io.FilePermission \"" + Child.jar() + "\", \"read\";\n";
        String loading = "permission java.lang.RuntimePermission \"loadLibrary.*\";\n";
        expectLoaded(with(PROPERTIES + files + loading, child));
    }
}
