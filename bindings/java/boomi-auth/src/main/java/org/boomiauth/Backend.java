package org.boomiauth;

/** Calls the native library, through JNI or FFM. */
interface Backend {
    /** Runs an operation on an object, and returns the fields of its result. The fields end at {@code length}. */
    byte[] invoke(int operation, long handle, byte[] fields, int length);

    /** Whether a token is its provider's cached token and has that validity left. Never waits. */
    boolean isCurrent(long provider, long token, long minValidityMillis);
}
