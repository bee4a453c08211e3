package org.boomiauth.tests.http;

import java.net.Proxy;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.boomiauth.BoomiClient;
import org.boomiauth.junit5.BoomiEmulator;
import org.boomiauth.okhttp.BoomiInterceptor;

/** OkHttp, which the interceptor makes do it all. */
@BoomiEmulator
class OkHttpTest extends LibraryContract {
    static final MediaType JSON = MediaType.get("application/json");

    static OkHttpClient.Builder builder(BoomiClient client, Trust trust) {
        OkHttpClient.Builder builder = new OkHttpClient.Builder()
                .proxy(Proxy.NO_PROXY)
                .sslSocketFactory(trust.context.getSocketFactory(), trust.manager);
        return BoomiInterceptor.install(builder, client);
    }

    @Override
    protected Sender sender(BoomiClient client, Trust trust) {
        OkHttpClient http = builder(client, trust).build();
        return (method, url, body) -> {
            Request request = new Request.Builder()
                    .url(url)
                    .header("Accept", "application/json")
                    .method(method, body == null ? null : RequestBody.create(body, JSON))
                    .build();
            try (Response answer = http.newCall(request).execute()) {
                return new Sender.Answer(answer.code(), answer.body().bytes(), false);
            }
        };
    }

    @Override
    protected boolean followsRedirects() {
        return true;
    }
}
