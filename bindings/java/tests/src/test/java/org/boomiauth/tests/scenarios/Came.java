package org.boomiauth.tests.scenarios;

import org.boomiauth.BoomiAuthException;
import org.boomiauth.Response;
import org.boomiauth.Token;

/** What came of a step. What did not come is null. */
final class Came {
    static final Came NOTHING = new Came(null, null, null, null, null);

    final BoomiAuthException failure;
    final Integer status;
    final Integer attempts;
    final Token token;
    final Boolean again;

    private Came(BoomiAuthException failure, Integer status, Integer attempts, Token token, Boolean again) {
        this.failure = failure;
        this.status = status;
        this.attempts = attempts;
        this.token = token;
        this.again = again;
    }

    static Came of(Token token) {
        return new Came(null, null, null, token, null);
    }

    static Came of(BoomiAuthException failure) {
        Integer status = failure.httpStatus() == 0 ? null : failure.httpStatus();
        return new Came(failure, status, failure.attempts(), null, null);
    }

    static Came observed(boolean again) {
        return new Came(null, null, null, null, again);
    }

    /** An answer, and what its check says. */
    static Came checked(Response answer) {
        BoomiAuthException failure = null;
        try {
            answer.check();
        } catch (BoomiAuthException thrown) {
            failure = thrown;
        }
        return new Came(failure, answer.status(), answer.attempts(), null, null);
    }
}
