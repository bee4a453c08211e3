package org.boomiauth.tests.http;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Proxy;
import java.net.URI;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import javax.net.ssl.HttpsURLConnection;
import org.boomiauth.Authorization;
import org.boomiauth.BoomiClient;
import org.boomiauth.junit5.BoomiEmulator;

/** HttpURLConnection. */
@BoomiEmulator
class HttpUrlConnectionTest extends LibraryContract {
    @Override
    protected Sender sender(BoomiClient client, Trust trust) {
        return (method, url, body) -> Sender.twiceAtMost(() -> send(client, trust, method, url, body));
    }

    @Override
    protected int sendsOfALostRequest() {
        // Unless -Dsun.net.http.retryPost=false; a GET always.
        return 2;
    }

    private static Sender.Answer send(BoomiClient client, Trust trust, String method, String url, String body)
            throws IOException {
        HttpsURLConnection connection = (HttpsURLConnection) new URL(url).openConnection(Proxy.NO_PROXY);
        connection.setSSLSocketFactory(trust.context.getSocketFactory());
        connection.setInstanceFollowRedirects(false);
        connection.setRequestMethod(method);
        connection.setRequestProperty("Accept", "application/json");
        try (Authorization sent = client.authorize(URI.create(url), connection::setRequestProperty)) {
            connection.setDoOutput(body != null);
            try {
                connection.connect();
            } catch (IOException unsent) {
                sent.withdraw();
                throw unsent;
            }
            if (body != null) {
                try (OutputStream out = connection.getOutputStream()) {
                    out.write(body.getBytes(StandardCharsets.UTF_8));
                }
            }
            int status = connection.getResponseCode();
            byte[] answer = all(status < 400 ? connection.getInputStream() : connection.getErrorStream());
            return new Sender.Answer(status, answer, sent.observe(status, answer));
        }
    }

    /** The stream is null where there is no body. */
    private static byte[] all(InputStream in) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        byte[] piece = new byte[8192];
        for (int amount = in == null ? -1 : in.read(piece); amount >= 0; amount = in.read(piece)) {
            all.write(piece, 0, amount);
        }
        return all.toByteArray();
    }
}
