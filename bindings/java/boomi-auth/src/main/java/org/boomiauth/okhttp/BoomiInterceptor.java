package org.boomiauth.okhttp;

import java.io.IOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
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
 * does a URL of another origin than the client's. No header of ours goes along with a redirect to another origin.
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
                .addNetworkInterceptor(BoomiInterceptor::stripElsewhere);
    }

    @Override
    public Response intercept(Chain chain) throws IOException {
        Request request = chain.request();
        Sending sending = new Sending(chain, request);
        boolean again = sending.send();
        if (again && (request.body() == null || !request.body().isOneShot())) {
            sending.response.close();
            sending.send();
        }
        return sending.response;
    }

    /** OkHttp takes a one-time code along to wherever it is redirected. */
    private static Response stripElsewhere(Chain chain) throws IOException {
        Request request = chain.request();
        Signed signed = request.tag(Signed.class);
        if (signed != null && !signed.isFor(request.url())) {
            request = request.newBuilder()
                    .removeHeader("Authorization")
                    .removeHeader("X-Boomi-OTP")
                    .build();
        }
        return chain.proceed(request);
    }

    /** Says on a request where its headers may go. */
    private static final class Signed {
        private final HttpUrl url;

        Signed(HttpUrl url) {
            this.url = url;
        }

        boolean isFor(HttpUrl other) {
            return url.scheme().equals(other.scheme())
                    && url.host().equals(other.host())
                    && url.port() == other.port();
        }
    }

    private final class Sending {
        private final Chain chain;
        private final Request request;
        private Response response;

        Sending(Chain chain, Request request) {
            this.chain = chain;
            this.request = request;
        }

        /** Whether it helps to send once more. */
        boolean send() throws IOException {
            HttpUrl url = request.url();
            Request.Builder signed = request.newBuilder().tag(Signed.class, new Signed(url));
            try (Authorization authorization = client.authorize(url.toString(), scheme, null, signed::header)) {
                try {
                    response = chain.proceed(signed.build());
                } catch (ConnectException | UnknownHostException unsent) {
                    authorization.withdraw();
                    throw unsent;
                }
                // After a redirect it is the first answer that says what our headers were worth.
                Response first = response;
                while (first.priorResponse() != null) {
                    first = first.priorResponse();
                }
                // A large file is not waited for.
                boolean tells = first == response && (first.code() >= 400 || url.encodedPath().endsWith("/graphql"));
                return authorization.observe(first.code(), tells ? first.peekBody(PEEKED).bytes() : null);
            } catch (BoomiAuthException unsigned) {
                throw new IOException(unsigned.getMessage(), unsigned);
            }
        }
    }

    @Override
    public String toString() {
        return "BoomiInterceptor[" + client + ", " + scheme + "]";
    }
}
