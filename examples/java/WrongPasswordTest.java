import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.boomiauth.BoomiClient;
import org.boomiauth.Credentials;
import org.boomiauth.CredentialsRejectedException;
import org.boomiauth.HeldException;
import org.boomiauth.junit5.BoomiEmulator;
import org.boomiauth.junit5.Emulator;
import org.junit.jupiter.api.Test;

@BoomiEmulator
class WrongPasswordTest {
    @Test
    void aWrongPasswordIsSentOnce(Emulator boomi) {
        Credentials wrong = Credentials.password(Emulator.USER.name(), "wrong".toCharArray());
        try (BoomiClient client = boomi.builder().credentials(wrong).build()) {
            String record = "/api/rest/v1/{accountId}/AuditLog/documentId-321";
            assertThrows(CredentialsRejectedException.class, () -> client.get(record).check());
            assertThrows(HeldException.class, () -> client.get(record));
        }
        assertTrue(boomi.control("users").contains("\"total_rejections\":1"));
    }
}
