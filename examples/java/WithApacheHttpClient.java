import java.io.IOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import javax.net.ssl.SSLHandshakeException;
import org.apache.hc.client5.http.ConnectTimeoutException;
import org.apache.hc.client5.http.classic.HttpClient;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClientBuilder;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.client5.http.ssl.DefaultClientTlsStrategy;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.io.entity.EntityUtils;
import org.apache.hc.core5.http.io.support.ClassicRequestBuilder;
import org.boomiauth.Authorization;
import org.boomiauth.BoomiAuth;
import org.boomiauth.BoomiClient;

/** Apache HttpClient 5 sends a record's request with Basic and a query with a JWT; we sign them. */
public final class WithApacheHttpClient {
    public static void main(String[] args) throws Exception {
        String boomi = System.getenv().getOrDefault("BOOMI_API_URL", BoomiAuth.BASE_URL_US);
        String record = "/api/rest/v1/" + System.getenv("BOOMI_ACCOUNT_ID") + "/AuditLog/documentId-321";
        PoolingHttpClientConnectionManagerBuilder pool = PoolingHttpClientConnectionManagerBuilder.create()
                .setTlsSocketStrategy(new DefaultClientTlsStrategy(new Trusted().context));
        HttpClientBuilder builder = HttpClientBuilder.create().setConnectionManager(pool.build());
        // The headers would go along to wherever a redirect leads; and a sign-in would be sent twice.
        builder.disableRedirectHandling().disableAutomaticRetries();
        try (BoomiClient client = BoomiClient.fromEnv(); CloseableHttpClient http = builder.build()) {
            System.out.println(send(client, http, ClassicRequestBuilder.get(boomi + record), true));
            String query = "{\"query\": \"{ organizations { id } }\"}";
            ClassicRequestBuilder post = ClassicRequestBuilder.post(boomi + "/graphql");
            System.out.println(send(client, http, post.setEntity(query, ContentType.APPLICATION_JSON), true));
        }
    }

    static String send(BoomiClient client, HttpClient http, ClassicRequestBuilder request, boolean isFirst)
            throws IOException {
        request.setHeader("Accept", "application/json");
        try (Authorization sent = client.authorize(request.getUri(), request::setHeader)) {
            try {
                String text = http.execute(request.build(), answer -> {
                    String body = EntityUtils.toString(answer.getEntity());
                    // Whether a JWT was refused, and there is another.
                    boolean again = sent.observe(answer.getCode(), body) && isFirst;
                    if (answer.getCode() != 200 && !again) {
                        throw new IOException(answer + ": " + body);
                    }
                    return again ? null : body;
                });
                return text != null ? text : send(client, http, request, false);
            } catch (ConnectException | ConnectTimeoutException | UnknownHostException | SSLHandshakeException unsent) {
                sent.withdraw();
                throw unsent;
            }
        }
    }
}
