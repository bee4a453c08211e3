package org.boomiauth.tests.packaging;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Arrays;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the native file of the jar shows to the process that it is loaded into. */
class NativeFileTest {
    @TempDir
    Path directory;

    private String file;

    @BeforeEach
    void itIsOfLinux() throws IOException {
        assumeTrue(System.getProperty("os.name").equals("Linux"), "it is looked at with the tools of Linux");
        assumeTrue(Programs.isInstalled("nm") && Programs.isInstalled("readelf"), "there are no binutils");
        file = Natives.in(directory).toString();
    }

    @Test
    void itExportsWhatJavaCallsAndNothingElse() throws Exception {
        TreeSet<String> expected = new TreeSet<>();
        for (Method method : Class.forName("org.boomiauth.Jni").getDeclaredMethods()) {
            if (Modifier.isNative(method.getModifiers())) {
                expected.add("Java_org_boomiauth_Jni_" + method.getName());
            }
        }
        assertEquals(3, expected.size());
        Path ffm = Paths.get(
                System.getProperty("repository"), "bindings/java/boomi-auth/src/main/java22/org/boomiauth/Ffm.java");
        String source = new String(Files.readAllBytes(ffm), StandardCharsets.UTF_8);
        Matcher symbols = Pattern.compile("\"(boomi_java_\\w+)\"").matcher(source);
        while (symbols.find()) {
            expected.add(symbols.group(1));
        }
        assertEquals(7, expected.size());

        TreeSet<String> exported = new TreeSet<>();
        for (String line : Programs.run("nm", "-D", "--defined-only", file).split("\n")) {
            exported.add(line.replaceFirst("^.* ", ""));
        }
        assertEquals(expected, exported);
    }

    @Test
    void itStaysLoadedAndAnswersToNoName() throws IOException {
        String dynamic = Programs.run("readelf", "-d", file);
        // Its threads and thread-locals may outlive the class loader.
        assertTrue(Pattern.compile("\\(FLAGS_1\\).*NODELETE").matcher(dynamic).find(), dynamic);
        // Else who links against the C library could be given this one, which has none of its functions.
        assertFalse(dynamic.contains("(SONAME)"), dynamic);
        assertFalse(dynamic.contains("(RPATH)") || dynamic.contains("(RUNPATH)"), dynamic);
    }

    @Test
    void itNeedsTheCLibraryAlone() throws IOException {
        Matcher needed = Pattern.compile("\\(NEEDED\\).*\\[(.*)]").matcher(Programs.run("readelf", "-d", file));
        TreeSet<String> others = new TreeSet<>();
        while (needed.find()) {
            others.add(needed.group(1));
        }
        others.removeAll(Arrays.asList(
                "libc.so.6", "libgcc_s.so.1", "libm.so.6", "libpthread.so.0", "libdl.so.2", "ld-linux-x86-64.so.2",
                "ld-linux-aarch64.so.1"));
        others.removeIf(name -> name.startsWith("libc.musl-"));
        assertEquals(new TreeSet<>(), others);
    }
}
