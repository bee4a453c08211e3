package org.boomiauth;

/** An argument or a setting is missing, bad, or contradicts another. Nothing was sent. */
public final class ConfigurationException extends BoomiAuthException {
    private static final long serialVersionUID = 1L;

    ConfigurationException(Details details) {
        super(details);
    }
}
