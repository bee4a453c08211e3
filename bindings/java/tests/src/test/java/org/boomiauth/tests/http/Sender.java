package org.boomiauth.tests.http;

import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;

/** A library, used as its users are told to: each request is signed, and sent once more where the answer says so. */
public interface Sender extends Closeable {
    Answer send(String method, String url, String body) throws Exception;

    @Override
    default void close() throws IOException {}

    static Answer twiceAtMost(Callable<Answer> once) throws Exception {
        Answer first = once.call();
        return first.helpsToSendAgain ? once.call() : first;
    }

    /** An answer, read to its end. */
    final class Answer {
        public final int status;
        public final String text;
        final boolean helpsToSendAgain;

        public Answer(int status, byte[] body, boolean helpsToSendAgain) {
            this.status = status;
            this.text = new String(body, StandardCharsets.UTF_8);
            this.helpsToSendAgain = helpsToSendAgain;
        }
    }
}
