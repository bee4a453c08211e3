package org.boomiauth;

import java.nio.file.Path;

/** Calls the native library through JNI. */
final class Jni implements Backend {
    private Jni() {}

    static Backend load(Path library) {
        System.load(library.toString());
        connect();
        return new Jni();
    }

    @Override
    public byte[] invoke(int operation, long handle, byte[] fields, int length) {
        return invoke(operation, handle, fields, (long) length);
    }

    @Override
    public boolean isCurrent(long provider, long token, long minValidityMillis) {
        return isCurrentToken(provider, token, minValidityMillis);
    }

    private static native void connect();

    private static native byte[] invoke(int operation, long handle, byte[] fields, long length);

    private static native boolean isCurrentToken(long provider, long token, long minValidityMillis);

    // The library calls these two, by their names.

    private static boolean interrupted() {
        return Upcalls.interrupted();
    }

    private static byte[] call(long function, byte[] fields) {
        return Upcalls.call(function, fields);
    }

    @Override
    public String toString() {
        return "jni";
    }
}
