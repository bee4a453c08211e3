package org.boomiauth;

import java.nio.file.Path;
import java.util.Objects;
import java.util.function.Supplier;
import javax.security.auth.Destroyable;

/**
 * Credentials: a user, and the source of the secret. Secrets are copied to native memory, not to Java objects:
 * overwrite your own array afterwards.
 *
 * <p>Immutable and thread-safe; clients may share it. {@link #destroy()} wipes its copy of the secret; clients that
 * were built with it keep theirs.
 */
public final class Credentials implements Destroyable, AutoCloseable {
    /** Supplies credentials when they are needed: a vault, a keychain, a prompt. */
    @FunctionalInterface
    public interface Source {
        /**
         * Supplies the credentials. Called before the first sign-in and after a rejection, on the thread of the call,
         * perhaps on several at once.
         *
         * @param rejected whether the former credentials were rejected
         * @return what {@link Credentials#apiToken apiToken} or {@link Credentials#password password} returns
         * @throws Exception if there are none: the cause of the call's {@link ConfigurationException}
         */
        Credentials get(boolean rejected) throws Exception;
    }

    private static final int FIXED = 0;
    private static final int FILE = 1;
    private static final int PROCESS = 2;
    private static final int FUNCTION = 3;

    private static final int API_TOKEN = 0;
    private static final int PASSWORD = 1;

    private static final int NO_CODES = 0;
    private static final int CODES_OF_SECRET = 1;
    private static final int CODES_OF_FUNCTION = 2;

    final Handle handle;
    private final String shown;
    /** Keeps the callbacks reachable, which the library refers to weakly. */
    private final Upcalls.Function source;

    private final Upcalls.Function codes;

    private Credentials(long number, String shown, Upcalls.Function source, Upcalls.Function codes) {
        handle = new Handle(this, number);
        this.shown = shown;
        this.source = source;
        this.codes = codes;
    }

    private static Credentials make(Fields fields, String shown, Upcalls.Function source) {
        long number = Native.call(Operation.CREDENTIALS, fields.octet(NO_CODES)).longNumber();
        return new Credentials(number, shown, source, null);
    }

    /**
     * Returns credentials of a user and an API token.
     *
     * @param username the e-mail address of the sign-in, with or without {@code BOOMI_TOKEN.} before it
     * @param token the token, which is copied
     * @return the credentials
     * @throws ConfigurationException if they cannot be sent, such as a name with a colon
     */
    public static Credentials apiToken(String username, char[] token) {
        return fixed(API_TOKEN, username, token);
    }

    /**
     * Returns credentials of a user and the password. For a user with two-factor authentication see {@link
     * #withOtpSecret(char[])}.
     *
     * @param username the e-mail address of the sign-in
     * @param password the password, which is copied
     * @return the credentials
     * @throws ConfigurationException if they cannot be sent, such as a name with a colon
     */
    public static Credentials password(String username, char[] password) {
        return fixed(PASSWORD, username, password);
    }

    private static Credentials fixed(int kind, String username, char[] secret) {
        Objects.requireNonNull(username, "username");
        Objects.requireNonNull(secret, "secret");
        return make(new Fields().octet(FIXED).octet(kind).text(username).secret(secret), username, null);
    }

    /**
     * Returns credentials of a user whose API token is in a file; a line end after it does not count. The file is read
     * again after a rejection, so that a rotated token is found.
     *
     * @param username the e-mail address of the sign-in
     * @param file the file
     * @return the credentials
     */
    public static Credentials apiTokenFile(String username, Path file) {
        return file(API_TOKEN, username, file);
    }

    /**
     * Returns credentials of a user whose password is in a file; a line end after it does not count. The file is read
     * again after a rejection.
     *
     * @param username the e-mail address of the sign-in
     * @param file the file
     * @return the credentials
     */
    public static Credentials passwordFile(String username, Path file) {
        return file(PASSWORD, username, file);
    }

    private static Credentials file(int kind, String username, Path file) {
        Objects.requireNonNull(username, "username");
        String path = file.toAbsolutePath().toString();
        return make(new Fields().octet(FILE).octet(kind).text(username).text(path), username, null);
    }

    /**
     * Returns credentials that a program supplies; the shell runs it, and it prints one JSON object: {@code {"version":
     * 1, "username": "...", "api_token": "..."}}. {@code password} may stand in place of {@code api_token}.
     *
     * @param command the command
     * @return the credentials
     */
    public static Credentials process(String command) {
        return process(command, null);
    }

    /**
     * Returns credentials that a program supplies, perhaps without the user name.
     *
     * @param command the command
     * @param username the e-mail address of the sign-in; null to leave it to the program
     * @return the credentials
     */
    public static Credentials process(String command, String username) {
        Objects.requireNonNull(command, "command");
        Fields fields = new Fields().octet(PROCESS).text(command).text(username);
        return make(fields, username == null ? "from a program" : username, null);
    }

    /**
     * Returns credentials that a function supplies.
     *
     * @param supplier returns those of {@link #apiToken} or {@link #password}; called as {@link Source#get} is
     * @return the credentials
     */
    public static Credentials from(Supplier<Credentials> supplier) {
        Objects.requireNonNull(supplier, "supplier");
        return from(rejected -> supplier.get());
    }

    /**
     * Returns credentials that a function supplies, which learns whether the former ones were rejected.
     *
     * @param source returns those of {@link #apiToken} or {@link #password}
     * @return the credentials
     */
    public static Credentials from(Source source) {
        Objects.requireNonNull(source, "source");
        Upcalls.Function function = new Ask(source);
        Fields fields = new Fields().octet(FUNCTION).number(Upcalls.register(function));
        return make(fields, "from a function", function);
    }

    private static final class Ask implements Upcalls.Function {
        private final Source source;
        /** Keeps the supplied credentials reachable until the library has copied them. */
        private volatile Credentials supplied;

        Ask(Source source) {
            this.source = source;
        }

        @Override
        public Fields call(FieldReader fields) throws Exception {
            Credentials now = source.get(fields.flag());
            if (now == null) {
                throw new NullPointerException("the function that supplies the credentials returned null");
            }
            supplied = now;
            return new Fields().flag(false).number(now.handle.number());
        }
    }

    /**
     * Returns these credentials with two-factor authentication: each password sign-in sends a code of this secret. No
     * code is ever sent with an API token.
     *
     * @param secret the authenticator's secret, in base32 or as an {@code otpauth://} URI, which is copied
     * @return new credentials; these do not change
     * @throws ConfigurationException if the secret is malformed
     */
    public Credentials withOtpSecret(char[] secret) {
        Objects.requireNonNull(secret, "secret");
        return with(new Fields().octet(CODES_OF_SECRET).secret(secret), null);
    }

    /**
     * Returns these credentials with two-factor authentication whose codes a function supplies, such as a prompt.
     *
     * @param supplier returns a code. Called when a sign-in needs one, on the thread of the call. Its exception is the
     *     cause of the call's {@link OtpException}
     * @return new credentials; these do not change
     */
    public Credentials withOtp(Supplier<String> supplier) {
        Objects.requireNonNull(supplier, "supplier");
        Upcalls.Function function = nothing -> {
            String code = supplier.get();
            if (code == null) {
                throw new NullPointerException("the function that supplies the one-time code returned null");
            }
            return new Fields().flag(false).text(code);
        };
        return with(new Fields().octet(CODES_OF_FUNCTION).number(Upcalls.register(function)), function);
    }

    private Credentials with(Fields fields, Upcalls.Function codes) {
        long number = Native.call(this, Operation.WITH_OTP, handle, fields).longNumber();
        return new Credentials(number, shown, source, codes);
    }

    /** Wipes its copy of the secret. It cannot be used afterwards; clients that were built with it can. Idempotent. */
    @Override
    public void destroy() {
        handle.close();
    }

    /** Wipes its copy of the secret, as {@link #destroy()} does. */
    @Override
    public void close() {
        handle.close();
    }

    /**
     * Whether the secret was wiped.
     *
     * @return whether it was
     */
    @Override
    public boolean isDestroyed() {
        return handle.isClosed();
    }

    /**
     * The user.
     *
     * @return a text without secrets
     */
    @Override
    public String toString() {
        return "Credentials[" + shown + ", ***" + (codes == null ? "" : ", one-time codes from a function") + "]";
    }
}
