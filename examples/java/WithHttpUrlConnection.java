import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Scanner;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLSocketFactory;
import org.boomiauth.Authorization;
import org.boomiauth.BoomiAuth;
import org.boomiauth.BoomiClient;

/** HttpURLConnection sends a record's request with Basic and a query with a JWT; we sign them. */
public final class WithHttpUrlConnection {
    public static void main(String[] args) throws Exception {
        String boomi = System.getenv().getOrDefault("BOOMI_API_URL", BoomiAuth.BASE_URL_US);
        String record = "/api/rest/v1/" + System.getenv("BOOMI_ACCOUNT_ID") + "/AuditLog/documentId-321";
        SSLSocketFactory tls = new Trusted().context.getSocketFactory();
        try (BoomiClient client = BoomiClient.fromEnv()) {
            System.out.println(send(client, tls, URI.create(boomi + record), null, true));
            String query = "{\"query\": \"{ organizations { id } }\"}";
            System.out.println(send(client, tls, URI.create(boomi + "/graphql"), query, true));
        }
    }

    /** A GET, or a POST of a body. */
    static String send(BoomiClient client, SSLSocketFactory tls, URI uri, String body, boolean isFirst)
            throws IOException {
        HttpsURLConnection connection = (HttpsURLConnection) uri.toURL().openConnection();
        connection.setSSLSocketFactory(tls);
        // The headers would go along to wherever a redirect leads.
        connection.setInstanceFollowRedirects(false);
        connection.setRequestProperty("Accept", "application/json");
        connection.setDoOutput(body != null);
        try (Authorization sent = client.authorize(uri, connection::setRequestProperty)) {
            try {
                connection.connect();
            } catch (IOException unsent) {
                sent.withdraw();
                throw unsent;
            }
            if (body != null) {
                connection.getOutputStream().write(body.getBytes(StandardCharsets.UTF_8));
            }
            int status = connection.getResponseCode();
            InputStream in = status < 400 ? connection.getInputStream() : connection.getErrorStream();
            Scanner all = in == null ? new Scanner("") : new Scanner(in, "UTF-8");
            String text = all.useDelimiter("\\A").hasNext() ? all.next() : "";
            if (sent.observe(status, text) && isFirst) {
                // A JWT was refused, and there is another.
                return send(client, tls, uri, body, false);
            }
            if (status != 200) {
                throw new IOException(status + ": " + text);
            }
            return text;
        }
    }
}
