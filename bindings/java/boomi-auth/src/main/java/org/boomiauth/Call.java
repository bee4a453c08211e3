package org.boomiauth;

import java.time.Duration;
import java.util.Objects;

/**
 * The limits of one call: a timeout, a one-time code that a person typed, and a way to cancel it from another thread.
 *
 * <p>Not thread-safe, but for {@link #cancel()}.
 */
public final class Call {
    private final Handle handle;
    private Duration timeout;
    private String otp;

    /** Makes limits that are the client's. */
    public Call() {
        handle = new Handle(this, Native.call(Operation.CALL, new Fields(0)).longNumber());
    }

    /**
     * Sets the timeout of the whole call, instead of the client's.
     *
     * @param timeout more than zero
     * @return these limits
     * @throws ConfigurationException if it is not
     */
    public Call timeout(Duration timeout) {
        if (timeout.isZero() || timeout.isNegative()) {
            throw Failures.configuration("timeout is " + timeout + ": give a time that is more than zero");
        }
        this.timeout = timeout;
        return this;
    }

    /**
     * Sets a one-time code that the user typed. It is sent once, with the call's first sign-in, and not stored.
     *
     * @param code the code
     * @return these limits
     */
    public Call otp(String code) {
        this.otp = Objects.requireNonNull(code, "code");
        return this;
    }

    /** Cancels its calls within 0.1 s, with {@link CanceledException}, and later ones at once. */
    public void cancel() {
        Native.call(this, Operation.CANCEL_CALL, handle);
    }

    /** Writes the limits of a call; null for the client's. */
    static Fields limits(Fields fields, Call call) {
        if (call == null) {
            return fields.duration(null, "timeout").text(null).number(0L);
        }
        return fields.duration(call.timeout, "timeout").text(call.otp).number(call.handle.number());
    }

    @Override
    public String toString() {
        return "Call[" + (timeout == null ? "the client's timeout" : timeout) + (otp == null ? "]" : ", ***]");
    }
}
