package org.boomiauth.tests;

import java.nio.file.Paths;
import org.boomiauth.AuthenticationException;
import org.boomiauth.BoomiClient;
import org.boomiauth.Credentials;
import org.boomiauth.CredentialsRejectedException;
import org.boomiauth.junit5.Emulator;

/** A program with a wrong password and a state directory. It prints how each of its sign-ins ended. */
final class GuardChild {
    private GuardChild() {}

    public static void main(String[] arguments) throws Exception {
        Credentials wrong = Credentials.password(Emulator.USER.name(), "wrong".toCharArray());
        try (BoomiClient client = BoomiClient.builder()
                .credentials(wrong)
                .accountId(Emulator.ACCOUNT_ID)
                .baseUrl(arguments[0])
                .caFile(Paths.get(arguments[1]))
                .stateDir(Paths.get(arguments[2]))
                .proxy("")
                .build()) {
            AtOnce.run(4, number -> () -> {
                        try {
                            client.generateJwt();
                            return "accepted";
                        } catch (CredentialsRejectedException rejected) {
                            return "rejected " + rejected.wasSent();
                        } catch (AuthenticationException other) {
                            return other.getClass().getSimpleName();
                        }
                    })
                    .forEach(System.out::println);
        }
    }
}
