package org.boomiauth.tests.lifetime;

import java.util.concurrent.Callable;
import org.boomiauth.junit5.Emulator;

/** Waits for what others do. */
final class Until {
    private static final long PATIENCE_MILLIS = 60_000;

    private Until() {}

    static void holds(String what, Callable<Boolean> condition) throws Exception {
        long end = System.nanoTime() + PATIENCE_MILLIS * 1_000_000;
        while (!condition.call()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("in a minute it did not come that " + what);
            }
            Thread.sleep(2);
        }
    }

    /** Until a thread is in a call of the native library. */
    static void inside(Thread thread) throws Exception {
        holds(thread + " is in a call", () -> {
            for (StackTraceElement frame : thread.getStackTrace()) {
                if (frame.getClassName().equals("org.boomiauth.Native")) {
                    return true;
                }
            }
            return false;
        });
    }

    /** Until the emulator was asked for a path so often. */
    static void asked(Emulator boomi, String path, int times) throws Exception {
        holds(path + " was asked for " + times + " times", () -> requests(boomi, path) >= times);
    }

    /** How often the emulator was asked for a path. */
    static int requests(Emulator boomi, String path) {
        return boomi.control("log").split(java.util.regex.Pattern.quote('"' + path), -1).length - 1;
    }

    /** Until a thread ended. */
    static void ended(Thread thread) throws Exception {
        thread.join(PATIENCE_MILLIS);
        if (thread.isAlive()) {
            AssertionError hung = new AssertionError(thread + " hangs");
            hung.setStackTrace(thread.getStackTrace());
            throw hung;
        }
    }
}
