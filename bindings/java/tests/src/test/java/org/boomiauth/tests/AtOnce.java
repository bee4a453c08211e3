package org.boomiauth.tests;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;

/** Threads that begin together. */
final class AtOnce {
    private AtOnce() {}

    /** What each of so many threads got, which are numbered from 0. */
    static <T> List<T> run(int threads, IntFunction<Callable<T>> work) throws Exception {
        CyclicBarrier together = new CyclicBarrier(threads);
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            List<Future<T>> running = new ArrayList<>();
            for (int number = 0; number < threads; number++) {
                Callable<T> mine = work.apply(number);
                running.add(pool.submit(() -> {
                    together.await(60, TimeUnit.SECONDS);
                    return mine.call();
                }));
            }
            List<T> all = new ArrayList<>();
            for (Future<T> one : running) {
                all.add(one.get(120, TimeUnit.SECONDS));
            }
            return all;
        } finally {
            pool.shutdownNow();
        }
    }
}
