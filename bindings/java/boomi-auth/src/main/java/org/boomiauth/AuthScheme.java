package org.boomiauth;

/** How a request is signed. */
public enum AuthScheme {
    // The library knows them by their order.
    /** With a JWT for {@code /graphql}, or where the client has a token provider; else with Basic. */
    AUTO,
    /** With user name and secret, and a one-time code where one is needed. */
    BASIC,
    /** With a JWT. */
    JWT,
    /** Not at all. */
    NONE
}
