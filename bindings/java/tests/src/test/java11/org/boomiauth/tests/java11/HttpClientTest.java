package org.boomiauth.tests.java11;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import javax.net.ssl.SSLHandshakeException;
import org.boomiauth.Authorization;
import org.boomiauth.BoomiClient;
import org.boomiauth.junit5.BoomiEmulator;
import org.boomiauth.junit5.Emulator;
import org.boomiauth.tests.http.ExampleProgram;
import org.boomiauth.tests.http.LibraryContract;
import org.boomiauth.tests.http.Sender;
import org.boomiauth.tests.http.Trust;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** java.net.http. */
@BoomiEmulator
class HttpClientTest extends LibraryContract {
    @Override
    protected Sender sender(BoomiClient client, Trust trust) {
        HttpClient http = HttpClient.newBuilder()
                .sslContext(trust.context)
                .proxy(HttpClient.Builder.NO_PROXY)
                .followRedirects(HttpClient.Redirect.NEVER)
                .build();
        return (method, url, body) -> Sender.twiceAtMost(() -> once(client, http, method, URI.create(url), body));
    }

    private static Sender.Answer once(BoomiClient client, HttpClient http, String method, URI uri, String body)
            throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri)
                .setHeader("Accept", "application/json")
                .method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
        try (Authorization sent = client.authorize(uri, request::setHeader)) {
            HttpResponse<byte[]> answer;
            try {
                answer = http.send(request.build(), BodyHandlers.ofByteArray());
            } catch (IOException failed) {
                if (failed instanceof ConnectException
                        || failed instanceof HttpConnectTimeoutException
                        || failed.getCause() instanceof SSLHandshakeException) {
                    sent.withdraw();
                }
                throw failed;
            }
            boolean again = sent.observe(answer.statusCode(), answer.body());
            return new Sender.Answer(answer.statusCode(), answer.body(), again);
        }
    }

    @Test
    void itsExampleFetchesAndReplacesAJwt(Emulator boomi, @TempDir Path directory) throws Exception {
        ExampleProgram.fetchesAndReplacesAJwt(boomi, directory, "WithJavaNetHttp");
    }

    @Test
    void theProgramsOfReadmeRunAsWritten(Emulator boomi, @TempDir Path directory) throws Exception {
        ExampleProgram run = ExampleProgram.run(boomi, directory, "Usage");
        assertEquals(0, run.exit, run.shown);
        assertEquals(2, run.shown.split("\"documentId-321\"", -1).length - 1, run.shown);
        assertTrue(run.shown.contains("good until 20"), run.shown);
    }

    @Test
    void theProgramsOfTheGuidesRunAsWritten(Emulator boomi, @TempDir Path directory) throws Exception {
        ExampleProgram run = ExampleProgram.run(boomi, directory, "Guides");
        assertEquals(0, run.exit, run.shown);
        assertTrue(run.shown.contains("\"documentId-321\"") && run.shown.contains("\"proxy\""), run.shown);
        assertFalse(run.shown.contains("page somebody") || run.shown.contains("known already"), run.shown);
    }

    @Test
    void itsExampleGivesUpWhereTheNextJwtIsRefusedToo(Emulator boomi, @TempDir Path directory) throws Exception {
        ExampleProgram.givesUpWhereTheNextJwtIsRefusedToo(boomi, directory, "WithJavaNetHttp");
    }
}
