package org.boomiauth;

/** Calls the native library. */
final class Native {
    private static final int DONE = 0;
    private static final int FAILED = 1;

    /** Read and written after each call, so that the JVM keeps the owner reachable until then. */
    private static volatile Object noOwner;

    private Native() {}

    /** Runs an operation that needs no object. */
    static FieldReader call(int operation, Fields fields) {
        FieldReader result = perform(operation, 0, fields);
        if (result == null) {
            throw new IllegalStateException("an argument of the call is closed");
        }
        return result;
    }

    /** Runs an operation on an owner's object. Overwrites the fields. */
    static FieldReader call(Object owner, int operation, Handle handle, Fields fields) {
        // The owner, and so its callbacks, stay reachable until the call has ended.
        try {
            FieldReader result = perform(operation, number(handle, fields), fields);
            if (result == null) {
                // It was closed meanwhile, or an argument was.
                handle.number();
                throw new IllegalStateException("an argument of the call is closed");
            }
            return result;
        } finally {
            if (owner == noOwner) {
                noOwner = null;
            }
        }
    }

    static FieldReader call(Object owner, int operation, Handle handle) {
        return call(owner, operation, handle, new Fields(0));
    }

    private static long number(Handle handle, Fields fields) {
        try {
            return handle.number();
        } catch (IllegalStateException closed) {
            fields.wipe();
            throw closed;
        }
    }

    /** Null if an object that it needs is freed. */
    private static FieldReader perform(int operation, long handle, Fields fields) {
        Throwable outer = Upcalls.thrown();
        byte[] bytes;
        Throwable thrown;
        try {
            Backend backend = NativeSupport.required();
            Handle.closeGone();
            bytes = backend.invoke(operation, handle, fields.bytes(), fields.length());
        } finally {
            fields.wipe();
            thrown = Upcalls.thrown();
            Upcalls.keep(outer);
        }
        FieldReader result = new FieldReader(bytes);
        switch (result.octet()) {
            case DONE:
                return result;
            case FAILED:
                if (thrown instanceof Error) {
                    throw (Error) thrown;
                }
                BoomiAuthException failure = Failures.read(result);
                if (thrown != null) {
                    failure.initCause(thrown);
                }
                throw failure;
            default:
                return null;
        }
    }
}
