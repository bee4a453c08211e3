package org.boomiauth.bench;

import java.io.IOException;
import java.nio.file.Paths;
import java.security.GeneralSecurityException;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** An authenticated GET of 1 KiB on a kept TLS connection. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class Get {
    private static final int OBJECT_BYTES = 1024;

    /** One of {@link Peers#peer}. */
    @Param("boomi")
    public String peer;

    /** How often it is called before anything is timed. A count, so that a busy machine warms the JVM too. */
    @Param("80000")
    public int warmUp;

    private Peers.Peer client;

    /** Connects it. */
    @Setup
    public void connect() throws IOException, InterruptedException, GeneralSecurityException {
        client = new Peers(System.getProperty("bench.address"), Paths.get(System.getProperty("bench.ca"))).peer(peer);
        for (int time = 0; time <= warmUp; time++) {
            get();
        }
    }

    @Benchmark
    public byte[] get() throws IOException, InterruptedException {
        byte[] body = client.get();
        if (body.length != OBJECT_BYTES) {
            throw new IOException(peer + " read " + body.length + " bytes");
        }
        return body;
    }
}
