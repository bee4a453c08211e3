package org.boomiauth;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** Finds and loads the native library, and collects the failures. */
final class NativeLoader {
    static final String PATH = "boomi.auth.library.path";
    static final String BACKEND = "boomi.auth.backend";
    private static final String NAME = "boomi_auth_java";

    /** One way to load a file. */
    private interface Way {
        Backend load(Path library) throws Exception;
    }

    private final List<Throwable> failures = new ArrayList<>();

    /** The library, loaded; null if it cannot be. */
    Backend load() {
        try {
            return loadFirst();
        } catch (RuntimeException | LinkageError unforeseen) {
            // Mostly a SecurityManager's, which may deny anything.
            failures.add(described("looking for it", unforeseen));
            return null;
        }
    }

    NativeUnavailableException failure() {
        StringBuilder text = new StringBuilder("the native library of boomi-auth cannot be used in this Java (")
                .append(shownPlatform())
                .append("): ");
        for (Throwable failure : failures) {
            text.append("\n  ").append(failure.getMessage());
        }
        if (text.indexOf("IllegalCallerException") >= 0) {
            text.append("\nNative access is allowed with --enable-native-access=ALL-UNNAMED, or with"
                    + " --enable-native-access=org.boomiauth where the jar is on the module path.");
        }
        text.append("\nBoomi's own clouds, where a SecurityManager denies native code, are no place for it: use it in local"
                + " runtimes, molecules and services. Another file is named with -D" + PATH + "=...");
        NativeUnavailableException failure = Failures.unavailable(text.toString());
        for (Throwable attempt : failures) {
            failure.addSuppressed(attempt);
        }
        return failure;
    }

    private Backend loadFirst() {
        List<Way> ways = ways();
        if (ways.isEmpty()) {
            return null;
        }
        String file = System.getProperty(PATH);
        if (file != null) {
            return first(ways, Paths.get(file).toAbsolutePath(), PATH);
        }
        Backend found = fromJar(ways);
        return found != null ? found : fromLibraryPath(ways);
    }

    private List<Way> ways() {
        List<Way> ways = new ArrayList<>();
        String wanted = System.getProperty(BACKEND);
        if (wanted == null) {
            if (Ffm.isPreferred()) {
                ways.add(Ffm::load);
            }
            ways.add(Jni::load);
        } else if (wanted.equals("ffm")) {
            ways.add(Ffm::load);
        } else if (wanted.equals("jni")) {
            ways.add(Jni::load);
        } else {
            failures.add(new IllegalArgumentException(
                    "the system property " + BACKEND + " is \"" + wanted + "\": set jni or ffm, or leave it out"));
        }
        return ways;
    }

    /** Copies the library from the jar to a directory, and loads it there. */
    private Backend fromJar(List<Way> ways) {
        String resource = "/native/" + platform() + "/" + System.mapLibraryName(NAME);
        byte[] library;
        try (InputStream in = NativeLoader.class.getResourceAsStream(resource)) {
            if (in == null) {
                failures.add(new UnsatisfiedLinkError("the jar has no library for this platform: no " + resource));
                return null;
            }
            library = readAll(in);
        } catch (IOException unreadable) {
            failures.add(described("cannot read " + resource + " of the jar", unreadable));
            return null;
        }
        for (Path parent : directories()) {
            Backend loaded = by(ways, parent, library);
            if (loaded != null) {
                return loaded;
            }
        }
        return null;
    }

    private Backend by(List<Way> ways, Path parent, byte[] library) {
        Path directory = null;
        Path file = null;
        try {
            // Only this user can write there, and no file of another version, process or class loader is in the way.
            // (Java's own createTempDirectory fails everywhere on Java 8 where java.io.tmpdir is no path.)
            String name = "boomi-auth-" + Long.toHexString(ThreadLocalRandom.current().nextLong());
            directory = Files.createDirectory(parent.resolve(name), onlyOurs());
            file = Files.write(directory.resolve(System.mapLibraryName(NAME)), library);
            return first(ways, file, "out of the jar");
        } catch (IOException | SecurityException unwritable) {
            failures.add(described("cannot write the library to " + parent, unwritable));
            return null;
        } finally {
            // What is loaded needs no name any more, but on Windows.
            remove(file);
            remove(directory);
        }
    }

    private static FileAttribute<?>[] onlyOurs() {
        return FileSystems.getDefault().supportedFileAttributeViews().contains("posix")
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))
                }
                : new FileAttribute<?>[0];
    }

    private static void remove(Path path) {
        try {
            if (path != null) {
                Files.deleteIfExists(path);
            }
        } catch (IOException | SecurityException inUse) {
            path.toFile().deleteOnExit();
        }
    }

    /** Directories to write to and load from; one may be mounted noexec, or read-only. */
    private Set<Path> directories() {
        Set<Path> directories = new LinkedHashSet<>();
        add(directories, () -> System.getProperty("java.io.tmpdir"));
        add(directories, () -> System.getenv("XDG_RUNTIME_DIR"));
        add(directories, () -> System.getProperty("user.home"));
        add(directories, () -> "/var/tmp");
        add(directories, () -> "/dev/shm");
        add(directories, () -> System.getProperty("user.dir"));
        return directories;
    }

    private void add(Set<Path> directories, Supplier<String> path) {
        try {
            String named = path.get();
            if (named != null && !named.isEmpty()) {
                Path directory = Paths.get(named).toAbsolutePath();
                if (Files.isDirectory(directory)) {
                    directories.add(directory);
                }
            }
        } catch (SecurityException | InvalidPathException unusable) {
            failures.add(described("a directory to write the library to", unusable));
        }
    }

    private Backend fromLibraryPath(List<Way> ways) {
        String path = System.getProperty("java.library.path", "");
        for (String directory : path.split(System.getProperty("path.separator"))) {
            Backend loaded = directory.isEmpty() ? null : fromDirectory(ways, directory);
            if (loaded != null) {
                return loaded;
            }
        }
        failures.add(new UnsatisfiedLinkError("no " + System.mapLibraryName(NAME) + " in java.library.path: " + path));
        return null;
    }

    private Backend fromDirectory(List<Way> ways, String directory) {
        try {
            Path file = Paths.get(directory, System.mapLibraryName(NAME)).toAbsolutePath();
            return Files.exists(file) ? first(ways, file, "of java.library.path") : null;
        } catch (SecurityException | InvalidPathException unusable) {
            failures.add(described("a directory of java.library.path", unusable));
            return null;
        }
    }

    /** Loads a file in the first of the ways that work. */
    private Backend first(List<Way> ways, Path file, String origin) {
        try {
            Elf.expectWhole(file);
        } catch (IOException | RuntimeException unreadable) {
            failures.add(described(file + " (" + origin + ")", unreadable));
            return null;
        }
        for (Way way : ways) {
            try {
                Backend loaded = way.load(file);
                expectVersion(loaded);
                return loaded;
            } catch (Exception | LinkageError failed) {
                failures.add(described(file + " (" + origin + ")", failed));
            }
        }
        return null;
    }

    private static void expectVersion(Backend loaded) {
        FieldReader result = new FieldReader(loaded.invoke(Operation.VERSION, 0, new byte[0], 0));
        result.octet();
        String version = result.text();
        if (!BoomiAuth.VERSION.equals(version)) {
            throw new UnsatisfiedLinkError("it is of version " + version + ", and the jar of " + BoomiAuth.VERSION);
        }
    }

    private static UnsatisfiedLinkError described(String what, Throwable failed) {
        UnsatisfiedLinkError described = new UnsatisfiedLinkError(what + ": " + failed);
        described.initCause(failed);
        return described;
    }

    private static String shownPlatform() {
        try {
            return platform();
        } catch (SecurityException denied) {
            return "it does not say which";
        }
    }

    /** Such as {@code linux-x86_64}. */
    static String platform() {
        String system = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
        String machine = System.getProperty("os.arch", "").toLowerCase(Locale.ROOT);
        if (system.startsWith("windows")) {
            system = "windows";
        } else if (system.startsWith("mac")) {
            system = "macos";
        }
        if (machine.equals("amd64")) {
            machine = "x86_64";
        } else if (machine.equals("arm64")) {
            machine = "aarch64";
        }
        return system + (isMusl(system, machine) ? "-musl-" : "-") + machine;
    }

    /** Decides by this process's own loader: both glibc's and musl's may be installed. */
    private static boolean isMusl(String system, String machine) {
        if (!system.equals("linux")) {
            return false;
        }
        try (Stream<String> mapped = Files.lines(Paths.get("/proc/self/maps"), StandardCharsets.ISO_8859_1)) {
            return mapped.anyMatch(line -> line.contains("/ld-musl-"));
        } catch (IOException | UncheckedIOException | SecurityException unreadable) {
            return isMuslInstalledAlone(machine);
        }
    }

    private static boolean isMuslInstalledAlone(String machine) {
        try {
            return !Files.exists(Paths.get("/lib64/ld-linux-x86-64.so.2"))
                    && !Files.exists(Paths.get("/lib/ld-linux-aarch64.so.1"))
                    && Files.exists(Paths.get("/lib/ld-musl-" + machine + ".so.1"));
        } catch (SecurityException denied) {
            return false;
        }
    }

    private static byte[] readAll(InputStream in) throws IOException {
        java.io.ByteArrayOutputStream all = new java.io.ByteArrayOutputStream(1 << 22);
        byte[] piece = new byte[1 << 16];
        for (int amount = in.read(piece); amount >= 0; amount = in.read(piece)) {
            all.write(piece, 0, amount);
        }
        return all.toByteArray();
    }
}
