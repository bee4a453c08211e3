import java.util.Arrays;
import org.boomiauth.BoomiClient;
import org.boomiauth.Credentials;
import org.boomiauth.CredentialsRejectedException;
import org.boomiauth.HeldException;

/** The programs of the guides in docs/, as they stand there. */
public final class Guides {
    public static void main(String[] args) {
        char[] token = System.getenv("BOOMI_API_TOKEN").toCharArray();
        Credentials who = Credentials.apiToken("user@example.com", token);
        Arrays.fill(token, '\0');
        try (BoomiClient client = BoomiClient.builder().credentials(who).accountId("account123").fromEnv().build()) {
            System.out.println(client.get("/api/rest/v1/{accountId}/AuditLog/documentId-321").check().text());
        }

        try (BoomiClient client = BoomiClient.fromEnv()) {
            client.get("/api/rest/v1/{accountId}/AuditLog/documentId-321").check();
        } catch (CredentialsRejectedException rejected) {
            System.err.println("page somebody: " + rejected.getMessage());
        } catch (HeldException held) {
            System.err.println("known already; next try in " + held.retryAfter()); // empty: not before there is another secret
        }

        try (BoomiClient client = BoomiClient.builder().proxy("").fromEnv().build()) { // or "http://proxy.example.com:3128"
            System.out.println(client.describe());
        }
    }
}
