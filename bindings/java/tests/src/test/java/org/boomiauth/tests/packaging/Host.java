package org.boomiauth.tests.packaging;

import java.io.IOException;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** The program of a {@link Child} that has {@link Guest}s. Its one argument says what for. */
public final class Host {
    private static final int ROUNDS = 3;
    private static final int MOST_WAITS = 200;
    private static final int WAIT_MILLIS = 100;

    private Host() {}

    /** As the runtimes of Boomi load connectors: what they bring along comes before what is there already. */
    private static final class ParentLast extends URLClassLoader {
        ParentLast(URL[] path, ClassLoader parent) {
            super(path, parent);
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            synchronized (getClassLoadingLock(name)) {
                Class<?> loaded = findLoadedClass(name);
                if (loaded == null && name.startsWith("org.boomiauth.")) {
                    loaded = findClass(name);
                }
                return loaded != null ? loaded : super.loadClass(name, resolve);
            }
        }
    }

    /** The program. */
    public static void main(String[] arguments) throws Exception {
        ClassLoader application = Host.class.getClassLoader();
        switch (arguments[0]) {
            case "two":
                // The platform's on Java 9 and later, and what is like it before; then that of the JDK alone.
                atOnce(alone(application.getParent()), alone(null));
                break;
            case "connectors":
                atOnce(new ParentLast(path(), application), new ParentLast(path(), application), application);
                break;
            case "nested":
                nested(alone(null), alone(null));
                break;
            case "second":
                second(alone(null), alone(null));
                break;
            default:
                gone();
        }
    }

    private static URL[] path() throws IOException {
        return new URL[] {Child.jar().toUri().toURL(), Child.classes().toUri().toURL()};
    }

    private static URLClassLoader alone(ClassLoader parent) throws IOException {
        return new URLClassLoader(path(), parent);
    }

    @SuppressWarnings("unchecked")
    private static Function<Runnable, String> guest(ClassLoader loader) throws Exception {
        Class<?> type = loader.loadClass(Guest.class.getName());
        if (type.getClassLoader() != loader) {
            throw new IllegalStateException(type + " is of " + type.getClassLoader());
        }
        return (Function<Runnable, String>) type.getConstructor().newInstance();
    }

    /** Each waits in its callback until all of them are in theirs. */
    private static void atOnce(ClassLoader... loaders) throws Exception {
        CyclicBarrier all = new CyclicBarrier(loaders.length);
        Runnable meet = () -> {
            try {
                all.await(1, TimeUnit.MINUTES);
            } catch (Exception alone) {
                throw new IllegalStateException(alone);
            }
        };
        ExecutorService threads = Executors.newFixedThreadPool(loaders.length);
        Future<?>[] running = new Future<?>[loaders.length];
        for (int i = 0; i < loaders.length; i++) {
            Function<Runnable, String> guest = guest(loaders[i]);
            Callable<String> call = () -> guest.apply(meet);
            running[i] = threads.submit(call);
        }
        for (Future<?> one : running) {
            System.out.println("guest=" + one.get());
        }
        threads.shutdown();
    }

    /** One calls from within the callback of the other, on the same thread. */
    private static void nested(ClassLoader outer, ClassLoader inner) throws Exception {
        Function<Runnable, String> within = guest(inner);
        System.out.println("guest=" + guest(outer).apply(() -> System.out.println("guest=" + within.apply(() -> {}))));
    }

    /** The second cannot, where a file is loaded by one class loader at a time; the first still can. */
    private static void second(ClassLoader first, ClassLoader second) throws Exception {
        Function<Runnable, String> one = guest(first);
        System.out.println("guest=" + one.apply(() -> {}));
        try {
            System.out.println("guest=" + guest(second).apply(() -> {}));
        } catch (RuntimeException refused) {
            System.out.println("refused=" + refused.getClass().getName());
            System.out.println("message=" + refused.getMessage().replace("\n", " | "));
        }
        System.out.println("guest=" + one.apply(() -> {}));
    }

    private static void gone() throws Exception {
        ReferenceQueue<ClassLoader> gone = new ReferenceQueue<>();
        for (int round = 0; round < ROUNDS; round++) {
            WeakReference<ClassLoader> dropped = null;
            // The JVM lets go of the file of one that is gone a moment later, in a thread of its own.
            for (int i = 0; i < MOST_WAITS && dropped == null; i++) {
                dropped = dropped(gone);
            }
            for (int i = 0; i < MOST_WAITS && dropped != null && dropped.get() != null; i++) {
                System.gc();
                gone.remove(WAIT_MILLIS);
            }
            System.out.println("gone=" + (dropped != null && dropped.get() == null));
        }
    }

    /** Null if the file is still that of another. */

    private static WeakReference<ClassLoader> dropped(ReferenceQueue<ClassLoader> gone) throws Exception {
        try (URLClassLoader loader = alone(null)) {
            System.out.println("guest=" + guest(loader).apply(() -> {}));
            return new WeakReference<>(loader, gone);
        } catch (RuntimeException refused) {
            if (!refused.getMessage().contains("already loaded in another classloader")) {
                throw refused;
            }
            System.gc();
            gone.remove(WAIT_MILLIS);
            return null;
        }
    }
}
