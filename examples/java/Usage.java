import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import org.boomiauth.Authorization;
import org.boomiauth.BoomiAuth;
import org.boomiauth.BoomiClient;
import org.boomiauth.Token;

/** The programs of README, as they stand there. */
public final class Usage {
    public static void main(String[] args) throws Exception {
        try (BoomiClient client = BoomiClient.fromEnv()) {
            System.out.println(client.get("/api/rest/v1/{accountId}/AuditLog/documentId-321").check().text());
            Token jwt = client.token(); // kept, and renewed when it is due
            System.out.println("good until " + jwt.expiresAt());
        }

        String boomi = System.getenv().getOrDefault("BOOMI_API_URL", BoomiAuth.BASE_URL_US);
        URI uri = URI.create(boomi + "/api/rest/v1/" + System.getenv("BOOMI_ACCOUNT_ID") + "/AuditLog/documentId-321");
        HttpClient http = HttpClient.newBuilder().sslContext(new Trusted().context).build();
        try (BoomiClient client = BoomiClient.fromEnv()) {
            HttpRequest.Builder request = HttpRequest.newBuilder(uri).setHeader("Accept", "application/json");
            Authorization sent = client.authorize(uri, request::setHeader);
            HttpResponse<String> response = http.send(request.build(), BodyHandlers.ofString());
            if (sent.observe(response.statusCode(), response.body())) {
                System.out.println("a JWT was refused, and there is another: authorize anew, and send once more");
            }
            System.out.println(response.body());
        }
    }
}
