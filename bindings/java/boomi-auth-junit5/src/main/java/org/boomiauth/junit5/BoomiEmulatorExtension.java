package org.boomiauth.junit5;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.platform.commons.support.AnnotationSupport;

/** What {@link BoomiEmulator} stands for. */
public final class BoomiEmulatorExtension implements ExecutionCondition, ParameterResolver {
    private static final ExtensionContext.Namespace NAMESPACE =
            ExtensionContext.Namespace.create(BoomiEmulatorExtension.class);

    /** The guard remembers users by address as long as the process lives, so no two tests get the same one. */
    private static final Set<String> ADDRESSES = ConcurrentHashMap.newKeySet();

    /** JUnit makes it. */
    public BoomiEmulatorExtension() {}

    @Override
    public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext test) {
        return Emulator.program() != null
                ? ConditionEvaluationResult.enabled("boomi-emulator is installed")
                : ConditionEvaluationResult.disabled("boomi-emulator is not installed: "
                        + "`cargo install --path tests/emulator` in boomi-auth's checkout");
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext test) {
        return parameter.getParameter().getType() == Emulator.class;
    }

    @Override
    public Emulator resolveParameter(ParameterContext parameter, ExtensionContext test) {
        return test.getStore(NAMESPACE)
                .getOrComputeIfAbsent(Stored.class, key -> new Stored(start(test)), Stored.class)
                .emulator;
    }

    private static Emulator start(ExtensionContext test) {
        String[] arguments = AnnotationSupport.findAnnotation(test.getElement(), BoomiEmulator.class)
                .orElseGet(() -> AnnotationSupport.findAnnotation(test.getTestClass(), BoomiEmulator.class)
                        .get())
                .value();
        Emulator emulator = Emulator.start(arguments);
        while (!ADDRESSES.add(emulator.baseUrl())) {
            emulator.close();
            emulator = Emulator.start(arguments);
        }
        // The pace of the real one would make tests slow; a test that wants it sets it.
        emulator.control("rate-limit", "{\"requests_per_second\":null}");
        return emulator;
    }

    /** JUnit closes it when the test is over. Before 5.13 it knew nothing else by which it would. */
    @SuppressWarnings("deprecation")
    private static final class Stored implements ExtensionContext.Store.CloseableResource, AutoCloseable {
        private final Emulator emulator;

        Stored(Emulator emulator) {
            this.emulator = emulator;
        }

        @Override
        public void close() {
            emulator.close();
        }
    }
}
