package org.boomiauth.tests.http;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import org.boomiauth.junit5.BoomiEmulator;
import org.boomiauth.junit5.Emulator;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The examples for other HTTP libraries; the one that needs Java 11 has its test there. */
@BoomiEmulator
class HttpExamplesTest {
    @ParameterizedTest
    @ValueSource(strings = {"WithOkHttp", "WithApacheHttpClient", "WithHttpUrlConnection"})
    void anExampleFetchesAndReplacesAJwt(String name, Emulator boomi, @TempDir Path directory) throws Exception {
        assumeTrue(!name.equals("WithApacheHttpClient") || ApacheHttpClientTest.isUsable());
        ExampleProgram.fetchesAndReplacesAJwt(boomi, directory, name);
    }

    @ParameterizedTest
    @ValueSource(strings = {"WithOkHttp", "WithApacheHttpClient", "WithHttpUrlConnection"})
    void anExampleGivesUpWhereTheNextJwtIsRefusedToo(String name, Emulator boomi, @TempDir Path directory)
            throws Exception {
        assumeTrue(!name.equals("WithApacheHttpClient") || ApacheHttpClientTest.isUsable());
        ExampleProgram.givesUpWhereTheNextJwtIsRefusedToo(boomi, directory, name);
    }
}
