package org.boomiauth;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;

/** The fields of an answer, one after another, as {@code native/src/wire.rs} writes them. They may be secrets. */
final class Answer {
    private final ByteBuffer fields;

    Answer(byte[] bytes) {
        this(ByteBuffer.wrap(bytes));
    }

    private Answer(ByteBuffer fields) {
        this.fields = fields;
    }

    /** The fields from here on, to be read at another time, by any thread. */
    Answer fromHere() {
        return new Answer(fields.duplicate());
    }

    int octet() {
        return fields.get();
    }

    boolean flag() {
        return fields.get() != 0;
    }

    int number() {
        return fields.getInt();
    }

    long longNumber() {
        return fields.getLong();
    }

    /** Null where there is none. */
    String text() {
        int length = fields.getInt();
        if (length < 0) {
            return null;
        }
        String text = new String(fields.array(), fields.position(), length, StandardCharsets.UTF_8);
        skip(length);
        return text;
    }

    byte[] bytes() {
        byte[] bytes = optionalBytes();
        return bytes == null ? new byte[0] : bytes;
    }

    /** Null where there are none. */
    byte[] optionalBytes() {
        int length = fields.getInt();
        if (length < 0) {
            return null;
        }
        byte[] bytes = new byte[length];
        fields.get(bytes);
        return bytes;
    }

    /** The bytes where they are, not copied. Null where there are none. */
    ByteBuffer optionalBuffer() {
        int length = fields.getInt();
        if (length < 0) {
            return null;
        }
        ByteBuffer buffer = ByteBuffer.wrap(fields.array(), fields.position(), length).slice();
        skip(length);
        return buffer;
    }

    /** Goes past a text, or bytes. */
    void pass() {
        skip(Math.max(fields.getInt(), 0));
    }

    /** Null where there is none. */
    Duration duration() {
        long millis = fields.getLong();
        return millis < 0 ? null : Duration.ofMillis(millis);
    }

    /** Overwrites all of it. */
    void wipe() {
        Arrays.fill(fields.array(), (byte) 0);
    }

    private void skip(int length) {
        // A Buffer, since Java 8 has no such method in ByteBuffer.
        ((java.nio.Buffer) fields).position(fields.position() + length);
    }
}
