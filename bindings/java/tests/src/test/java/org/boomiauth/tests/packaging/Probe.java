package org.boomiauth.tests.packaging;

import java.io.IOException;
import java.nio.file.FileSystems;
import org.boomiauth.BoomiAuth;
import org.boomiauth.Credentials;
import org.boomiauth.NativeSupport;
import org.boomiauth.NativeUnavailableException;

/**
 * The program of a {@link Child}: loads the library, and says what came of it. Its arguments are done in their order:
 * {@code name=value} sets a system property, {@code wait} waits for the end of the standard input, {@code load} loads.
 */
public final class Probe {
    static final String HEADER = "Basic Qk9PTUlfVE9LRU4udXNlckBleGFtcGxlLmNvbTp0b2tlbg==";

    private Probe() {}

    /** The program. */
    public static void main(String[] arguments) throws IOException {
        // Java 8 asks for the name of the system when it makes this, and knows no Plan 9.
        FileSystems.getDefault();
        for (String argument : arguments) {
            int equals = argument.indexOf('=');
            if (argument.equals("load")) {
                load();
            } else if (argument.equals("wait")) {
                System.out.println("waits");
                while (System.in.read() >= 0) {
                    continue;
                }
            } else {
                // An argument cannot hold what is no path anywhere.
                System.setProperty(
                        argument.substring(0, equals), argument.substring(equals + 1).replace("NUL", "\0"));
            }
        }
    }

    private static void load() {
        try {
            Credentials credentials = Credentials.apiToken("user@example.com", "token".toCharArray());
            System.out.println("header=" + BoomiAuth.header(credentials));
            System.out.println("backend=" + NativeSupport.backend());
        } catch (Throwable thrown) {
            say(thrown);
        }
        // A second time, when nothing is loaded any more.
        try {
            System.out.println("available=" + NativeSupport.isAvailable());
            NativeUnavailableException cause = NativeSupport.unavailabilityCause();
            System.out.println("cause=" + (cause == null ? "none" : cause.getSuppressed().length));
            NativeSupport.backend();
        } catch (Throwable thrown) {
            System.out.println("again=" + thrown.getClass().getName() + " " + thrown.getSuppressed().length);
        }
    }

    private static void say(Throwable thrown) {
        System.out.println("thrown=" + thrown.getClass().getName());
        System.out.println("message=" + String.valueOf(thrown.getMessage()).replace("\n", " | "));
        for (Throwable attempt : thrown.getSuppressed()) {
            System.out.println("attempt=" + String.valueOf(attempt.getMessage()).replace("\n", " | "));
        }
        if (!(thrown instanceof NativeUnavailableException)) {
            thrown.printStackTrace(System.out);
        }
    }
}
