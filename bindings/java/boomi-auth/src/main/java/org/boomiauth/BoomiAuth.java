package org.boomiauth;

import java.time.Instant;
import java.util.Objects;

/** Computes headers and codes from credentials, without a network. */
public final class BoomiAuth {
    /** The version of this package, and of its native library. */
    public static final String VERSION = "0.1.0";
    /** Boomi's base URL. */
    public static final String BASE_URL_US = "https://api.boomi.com";
    /** Boomi's base URL in Great Britain. */
    public static final String BASE_URL_GB = "https://api.platform.gb.boomi.com";

    private BoomiAuth() {}

    /**
     * Returns the value of the Authorization header, {@code "Basic ..."}.
     *
     * <p>It is a secret. Requests that are sent with it do not pass the guard: see {@link BoomiClient#authorize}.
     *
     * @param credentials the credentials
     * @return the value
     * @throws BoomiAuthException if the source of the credentials fails
     */
    public static String header(Credentials credentials) {
        return about(credentials, Operation.HEADER);
    }

    /**
     * Returns the user name as it is sent, with {@code BOOMI_TOKEN.} before it for an API token: for the user field of
     * another tool.
     *
     * @param credentials the credentials
     * @return the name
     * @throws BoomiAuthException if the source of the credentials fails
     */
    public static String username(Credentials credentials) {
        return about(credentials, Operation.USERNAME);
    }

    private static String about(Credentials credentials, int operation) {
        FieldReader result = Native.call(credentials, operation, credentials.handle);
        String text = result.text();
        result.wipe();
        return text;
    }

    /**
     * Returns the one-time code of this moment, by this machine's clock.
     *
     * @param secret the authenticator's secret, in base32 or as an {@code otpauth://} URI
     * @return six digits, or as many as the URI says
     * @throws ConfigurationException if the secret is malformed
     */
    public static String oneTimeCode(char[] secret) {
        return code(secret, -1);
    }

    /**
     * Returns the one-time code of a moment.
     *
     * @param secret the authenticator's secret, in base32 or as an {@code otpauth://} URI
     * @param at the moment, after 1970
     * @return six digits, or as many as the URI says
     * @throws ConfigurationException if the secret is malformed
     */
    public static String oneTimeCode(char[] secret, Instant at) {
        if (at.getEpochSecond() < 0) {
            throw Failures.configuration("the time of a one-time code is " + at + ": give one after 1970");
        }
        return code(secret, at.getEpochSecond());
    }

    private static String code(char[] secret, long unixSeconds) {
        Objects.requireNonNull(secret, "secret");
        FieldReader result =
                Native.call(Operation.ONE_TIME_CODE, new Fields().secret(secret).number(unixSeconds));
        return result.text();
    }
}
