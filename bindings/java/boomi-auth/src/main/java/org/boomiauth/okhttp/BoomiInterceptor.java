package org.boomiauth.okhttp;

import java.io.IOException;
import java.util.Objects;
import okhttp3.HttpUrl;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.boomiauth.AuthScheme;
import org.boomiauth.Authorization;
import org.boomiauth.BoomiAuthException;
import org.boomiauth.BoomiClient;

/**
 * Signs the requests of an OkHttp client: {@code BoomiInterceptor.install(new OkHttpClient.Builder(), client).build()}.
 *
 * <p>After a refused JWT it gets a new one and sends the request once more, if its body can be sent twice. It reports
 * responses to the guard, so a wrong password is sent twice at most. If signing fails, also for a URL of another
 * origin, it throws an {@link IOException} whose cause is the {@link BoomiAuthException}. A redirect to another origin,
 * or back from there, is not signed.
 */
public final class BoomiInterceptor implements Interceptor {
    /** The most bytes of an error body to read. */
    private static final long PEEKED = 64 * 1024;

    private final BoomiClient client;
    private final AuthScheme scheme;

    private BoomiInterceptor(BoomiClient client, AuthScheme scheme) {
        this.client = Objects.requireNonNull(client, "client");
        this.scheme = Objects.requireNonNull(scheme, "scheme");
    }

    /**
     * Makes a client sign its requests with {@link AuthScheme#AUTO}: a JWT for {@code /graphql}, else Basic.
     *
     * @param builder of a client that is used for Boomi only
     * @param client signs the requests
     * @return the builder
     */
    public static OkHttpClient.Builder install(OkHttpClient.Builder builder, BoomiClient client) {
        return install(builder, client, AuthScheme.AUTO);
    }

    /**
     * Makes a client sign its requests.
     *
     * @param builder of a client that is used for Boomi only
     * @param client signs the requests
     * @param scheme how requests are signed
     * @return the builder
     */
    public static OkHttpClient.Builder install(OkHttpClient.Builder builder, BoomiClient client, AuthScheme scheme) {
        return builder.addInterceptor(new BoomiInterceptor(client, scheme))
                .addNetworkInterceptor(BoomiInterceptor::send);
    }

    @Override
    public Response intercept(Chain chain) throws IOException {
        Request request = chain.request();
        Sending first = new Sending(request);
        Response response = first.send(chain);
        if (first.helpsToSendAgain && (request.body() == null || !request.body().isOneShot())) {
            response.close();
            response = new Sending(request).send(chain);
        }
        return response;
    }

    /** Called each time that OkHttp sends a request, when it has a connection. */
    private static Response send(Chain chain) throws IOException {
        Sending sending = chain.request().tag(Sending.class);
        return sending == null ? chain.proceed(chain.request()) : sending.proceed(chain);
    }

    /**
     * One request of the program. OkHttp may send it several times: after a redirect, a 408 or 503, or a lost
     * connection, to the same or another address.
     */
    private final class Sending {
        private final Request request;
        private final HttpUrl url;
        private Authorization authorization;
        /** How often the headers of this authorization were sent. */
        private int sent;
        /** The status of their response; 0 while there is none. */
        private int status;

        private boolean hasLeft;
        private boolean helpsToSendAgain;

        Sending(Request request) {
            this.request = request;
            url = request.url();
        }

        Response send(Chain chain) throws IOException {
            try {
                return observe(chain.proceed(authorize(request)));
            } catch (BoomiAuthException unsigned) {
                throw new IOException(unsigned.getMessage(), unsigned);
            } finally {
                end();
            }
        }

        private Request authorize(Request plain) {
            Request.Builder signed = plain.newBuilder().tag(Sending.class, this);
            authorization = client.authorize(plain.url().toString(), scheme, null, signed::header);
            sent = 0;
            status = 0;
            helpsToSendAgain = false;
            return signed.build();
        }

        Response proceed(Chain chain) throws IOException {
            Request next = chain.request();
            hasLeft |= !isOurs(next.url());
            if (hasLeft) {
                // OkHttp sends a one-time code along with every redirect.
                return chain.proceed(without(next));
            }
            if (status != 0) {
                // The former attempt has its response, and this is another sign-in.
                end();
                next = authorize(without(next));
            } else if (sent == 2) {
                // A connection that was closed while idle does no harm. But each lost response may be a rejection.
                throw new IOException("responses to a signed request were lost, so it is not sent to more addresses");
            }
            sent++;
            Response response = chain.proceed(next);
            status = response.code();
            return response;
        }

        private boolean isOurs(HttpUrl other) {
            return url.scheme().equals(other.scheme())
                    && url.host().equals(other.host())
                    && url.port() == other.port();
        }

        private Request without(Request signed) {
            return signed.newBuilder()
                    .removeHeader("Authorization")
                    .removeHeader("X-Boomi-OTP")
                    .build();
        }

        private Response observe(Response response) throws IOException {
            HttpUrl last = response.request().url();
            // A large file is not read; and a response of another origin or a cache says nothing about these headers.
            boolean tells = !hasLeft && (response.code() >= 400 || last.encodedPath().endsWith("/graphql"));
            if (status == response.code() && tells) {
                helpsToSendAgain = authorization.observe(status, response.peekBody(PEEKED).bytes());
            }
            return response;
        }

        /** Reports the response. Only the first report counts. */
        private void end() {
            if (authorization == null) {
                return;
            }
            if (status != 0) {
                helpsToSendAgain = authorization.observe(status) || helpsToSendAgain;
            } else if (sent == 0) {
                authorization.withdraw();
            }
            authorization.close();
        }
    }

    @Override
    public String toString() {
        return "BoomiInterceptor[" + client + ", " + scheme + "]";
    }
}
