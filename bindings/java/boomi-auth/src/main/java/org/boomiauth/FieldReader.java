package org.boomiauth;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;

/** Reads fields one after another, as {@code native/src/wire.rs} writes them. They may be secrets. */
final class FieldReader {
    private final ByteBuffer fields;

    FieldReader(byte[] bytes) {
        this(ByteBuffer.wrap(bytes));
    }

    private FieldReader(ByteBuffer fields) {
        this.fields = fields;
    }

    /** A reader of the fields from here on, for another time or thread. */
    FieldReader fromHere() {
        return new FieldReader(fields.duplicate());
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

    /** The bytes without a copy. Null where there are none. */
    ByteBuffer optionalBuffer() {
        int length = fields.getInt();
        if (length < 0) {
            return null;
        }
        ByteBuffer buffer = ByteBuffer.wrap(fields.array(), fields.position(), length).slice();
        skip(length);
        return buffer;
    }

    /** Skips a text, or bytes. */
    void skip() {
        skip(Math.max(fields.getInt(), 0));
    }

    /** Null where there is none. */
    Duration duration() {
        long millis = fields.getLong();
        return millis < 0 ? null : Duration.ofMillis(millis);
    }

    /** Overwrites all fields. */
    void wipe() {
        Arrays.fill(fields.array(), (byte) 0);
    }

    private void skip(int length) {
        // A Buffer, since Java 8 has no such method in ByteBuffer.
        ((java.nio.Buffer) fields).position(fields.position() + length);
    }
}
