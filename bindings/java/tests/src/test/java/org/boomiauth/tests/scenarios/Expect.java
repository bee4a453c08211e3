package org.boomiauth.tests.scenarios;

/** What must come of a step. What is null is not compared. */
final class Expect {
    final String error;
    /** Whether the error must say that there is none. */
    final boolean noRetryAfter;

    final Range retryAfter;
    final Integer status;
    final Integer attempts;
    final Boolean sent;
    final Integer token;
    final Range left;
    final Boolean again;
    final Range exchanges;

    Expect(Fields fields) {
        error = fields.text("error", null);
        noRetryAfter = fields.any("retry_after_s") != null
                && fields.any("retry_after_s").isJsonNull();
        retryAfter = fields.range("retry_after_s");
        status = fields.whole("status");
        attempts = fields.whole("attempts");
        sent = fields.flag("sent");
        token = fields.whole("token");
        left = fields.range("left_s");
        again = fields.flag("again");
        exchanges = fields.range("exchanges");
        fields.end();
        if (error != null && !Judge.ERRORS.containsKey(error)) {
            throw new IllegalArgumentException("there is no error " + error);
        }
        if (error != null && (token != null || left != null)) {
            throw new IllegalArgumentException("a token is expected beside an error");
        }
    }
}
