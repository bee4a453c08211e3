package org.boomiauth;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An HTTP response with any status: {@link #check()} throws an exception for a bad one.
 *
 * <p>Thread-safe, but for the body of a response that was {@linkplain BoomiClient#open opened}: one thread reads it at
 * a time.
 */
public final class Response implements AutoCloseable {
    private static final int PIECE = 64 * 1024;
    private static final Pattern CHARSET = Pattern.compile("charset=\"?([^\";\\s]+)", Pattern.CASE_INSENSITIVE);

    private final int status;
    private final String url;
    private final String message;
    private final int attempts;
    private final Duration retryAfter;
    private final BoomiAuthException failure;
    private final InputStream stream;
    /** The fields of the headers. */
    private final FieldReader headerFields;

    /** Null until the first use. Two threads may compute them. */
    private volatile Map<String, List<String>> headers;

    /** Null for a body that is not read yet. */
    private ByteBuffer body;

    Response(BoomiClient client, Call call, FieldReader fields) {
        status = fields.number();
        url = fields.text();
        message = fields.text();
        attempts = fields.number();
        retryAfter = fields.duration();
        headerFields = fields.fromHere();
        for (int left = 2 * fields.number(); left > 0; left--) {
            fields.skip();
        }
        failure = fields.flag() ? Failures.read(fields) : null;
        body = fields.optionalBuffer();
        stream = body == null
                ? new Body(client, call, fields.longNumber())
                : new ByteArrayInputStream(body.array(), body.arrayOffset(), body.remaining());
    }

    private static Map<String, List<String>> read(FieldReader fields) {
        Map<String, List<String>> all = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        for (int left = fields.number(); left > 0; left--) {
            all.computeIfAbsent(fields.text(), name -> new ArrayList<>(1)).add(fields.text());
        }
        return Collections.unmodifiableMap(all);
    }

    /**
     * The HTTP status.
     *
     * @return 100 to 999
     */
    public int status() {
        return status;
    }

    /**
     * The URL of the request, with the account and the query filled in.
     *
     * @return the URL
     */
    public String url() {
        return url;
    }

    /**
     * Whether it is a success: by its status and, of GraphQL, without {@code errors} in a 200.
     *
     * @return whether it is a success
     */
    public boolean isOk() {
        return failure == null;
    }

    /**
     * Throws an exception if it is not a success.
     *
     * @return this response
     * @throws BoomiAuthException of the class for its status, with Boomi's own message
     */
    public Response check() {
        if (failure != null) {
            // A new one for each: it has the caller's stack.
            throw Failures.again(failure);
        }
        return this;
    }

    /**
     * Boomi's error message, from JSON, XML, HTML or GraphQL.
     *
     * @return the message, if there is one
     */
    public Optional<String> message() {
        return Optional.ofNullable(message);
    }

    /**
     * The first header of a name.
     *
     * @param name the name, in any case
     * @return its value, if there is one
     */
    public Optional<String> header(String name) {
        List<String> values = headers().get(name);
        return values == null ? Optional.empty() : Optional.of(values.get(0));
    }

    /**
     * All headers.
     *
     * @return the values by the names, which are found in any case
     */
    public Map<String, List<String>> headers() {
        Map<String, List<String>> known = headers;
        if (known == null) {
            known = read(headerFields.fromHere());
            headers = known;
        }
        return known;
    }

    /**
     * The number of attempts.
     *
     * @return 1 or more
     */
    public int attempts() {
        return attempts;
    }

    /**
     * How long to wait before a retry, as the server says.
     *
     * @return the time, if it said one
     */
    public Optional<Duration> retryAfter() {
        return Optional.ofNullable(retryAfter);
    }

    /**
     * The whole body. Of an opened response, it reads the rest now.
     *
     * @return a copy of the bytes
     * @throws BoomiAuthException if it does not arrive
     */
    public byte[] bytes() {
        ByteBuffer whole = whole();
        int begin = whole.arrayOffset();
        return Arrays.copyOfRange(whole.array(), begin, begin + whole.remaining());
    }

    /**
     * The whole body as text, in the charset of its Content-Type, or UTF-8.
     *
     * @return the text
     * @throws BoomiAuthException if it does not arrive
     */
    public String text() {
        ByteBuffer whole = whole();
        return new String(whole.array(), whole.arrayOffset(), whole.remaining(), charset());
    }

    /**
     * The body as a stream; in constant memory if the response was {@linkplain BoomiClient#open opened}. The client's
     * timeout then limits each read. A failure is an {@link IOException} whose cause is a {@link BoomiAuthException}.
     *
     * @return the stream; always the same
     */
    public InputStream stream() {
        return stream;
    }

    private synchronized ByteBuffer whole() {
        if (body == null) {
            ByteArrayOutputStream all = new ByteArrayOutputStream(PIECE);
            Body coming = (Body) stream;
            for (byte[] piece = coming.next(PIECE); piece.length > 0; piece = coming.next(PIECE)) {
                all.write(piece, 0, piece.length);
            }
            body = ByteBuffer.wrap(all.toByteArray());
        }
        return body;
    }

    private Charset charset() {
        Matcher named = CHARSET.matcher(header("Content-Type").orElse(""));
        if (named.find()) {
            try {
                return Charset.forName(named.group(1));
            } catch (IllegalArgumentException unknown) {
                return StandardCharsets.UTF_8;
            }
        }
        return StandardCharsets.UTF_8;
    }

    /** Closes the stream of an opened response. Another need not be closed. */
    @Override
    public void close() {
        if (stream instanceof Body) {
            ((Body) stream).close();
        }
    }

    @Override
    public String toString() {
        return "Response[" + status + " of " + url + "]";
    }

    /** A body that is not read yet. */
    private static final class Body extends InputStream {
        private final Handle handle;
        /** Keeps the client's callbacks and the call reachable. */
        private final BoomiClient client;

        private final Call call;
        private byte[] piece = new byte[0];
        private int at;

        Body(BoomiClient client, Call call, long number) {
            this.client = client;
            this.call = call;
            handle = new Handle(this, Response.class, number);
        }

        /** Empty at the end. */
        byte[] next(int most) {
            if (at < piece.length) {
                byte[] rest = Arrays.copyOfRange(piece, at, piece.length);
                at = piece.length;
                return rest;
            }
            return Native.call(this, Operation.READ, handle, new Fields().number(most)).bytes();
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            if (offset < 0 || length < 0 || length > buffer.length - offset) {
                throw new IndexOutOfBoundsException(offset + ", " + length + " of " + buffer.length);
            }
            if (length == 0) {
                return 0;
            }
            if (at == piece.length && !fill()) {
                return -1;
            }
            int amount = Math.min(length, piece.length - at);
            System.arraycopy(piece, at, buffer, offset, amount);
            at += amount;
            return amount;
        }

        private boolean fill() throws IOException {
            try {
                piece = next(PIECE);
                at = 0;
                return piece.length > 0;
            } catch (BoomiAuthException failed) {
                throw new IOException(failed.getMessage(), failed);
            } catch (IllegalStateException closed) {
                throw new IOException("the response is closed: the rest of its body is gone", closed);
            }
        }

        @Override
        public int available() {
            return piece.length - at;
        }

        @Override
        public void close() {
            handle.close();
        }

        @Override
        public String toString() {
            return "the body of a response to " + client + (call == null ? "" : " within " + call);
        }
    }
}
