package org.boomiauth.tests.java11;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.URI;
import java.net.http.HttpRequest;
import org.boomiauth.Authorization;
import org.boomiauth.BoomiClient;
import org.boomiauth.junit5.BoomiEmulator;
import org.boomiauth.junit5.Emulator;
import org.junit.jupiter.api.Test;

/** java.net.http. */
@BoomiEmulator
class HttpClientTest {
    @Test
    void aRequestIsSigned(Emulator boomi) {
        try (BoomiClient client = boomi.client()) {
            HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(boomi.baseUrl() + "/x"));
            Authorization sent = client.authorize(URI.create(boomi.baseUrl() + "/x"), request::setHeader);
            assertEquals(1, request.build().headers().map().size());
            sent.withdraw();
        }
    }
}
