package org.boomiauth.tests.lifetime;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Semaphore;

/** A server that reads one request of each connection, answers with what it was given, and sees the connection go. */
final class Silent implements AutoCloseable {
    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
    private final byte[] answer;
    private final Semaphore arrived = new Semaphore(0);
    private final Semaphore gone = new Semaphore(0);

    Silent(String answer) throws IOException {
        this.answer = answer.getBytes(StandardCharsets.ISO_8859_1);
        background(this::listen);
    }

    private static void background(Runnable work) {
        Thread thread = new Thread(work, "a silent server");
        thread.setDaemon(true);
        thread.start();
    }

    private void listen() {
        try {
            while (true) {
                Socket socket = listener.accept();
                background(() -> serve(socket));
            }
        } catch (IOException closed) {
            return;
        }
    }

    private void serve(Socket socket) {
        try (Socket open = socket) {
            InputStream in = open.getInputStream();
            StringBuilder head = new StringBuilder();
            while (head.indexOf("\r\n\r\n") < 0) {
                int read = in.read();
                if (read < 0) {
                    throw new IOException("no request");
                }
                head.append((char) read);
            }
            open.getOutputStream().write(answer);
            arrived.release();
            while (in.read() >= 0) {
                // More of it than a head is of no interest.
            }
        } catch (IOException reset) {
            // It is gone just as well.
        }
        gone.release();
    }

    String url() {
        return "http://127.0.0.1:" + listener.getLocalPort();
    }

    /** Waits for a request. */
    void awaitRequest() throws InterruptedException {
        await(arrived, "there was no request");
    }

    /** Waits until the client has closed the connection of a request. */
    void awaitEnd() throws InterruptedException {
        await(gone, "the connection is there yet");
    }

    private static void await(Semaphore what, String otherwise) throws InterruptedException {
        if (!what.tryAcquire(60, java.util.concurrent.TimeUnit.SECONDS)) {
            throw new AssertionError(otherwise);
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }
}
