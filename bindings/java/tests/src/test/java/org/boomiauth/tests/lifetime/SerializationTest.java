package org.boomiauth.tests.lifetime;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.Modifier;
import java.time.Duration;
import java.util.Optional;
import org.boomiauth.BoomiAuthException;
import org.boomiauth.BoomiClient;
import org.boomiauth.ConfigurationException;
import org.boomiauth.Credentials;
import org.boomiauth.CredentialsRejectedException;
import org.boomiauth.junit5.BoomiEmulator;
import org.boomiauth.junit5.Emulator;
import org.junit.jupiter.api.Test;

/** Exceptions go to other JVMs, in a cluster or to a parent process, with all that they know. */
@BoomiEmulator
class SerializationTest {
    @SuppressWarnings("unchecked")
    private static <T> T copied(T thing) throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(thing);
        }
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            return (T) in.readObject();
        }
    }

    private static void isSame(BoomiAuthException first, BoomiAuthException second) {
        assertSame(first.getClass(), second.getClass());
        assertEquals(first.getMessage(), second.getMessage());
        assertEquals(first.code(), second.code());
        assertEquals(first.httpStatus(), second.httpStatus());
        assertEquals(first.retryAfter(), second.retryAfter());
        assertEquals(first.isRetryable(), second.isRetryable());
        assertEquals(first.wasSent(), second.wasSent());
        assertEquals(first.attempts(), second.attempts());
        assertArrayEquals(first.getStackTrace(), second.getStackTrace());
    }

    @Test
    void thoseOfCallsKeepWhatTheyKnow(Emulator boomi) throws Exception {
        Credentials wrong = Credentials.password(Emulator.USER.name(), "wrong".toCharArray());
        try (BoomiClient client = boomi.builder().credentials(wrong).build()) {
            CredentialsRejectedException told = assertThrows(CredentialsRejectedException.class, client::token);
            isSame(told, copied(told));
        }
        Credentials none = Credentials.from(rejected -> {
            throw new java.io.IOException("the vault is sealed");
        });
        try (BoomiClient client = boomi.builder().credentials(none).build()) {
            ConfigurationException told = assertThrows(ConfigurationException.class, client::token);
            assertEquals("the vault is sealed", copied(told).getCause().getMessage());
        }
    }

    @Test
    void eachClassKeepsWhatItKnows() throws Exception {
        Class<?> details = Class.forName("org.boomiauth.BoomiAuthException$Details");
        Constructor<?> detailed = details.getDeclaredConstructors()[0];
        detailed.setAccessible(true);
        Object all = detailed.newInstance(7, 503, Duration.ofMillis(1500), true, true, 3, "what happened");
        int seen = 0;
        for (String name : ManyClientsTest.classes()) {
            Class<?> known = Class.forName(name, false, getClass().getClassLoader());
            if (!BoomiAuthException.class.isAssignableFrom(known)) {
                continue;
            }
            known.getDeclaredField("serialVersionUID");
            if (!Modifier.isAbstract(known.getModifiers())) {
                Constructor<?> make = known.getDeclaredConstructor(details);
                make.setAccessible(true);
                BoomiAuthException first = (BoomiAuthException) make.newInstance(all);
                first.addSuppressed(new IllegalStateException("and another"));
                BoomiAuthException second = copied(first);
                isSame(first, second);
                assertEquals(Optional.of(Duration.ofMillis(1500)), second.retryAfter());
                assertEquals("and another", second.getSuppressed()[0].getMessage());
                seen++;
            }
        }
        assertTrue(seen >= 16, seen + " classes");
    }
}
