package org.boomiauth.tests.lifetime;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.nio.file.Paths;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import javax.management.ObjectName;
import org.boomiauth.AuthScheme;
import org.boomiauth.BoomiClient;
import org.boomiauth.ClientBuilder;
import org.boomiauth.Credentials;
import org.boomiauth.Request;
import org.boomiauth.Response;
import org.boomiauth.Token;
import org.boomiauth.TokenProvider;

/**
 * Signs in with secrets of its standard input, and dumps its heap when all is closed:
 * {@code SecretsInMemory URL CA OTP_USER USER DIRECTORY MORE}. It makes no String of one, unless {@code MORE} says so.
 */
final class SecretsInMemory {
    private static final int LONGEST = 200;

    private final FileInputStream input = new FileInputStream(FileDescriptor.in);
    private final String[] arguments;
    private final char[] password;
    private final char[] otpSecret;
    private final char[] apiToken;

    private BoomiClient byPassword;
    private BoomiClient byToken;
    private Credentials withCodes;
    private Credentials withToken;
    private Token token;

    private SecretsInMemory(String[] arguments) throws IOException {
        this.arguments = arguments;
        password = line();
        otpSecret = line();
        apiToken = line();
    }

    /** A line in ISO-8859-1. */
    private char[] line() throws IOException {
        char[] room = new char[LONGEST];
        int length = 0;
        for (int read = input.read(); read >= 0 && read != '\n'; read = input.read()) {
            room[length++] = (char) read;
        }
        char[] line = Arrays.copyOf(room, length);
        Arrays.fill(room, ' ');
        return line;
    }

    private ClientBuilder builder(Credentials credentials) {
        return BoomiClient.builder()
                .credentials(credentials)
                .accountId("account123")
                .baseUrl(arguments[0])
                .caFile(Paths.get(arguments[1]))
                .proxy("")
                .requestsPerSecond(0)
                .onEvent(event -> event.json());
    }

    private void signIn() throws Exception {
        Credentials withoutCodes = Credentials.password(arguments[2], password);
        withCodes = withoutCodes.withOtpSecret(otpSecret);
        withoutCodes.close();
        byPassword = builder(withCodes).build();
        if (arguments[5].equals("authorize")) {
            authorize(byPassword);
        } else {
            TokenProvider provider = byPassword.tokenProvider(null);
            token = provider.get();
            byPassword.token();
            byPassword
                    .post("/graphql", "{\"query\":\"{ organizations { id } }\"}")
                    .check();
        }
        withToken = Credentials.apiToken(arguments[3], apiToken);
        byToken = builder(withToken).build();
        byToken.generateJwt();
        byToken.get(CallbackTest.RECORD).check();
        try (Response answer = byToken.open(Request.get(CallbackTest.RECORD))) {
            answer.check().bytes();
        }
        for (Runnable failing : new Runnable[] {
            () -> withoutCodes.withOtpSecret(otpSecret),
            () -> Credentials.password("a:b", password),
            () -> withCodes.withOtpSecret(password),
            // The other user would wait for the next one-time code.
            () -> byToken.get("/api/rest/v1/{accountId}/AuditLog/none").check(),
        }) {
            try {
                failing.run();
                throw new AssertionError("it does not fail");
            } catch (RuntimeException told) {
                told.toString();
            }
        }
    }

    /** Basic and a code: two headers, of which Java gets Strings. */
    private void authorize(BoomiClient client) {
        URI uri = URI.create(arguments[0] + CallbackTest.RECORD.replace("{accountId}", "account123"));
        AtomicInteger headers = new AtomicInteger();
        client.authorize(uri, AuthScheme.BASIC, (name, value) -> headers.incrementAndGet())
                .observe(200);
        if (headers.get() != 2) {
            throw new AssertionError(headers + " headers");
        }
    }

    private void close() {
        byPassword.close();
        byToken.close();
        withCodes.close();
        withToken.close();
        for (char[] secret : new char[][] {password, otpSecret, apiToken}) {
            Arrays.fill(secret, ' ');
        }
        token = null;
        byPassword = null;
        byToken = null;
    }

    private void await(String said) throws IOException {
        System.out.println(said);
        line();
    }

    private void dump(String name) throws Exception {
        ObjectName diagnostics = new ObjectName("com.sun.management:type=HotSpotDiagnostic");
        ManagementFactory.getPlatformMBeanServer()
                .invoke(diagnostics, "dumpHeap", new Object[] {arguments[4] + "/" + name, false}, new String[] {
                    "java.lang.String", "boolean"
                });
    }

    public static void main(String[] arguments) throws Exception {
        SecretsInMemory program = new SecretsInMemory(arguments);
        program.signIn();
        if (arguments[5].equals("header")) {
            program.token.header();
        }
        program.await("signed in");
        program.close();
        program.dump("closed.hprof");
        while (Internals.count() > 0) {
            System.gc();
            Thread.sleep(10);
        }
        program.await("closed");
        program.dump("collected.hprof");
        program.await("dumped");
    }
}
