package org.boomiauth.bench;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URL;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import okhttp3.OkHttpClient;
import org.apache.hc.client5.http.classic.methods.HttpGet;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.client5.http.ssl.DefaultClientTlsStrategy;
import org.apache.hc.core5.http.io.entity.EntityUtils;
import org.boomiauth.AuthScheme;
import org.boomiauth.BoomiClient;
import org.boomiauth.Credentials;
import org.boomiauth.Request;

/** Who makes the same GET on a kept connection: our client, which keeps a JWT, and the others, with one in a header. */
final class Peers {
    static final String USER = "user@example.com";
    static final String API_TOKEN = "123aab45-67b8-9012-3a45-67c8e9e01e23";
    static final String ACCOUNT_ID = "account123";

    private static final String RECORD = "/api/rest/v1/{accountId}/Deployment/1";
    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    /** A GET, whose whole body it returns. */
    interface Peer {
        byte[] get() throws IOException, InterruptedException;
    }

    private final String address;
    private final Path caFile;
    private final String record;

    Peers(String address, Path caFile) {
        this.address = address;
        this.caFile = caFile;
        record = address + RECORD.replace("{accountId}", ACCOUNT_ID);
    }

    Peer peer(String name) throws IOException, InterruptedException, GeneralSecurityException {
        return switch (name) {
            case "boomi" -> boomi();
            case "java.net.http" -> javaNetHttp();
            case "okhttp" -> okhttp();
            case "apache" -> apache();
            case "HttpsURLConnection" -> httpsUrlConnection();
            default -> throw new IllegalArgumentException(name);
        };
    }

    /** Without a pace: Boomi's ten requests a second are not what is measured. */
    BoomiClient client() {
        return BoomiClient.builder()
                .credentials(Credentials.apiToken(USER, API_TOKEN.toCharArray()))
                .accountId(ACCOUNT_ID)
                .baseUrl(address)
                .caFile(caFile)
                .timeout(TIMEOUT)
                .requestsPerSecond(0)
                .build();
    }

    private Peer boomi() {
        BoomiClient client = client();
        Request request = Request.get(RECORD).auth(AuthScheme.JWT);
        return () -> client.send(request).bytes();
    }

    private Peer javaNetHttp() throws IOException, InterruptedException, GeneralSecurityException {
        HttpClient client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .sslContext(trusting())
                .connectTimeout(TIMEOUT)
                .build();
        HttpRequest request = HttpRequest.newBuilder(URI.create(record))
                .timeout(TIMEOUT)
                .header("Accept", "application/json")
                .header("Authorization", bearer())
                .build();
        return () -> client.send(request, BodyHandlers.ofByteArray()).body();
    }

    OkHttpClient okhttpClient() throws IOException, GeneralSecurityException {
        return new OkHttpClient.Builder()
                .sslSocketFactory(trusting().getSocketFactory(), (X509TrustManager) roots().getTrustManagers()[0])
                .callTimeout(TIMEOUT)
                .build();
    }

    private Peer okhttp() throws IOException, GeneralSecurityException {
        OkHttpClient client = okhttpClient();
        okhttp3.Request request = new okhttp3.Request.Builder()
                .url(record)
                .header("Accept", "application/json")
                .header("Authorization", bearer())
                .build();
        return () -> {
            try (okhttp3.Response response = client.newCall(request).execute()) {
                return response.body().bytes();
            }
        };
    }

    private Peer apache() throws IOException, GeneralSecurityException {
        CloseableHttpClient client = HttpClients.custom()
                .setConnectionManager(PoolingHttpClientConnectionManagerBuilder.create()
                        .setTlsSocketStrategy(new DefaultClientTlsStrategy(trusting()))
                        .setDefaultConnectionConfig(ConnectionConfig.custom()
                                .setSocketTimeout((int) TIMEOUT.toSeconds(), java.util.concurrent.TimeUnit.SECONDS)
                                .build())
                        .build())
                .build();
        HttpGet request = new HttpGet(record);
        request.setHeader("Accept", "application/json");
        request.setHeader("Authorization", bearer());
        return () -> client.execute(request, response -> EntityUtils.toByteArray(response.getEntity()));
    }

    private Peer httpsUrlConnection() throws IOException, GeneralSecurityException {
        HttpsURLConnection.setDefaultSSLSocketFactory(trusting().getSocketFactory());
        URL url = URI.create(record).toURL();
        String bearer = bearer();
        return () -> {
            HttpsURLConnection connection = (HttpsURLConnection) url.openConnection();
            connection.setReadTimeout((int) TIMEOUT.toMillis());
            connection.setRequestProperty("Accept", "application/json");
            connection.setRequestProperty("Authorization", bearer);
            try (InputStream in = connection.getInputStream()) {
                return in.readAllBytes();
            }
        };
    }

    /** A JWT of the server's, which asks for no credentials. */
    private String bearer() throws IOException, GeneralSecurityException {
        URL url = URI.create(address + "/auth/jwt/generate/" + ACCOUNT_ID).toURL();
        HttpsURLConnection connection = (HttpsURLConnection) url.openConnection();
        connection.setSSLSocketFactory(trusting().getSocketFactory());
        try (InputStream in = connection.getInputStream()) {
            return "Bearer " + new String(in.readAllBytes(), StandardCharsets.US_ASCII);
        }
    }

    private SSLContext trusting() throws IOException, GeneralSecurityException {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, roots().getTrustManagers(), null);
        return context;
    }

    private TrustManagerFactory roots() throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (InputStream pem = Files.newInputStream(caFile)) {
            store.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(pem));
        }
        TrustManagerFactory roots = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        roots.init(store);
        return roots;
    }
}
