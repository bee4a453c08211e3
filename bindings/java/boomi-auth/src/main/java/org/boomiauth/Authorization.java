package org.boomiauth;

import java.nio.charset.StandardCharsets;

/**
 * The headers that sign a request of another HTTP library: see {@link BoomiClient#authorize}.
 *
 * <p>Report the response, or {@link #withdraw()} if there was no connection: with Basic it holds a permit of the guard,
 * and closing it without either counts as a sign-in without a response.
 */
public final class Authorization implements AutoCloseable {
    private final Handle handle;
    private final BoomiClient client;

    Authorization(BoomiClient client, long number) {
        this.client = client;
        handle = new Handle(this, number);
    }

    /**
     * Reports the response's status, if the body was not read.
     *
     * @param status the HTTP status
     * @return whether to authorize again and send once more: a JWT was refused, and there is another
     */
    public boolean observe(int status) {
        return observe(status, (byte[]) null);
    }

    /**
     * Reports the response. Only the first call counts.
     *
     * @param status the HTTP status
     * @param body the body; null if it was not read
     * @return whether to authorize again and send once more: a JWT was refused, and there is another
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
     * Reports the response. Only the first call counts.
     *
     * @param status the HTTP status
     * @param body the body; null if it was not read
     * @return whether to authorize again and send once more: a JWT was refused, and there is another
     */
    public boolean observe(int status, String body) {
        return observe(status, body == null ? null : body.getBytes(StandardCharsets.UTF_8));
    }

    /** Reports that no byte of the request was sent, because there was no connection. It then does not count. */
    public void withdraw() {
        if (!handle.isClosed()) {
            Native.call(this, Operation.WITHDRAW, handle);
            handle.close();
        }
    }

    /** Releases its permit. Without a reported response, it counts as a sign-in without a response. Idempotent. */
    @Override
    public void close() {
        handle.close();
    }

    @Override
    public String toString() {
        return "Authorization[" + client + ", ***]";
    }
}
