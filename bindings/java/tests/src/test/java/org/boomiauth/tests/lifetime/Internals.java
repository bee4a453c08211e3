package org.boomiauth.tests.lifetime;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;

/** What the package keeps to itself. */
final class Internals {
    private static final int COUNT = 2;
    private static final int PANIC = 3;

    private Internals() {}

    /** How many objects the native library has. Each call frees those of owners that are garbage. */
    static long count() throws Exception {
        Object answer = call(COUNT, null);
        Method number = answer.getClass().getDeclaredMethod("longNumber");
        number.setAccessible(true);
        return (Long) number.invoke(answer);
    }

    /** Makes the native library panic, and throws what comes of it. */
    static void panic(String message) throws Exception {
        call(PANIC, message);
    }

    private static Object call(int operation, String text) throws Exception {
        Class<?> fields = Class.forName("org.boomiauth.Fields");
        Constructor<?> make = fields.getDeclaredConstructor();
        make.setAccessible(true);
        Object given = make.newInstance();
        Method write = fields.getDeclaredMethod("text", String.class);
        write.setAccessible(true);
        write.invoke(given, text);
        Method call = Class.forName("org.boomiauth.Native").getDeclaredMethod("call", int.class, fields);
        call.setAccessible(true);
        try {
            return call.invoke(null, operation, given);
        } catch (InvocationTargetException thrown) {
            if (thrown.getCause() instanceof RuntimeException) {
                throw (RuntimeException) thrown.getCause();
            }
            throw thrown;
        }
    }
}
