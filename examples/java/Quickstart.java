import java.time.Duration;
import org.boomiauth.BoomiClient;
import org.boomiauth.NativeSupport;
import org.boomiauth.Request;
import org.boomiauth.Response;
import org.boomiauth.Token;

/** Fetches a record and the pages of a query, and gets a JWT. Who signs in, and where, comes from the environment. */
public final class Quickstart {
    public static void main(String[] args) {
        System.out.println("Java " + System.getProperty("java.version") + ", through " + NativeSupport.backend());
        try (BoomiClient client = BoomiClient.fromEnv()) {
            Response record = client.get("/api/rest/v1/{accountId}/AuditLog/documentId-321").check();
            System.out.println("a record: " + record.text());

            int pages = 0;
            Request query = Request.post("/api/rest/v1/{accountId}/Process/query", "{\"QueryFilter\":{}}");
            for (Response page : client.pages(query)) {
                pages += page.text().isEmpty() ? 0 : 1;
            }
            System.out.println("a query: " + pages + " pages");

            Token token = client.token();
            Duration life = Duration.between(token.issuedAt(), token.expiresAt());
            System.out.println("a JWT: for " + token.accountId() + ", good for " + life.getSeconds()
                    + " s, and renewed when it is due");
        }
    }
}
