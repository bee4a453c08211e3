package org.boomiauth;

import java.time.Instant;
import java.util.Objects;

/** What is computed from credentials alone. No network is used. */
public final class BoomiAuth {
    /** The version of this package, and of its native library. */
    public static final String VERSION = "0.1.0";
    /** Boomi's address. */
    public static final String BASE_URL_US = "https://api.boomi.com";
    /** Boomi's address in Great Britain. */
    public static final String BASE_URL_GB = "https://api.platform.gb.boomi.com";

    private BoomiAuth() {}

    /**
     * The value of the Authorization header, {@code "Basic ..."}.
     *
     * <p>It is a secret. Who sends requests with it gets no guard: see {@link BoomiClient#authorize}.
     *
     * @param credentials who signs in
     * @return the value
     * @throws BoomiAuthException if the credentials cannot be had from where they come from
     */
    public static String header(Credentials credentials) {
        return about(credentials, Operation.HEADER);
    }

    /**
     * The user name as it is sent, with {@code BOOMI_TOKEN.} before it for an API token: for the user field of another tool.
     *
     * @param credentials who signs in
     * @return the name
     * @throws BoomiAuthException if the credentials cannot be had from where they come from
     */
    public static String username(Credentials credentials) {
        return about(credentials, Operation.USERNAME);
    }

    private static String about(Credentials credentials, int operation) {
        Answer answer = Native.call(credentials, operation, credentials.handle);
        String text = answer.text();
        answer.wipe();
        return text;
    }

    /**
     * The one-time code of this moment, by this machine's clock.
     *
     * @param secret the authenticator's secret, in base32 or as an {@code otpauth://} URI
     * @return six digits, or as many as the URI says
     * @throws ConfigurationException if the secret is none
     */
    public static String oneTimeCode(char[] secret) {
        return code(secret, -1);
    }

    /**
     * The one-time code of a moment.
     *
     * @param secret the authenticator's secret, in base32 or as an {@code otpauth://} URI
     * @param at the moment, after 1970
     * @return six digits, or as many as the URI says
     * @throws ConfigurationException if the secret is none
     */
    public static String oneTimeCode(char[] secret, Instant at) {
        if (at.getEpochSecond() < 0) {
            throw Failures.configuration("the time of a one-time code is " + at + ": give one after 1970");
        }
        return code(secret, at.getEpochSecond());
    }

    private static String code(char[] secret, long unixSeconds) {
        Objects.requireNonNull(secret, "secret");
        Answer answer =
                Native.call(Operation.ONE_TIME_CODE, new Fields().secret(secret).number(unixSeconds));
        return answer.text();
    }
}
