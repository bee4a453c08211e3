package org.boomiauth;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.ref.WeakReference;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReference;

/** Calls the native library through {@code java.lang.foreign}. */
final class Ffm {
    private static MethodHandle invoke;
    private static MethodHandle release;
    private static MethodHandle setResult;
    private static MethodHandle isCurrent;

    /** The handles, final, so that the JVM treats them as constants. */
    private static final class Functions {
        static final MethodHandle INVOKE = invoke;
        static final MethodHandle RELEASE = release;
        static final MethodHandle SET_RESULT = setResult;
        static final MethodHandle IS_CURRENT = isCurrent;
        /** What the library calls back during a call. */
        static final Upcall INTERRUPTED =
                new Upcall("interrupted", MethodType.methodType(byte.class), FunctionDescriptor.of(JAVA_BYTE));
        static final Upcall CALL = new Upcall(
                "call",
                MethodType.methodType(void.class, long.class, MemorySegment.class, long.class),
                FunctionDescriptor.ofVoid(JAVA_LONG, ADDRESS, JAVA_LONG));
        static final MemorySegment INTERRUPTED_STUB = INTERRUPTED.stub;
        static final MemorySegment CALL_STUB = CALL.stub;
    }

    /**
     * A function that the library calls. It lives as long as this class. The JVM keeps the target of a stub until its
     * arena ends, and this arena ends with the class, which would then never be collected: so the stub refers to its
     * method weakly.
     */
    private static final class Upcall {
        final MethodHandle method;
        final MemorySegment stub;

        Upcall(String name, MethodType type, FunctionDescriptor descriptor) {
            try {
                MethodHandles.Lookup lookup = MethodHandles.lookup();
                method = lookup.findStatic(Ffm.class, name, type);
                MethodHandle get = lookup.findVirtual(WeakReference.class, "get", MethodType.methodType(Object.class))
                        .bindTo(new WeakReference<>(method))
                        .asType(MethodType.methodType(MethodHandle.class));
                MethodHandle weak = MethodHandles.foldArguments(MethodHandles.exactInvoker(type), get);
                stub = Linker.nativeLinker().upcallStub(weak, descriptor, Arena.ofAuto());
            } catch (ReflectiveOperationException missing) {
                throw new LinkageError(name + " is missing", missing);
            }
        }
    }

    private Ffm() {}

    /** From Java 24 on JNI warns just as this does where native access is not allowed. */
    static boolean isPreferred() {
        return Runtime.version().feature() >= 24 || Ffm.class.getModule().isNativeAccessEnabled();
    }

    static Backend load(Path library) {
        Linker linker = Linker.nativeLinker();
        SymbolLookup symbols = SymbolLookup.libraryLookup(library, Arena.global());
        invoke = linker.downcallHandle(
                symbol(symbols, "boomi_java_invoke"),
                FunctionDescriptor.ofVoid(JAVA_INT, JAVA_LONG, ADDRESS, JAVA_LONG, ADDRESS, ADDRESS, ADDRESS));
        release = linker.downcallHandle(
                symbol(symbols, "boomi_java_release"), FunctionDescriptor.ofVoid(ADDRESS, JAVA_LONG, JAVA_LONG));
        setResult = linker.downcallHandle(
                symbol(symbols, "boomi_java_answer"), FunctionDescriptor.ofVoid(ADDRESS, JAVA_LONG));
        isCurrent = linker.downcallHandle(
                symbol(symbols, "boomi_java_is_current"),
                FunctionDescriptor.of(JAVA_BYTE, JAVA_LONG, JAVA_LONG, JAVA_LONG));
        return new Calls();
    }

    private static MemorySegment symbol(SymbolLookup symbols, String name) {
        return symbols.find(name)
                .orElseThrow(() -> new UnsatisfiedLinkError(name + " is not in it: it is another library"));
    }

    private static final class Calls implements Backend {
        private static final long RESULT_BYTES = ADDRESS.byteSize() + 2 * Long.BYTES;

        private static final long SPARE_BYTES = 1024;

        /** Memory for the fields of a call and its result, unless another thread uses it: few calls allocate any. */
        private static final AtomicReference<MemorySegment> SPARE =
                new AtomicReference<>(Arena.global().allocate(SPARE_BYTES, Long.BYTES));

        @Override
        public byte[] invoke(int operation, long handle, byte[] fields, int length) {
            MemorySegment spare = length <= SPARE_BYTES - RESULT_BYTES ? SPARE.getAndSet(null) : null;
            if (spare != null) {
                try {
                    return invokeIn(spare, operation, handle, fields, length);
                } finally {
                    SPARE.set(spare);
                }
            }
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment room = arena.allocate(RESULT_BYTES + length, Long.BYTES);
                return invokeIn(room, operation, handle, fields, length);
            }
        }

        private static byte[] invokeIn(MemorySegment room, int operation, long handle, byte[] fields, int length) {
            try {
                MemorySegment given = room.asSlice(RESULT_BYTES, length);
                MemorySegment.copy(fields, 0, given, JAVA_BYTE, 0, length);
                try {
                    Functions.INVOKE.invokeExact(
                            operation,
                            handle,
                            given,
                            (long) length,
                            room,
                            Functions.INTERRUPTED_STUB,
                            Functions.CALL_STUB);
                } finally {
                    given.fill((byte) 0);
                }
                long size = room.get(JAVA_LONG, ADDRESS.byteSize());
                long capacity = room.get(JAVA_LONG, ADDRESS.byteSize() + Long.BYTES);
                MemorySegment bytes = room.get(ADDRESS, 0).reinterpret(size);
                try {
                    return bytes.toArray(JAVA_BYTE);
                } finally {
                    Functions.RELEASE.invokeExact(bytes, size, capacity);
                }
            } catch (Throwable thrown) {
                throw rethrown(thrown);
            }
        }

        @Override
        public boolean isCurrent(long provider, long token, long minValidityMillis) {
            try {
                return (byte) Functions.IS_CURRENT.invokeExact(provider, token, minValidityMillis) != 0;
            } catch (Throwable thrown) {
                throw rethrown(thrown);
            }
        }

        @Override
        public String toString() {
            return "ffm";
        }
    }

    // An exception that left these two methods would end the JVM.

    private static byte interrupted() {
        return (byte) (Upcalls.interrupted() ? 1 : 0);
    }

    private static void call(long function, MemorySegment fields, long length) {
        try (Arena arena = Arena.ofConfined()) {
            byte[] given = fields.reinterpret(length).toArray(JAVA_BYTE);
            byte[] bytes = Upcalls.call(function, given);
            MemorySegment result = arena.allocateFrom(JAVA_BYTE, bytes);
            java.util.Arrays.fill(bytes, (byte) 0);
            try {
                Functions.SET_RESULT.invokeExact(result, (long) bytes.length);
            } finally {
                result.fill((byte) 0);
            }
        } catch (Throwable unanswered) {
            // The library reports that there is no result.
            return;
        }
    }

    private static RuntimeException rethrown(Throwable thrown) {
        if (thrown instanceof Error error) {
            throw error;
        }
        return thrown instanceof RuntimeException unchecked ? unchecked : new IllegalStateException(thrown);
    }
}
