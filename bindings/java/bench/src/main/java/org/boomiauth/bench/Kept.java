package org.boomiauth.bench;

import java.nio.file.Paths;
import java.util.concurrent.TimeUnit;
import org.boomiauth.BoomiClient;
import org.boomiauth.Token;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** A JWT that the client keeps, while it is fresh. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class Kept {
    private BoomiClient client;

    /** Signs in. */
    @Setup
    public void signIn() {
        client = new Peers(System.getProperty("bench.address"), Paths.get(System.getProperty("bench.ca"))).client();
        client.token();
    }

    @Benchmark
    public Token token() {
        return client.token();
    }

    /** As a header's value, which is a String. */
    @Benchmark
    public String header() {
        return client.token().header();
    }
}
