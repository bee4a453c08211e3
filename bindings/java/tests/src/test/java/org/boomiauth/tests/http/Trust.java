package org.boomiauth.tests.http;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import org.boomiauth.junit5.Emulator;

/** What makes a library of Java's trust emulators. */
public final class Trust {
    public final X509TrustManager manager;
    public final SSLContext context;

    private Trust(X509TrustManager manager, SSLContext context) {
        this.manager = manager;
        this.context = context;
    }

    public static Trust of(Emulator... emulators) {
        try {
            KeyStore authorities = KeyStore.getInstance(KeyStore.getDefaultType());
            authorities.load(null, null);
            for (Emulator emulator : emulators) {
                Path file = emulator.caFile();
                try (InputStream pem = Files.newInputStream(file)) {
                    Certificate authority = CertificateFactory.getInstance("X.509").generateCertificate(pem);
                    authorities.setCertificateEntry(file.toString(), authority);
                }
            }
            TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init(authorities);
            TrustManager[] managers = factory.getTrustManagers();
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, managers, null);
            return new Trust((X509TrustManager) managers[0], context);
        } catch (Exception failed) {
            throw new AssertionError("the emulator's CA file cannot be used", failed);
        }
    }
}
