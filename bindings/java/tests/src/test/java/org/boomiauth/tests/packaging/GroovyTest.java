package org.boomiauth.tests.packaging;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import groovy.lang.GroovyShell;
import java.nio.file.Paths;
import java.util.List;
import org.boomiauth.junit5.BoomiEmulator;
import org.boomiauth.junit5.Emulator;
import org.junit.jupiter.api.Test;

/** The example for a Data Process shape, in the Groovy of Boomi's processes. */
@BoomiEmulator
class GroovyTest {
    private static final String FILTER = "{\"QueryFilter\":{}}";

    private static Child script(Emulator boomi, String... documents) {
        String[] arguments = new String[documents.length + 1];
        arguments[0] = Paths.get(System.getProperty("repository"), "examples/java/process.groovy").toString();
        System.arraycopy(documents, 0, arguments, 1, documents.length);
        return Child.of(Shell.class, arguments)
                .classPath(Child.where(GroovyShell.class))
                .env(boomi.env());
    }

    @Test
    void eachPageOfEachDocumentsQueryIsADocument(Emulator boomi) {
        boomi.control("query", "{\"rows\":5,\"page\":2}");
        List<String> stored = script(boomi, FILTER, FILTER).run().all("stored");
        assertEquals(6, stored.size(), stored::toString);
        for (int i = 0; i < stored.size(); i++) {
            String document = stored.get(i);
            assertTrue(document.startsWith(i / 3 + " {") && document.contains("\"result\""), document);
        }
    }

    @Test
    void itRunsOutsideOfBoomiToo(Emulator boomi) {
        boomi.control("query", "{\"rows\":5,\"page\":2}");
        Child.Ended child = script(boomi).run();
        assertEquals("true", child.one("done"));
        assertTrue(child.toString().startsWith("outside of a Boomi process\n")
                || child.toString().contains("\noutside of a Boomi process\n"), child::toString);
        assertEquals(4, child.toString().split("\"result\"", -1).length, child::toString);
    }

    @Test
    void whatFailsIsTheScriptsException(Emulator boomi) {
        boomi.control("faults", "{\"status\":400,\"body\":\"no such filter\",\"content_type\":\"text/plain\"}");
        Child.Ended child = script(boomi, FILTER).expectFailure().run();
        assertTrue(child.toString().contains("org.boomiauth.HttpStatusException: "), child::toString);
        assertTrue(child.toString().contains("process.groovy"), child::toString);
    }
}
