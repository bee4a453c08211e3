package org.boomiauth;

/** An event of a client. It never holds a secret. */
public final class Event {
    private final String kind;
    private final String json;

    Event(String kind, String json) {
        this.kind = kind;
        this.json = json;
    }

    /**
     * What happened: {@code credentials_loaded}, {@code sign_in_rejected}, {@code token_issued}, {@code otp_awaited},
     * {@code token_refreshed}, {@code refresh_failed}, {@code token_refused}, {@code sign_in_held}, {@code
     * state_unavailable} or {@code request_retried}. More may be added.
     *
     * @return its name
     */
    public String kind() {
        return kind;
    }

    /**
     * The event's fields.
     *
     * @return a JSON object: {@code {"event": kind, ...}}. The fields of each kind are described in {@code
     *     boomi_auth.h}
     */
    public String json() {
        return json;
    }

    @Override
    public String toString() {
        return json;
    }
}
