package org.boomiauth;

/** A way to call the native library. All do the same. */
interface Backend {
    /** Does an operation with an object, and returns its answer. The fields end at {@code length}. */
    byte[] invoke(int operation, long handle, byte[] fields, int length);

    /** Whether a token is the one that its provider would hand out now. It waits for nothing. */
    boolean isCurrent(long provider, long token, long minValidityMillis);
}
