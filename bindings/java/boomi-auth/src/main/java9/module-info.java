/** Signs in to Boomi: credentials, one-time codes and five-minute JWTs, over a native core. */
@SuppressWarnings("requires-automatic")
module org.boomiauth {
    requires static okhttp3;

    exports org.boomiauth;
    exports org.boomiauth.okhttp;
}
