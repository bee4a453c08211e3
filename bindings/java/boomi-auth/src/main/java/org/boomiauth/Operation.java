package org.boomiauth;

/** The numbers of what the native library does, which {@code native/src/operation.rs} has too. */
final class Operation {
    static final int VERSION = 0;
    static final int FREE = 1;
    static final int COUNT = 2;
    static final int PANIC = 3;

    static final int CREDENTIALS = 10;
    static final int WITH_OTP = 11;
    static final int HEADER = 12;
    static final int USERNAME = 13;
    static final int ONE_TIME_CODE = 14;

    static final int CLIENT = 20;
    static final int CANCEL = 21;
    static final int RESET_GUARD = 22;
    static final int CLOSE_CONNECTIONS = 23;
    static final int DESCRIBE = 24;
    static final int DESCRIBE_GUARD = 25;

    static final int SEND = 30;
    static final int OPEN = 31;
    static final int WAIT = 32;
    static final int READ = 33;
    static final int PAGES = 34;
    static final int NEXT_PAGE = 35;
    static final int START = 36;
    static final int WAIT_FOR = 37;
    static final int CALL = 38;
    static final int CANCEL_CALL = 39;

    static final int GENERATE_JWT = 40;
    static final int TOKEN_PROVIDER = 41;
    static final int GET_TOKEN = 42;
    static final int REFRESH = 43;
    static final int INVALIDATE = 44;
    static final int DESCRIBE_PROVIDER = 45;
    static final int TOKEN_HEADER = 46;

    static final int AUTHORIZE = 50;
    static final int OBSERVE = 51;
    static final int WITHDRAW = 52;

    private Operation() {}
}
