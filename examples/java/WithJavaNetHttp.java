import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import javax.net.ssl.SSLHandshakeException;
import org.boomiauth.Authorization;
import org.boomiauth.BoomiAuth;
import org.boomiauth.BoomiClient;

/** Java's own client (11 and later) sends a record's request with Basic and a query with a JWT; we sign them. */
public final class WithJavaNetHttp {
    public static void main(String[] args) throws Exception {
        String boomi = System.getenv().getOrDefault("BOOMI_API_URL", BoomiAuth.BASE_URL_US);
        String record = "/api/rest/v1/" + System.getenv("BOOMI_ACCOUNT_ID") + "/AuditLog/documentId-321";
        HttpClient http = HttpClient.newBuilder()
                .sslContext(new Trusted().context)
                // The headers would go along to wherever a redirect leads.
                .followRedirects(HttpClient.Redirect.NEVER)
                .build();
        try (BoomiClient client = BoomiClient.fromEnv()) {
            System.out.println(send(client, http, URI.create(boomi + record), null, true));
            String query = "{\"query\": \"{ organizations { id } }\"}";
            System.out.println(send(client, http, URI.create(boomi + "/graphql"), query, true));
        }
    }

    /** A GET, or a POST of a body. */
    static String send(BoomiClient client, HttpClient http, URI uri, String body, boolean isFirst) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri).setHeader("Accept", "application/json");
        if (body != null) {
            request.POST(HttpRequest.BodyPublishers.ofString(body)).setHeader("Content-Type", "application/json");
        }
        try (Authorization sent = client.authorize(uri, request::setHeader)) {
            HttpResponse<String> answer;
            try {
                answer = http.send(request.build(), HttpResponse.BodyHandlers.ofString());
            } catch (IOException failed) {
                if (failed instanceof ConnectException
                        || failed instanceof HttpConnectTimeoutException
                        || failed.getCause() instanceof SSLHandshakeException) {
                    sent.withdraw();
                }
                throw failed;
            }
            if (sent.observe(answer.statusCode(), answer.body()) && isFirst) {
                // A JWT was refused, and there is another.
                return send(client, http, uri, body, false);
            }
            if (answer.statusCode() != 200) {
                throw new IOException(answer + ": " + answer.body());
            }
            return answer.body();
        }
    }
}
