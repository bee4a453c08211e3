import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import org.boomiauth.Authorization;
import org.boomiauth.BoomiClient;
import org.boomiauth.NativeSupport;
import org.boomiauth.Request;

/** What programs do all day, for profile.sh: both ways of signing in, answers of several kinds, and headers for other libraries. */
public final class Training {
    private static final int TIMES = 1000;

    public static void main(String[] args) throws Exception {
        asFastAsItGoes();
        URI own = URI.create(System.getenv("BOOMI_API_URL") + "/");
        String record = "/api/rest/v1/{accountId}/AuditLog/documentId-321";
        Request[] requests = {
            Request.get(record),
            Request.post("/api/rest/v1/{accountId}/Process/query", "{\"QueryFilter\":{}}"),
            Request.post("/graphql", "{\"query\":\"{ account { id } }\"}"),
            Request.get("/api/rest/v1/{accountId}/AuditLog/none"),
        };
        try (BoomiClient client = BoomiClient.builder().fromEnv().requestsPerSecond(0).build()) {
            for (int time = 0; time < TIMES; time++) {
                for (Request request : requests) {
                    client.send(request).bytes();
                }
                client.token();
                try (Authorization authorization = client.authorize(own, (name, value) -> {})) {
                    authorization.observe(200);
                }
                if (time % 20 == 0) {
                    client.generateJwt();
                }
            }
        }
        System.err.println("trained through " + NativeSupport.backend());
    }

    /** The emulator's ten requests a second are lifted. */
    private static void asFastAsItGoes() throws Exception {
        URI control = URI.create(System.getenv("BOOMI_EMULATOR_CONTROL_URL") + "/control/rate-limit");
        HttpURLConnection connection = (HttpURLConnection) control.toURL().openConnection();
        connection.setDoOutput(true);
        connection.getOutputStream().write("{\"requests_per_second\":null}".getBytes(StandardCharsets.UTF_8));
        if (connection.getResponseCode() / 100 != 2) {
            throw new IllegalStateException(control + " answered " + connection.getResponseCode());
        }
    }
}
