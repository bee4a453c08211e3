package org.boomiauth.junit5;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Gives each test of a class, or one test, a Boomi of its own on loopback, as a parameter:
 *
 * <pre>{@code
 * @BoomiEmulator
 * class MyTest {
 *     @Test
 *     void fetchesTheLog(Emulator boomi) {
 *         try (BoomiClient client = boomi.client()) {
 *             client.get("/api/rest/v1/{accountId}/AuditLog/documentId-321").check();
 *         }
 *     }
 * }
 * }</pre>
 *
 * <p>The emulator is the program {@code boomi-emulator}, found on the PATH or through the variable {@code BOOMI_EMULATOR}. Tests that
 * want it are skipped where it is not installed.
 */
@Documented
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(BoomiEmulatorExtension.class)
public @interface BoomiEmulator {
    /**
     * More arguments for the program, such as {@code --http}, or {@code --scenario} and a file.
     *
     * @return the arguments
     */
    String[] value() default {};
}
