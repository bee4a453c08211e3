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
 * <p>A JWT that was refused is replaced, and the request sent once more, if its body can be sent twice. Answers teach the guard, so a wrong
 * password is sent twice at most. What hinders the signing comes as an {@link IOException} whose cause is the {@link BoomiAuthException}; so
 * does a URL of another origin than the client's. No header of ours goes along with a redirect to another origin, or back from there.
 */
public final class BoomiInterceptor implements Interceptor {
    /** As much of a body as may say what is wrong. */
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
     * @param builder of the client, which is for Boomi alone
     * @param client signs in
     * @return the builder
     */
    public static OkHttpClient.Builder install(OkHttpClient.Builder builder, BoomiClient client) {
        return install(builder, client, AuthScheme.AUTO);
    }

    /**
     * Makes a client sign its requests.
     *
     * @param builder of the client, which is for Boomi alone
     * @param client signs in
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
     * One request of the program. OkHttp may send it several times by itself: to where it is redirected, once more after a 408 or 503, and
     * over another connection or to another address where one is lost.
     */
    private final class Sending {
        private final Request request;
        private final HttpUrl url;
        private Authorization authorization;
        /** How often the headers of this authorization were sent. */
        private int sent;
        /** Of the answer to them; 0 while there is none. */
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
                // OkHttp takes a one-time code along to wherever it is redirected.
                return chain.proceed(without(next));
            }
            if (status != 0) {
                // What was answered is over, and this is another sign-in.
                end();
                next = authorize(without(next));
            } else if (sent == 2) {
                // A connection that was closed while nobody used it is no trouble. But each answer that is lost may be a rejection.
                throw new IOException("the answers to a signed request were lost, so it is not sent to more addresses");
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
            // A large file is not waited for; and what comes from elsewhere, or a cache, says nothing of our headers.
            boolean tells = !hasLeft && (response.code() >= 400 || last.encodedPath().endsWith("/graphql"));
            if (status == response.code() && tells) {
                helpsToSendAgain = authorization.observe(status, response.peekBody(PEEKED).bytes());
            }
            return response;
        }

        /** Only the first that an authorization is told counts. */
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
