package org.boomiauth.tests.packaging;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeSet;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.boomiauth.BoomiAuth;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is in the finished jars. */
class JarTest {
    private static final int JAVA_8 = 52;
    private static final int JAVA_9 = 53;
    private static final int JAVA_22 = 66;
    private static final String MODULE_INFO = "META-INF/versions/9/module-info.";
    private static final long MOST_BYTES = 3_000_000;

    private static Path repository() {
        return Paths.get(System.getProperty("repository"));
    }

    /** The jar with the sources, or the documentation. */
    private static Path jar(String classifier) {
        return Child.jar().resolveSibling("boomi-auth-" + BoomiAuth.VERSION + classifier + ".jar");
    }

    private static List<String> names(Path jar) throws IOException {
        try (ZipFile file = new ZipFile(jar.toFile())) {
            return file.stream()
                    .map(ZipEntry::getName)
                    .filter(name -> !name.endsWith("/"))
                    .collect(Collectors.toList());
        }
    }

    private static String text(Path jar, String entry) throws IOException {
        try (ZipFile file = new ZipFile(jar.toFile())) {
            return new String(Natives.read(file, entry), StandardCharsets.UTF_8);
        }
    }

    @Test
    void eachClassIsForTheJavaThatItIsShownTo() throws IOException {
        int classes = 0;
        try (ZipFile jar = new ZipFile(Child.jar().toFile())) {
            for (String name : names(Child.jar())) {
                if (name.endsWith(".class")) {
                    int expected = name.startsWith("META-INF/versions/22/")
                            ? JAVA_22
                            : name.startsWith("META-INF/versions/9/") ? JAVA_9 : JAVA_8;
                    byte[] file = Natives.read(jar, name);
                    assertEquals(expected, (file[6] & 0xff) << 8 | file[7] & 0xff, name);
                    classes++;
                }
            }
        }
        assertTrue(classes > 40, () -> "there are few classes");
    }

    @Test
    void eachClassIsInAPackageOfTheModule() throws IOException {
        // What module-info did not export could be used on the class path, and not on the module path.
        TreeSet<String> exported = new TreeSet<>();
        Matcher exports = Pattern.compile("exports ([\\w.]+);").matcher(text(jar("-sources"), MODULE_INFO + "java"));
        while (exports.find()) {
            exported.add(exports.group(1));
        }
        TreeSet<String> packages = new TreeSet<>();
        for (String name : names(Child.jar())) {
            if (name.endsWith(".class") && !name.equals(MODULE_INFO + "class")) {
                String type = name.replaceFirst("^META-INF/versions/\\d+/", "");
                packages.add(type.substring(0, type.lastIndexOf('/')).replace('/', '.'));
            }
        }
        assertEquals(new TreeSet<>(Arrays.asList("org.boomiauth", "org.boomiauth.okhttp")), packages);
        assertEquals(packages, exported);
    }

    @Test
    void theManifestTellsOfTheVersions() throws IOException {
        try (JarFile jar = new JarFile(Child.jar().toFile())) {
            Attributes manifest = jar.getManifest().getMainAttributes();
            assertEquals("true", manifest.getValue("Multi-Release"));
            assertEquals("boomi-auth", manifest.getValue("Implementation-Title"));
            assertEquals(BoomiAuth.VERSION, manifest.getValue("Implementation-Version"));
        }
    }

    @Test
    void theToolOfTheJdkFindsNothingAmiss() throws IOException {
        // That of 17 fails on any jar with classes for a later Java.
        Optional<Path> tool = Programs.ofJdk("jar", 25);
        assumeTrue(tool.isPresent(), "there is no JDK 25");
        assertEquals("", Programs.run(tool.get().toString(), "--validate", "--file", Child.jar().toString()));
    }

    @Test
    void thereIsOneVersion() throws IOException {
        Properties maven = new Properties();
        String properties = "META-INF/maven/org.boomiauth/boomi-auth/pom.properties";
        maven.load(new java.io.StringReader(text(Child.jar(), properties)));
        assertEquals(BoomiAuth.VERSION, maven.getProperty("version"));
        assertEquals(BoomiAuth.VERSION, cargo("Cargo.toml", "[workspace.package]"));
        assertEquals(BoomiAuth.VERSION, cargo("bindings/java/native/Cargo.toml", "[package]"));
    }

    private static String cargo(String file, String section) throws IOException {
        String text = new String(Files.readAllBytes(repository().resolve(file)), StandardCharsets.UTF_8);
        Matcher version = Pattern.compile("(?m)^version = \"(.*)\"$").matcher(text);
        assertTrue(text.contains(section) && version.find(text.indexOf(section)), file);
        return version.group(1);
    }

    @Test
    void itIsSmall() throws IOException {
        assumeTrue(!"light".equals(System.getProperty("boomi.profile")), "the library of the profile light is large");
        long size = Files.size(Child.jar());
        // Of this platform: a jar of several has a library for each.
        long libraries = names(Child.jar()).stream()
                .filter(name -> name.startsWith("native/"))
                .count();
        assertTrue(size < MOST_BYTES * libraries, () -> size + " bytes for " + libraries + " libraries");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-sources"})
    void theLicencesGoWithIt(String classifier) throws IOException {
        for (String licence : new String[] {"LICENSE-APACHE", "LICENSE-MIT"}) {
            byte[] expected = Files.readAllBytes(repository().resolve(licence));
            try (ZipFile jar = new ZipFile(jar(classifier).toFile())) {
                assertArrayEquals(expected, Natives.read(jar, "META-INF/" + licence));
            }
        }
    }

    @Test
    void theSourcesAreThoseOfAllVersions() throws IOException {
        List<String> sources = names(jar("-sources"));
        TreeSet<String> expected = new TreeSet<>();
        for (String name : names(Child.jar())) {
            if (name.endsWith(".class") && !name.contains("$")) {
                expected.add(name.replaceFirst("class$", "java"));
            }
        }
        expected.removeAll(sources);
        assertEquals(new TreeSet<>(), expected, "missing");
        for (String name : sources) {
            assertTrue(!name.endsWith(".so") && !name.endsWith(".dll") && !name.endsWith(".dylib"), name);
        }
    }

    @Test
    void theDocumentationTellsOfBothPackages() throws IOException {
        List<String> pages = names(jar("-javadoc"));
        assertTrue(pages.contains("org/boomiauth/BoomiClient.html"), pages::toString);
        assertTrue(pages.contains("org/boomiauth/okhttp/BoomiInterceptor.html"), pages::toString);
    }

    @Test
    void nothingElseIsInIt() throws IOException {
        Pattern known = Pattern.compile("(META-INF/versions/(9|22)/)?(org/boomiauth/.*|module-info)\\.class"
                + "|META-INF/(MANIFEST\\.MF|LICENSE-\\w+|maven/.*)"
                + "|META-INF/native-image/org\\.boomiauth/boomi-auth/[\\w-]+\\.json"
                + "|native/\\w+(-musl)?-\\w+/(lib)?boomi_auth_java\\.(so|dylib|dll)");
        for (String name : names(Child.jar())) {
            assertTrue(known.matcher(name).matches(), name);
        }
    }
}
