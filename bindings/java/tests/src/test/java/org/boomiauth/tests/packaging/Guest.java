package org.boomiauth.tests.packaging;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.boomiauth.BoomiAuth;
import org.boomiauth.BoomiClient;
import org.boomiauth.Credentials;
import org.boomiauth.Event;
import org.boomiauth.NativeSupport;
import org.boomiauth.Response;

/**
 * A program in a class loader of its own, as connectors and web applications are. Who made the class loader knows it by
 * types of the JDK only: it is given what its callback does meanwhile, and says what it did.
 */
public final class Guest implements Function<Runnable, String> {
    private static final String RECORD = "/api/rest/v1/{accountId}/AuditLog/documentId-321";

    /** Who made the class loader makes it. */
    public Guest() {}

    /** Calls the emulator of the environment, or without one computes a header. */
    @Override
    public String apply(Runnable meanwhile) {
        List<Object> done = new ArrayList<>();
        AtomicInteger asked = new AtomicInteger();
        done.add(NativeSupport.backend());
        Credentials credentials = Credentials.from(() -> {
            meanwhile.run();
            asked.incrementAndGet();
            return Credentials.apiToken(
                    "user@example.com", "11111111-aaaa-4bbb-8ccc-000000000001".toCharArray());
        });
        if (System.getenv("BOOMI_API_URL") == null) {
            done.add(BoomiAuth.username(credentials));
        } else {
            List<Event> events = new ArrayList<>();
            try (BoomiClient client = BoomiClient.builder()
                    .credentials(credentials)
                    .proxy("")
                    .onEvent(events::add)
                    .fromEnv()
                    .build()) {
                Response record = client.get(RECORD).check();
                done.add(record.status());
                done.add(record.text().contains("documentId-321"));
                done.add(client.token().accountId());
            }
            events.forEach(event -> done.add(event.kind()));
        }
        done.add("asked " + asked);
        credentials.close();
        return done.toString();
    }
}
