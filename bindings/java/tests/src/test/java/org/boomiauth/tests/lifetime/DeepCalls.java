package org.boomiauth.tests.lifetime;

import java.nio.file.Paths;
import org.boomiauth.BoomiClient;
import org.boomiauth.ConfigurationException;
import org.boomiauth.Credentials;
import org.boomiauth.Request;

/** Makes calls with less and less of the stack left: {@code DeepCalls URL CA TOKEN}. */
final class DeepCalls {
    private static final String RECORD = CallbackTest.RECORD;
    private static final long STACK = 512 * 1024;

    private final Runnable call;
    private int depth;
    private int calls;

    private DeepCalls(Runnable call) {
        this.call = call;
    }

    private void dive() {
        depth++;
        if (depth % 10 == 0) {
            call.run();
            calls++;
        }
        dive();
    }

    private static void tell(String name, Runnable call) throws InterruptedException {
        Thread thread = new Thread(
                null,
                () -> {
                    DeepCalls deep = new DeepCalls(call);
                    try {
                        deep.dive();
                    } catch (StackOverflowError | ConfigurationException end) {
                        call.run();
                        System.out.println(name + ": " + end + " after " + deep.calls + " calls, then it works");
                    }
                },
                name,
                STACK);
        thread.start();
        thread.join();
    }

    private static BoomiClient client(String[] arguments) {
        // Its function makes an upcall of each call.
        Credentials credentials =
                Credentials.from(() -> Credentials.apiToken("user@example.com", arguments[2].toCharArray()));
        return BoomiClient.builder()
                .credentials(credentials)
                .accountId("account123")
                .baseUrl(arguments[0])
                .caFile(Paths.get(arguments[1]))
                .proxy("")
                .requestsPerSecond(0)
                .build();
    }

    public static void main(String[] arguments) throws InterruptedException {
        try (BoomiClient client = client(arguments)) {
            client.get(RECORD).check();
            tell("describe", client::describe);
            tell("get", () -> client.get(RECORD).check());
            tell("stream", () -> client.open(Request.get(RECORD)).check().bytes());
        }
        tell("connection", () -> {
            try (BoomiClient another = client(arguments)) {
                another.get(RECORD).check();
            }
        });
    }
}
