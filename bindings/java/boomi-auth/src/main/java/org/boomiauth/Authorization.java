package org.boomiauth;

import java.nio.charset.StandardCharsets;

/**
 * The headers that sign a request which another HTTP library sends: see {@link BoomiClient#authorize}.
 *
 * <p>Tell it the answer, or {@link #withdraw()} it if there was no connection: with Basic it holds a place in the guard, and one that is
 * closed without either counts as a sign-in without an answer.
 */
public final class Authorization implements AutoCloseable {
    private final Handle handle;
    private final BoomiClient client;

    Authorization(BoomiClient client, long number) {
        this.client = client;
        handle = new Handle(this, number);
    }

    /**
     * Learns from the answer's status alone, where the body is not at hand.
     *
     * @param status the HTTP status
     * @return whether it helps to authorize anew and send once more: a JWT was refused, and there is another
     */
    public boolean observe(int status) {
        return observe(status, (byte[]) null);
    }

    /**
     * Learns from the answer. Only the first time counts.
     *
     * @param status the HTTP status
     * @param body the body; null if it is not at hand
     * @return whether it helps to authorize anew and send once more: a JWT was refused, and there is another
     */
    public boolean observe(int status, byte[] body) {
        if (handle.isClosed()) {
            return false;
        }
        boolean again = Native.call(this, Operation.OBSERVE, handle, new Fields().number(status).bytes(body))
                .flag();
        handle.close();
        return again;
    }

    /**
     * Learns from the answer. Only the first time counts.
     *
     * @param status the HTTP status
     * @param body the body; null if it is not at hand
     * @return whether it helps to authorize anew and send once more: a JWT was refused, and there is another
     */
    public boolean observe(int status, String body) {
        return observe(status, body == null ? null : body.getBytes(StandardCharsets.UTF_8));
    }

    /** Says that no byte of the request was sent, because there was no connection: then it counts as nothing. */
    public void withdraw() {
        if (!handle.isClosed()) {
            Native.call(this, Operation.WITHDRAW, handle);
            handle.close();
        }
    }

    /** Gives its place back. If it was told nothing, it counts as a sign-in without an answer. */
    @Override
    public void close() {
        handle.close();
    }

    @Override
    public String toString() {
        return "Authorization[" + client + ", ***]";
    }
}
