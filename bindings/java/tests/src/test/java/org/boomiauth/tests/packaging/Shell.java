package org.boomiauth.tests.packaging;

import groovy.lang.Binding;
import groovy.lang.GroovyShell;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Properties;

/** The program of a {@link Child} that runs a Groovy script: with what Boomi gives it if there are documents. */
public final class Shell {
    private Shell() {}

    /** As much of Boomi's {@code dataContext} as scripts use. */
    public static final class DataContext {
        private final String[] documents;

        DataContext(String[] documents) {
            this.documents = documents;
        }

        /** How many documents come in. */
        public int getDataCount() {
            return documents.length;
        }

        /** What is in one. */
        public InputStream getStream(int index) {
            return new ByteArrayInputStream(documents[index].getBytes(StandardCharsets.UTF_8));
        }

        /** What is known of it. */
        public Properties getProperties(int index) {
            Properties properties = new Properties();
            properties.setProperty("document.dynamic.userdefined.number", String.valueOf(index));
            return properties;
        }

        /** Takes one that goes out. */
        public void storeStream(InputStream document, Properties properties) throws IOException {
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            for (int one = document.read(); one >= 0; one = document.read()) {
                all.write(one);
            }
            String text = new String(all.toByteArray(), StandardCharsets.UTF_8);
            String number = properties.getProperty("document.dynamic.userdefined.number");
            System.out.println("stored=" + number + " " + text.replaceAll("\\s+", " "));
        }
    }

    /** The program: a script, and the documents. */
    public static void main(String[] arguments) throws IOException {
        Binding binding = new Binding();
        if (arguments.length > 1) {
            String[] documents = java.util.Arrays.copyOfRange(arguments, 1, arguments.length);
            binding.setVariable("dataContext", new DataContext(documents));
        }
        new GroovyShell(binding).evaluate(new File(arguments[0]));
        System.out.println("done=true");
    }
}
