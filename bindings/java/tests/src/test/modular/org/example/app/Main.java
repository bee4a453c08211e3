package org.example.app;

import org.boomiauth.BoomiAuth;
import org.boomiauth.BoomiClient;
import org.boomiauth.NativeSupport;
import org.boomiauth.Response;

/** A program of modules, which {@code ModulePathTest} compiles and runs. */
public final class Main {
    private Main() {}

    /** The program. */
    public static void main(String[] arguments) {
        System.out.println("module=" + Main.class.getModule().getName());
        System.out.println("library=" + BoomiAuth.class.getModule());
        System.out.println("backend=" + NativeSupport.backend());
        try (BoomiClient client = BoomiClient.fromEnv()) {
            Response record = client.get("/api/rest/v1/{accountId}/AuditLog/documentId-321").check();
            System.out.println("record=" + record.text().contains("documentId-321"));
        }
    }
}
