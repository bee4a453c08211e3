package org.boomiauth;

import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.Arrays;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicLong;

/** What the native library calls back, on the thread of the call that it belongs to. */
final class Upcalls {
    /** A function of the user's. */
    interface Function {
        /** Reads the fields, and returns those of the answer. */
        Fields call(Answer fields) throws Exception;
    }

    /** Who has given a function keeps it: else one that holds its own client would keep that for ever. */
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
    /** Whether there may be one: most programs never ask for it. */
    private static volatile boolean hasThrown;

    private Upcalls() {}

    /** The number under which the library calls it. */
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

    // The two that the library calls, each by way of its way in.

    static boolean interrupted() {
        // It stays interrupted: whoever runs the thread wants to know.
        return Thread.currentThread().isInterrupted();
    }

    /** Whether it failed, and what the function answers, or a text. */
    static byte[] call(long number, byte[] bytes) {
        Fields answer;
        try {
            Known known = FUNCTIONS.get(number);
            Function function = known == null ? null : known.get();
            answer = function == null ? failed("a callback is gone") : function.call(new Answer(bytes));
        } catch (Throwable thrown) {
            hasThrown = true;
            THROWN.set(thrown);
            answer = failed("a callback threw " + thrown.getClass().getName() + ": see the exception's cause");
        }
        byte[] exact = Arrays.copyOf(answer.bytes(), answer.length());
        answer.wipe();
        return exact;
    }

    private static Fields failed(String text) {
        return new Fields().flag(true).text(text);
    }
}
