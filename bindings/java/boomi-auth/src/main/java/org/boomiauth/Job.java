package org.boomiauth;

import java.util.Optional;

/**
 * Work that the server does in its own time. It goes on when a wait for it ended early, and can be waited for again.
 *
 * <p>One thread uses it at a time.
 */
public final class Job implements AutoCloseable {
    private final Handle handle;
    private final BoomiClient client;
    private final String path;

    Job(BoomiClient client, Answer answer) {
        this.client = client;
        path = answer.text();
        handle = new Handle(this, answer.longNumber());
    }

    /**
     * Where the result will be.
     *
     * @return the path; nothing if the result was there at once
     */
    public Optional<String> path() {
        return Optional.ofNullable(path);
    }

    /**
     * Waits for the result, within the client's timeout.
     *
     * @return the result, with its whole body
     * @throws BoomiAuthException if it is not there in time, say
     */
    public Response await() {
        return await(null);
    }

    /**
     * Waits for the result, within one call's limits.
     *
     * @param call the limits; null for the client's
     * @return the result, with its whole body
     * @throws BoomiAuthException if it is not there in time, say
     */
    public Response await(Call call) {
        return result(false, call);
    }

    /**
     * Waits for the result, and returns it when its headers are there.
     *
     * @param call the limits; null for the client's
     * @return the result, whose body is read from {@link Response#stream()}
     * @throws BoomiAuthException if it is not there in time, say
     */
    public Response open(Call call) {
        return result(true, call);
    }

    private Response result(boolean isStream, Call call) {
        Fields fields = Call.limits(new Fields().flag(isStream), call);
        return new Response(client, call, Native.call(this, Operation.WAIT_FOR, handle, fields));
    }

    @Override
    public void close() {
        handle.close();
    }

    @Override
    public String toString() {
        return "Job[" + (path == null ? "done" : path) + "]";
    }
}
