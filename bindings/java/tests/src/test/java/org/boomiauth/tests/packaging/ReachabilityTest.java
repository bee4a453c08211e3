package org.boomiauth.tests.packaging;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.lang.reflect.Executable;
import java.lang.reflect.Modifier;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipFile;
import org.boomiauth.BoomiAuth;
import org.junit.jupiter.api.Test;

/** What GraalVM's native image is told to keep, against the classes as they are. */
class ReachabilityTest {
    private static final Map<String, Class<?>> NAMED = new HashMap<>();

    static {
        NAMED.put("long", long.class);
        NAMED.put("boolean", boolean.class);
        NAMED.put("byte[]", byte[].class);
    }

    private static JsonElement read(String name) throws IOException {
        try (ZipFile jar = new ZipFile(Child.jar().toFile())) {
            byte[] text = Natives.read(jar, "META-INF/native-image/org.boomiauth/boomi-auth/" + name);
            return JsonParser.parseString(new String(text, StandardCharsets.UTF_8));
        }
    }

    private static Class<?> type(String name) throws ClassNotFoundException {
        Class<?> known = NAMED.get(name);
        return known != null ? known : Class.forName(name, false, BoomiAuth.class.getClassLoader());
    }

    private static Executable method(Class<?> type, JsonObject method) throws ReflectiveOperationException {
        List<Class<?>> parameters = new ArrayList<>();
        for (JsonElement parameter : method.getAsJsonArray("parameterTypes")) {
            parameters.add(type(parameter.getAsString()));
        }
        String name = method.get("name").getAsString();
        Class<?>[] types = parameters.toArray(new Class<?>[0]);
        return name.equals("<init>") ? type.getDeclaredConstructor(types) : type.getDeclaredMethod(name, types);
    }

    @Test
    void whatIsCalledThroughJniIsThere() throws Exception {
        TreeSet<String> calledBack = new TreeSet<>();
        for (JsonElement element : read("reachability-metadata.json").getAsJsonObject().getAsJsonArray("reflection")) {
            JsonObject entry = element.getAsJsonObject();
            assertTrue(entry.get("jniAccessible").getAsBoolean(), entry::toString);
            Class<?> type = type(entry.get("type").getAsString());
            JsonArray methods = entry.has("methods") ? entry.getAsJsonArray("methods") : new JsonArray();
            for (JsonElement method : methods) {
                Executable found = method(type, method.getAsJsonObject());
                if (type.getName().startsWith("org.boomiauth.")) {
                    calledBack.add(found.toString());
                }
            }
        }
        // Those of Jni that nothing in Java calls: the library does.
        TreeSet<String> expected = new TreeSet<>();
        for (Executable method : type("org.boomiauth.Jni").getDeclaredMethods()) {
            int modifiers = method.getModifiers();
            if (Modifier.isPrivate(modifiers) && !Modifier.isNative(modifiers) && !method.isSynthetic()) {
                expected.add(method.toString());
            }
        }
        assertEquals(2, expected.size());
        assertEquals(expected, calledBack);
    }

    @Test
    void olderGraalsAreToldTheSame() throws IOException {
        JsonArray now = read("reachability-metadata.json").getAsJsonObject().getAsJsonArray("reflection");
        for (JsonElement entry : now) {
            JsonObject older = entry.getAsJsonObject();
            older.remove("jniAccessible");
            older.add("name", older.remove("type"));
        }
        assertEquals(now, read("jni-config.json").getAsJsonArray());
        JsonObject resources = read("resource-config.json").getAsJsonObject().getAsJsonObject("resources");
        Pattern pattern = Pattern.compile(resources.getAsJsonArray("includes")
                .get(0)
                .getAsJsonObject()
                .get("pattern")
                .getAsString());
        assertTrue(pattern.matcher(Natives.entry()).matches());
    }

    @Test
    void theLibrariesAreResources() throws IOException {
        JsonArray resources = read("reachability-metadata.json").getAsJsonObject().getAsJsonArray("resources");
        assertEquals(1, resources.size());
        assertEquals("native/**", resources.get(0).getAsJsonObject().get("glob").getAsString());
        assertNotNull(BoomiAuth.class.getResource("/" + Natives.entry()));
    }

    /** The descriptors as the source has them: they are values, which no class file names. */
    @Test
    void whatIsCalledThroughForeignFunctionsIsThere() throws IOException {
        Path path = Paths.get(
                System.getProperty("repository"), "bindings/java/boomi-auth/src/main/java22/org/boomiauth/Ffm.java");
        String source = new String(Files.readAllBytes(path), StandardCharsets.UTF_8);
        TreeSet<String> downcalls = new TreeSet<>();
        TreeSet<String> upcalls = new TreeSet<>();
        String call = "(downcallHandle|new Upcall)\\(.*?FunctionDescriptor\\.(of|ofVoid)\\(([A-Z_, ]*)\\)";
        Matcher descriptors = Pattern.compile(call, Pattern.DOTALL).matcher(source);
        while (descriptors.find()) {
            TreeSet<String> calls = descriptors.group(1).equals("downcallHandle") ? downcalls : upcalls;
            calls.add(descriptor(descriptors.group(2), descriptors.group(3)));
        }
        assertEquals(4, downcalls.size());
        assertEquals(2, upcalls.size());
        assertEquals(source.split("FunctionDescriptor\\.of", -1).length - 1, 6, "each has been seen");

        JsonObject foreign = read("reachability-metadata.json").getAsJsonObject().getAsJsonObject("foreign");
        assertEquals(downcalls, descriptors(foreign.getAsJsonArray("downcalls")));
        assertEquals(upcalls, descriptors(foreign.getAsJsonArray("upcalls")));
    }

    private static String descriptor(String kind, String layouts) {
        String types = layouts.replace("JAVA_BYTE", "jbyte")
                .replace("JAVA_INT", "jint")
                .replace("JAVA_LONG", "jlong")
                .replace("ADDRESS", "void*")
                .trim();
        List<String> all = new ArrayList<>(types.isEmpty() ? new ArrayList<>() : Arrays.asList(types.split(",\\s*")));
        String returned = kind.equals("ofVoid") ? "void" : all.remove(0);
        return returned + " " + all;
    }

    private static TreeSet<String> descriptors(JsonArray calls) {
        TreeSet<String> all = new TreeSet<>();
        for (JsonElement call : calls) {
            List<String> parameters = new ArrayList<>();
            call.getAsJsonObject().getAsJsonArray("parameterTypes").forEach(type -> parameters.add(type.getAsString()));
            all.add(call.getAsJsonObject().get("returnType").getAsString() + " " + parameters);
        }
        return all;
    }
}
