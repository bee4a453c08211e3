package org.boomiauth;

/** Calls the native library. */
final class Native {
    private static final int DONE = 0;
    private static final int FAILED = 1;

    /** Written and read so that the JVM cannot know an owner to be garbage before. */
    private static volatile Object nobody;

    private Native() {}

    /** Does an operation that needs no object. */
    static Answer call(int operation, Fields fields) {
        Answer answer = perform(operation, 0, fields);
        if (answer == null) {
            throw new IllegalStateException("what it was given is closed");
        }
        return answer;
    }

    /** Does an operation with an owner's object. The fields are overwritten. */
    static Answer call(Object owner, int operation, Handle handle, Fields fields) {
        // Until it has ended the owner is not garbage, so that its callbacks are not either.
        try {
            Answer answer = perform(operation, number(handle, fields), fields);
            if (answer == null) {
                // It was closed meanwhile, or else something that it was given.
                handle.number();
                throw new IllegalStateException("what it was given is closed");
            }
            return answer;
        } finally {
            if (owner == nobody) {
                nobody = null;
            }
        }
    }

    static Answer call(Object owner, int operation, Handle handle) {
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
    private static Answer perform(int operation, long handle, Fields fields) {
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
        Answer answer = new Answer(bytes);
        switch (answer.octet()) {
            case DONE:
                return answer;
            case FAILED:
                if (thrown instanceof Error) {
                    throw (Error) thrown;
                }
                BoomiAuthException failure = Failures.read(answer);
                if (thrown != null) {
                    failure.initCause(thrown);
                }
                throw failure;
            default:
                return null;
        }
    }
}
