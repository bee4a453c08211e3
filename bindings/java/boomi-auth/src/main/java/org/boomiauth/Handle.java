package org.boomiauth;

import java.lang.ref.PhantomReference;
import java.lang.ref.Reference;
import java.lang.ref.ReferenceQueue;
import java.util.Collections;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The number of an object of the native library. It is freed when its owner is closed, or by the next call of any owner
 * after its own was garbage-collected. So no thread keeps a class loader from being collected.
 *
 * <p>The library recognizes freed numbers, and lets a call that has begun end, so nothing is counted here.
 */
final class Handle extends PhantomReference<Object> {
    private static final ReferenceQueue<Object> GONE = new ReferenceQueue<>();
    private static final Set<Handle> LIVE = Collections.newSetFromMap(new ConcurrentHashMap<>());

    private final long number;
    private final String what;
    private volatile boolean closed;

    Handle(Object owner, long number) {
        this(owner, owner.getClass(), number);
    }

    /** The class is what users know the owner as. */
    Handle(Object owner, Class<?> known, long number) {
        super(owner, GONE);
        this.number = number;
        what = known.getSimpleName();
        LIVE.add(this);
    }

    /** The number, while it is open. */
    long number() {
        if (closed) {
            throw closed();
        }
        return number;
    }

    boolean isClosed() {
        return closed;
    }

    private IllegalStateException closed() {
        return new IllegalStateException("this " + what + " is closed");
    }

    /** Frees it, once. */
    void close() {
        closed = true;
        if (LIVE.remove(this)) {
            NativeSupport.required().invoke(Operation.FREE, number, new byte[0], 0);
        }
    }

    /** Frees the objects of owners that were garbage-collected. */
    static void closeGone() {
        for (Reference<?> gone = GONE.poll(); gone != null; gone = GONE.poll()) {
            ((Handle) gone).close();
        }
    }
}
