package org.boomiauth;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;

/**
 * A request to Boomi. Immutable: each method returns a new one, and a request may be sent any number of times.
 *
 * <p>{@code {accountId}} in its path is filled in. Sending it reports bad names and values.
 */
public final class Request {
    private static final class Field {
        final String name;
        final String value;
        final boolean secret;

        Field(String name, String value, boolean secret) {
            this.name = Objects.requireNonNull(name, "name");
            this.value = Objects.requireNonNull(value, "value");
            this.secret = secret;
        }
    }

    private static final int UNSET = 2;

    private final String method;
    private final String path;
    private AuthScheme scheme = AuthScheme.AUTO;
    private String accountId;
    private List<Field> query = Collections.emptyList();
    private List<Field> headers = Collections.emptyList();
    private byte[] body;
    private int replayable = UNSET;

    private Request(String method, String path) {
        this.method = Objects.requireNonNull(method, "method");
        this.path = Objects.requireNonNull(path, "path");
    }

    private Request copy() {
        Request copy = new Request(method, path);
        copy.scheme = scheme;
        copy.accountId = accountId;
        copy.query = query;
        copy.headers = headers;
        copy.body = body;
        copy.replayable = replayable;
        return copy;
    }

    /**
     * Returns a request.
     *
     * @param method GET, POST, ...
     * @param path of the API, or a URL of the client's origin
     * @return the request
     */
    public static Request of(String method, String path) {
        return new Request(method, path);
    }

    /**
     * Returns a GET request.
     *
     * @param path of the API, or a URL of the client's origin
     * @return the request
     */
    public static Request get(String path) {
        return new Request("GET", path);
    }

    /**
     * Returns a POST request. Its body is sent as JSON unless there is a {@code Content-Type}.
     *
     * @param path of the API, or a URL of the client's origin
     * @param body the body, as UTF-8
     * @return the request
     */
    public static Request post(String path, String body) {
        return new Request("POST", path).body(body);
    }

    /**
     * Returns a DELETE request.
     *
     * @param path of the API, or a URL of the client's origin
     * @return the request
     */
    public static Request delete(String path) {
        return new Request("DELETE", path);
    }

    /**
     * Sets the auth scheme; {@link AuthScheme#AUTO} by default.
     *
     * @param scheme the scheme
     * @return a copy of the request with it
     */
    public Request auth(AuthScheme scheme) {
        Request copy = copy();
        copy.scheme = Objects.requireNonNull(scheme, "scheme");
        return copy;
    }

    /**
     * Sets the account that fills {@code {accountId}}, and whose JWT signs it; the client's by default.
     *
     * @param accountId the account's id
     * @return a copy of the request with it
     */
    public Request accountId(String accountId) {
        Request copy = copy();
        copy.accountId = Objects.requireNonNull(accountId, "accountId");
        return copy;
    }

    /**
     * Adds a parameter to the query.
     *
     * @param name its name, which is percent-encoded
     * @param value its value, which is percent-encoded
     * @return a copy of the request with it
     */
    public Request query(String name, String value) {
        Request copy = copy();
        copy.query = and(query, new Field(name, value, false));
        return copy;
    }

    /**
     * Adds a header. Without an {@code Accept} the request accepts JSON.
     *
     * @param name its name
     * @param value its value
     * @return a copy of the request with it
     */
    public Request header(String name, String value) {
        Request copy = copy();
        copy.headers = and(headers, new Field(name, value, false));
        return copy;
    }

    /**
     * Adds a header that is a secret: it is never shown, and removed from texts that a server sends back.
     *
     * @param name its name
     * @param value its value
     * @return a copy of the request with it
     */
    public Request secretHeader(String name, String value) {
        Request copy = copy();
        copy.headers = and(headers, new Field(name, value, true));
        return copy;
    }

    private static List<Field> and(List<Field> fields, Field one) {
        List<Field> more = new ArrayList<>(fields);
        more.add(one);
        return more;
    }

    /**
     * Sets the body.
     *
     * @param body the bytes, which are copied
     * @return a copy of the request with it
     */
    public Request body(byte[] body) {
        Request copy = copy();
        copy.body = body.clone();
        return copy;
    }

    /**
     * Sets the body.
     *
     * @param body the text, which is sent as UTF-8
     * @return a copy of the request with it
     * @throws ConfigurationException if it holds half of a surrogate pair, which UTF-8 cannot encode
     */
    public Request body(String body) {
        Request copy = copy();
        copy.body = Fields.utf8(body);
        return copy;
    }

    /**
     * Sets whether it may be retried after it may have taken effect; by default only requests that read may.
     *
     * @param replayable whether it may
     * @return a copy of the request with it
     */
    public Request replayable(boolean replayable) {
        Request copy = copy();
        copy.replayable = replayable ? 1 : 0;
        return copy;
    }

    Fields write() {
        Fields fields = new Fields(256).text(method).text(path).octet(scheme.ordinal()).text(accountId);
        fields.number(query.size());
        for (Field field : query) {
            fields.text(field.name).text(field.value);
        }
        fields.number(headers.size());
        for (Field field : headers) {
            fields.flag(field.secret).text(field.name).text(field.value);
        }
        return fields.bytes(body).octet(replayable);
    }

    @Override
    public String toString() {
        return method + " " + path;
    }
}
