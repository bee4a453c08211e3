package org.boomiauth.tests;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A Valkey or Redis server of one test's own, on loopback. */
final class StoreServer implements AutoCloseable {
    static final String PASSWORD = "store-password";

    private final int port = freePort();
    private final Process process;

    StoreServer(Path directory) throws Exception {
        File nowhere = new File("/dev/null");
        // A busy machine is no slow store, and a call waits 40 ms for that. Not everybody may ask for it.
        List<String> command = new ArrayList<>(Arrays.asList("nice", "-n", "-19", program()));
        command.addAll(Arrays.asList("--port", String.valueOf(port), "--bind", "127.0.0.1", "--requirepass", PASSWORD));
        command.addAll(Arrays.asList("--dir", directory.toString(), "--appendonly", "no", "--save", ""));
        process = new ProcessBuilder(command)
                .redirectOutput(nowhere)
                .redirectError(nowhere)
                .start();
        while (!takesConnections()) {
            if (!process.isAlive()) {
                throw new IllegalStateException("the server ended with " + process.exitValue());
            }
            Thread.yield();
        }
    }

    private static String program() {
        for (String name : Arrays.asList("valkey-server", "redis-server")) {
            for (String directory : System.getenv("PATH").split(File.pathSeparator)) {
                if (Files.isExecutable(new File(directory, name).toPath())) {
                    return name;
                }
            }
        }
        throw new IllegalStateException("no redis-server: `make setup` installs it");
    }

    static int freePort() throws IOException {
        try (ServerSocket one = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            return one.getLocalPort();
        }
    }

    private boolean takesConnections() {
        try (Socket open = new Socket("127.0.0.1", port)) {
            return open.isConnected();
        } catch (IOException refused) {
            return false;
        }
    }

    String url() {
        return "redis://:" + PASSWORD + "@127.0.0.1:" + port + "/0";
    }

    /** What is said of it. */
    String place() {
        return "redis://***@127.0.0.1:" + port + "/0?prefix=boomi-auth:";
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
