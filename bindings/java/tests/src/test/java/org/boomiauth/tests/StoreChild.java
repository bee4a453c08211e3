package org.boomiauth.tests;

import org.boomiauth.AuthenticationException;
import org.boomiauth.BoomiClient;
import org.boomiauth.ClientBuilder;
import org.boomiauth.Credentials;
import org.boomiauth.CredentialsRejectedException;
import org.boomiauth.junit5.Emulator;

/**
 * A program whose settings are in its environment, and whose store is there too or is its argument. It prints its JWT, and then how each of its
 * sign-ins with a wrong password ended.
 */
final class StoreChild {
    private StoreChild() {}

    public static void main(String[] arguments) throws Exception {
        try (BoomiClient client = StoreTest.connected(builder(arguments).build())) {
            System.out.println(client.token().jwt());
        }
        Credentials wrong = Credentials.password(Emulator.USER.name(), "wrong".toCharArray());
        try (BoomiClient client =
                StoreTest.connected(builder(arguments).credentials(wrong).build())) {
            AtOnce.run(4, number -> () -> {
                        try {
                            client.generateJwt();
                            return "accepted";
                        } catch (CredentialsRejectedException rejected) {
                            return "rejected";
                        } catch (AuthenticationException other) {
                            return other.getClass().getSimpleName();
                        }
                    })
                    .forEach(System.out::println);
        }
    }

    private static ClientBuilder builder(String[] arguments) {
        ClientBuilder builder = BoomiClient.builder().fromEnv();
        return arguments.length > 0 ? builder.store(arguments[0]) : builder;
    }
}
