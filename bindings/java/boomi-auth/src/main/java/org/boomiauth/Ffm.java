package org.boomiauth;

import java.nio.file.Path;

/** Calls the native library through {@code java.lang.foreign}: this is what the jar has of it before Java 22. */
final class Ffm {
    private Ffm() {}

    static boolean isPreferred() {
        return false;
    }

    static Backend load(Path library) {
        throw new UnsupportedOperationException("java.lang.foreign needs Java 22 or later; this is Java "
                + System.getProperty("java.version"));
    }
}
