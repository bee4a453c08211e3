package org.boomiauth;

import java.nio.file.Path;
import java.util.Objects;
import java.util.function.Supplier;
import javax.security.auth.Destroyable;

/**
 * Who signs in, and where the secret comes from. Secrets are copied to native memory, and nothing of Java's keeps them: overwrite
 * your own array when you have given it.
 *
 * <p>Immutable, and good for any number of clients and threads. {@link #destroy()} wipes its copy of the secret; clients that were made with
 * it keep theirs.
 */
public final class Credentials implements Destroyable, AutoCloseable {
    /** Gives credentials when they are needed: a vault, a keychain, a prompt. */
    @FunctionalInterface
    public interface Source {
        /**
         * Gives the credentials. It is asked before the first sign-in, and before the next one after a rejection, on the thread
         * of the call, perhaps on several at once.
         *
         * @param rejected whether what it gave before was rejected
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
    /** The library knows its functions weakly. */
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
     * A user and one of the user's API tokens.
     *
     * @param username the e-mail address of the sign-in, with or without {@code BOOMI_TOKEN.} before it
     * @param token the token, which is copied
     * @return the credentials
     * @throws ConfigurationException if they cannot be sent, because of a colon in the name, say
     */
    public static Credentials apiToken(String username, char[] token) {
        return fixed(API_TOKEN, username, token);
    }

    /**
     * A user and the user's own password. For a user with two-factor authentication see {@link #withOtpSecret(char[])}.
     *
     * @param username the e-mail address of the sign-in
     * @param password the password, which is copied
     * @return the credentials
     * @throws ConfigurationException if they cannot be sent, because of a colon in the name, say
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
     * A user whose API token is the content of a file, less the line end. The file is read again after a rejection, so that a token
     * that something else rotates is picked up.
     *
     * @param username the e-mail address of the sign-in
     * @param file the file
     * @return the credentials
     */
    public static Credentials apiTokenFile(String username, Path file) {
        return file(API_TOKEN, username, file);
    }

    /**
     * A user whose password is the content of a file, less the line end. The file is read again after a rejection.
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
     * Credentials from a program, run through the shell, which prints one JSON object:
     * {@code {"version": 1, "username": "...", "api_token": "..."}}. {@code password} may stand in place of {@code api_token}.
     *
     * @param command the command
     * @return the credentials
     */
    public static Credentials process(String command) {
        return process(command, null);
    }

    /**
     * The same, where the program need not say who the user is.
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
     * Credentials from a function.
     *
     * @param supplier gives what {@link #apiToken} or {@link #password} returns, and is asked as {@link Source#get} is
     * @return the credentials
     */
    public static Credentials from(Supplier<Credentials> supplier) {
        Objects.requireNonNull(supplier, "supplier");
        return from(rejected -> supplier.get());
    }

    /**
     * Credentials from a function that wants to know whether the last ones were rejected.
     *
     * @param source gives what {@link #apiToken} or {@link #password} returns
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
        /** What was given, which must not be garbage before the library has taken it. */
        private volatile Credentials given;

        Ask(Source source) {
            this.source = source;
        }

        @Override
        public Fields call(Answer fields) throws Exception {
            Credentials now = source.get(fields.flag());
            if (now == null) {
                throw new NullPointerException("the function that gives the credentials returned null");
            }
            given = now;
            return new Fields().flag(false).number(now.handle.number());
        }
    }

    /**
     * The same for a user with two-factor authentication: with each password sign-in goes a code that is made of this secret. None
     * is ever sent with an API token.
     *
     * @param secret the authenticator's secret, in base32 or as an {@code otpauth://} URI, which is copied
     * @return other credentials; these stay as they are
     * @throws ConfigurationException if the secret is none
     */
    public Credentials withOtpSecret(char[] secret) {
        Objects.requireNonNull(secret, "secret");
        return with(new Fields().octet(CODES_OF_SECRET).secret(secret), null);
    }

    /**
     * The same for a user with two-factor authentication whose codes come from a function, such as a prompt.
     *
     * @param supplier gives a code. It is asked when a sign-in needs one, on the thread of the call. What it throws is the cause of
     *     the call's {@link OtpException}
     * @return other credentials; these stay as they are
     */
    public Credentials withOtp(Supplier<String> supplier) {
        Objects.requireNonNull(supplier, "supplier");
        Upcalls.Function function = nothing -> {
            String code = supplier.get();
            if (code == null) {
                throw new NullPointerException("the function that gives the one-time code returned null");
            }
            return new Fields().flag(false).text(code);
        };
        return with(new Fields().octet(CODES_OF_FUNCTION).number(Upcalls.register(function)), function);
    }

    private Credentials with(Fields fields, Upcalls.Function codes) {
        long number = Native.call(this, Operation.WITH_OTP, handle, fields).longNumber();
        return new Credentials(number, shown, source, codes);
    }

    /** Wipes its copy of the secret. Clients that were made with it keep theirs; nothing else can be done with it. */
    @Override
    public void destroy() {
        handle.close();
    }

    /** The same as {@link #destroy()}. */
    @Override
    public void close() {
        handle.close();
    }

    /**
     * Whether it is.
     *
     * @return whether it is
     */
    @Override
    public boolean isDestroyed() {
        return handle.isClosed();
    }

    /**
     * Who signs in.
     *
     * @return the user name, and no secret
     */
    @Override
    public String toString() {
        return "Credentials[" + shown + ", ***" + (codes == null ? "" : ", one-time codes from a function") + "]";
    }
}
