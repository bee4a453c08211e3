package org.boomiauth.tests.packaging;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.boomiauth.junit5.BoomiEmulator;
import org.boomiauth.junit5.Emulator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A program of modules, that requires the jar as one. */
@BoomiEmulator
class ModulePathTest {
    private static final String MAIN = "org/example/app/Main.java";

    @TempDir
    Path classes;

    @BeforeEach
    void modulesAreKnown() {
        assumeTrue(Child.java() >= 11, "this Java knows no modules, or is no longer kept");
    }

    private static Path sources() {
        return Paths.get(System.getProperty("repository"), "bindings/java/tests/src/test/modular");
    }

    private void compile(Path main) throws IOException {
        // The Java of the test may be no JDK; the build has one.
        String javac = Programs.ofJdk("javac", 11)
                .orElseThrow(() -> new AssertionError("there is no javac of Java 11 or later: set JAVA_HOME"))
                .toString();
        String module = sources().resolve("module-info.java").toString();
        String[] options = {"--release", "11", "-Xlint:all", "-Werror", "-p", Child.jar().toString()};
        List<String> command = new ArrayList<>(Collections.singletonList(javac));
        command.addAll(Arrays.asList(options));
        command.addAll(Arrays.asList("-d", classes.toString(), module, main.toString()));
        assertEquals("", Programs.run(command.toArray(new String[0])));
    }

    @Test
    void aModuleThatRequiresItRuns(Emulator boomi) throws IOException {
        compile(sources().resolve(MAIN));
        Child.Ended child = Child.ofModule("org.example.app/org.example.app.Main", Child.jar(), classes)
                .env(boomi.env())
                .run();
        assertEquals("org.example.app", child.one("module"));
        assertEquals("module org.boomiauth", child.one("library"));
        assertEquals(Child.backend(), child.one("backend"));
        assertEquals("true", child.one("record"));
        // Native access is allowed to the one module that needs it.
        assertFalse(child.toString().contains("WARNING"), child::toString);
    }

    @Test
    void nativeAccessOfAnotherModuleIsNotEnough() throws IOException {
        assumeTrue(Child.java() >= 24, "this Java has no --illegal-native-access=deny for JNI");
        compile(sources().resolve(MAIN));
        Child.Ended child = Child.ofModule("org.example.app/org.example.app.Main", Child.jar(), classes)
                .withoutNativeAccess()
                .option("--illegal-native-access=deny", "--enable-native-access=org.example.app")
                .expectFailure()
                .run();
        assertTrue(child.toString().contains("--enable-native-access=org.boomiauth"), child::toString);
    }

    @Test
    void whatIsNotExportedCannotBeUsed(@TempDir Path other) throws IOException {
        Path main = other.resolve(MAIN);
        Files.createDirectories(main.getParent());
        String source = new String(Files.readAllBytes(sources().resolve(MAIN)), StandardCharsets.UTF_8);
        String withInternals = source.replace("BoomiAuth.class.getModule()", "org.boomiauth.NativeLoader.class");
        assertFalse(withInternals.equals(source));
        Files.write(main, withInternals.getBytes(StandardCharsets.UTF_8));
        AssertionError refused = assertThrows(AssertionError.class, () -> compile(main));
        assertTrue(refused.getMessage().contains("NativeLoader is not public"), refused::getMessage);
    }
}
