import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;

/** What other HTTP libraries trust: what Java does, or the PEM file that BOOMI_CA_FILE names and nothing else. */
final class Trusted {
    final X509TrustManager manager;
    final SSLContext context;

    Trusted() throws Exception {
        KeyStore authorities = null;
        String file = System.getenv("BOOMI_CA_FILE");
        if (file != null) {
            authorities = KeyStore.getInstance(KeyStore.getDefaultType());
            authorities.load(null, null);
            try (InputStream pem = Files.newInputStream(Paths.get(file))) {
                for (Certificate each : CertificateFactory.getInstance("X.509").generateCertificates(pem)) {
                    authorities.setCertificateEntry("ca-" + authorities.size(), each);
                }
            }
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(authorities);
        TrustManager[] managers = trust.getTrustManagers();
        manager = (X509TrustManager) managers[0];
        context = SSLContext.getInstance("TLS");
        context.init(null, managers, null);
    }
}
