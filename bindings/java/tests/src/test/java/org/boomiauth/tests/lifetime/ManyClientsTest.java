package org.boomiauth.tests.lifetime;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Enumeration;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.boomiauth.junit5.BoomiEmulator;
import org.boomiauth.junit5.Emulator;
import org.junit.jupiter.api.Test;

/** Nothing is left of clients, whether they were closed or not. */
@BoomiEmulator
class ManyClientsTest {
    private static final int LOTS = 5;
    private static final int CLIENTS = 20_000;
    private static final Pattern LINE =
            Pattern.compile("(\\d+) objects, (\\d+) descriptors, (\\d+) KB, threads \\[(.*)]");
    /** A leak of 100 bytes a client would be twice as much. */
    private static final long MOST_GROWTH_KB = 4_000;

    @Test
    void aHundredThousandOfThemLeaveNothing(Emulator boomi) throws Exception {
        boomi.control("password", "{\"user\":\"user@example.com\",\"token\":\"token\"}");
        List<String> lines;
        try (Child child = Child.start(
                ManyClients.class,
                // All of Java's memory is there from the beginning: what comes is the library's.
                Arrays.asList("-Xmx64m", "-Xms64m", "-XX:+UseSerialGC", "-XX:+AlwaysPreTouch"),
                boomi.baseUrl(),
                boomi.caFile().toString(),
                Integer.toString(LOTS),
                Integer.toString(CLIENTS))) {
            lines = child.end();
        }
        System.out.println(lines);
        assertEquals(LOTS, lines.size(), lines.toString());
        List<Long> sizes = new ArrayList<>();
        List<String> descriptors = new ArrayList<>();
        for (String line : lines) {
            Matcher read = LINE.matcher(line);
            assertTrue(read.matches(), line);
            assertEquals("0", read.group(1), line);
            assertEquals("", read.group(4), line);
            descriptors.add(read.group(2));
            sizes.add(Long.parseLong(read.group(3)));
        }
        // The first lot is when the JVM and the allocator become as large as they need.
        assertEquals(descriptors.get(0), descriptors.get(LOTS - 1), lines.toString());
        assertTrue(sizes.get(LOTS - 1) - sizes.get(0) < MOST_GROWTH_KB, lines.toString());
    }

    @Test
    void noClassHasAFinalizer() throws Exception {
        int seen = 0;
        for (String name : classes()) {
            for (Method method :
                    Class.forName(name, false, getClass().getClassLoader()).getDeclaredMethods()) {
                assertTrue(!method.getName().equals("finalize"), method.toString());
                seen++;
            }
        }
        assertTrue(seen > 200, seen + " methods");
    }

    /** Those of the jar that each Java has. */
    static List<String> classes() throws IOException {
        List<String> names = new ArrayList<>();
        try (JarFile jar = new JarFile(System.getProperty("boomi.jar"))) {
            Enumeration<JarEntry> entries = jar.entries();
            while (entries.hasMoreElements()) {
                String name = entries.nextElement().getName();
                if (name.startsWith("org/boomiauth/") && name.endsWith(".class") && !name.endsWith("-info.class")) {
                    names.add(
                            name.substring(0, name.length() - ".class".length()).replace('/', '.'));
                }
            }
        }
        return names;
    }
}
