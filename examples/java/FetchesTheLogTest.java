import static org.junit.jupiter.api.Assertions.assertEquals;

import org.boomiauth.BoomiClient;
import org.boomiauth.Response;
import org.boomiauth.junit5.BoomiEmulator;
import org.boomiauth.junit5.Emulator;
import org.junit.jupiter.api.Test;

@BoomiEmulator
class FetchesTheLogTest {
    @Test
    void aBusyServerIsAskedAgain(Emulator boomi) {
        boomi.control("faults", "{\"status\": 503}");
        try (BoomiClient client = boomi.client()) {
            Response answer = client.get("/api/rest/v1/{accountId}/AuditLog/documentId-321").check();
            assertEquals(2, answer.attempts());
        }
    }
}
