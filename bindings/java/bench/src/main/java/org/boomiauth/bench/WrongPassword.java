package org.boomiauth.bench;

import java.io.IOException;
import java.nio.file.Paths;
import java.security.GeneralSecurityException;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;

/** Sixty requests by OkHttp with a wrong password, for counts.py, which counts what arrives. */
final class WrongPassword {
    private static final int CALLS = 60;

    private WrongPassword() {}

    public static void main(String[] arguments) throws IOException, GeneralSecurityException {
        String basic = okhttp3.Credentials.basic(System.getenv("WRONG_USER"), System.getenv("WRONG"));
        OkHttpClient client = new Peers("", Paths.get(System.getenv("BOOMI_CA_FILE"))).okhttpClient();
        Request request = new Request.Builder()
                .url(System.getenv("WRONG_URL"))
                .header("Authorization", basic)
                .build();
        for (int call = 0; call < CALLS; call++) {
            try (Response response = client.newCall(request).execute()) {
                response.body().bytes();
            }
        }
        client.connectionPool().evictAll();
        client.dispatcher().executorService().shutdown();
    }
}
