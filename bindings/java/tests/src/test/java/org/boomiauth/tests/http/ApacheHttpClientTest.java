package org.boomiauth.tests.http;

import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.UnknownHostException;
import javax.net.ssl.SSLHandshakeException;
import org.apache.hc.client5.http.ConnectTimeoutException;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.client5.http.ssl.DefaultClientTlsStrategy;
import org.apache.hc.core5.http.ContentType;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.io.entity.EntityUtils;
import org.apache.hc.core5.http.io.entity.StringEntity;
import org.boomiauth.Authorization;
import org.boomiauth.BoomiClient;
import org.boomiauth.junit5.BoomiEmulator;
import org.junit.jupiter.api.condition.EnabledIf;

/** Apache HttpClient 5. */
@BoomiEmulator
@EnabledIf(value = "isUsable", disabledReason = "HttpClient 5.6 needs the module jdk.net, which is not here")
class ApacheHttpClientTest extends LibraryContract {
    static boolean isUsable() {
        try {
            Class.forName("jdk.net.Sockets");
            return true;
        } catch (ClassNotFoundException missing) {
            return false;
        }
    }

    @Override
    protected Sender sender(BoomiClient client, Trust trust) {
        CloseableHttpClient http = HttpClients.custom()
                .setConnectionManager(PoolingHttpClientConnectionManagerBuilder.create()
                        .setTlsSocketStrategy(new DefaultClientTlsStrategy(trust.context))
                        .build())
                .disableRedirectHandling()
                .disableAutomaticRetries()
                .build();
        return new Sender() {
            @Override
            public Answer send(String method, String url, String body) throws Exception {
                return Sender.twiceAtMost(() -> once(client, http, method, url, body));
            }

            @Override
            public void close() throws IOException {
                http.close();
            }
        };
    }

    private static Sender.Answer once(
            BoomiClient client, CloseableHttpClient http, String method, String url, String body) throws IOException {
        HttpUriRequestBase request = new HttpUriRequestBase(method, URI.create(url));
        request.setHeader("Accept", "application/json");
        if (body != null) {
            request.setEntity(new StringEntity(body, ContentType.APPLICATION_JSON));
        }
        try (Authorization sent = client.authorize(URI.create(url), request::setHeader)) {
            try {
                return http.execute(request, answer -> {
                    HttpEntity entity = answer.getEntity();
                    byte[] content = entity == null ? new byte[0] : EntityUtils.toByteArray(entity);
                    return new Sender.Answer(answer.getCode(), content, sent.observe(answer.getCode(), content));
                });
            } catch (ConnectException | ConnectTimeoutException | UnknownHostException | SSLHandshakeException unsent) {
                sent.withdraw();
                throw unsent;
            }
        }
    }
}
