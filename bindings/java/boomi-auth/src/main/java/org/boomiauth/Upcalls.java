package org.boomiauth;

import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.Arrays;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicLong;

/** The functions that the native library calls back, on the thread of their call. */
final class Upcalls {
    /** A function of the user's. */
    interface Function {
        /** Reads the fields of the upcall, and returns those of its result. */
        Fields call(FieldReader fields) throws Exception;
    }

    /** Refers weakly to a function, which may hold its own client. The object that registered it keeps it reachable. */
    private static final class Known extends WeakReference<Function> {
        final long number;

        Known(long number, Function function) {
            super(function, GONE);
            this.number = number;
        }
    }

    private static final ReferenceQueue<Function> GONE = new ReferenceQueue<>();
    private static final ConcurrentMap<Long, Known> FUNCTIONS = new ConcurrentHashMap<>();
    private static final AtomicLong LAST = new AtomicLong();

    private static final ThreadLocal<Throwable> THROWN = new ThreadLocal<>();
    /** Whether there may be one; in most programs there never is. */
    private static volatile boolean hasThrown;

    private Upcalls() {}

    /** Registers a function, and returns its number for the library. */
    static long register(Function function) {
        for (Object gone = GONE.poll(); gone != null; gone = GONE.poll()) {
            FUNCTIONS.remove(((Known) gone).number);
        }
        long number = LAST.incrementAndGet();
        FUNCTIONS.put(number, new Known(number, function));
        return number;
    }

    /** What a function threw during the call that has ended on this thread; null if none did. */
    static Throwable thrown() {
        if (!hasThrown) {
            return null;
        }
        Throwable thrown = THROWN.get();
        THROWN.remove();
        return thrown;
    }

    /** Puts aside what a function threw during an outer call of this thread. */
    static void keep(Throwable thrown) {
        if (thrown != null) {
            THROWN.set(thrown);
        }
    }

    // The two methods that the library calls, through Jni or Ffm.

    static boolean interrupted() {
        // The thread stays interrupted, for its owner to see.
        return Thread.currentThread().isInterrupted();
    }

    /** Calls a function, and returns fields: whether it failed, and its result or a text. */
    static byte[] call(long number, byte[] bytes) {
        Fields result;
        try {
            Known known = FUNCTIONS.get(number);
            Function function = known == null ? null : known.get();
            result = function == null ? failed("a callback is gone") : function.call(new FieldReader(bytes));
        } catch (Throwable thrown) {
            hasThrown = true;
            THROWN.set(thrown);
            result = failed("a callback threw " + thrown.getClass().getName() + ": see the exception's cause");
        }
        byte[] exact = Arrays.copyOf(result.bytes(), result.length());
        result.wipe();
        return exact;
    }

    private static Fields failed(String text) {
        return new Fields().flag(true).text(text);
    }
}
