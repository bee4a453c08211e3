package org.boomiauth;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Function;

/** The result of a call on another thread. Cancelling or completing it ends the call. */
final class Async<T> extends CompletableFuture<T> {
    private Async() {}

    static <T> CompletableFuture<T> run(Executor executor, Function<Call, T> work) {
        Call call = new Call();
        Async<T> result = new Async<>();
        executor.execute(() -> {
            if (result.isDone()) {
                return;
            }
            try {
                result.complete(work.apply(call));
            } catch (Throwable thrown) {
                result.completeExceptionally(thrown);
            }
        });
        result.whenComplete((value, thrown) -> call.cancel());
        return result;
    }
}
