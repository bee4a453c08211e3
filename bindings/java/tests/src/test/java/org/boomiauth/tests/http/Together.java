package org.boomiauth.tests.http;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Many threads that begin at the same moment. */
public final class Together {
    private Together() {}

    /** What each of them came to: a result, or what was thrown. */
    public static List<Object> run(int threads, Callable<?> work) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            CyclicBarrier start = new CyclicBarrier(threads);
            List<Future<Object>> all = new ArrayList<>();
            for (int each = 0; each < threads; each++) {
                all.add(pool.submit(() -> {
                    start.await();
                    return work.call();
                }));
            }
            List<Object> ends = new ArrayList<>();
            for (Future<Object> each : all) {
                try {
                    ends.add(each.get(2, TimeUnit.MINUTES));
                } catch (ExecutionException thrown) {
                    ends.add(thrown.getCause());
                }
            }
            return ends;
        } finally {
            pool.shutdownNow();
        }
    }
}
