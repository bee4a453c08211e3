package org.boomiauth.tests.scenarios;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Collection;
import java.util.Map;
import java.util.TreeSet;
import org.boomiauth.junit5.BoomiEmulator;
import org.boomiauth.junit5.Emulator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The stories that every language plays. */
@BoomiEmulator
class ScenariosTest {
    private static final Path DIRECTORY = Paths.get(System.getProperty("repository"), "tests", "scenarios");
    /** A story that goes well. */
    private static final String STORY = "{'name': 'story', 'why': 'A token is got.', 'steps': [{'do': 'get'}],"
            + " 'expected': {'exchanges': 1}}";

    static Collection<String> names() throws IOException {
        Collection<String> names = new TreeSet<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(DIRECTORY, "*.json")) {
            for (Path file : files) {
                if (!Scenario.needsClock(file)) {
                    names.add(file.getFileName().toString().replace(".json", ""));
                }
            }
        }
        assertTrue(names.size() >= 40, "there are only " + names.size() + " in " + DIRECTORY);
        return names;
    }

    /** No dynamic test: those get no emulator of the extension's, which never gives one address to two tests. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("names")
    void aStoryIsPlayed(String name, Emulator boomi) {
        Player.play(Scenario.read(DIRECTORY.resolve(name + ".json")), boomi);
    }

    /** The story with other fields, in a file of its name. */
    private static Path changed(String change, Path directory) throws IOException {
        JsonObject story = JsonParser.parseString(STORY).getAsJsonObject();
        for (Map.Entry<String, JsonElement> field :
                JsonParser.parseString(change).getAsJsonObject().entrySet()) {
            story.add(field.getKey(), field.getValue());
        }
        Path path = directory.resolve("story.json");
        return Files.write(path, story.toString().getBytes(StandardCharsets.UTF_8));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'nmae': 1}",
                "{'name': 'another'}",
                "{'why': 'no sentence'}",
                "{'clock': true}",
                "{'steps': []}",
                "{'steps': null}",
                "{'given': {'password': 'right'}}",
                "{'given': {'latency_ms': 5}}",
                "{'given': {'kind': 'key'}}",
                "{'given': {'retries': 1.5}}",
                "{'given': {'jwt': {'lifetime': 60}}}",
                "{'steps': [{}]}",
                "{'steps': ['get']}",
                "{'steps': [{'do': 'dance'}]}",
                "{'steps': [{'do': 'get', 'acount': 'account123'}]}",
                "{'steps': [{'do': 'get', 'path': '/graphql'}]}",
                "{'steps': [{'do': 'get', 'every_s': 1, 'for_s': 2}]}",
                "{'steps': [{'do': 'get', 'repeat': 0}]}",
                "{'steps': [{'do': 'get', 'repeat': '1'}]}",
                "{'steps': [{'do': 'time', 'awake_s': 1}]}",
                "{'steps': [{'do': 'outage', 'kind': 'hang'}]}",
                "{'steps': [{'do': 'outage'}]}",
                "{'steps': [{'do': 'send'}]}",
                "{'steps': [{'do': 'send', 'scheme': 'none'}]}",
                "{'steps': [{'do': 'set_credentials', 'to': 'new'}]}",
                "{'steps': [{'do': 'get', 'expect': {'tokn': 1}}]}",
                "{'steps': [{'do': 'get', 'expect': {'waited_s': 1}}]}",
                "{'steps': [{'do': 'get', 'expect': {'left_s': [2, 1]}}]}",
                "{'steps': [{'do': 'get', 'expect': {'left_s': {'at_least': 1}}}]}",
                "{'steps': [{'do': 'get', 'expect': {'error': 'BOOMI_ERR_NONE'}}]}",
                "{'steps': [{'do': 'get', 'expect': {'error': 'BOOMI_ERR_HELD', 'token': 1}}]}",
                "{'expected': {'exchange': 1}}",
                "{'expected': {'exchanges': 'one'}}",
            })
    void whatIsNotTheFormatIsRefused(String change, @TempDir Path directory) throws IOException {
        Scenario.read(changed("{}", directory));
        Path path = changed(change, directory);
        String told = assertThrows(IllegalArgumentException.class, () -> Scenario.read(path))
                .getMessage();
        assertTrue(told.startsWith("story.json: "), told);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "[]", "{", "{'name': 'story'}", "{\"name\": \"story\"} {}"})
    void whatIsNoJsonIsRefused(String text, @TempDir Path directory) throws IOException {
        Path path = Files.write(directory.resolve("story.json"), text.getBytes(StandardCharsets.UTF_8));
        assertThrows(IllegalArgumentException.class, () -> Scenario.read(path));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "{'steps': [{'do': 'get'}, {'do': 'get', 'expect': {'token': 2}}]}"
                        + " | step 2, time 1: expected token 2, came 1",
                "{'steps': [{'do': 'get', 'expect': {'left_s': [301, 400]}}]} | expected left_s [301,400], came 2",
                "{'steps': [{'do': 'get', 'expect': {'error': 'BOOMI_ERR_HELD'}}]}"
                        + " | expected BOOMI_ERR_HELD, came success",
                "{'steps': [{'do': 'get', 'client': 2}]} | came java.lang.AssertionError: there is no client 2",
                "{'steps': [{'do': 'use', 'token': 1}]} | there is no token 1 yet",
                "{'given': {'credentials': 'wrong'}}"
                        + " | step 1, time 1: expected success, came org.boomiauth.CredentialsRejectedException",
                "{'expected': {'exchanges': {'at_most': 0}}}"
                        + " | at the end: expected exchanges {\"at_most\":0}, came 1",
                "{'expected': {'bearers': [1, 3]}} | at the end: expected bearers [1,3], came 0",
                "{'expected': {'locked': true}} | at the end: expected locked true, came false",
            })
    void whatWentWrongIsTold(String change, String problem, @TempDir Path directory, Emulator boomi)
            throws IOException {
        Scenario scenario = Scenario.read(changed(change, directory));
        String told = assertThrows(AssertionError.class, () -> Player.play(scenario, boomi))
                .getMessage();
        assertTrue(told.startsWith("story.json: ") && told.contains(problem), told);
    }

    /** No story without the clock has the step today. */
    @Test
    void answersAreForgotten(Emulator boomi, @TempDir Path directory) throws IOException {
        String steps = "{'steps': [{'do': 'answer', 'path': '/auth/', 'status': 404, 'times': null}, {'do': 'generate',"
                + " 'expect': {'error': 'BOOMI_ERR_HTTP_STATUS'}}, {'do': 'answer_normally'}, {'do': 'generate'}],"
                + " 'expected': {'exchanges': 2}}";
        Player.play(Scenario.read(changed(steps, directory)), boomi);
    }
}
