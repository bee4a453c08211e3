package org.boomiauth.bench;

import org.boomiauth.BoomiAuth;
import org.boomiauth.Credentials;

/** A program that makes one header, or nothing. */
final class FirstUse {
    private FirstUse() {}

    public static void main(String[] arguments) {
        if (arguments[0].equals("header")
                && BoomiAuth.header(Credentials.apiToken(Peers.USER, Peers.API_TOKEN.toCharArray())).isEmpty()) {
            throw new IllegalStateException("no header");
        }
    }
}
