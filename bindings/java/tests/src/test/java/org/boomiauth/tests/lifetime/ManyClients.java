package org.boomiauth.tests.lifetime;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import org.boomiauth.BoomiClient;
import org.boomiauth.Credentials;

/** Makes clients by the thousand, and says after each what the process has: {@code ManyClients URL CA LOTS SIZE}. */
final class ManyClients {
    private ManyClients() {}

    public static void main(String[] arguments) throws Exception {
        int lots = Integer.parseInt(arguments[2]);
        int clients = Integer.parseInt(arguments[3]);
        make(arguments, 1);
        settle();
        TreeSet<String> before = threads();
        for (int lot = 0; lot < lots; lot++) {
            make(arguments, clients);
            settle();
            System.out.println(Internals.count() + " objects, " + descriptors() + " descriptors, " + resident()
                    + " KB, threads " + news(before));
        }
    }

    /** Half of them are closed; some have made a call. */
    private static void make(String[] arguments, int clients) {
        for (int number = 0; number < clients; number++) {
            Credentials credentials = Credentials.apiToken("user@example.com", "token".toCharArray());
            BoomiClient client = BoomiClient.builder()
                    .credentials(credentials)
                    .accountId("account123")
                    .baseUrl(arguments[0])
                    .caFile(Paths.get(arguments[1]))
                    .proxy("")
                    .requestsPerSecond(0)
                    .onEvent(event -> {})
                    .build();
            if (number % 200 < 2) {
                client.token();
                client.open(org.boomiauth.Request.get("/api/rest/v1/{accountId}/Deployment/sized-100"));
            }
            if (number % 2 == 0) {
                client.close();
                credentials.close();
            }
            if (number % 1000 == 0) {
                // Of native memory the garbage collector knows nothing.
                System.gc();
            }
        }
    }

    private static void settle() throws Exception {
        long known = Long.MAX_VALUE;
        for (int same = 0; same < 5; ) {
            System.gc();
            Thread.sleep(10);
            long now = Internals.count();
            same = now == known ? same + 1 : 0;
            known = now;
        }
    }

    private static TreeSet<String> threads() {
        TreeSet<String> names = new TreeSet<>();
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            names.add(thread.getName());
        }
        return names;
    }

    private static List<String> news(TreeSet<String> before) {
        TreeSet<String> now = threads();
        now.removeAll(before);
        return new ArrayList<>(now);
    }

    private static int descriptors() {
        String[] open = new File("/proc/self/fd").list();
        return open == null ? -1 : Arrays.asList(open).size();
    }

    private static long resident() throws IOException {
        for (String line : Files.readAllLines(Paths.get("/proc/self/status"), StandardCharsets.UTF_8)) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("[^0-9]", ""));
            }
        }
        return -1;
    }
}
