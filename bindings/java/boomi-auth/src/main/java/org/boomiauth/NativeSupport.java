package org.boomiauth;

/**
 * Says whether the native library can be used here, and how.
 *
 * <p>The library is loaded at the first use of this package that needs it: from the file that the system property
 * {@code boomi.auth.library.path} names, and then from nowhere else; or else out of the jar, by way of a private
 * directory; or else from {@code java.library.path}. It is called through {@code java.lang.foreign} (FFM) on Java 24
 * and later, and on 22 and 23 where {@code --enable-native-access} allows it; else through JNI. The system property
 * {@code boomi.auth.backend}, {@code ffm} or {@code jni}, decides otherwise. Both do the same.
 */
public final class NativeSupport {
    private static volatile Backend backend;
    private static volatile NativeUnavailableException cause;

    private NativeSupport() {}

    /**
     * Whether the native library can be used; it is loaded for that.
     *
     * @return whether it is loaded
     */
    public static boolean isAvailable() {
        return load() != null;
    }

    /**
     * Why it cannot be used.
     *
     * @return the exception that every use throws, with each attempt among its suppressed ones; null if the library is
     *     loaded
     */
    public static NativeUnavailableException unavailabilityCause() {
        return load() == null ? cause : null;
    }

    /**
     * How it is called.
     *
     * @return {@code "ffm"} or {@code "jni"}
     * @throws NativeUnavailableException if it cannot be used
     */
    public static String backend() {
        return required().toString();
    }

    static Backend required() {
        Backend loaded = load();
        if (loaded == null) {
            // A new one for each: it has the caller's stack.
            NativeUnavailableException known = cause;
            NativeUnavailableException thrown = Failures.unavailable(known.getMessage());
            for (Throwable attempt : known.getSuppressed()) {
                thrown.addSuppressed(attempt);
            }
            throw thrown;
        }
        return loaded;
    }

    private static Backend load() {
        Backend loaded = backend;
        if (loaded != null || cause != null) {
            return loaded;
        }
        synchronized (NativeSupport.class) {
            if (backend == null && cause == null) {
                NativeLoader loader = new NativeLoader();
                Backend found = loader.load();
                if (found == null) {
                    cause = loader.failure();
                }
                backend = found;
            }
            return backend;
        }
    }
}
