package org.boomiauth;

import java.time.Duration;
import java.util.Objects;

/**
 * The limits of a call that are not the client's: how long it may last, a one-time code that a person typed, and a way to end it from
 * another thread.
 *
 * <p>Set it up on one thread; {@link #cancel()} may be called on any.
 */
public final class Call {
    private final Handle handle;
    private Duration timeout;
    private String otp;

    /** One without limits of its own. */
    public Call() {
        handle = new Handle(this, Native.call(Operation.CALL, new Fields(0)).longNumber());
    }

    /**
     * How long the call may last, all told, instead of the client's timeout.
     *
     * @param timeout more than zero
     * @return this
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
     * A one-time code that the user typed. It goes with the call's first sign-in, is sent once, and is not kept.
     *
     * @param code the code
     * @return this
     */
    public Call otp(String code) {
        this.otp = Objects.requireNonNull(code, "code");
        return this;
    }

    /** Ends the calls that it was given to within 0.1 s, with {@link CanceledException}, and later ones at once. */
    public void cancel() {
        Native.call(this, Operation.CANCEL_CALL, handle);
    }

    /** Writes the limits of a call, or that it has none of its own. */
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
