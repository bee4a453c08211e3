package org.boomiauth;

import java.util.Optional;

/**
 * An asynchronous job of the server. It continues after a wait that ended early, and can be waited for again.
 *
 * <p>Not thread-safe.
 */
public final class Job implements AutoCloseable {
    private final Handle handle;
    private final BoomiClient client;
    private final String path;

    Job(BoomiClient client, FieldReader fields) {
        this.client = client;
        path = fields.text();
        handle = new Handle(this, fields.longNumber());
    }

    /**
     * The path of the result.
     *
     * @return the path; empty if the result came at once
     */
    public Optional<String> path() {
        return Optional.ofNullable(path);
    }

    /**
     * Waits for the result, within the client's timeout.
     *
     * @return the result, with its whole body
     * @throws BoomiAuthException if it fails, such as a timeout
     */
    public Response await() {
        return await(null);
    }

    /**
     * Waits for the result, within one call's limits.
     *
     * @param call the limits; null for the client's
     * @return the result, with its whole body
     * @throws BoomiAuthException if it fails, such as a timeout
     */
    public Response await(Call call) {
        return result(false, call);
    }

    /**
     * Waits for the result, and returns it when its headers are there.
     *
     * @param call the limits; null for the client's
     * @return the result, whose body is read from {@link Response#stream()}
     * @throws BoomiAuthException if it fails, such as a timeout
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
