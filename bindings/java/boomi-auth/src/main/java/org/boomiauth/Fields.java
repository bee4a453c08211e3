package org.boomiauth;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;

/** Writes the fields of a call one after another, as {@code native/src/wire.rs} reads them. They may be secrets. */
final class Fields {
    private static final Duration DAY = Duration.ofDays(1);

    private byte[] bytes;
    private int length;

    Fields() {
        this(128);
    }

    Fields(int capacity) {
        bytes = new byte[capacity];
    }

    /** The fields, and unused bytes after them. */
    byte[] bytes() {
        return bytes;
    }

    int length() {
        return length;
    }

    /** Overwrites all fields. */
    void wipe() {
        Arrays.fill(bytes, (byte) 0);
    }

    private void reserve(int amount) {
        if (bytes.length - length < amount) {
            byte[] before = bytes;
            bytes = Arrays.copyOf(before, Math.max(2 * before.length, Math.addExact(length, amount)));
            Arrays.fill(before, (byte) 0);
        }
    }

    Fields octet(int value) {
        reserve(1);
        bytes[length++] = (byte) value;
        return this;
    }

    Fields flag(boolean value) {
        return octet(value ? 1 : 0);
    }

    Fields number(int value) {
        reserve(4);
        ByteBuffer.wrap(bytes).putInt(length, value);
        length += 4;
        return this;
    }

    Fields number(long value) {
        reserve(8);
        ByteBuffer.wrap(bytes).putLong(length, value);
        length += 8;
        return this;
    }

    Fields bytes(byte[] value) {
        if (value == null) {
            return number(-1);
        }
        number(value.length).reserve(value.length);
        System.arraycopy(value, 0, bytes, length, value.length);
        length += value.length;
        return this;
    }

    /** Null where there is none. */
    Fields text(String value) {
        if (value == null) {
            return number(-1);
        }
        // Nearly all are ASCII, for which no encoder is needed.
        int amount = value.length();
        number(amount).reserve(amount);
        for (int at = 0; at < amount; at++) {
            char character = value.charAt(at);
            if (character >= 0x80) {
                length -= 4;
                return characters(CharBuffer.wrap(value));
            }
            bytes[length + at] = (byte) character;
        }
        length += amount;
        return this;
    }

    /** Writes a secret, without another copy of it. */
    Fields secret(char[] value) {
        return value == null ? number(-1) : characters(CharBuffer.wrap(value));
    }

    private Fields characters(CharBuffer value) {
        int most = Math.multiplyExact(value.remaining(), 3);
        number(0).reserve(most);
        ByteBuffer encoded = ByteBuffer.wrap(bytes, length, most);
        CoderResult result = StandardCharsets.UTF_8.newEncoder().encode(value, encoded, true);
        if (!result.isUnderflow()) {
            wipe();
            throw noText();
        }
        int amount = encoded.position() - length;
        ByteBuffer.wrap(bytes).putInt(length - 4, amount);
        length += amount;
        return this;
    }

    private static ConfigurationException noText() {
        return Failures.configuration("a text holds half of a surrogate pair, which is no character");
    }

    /** The bytes of a text that is no field. */
    static byte[] utf8(String value) {
        try {
            ByteBuffer encoded = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(value));
            byte[] bytes = new byte[encoded.remaining()];
            encoded.get(bytes);
            return bytes;
        } catch (CharacterCodingException half) {
            throw noText();
        }
    }

    /** Null where there is none. */
    Fields duration(Duration value, String name) {
        return number(value == null ? -1L : millis(value, name));
    }

    /** Milliseconds: at least 1 unless it is zero, and at most a day. */
    static long millis(Duration value, String name) {
        if (value.isNegative()) {
            throw Failures.configuration(name + " is " + value + ": give a time that is not negative");
        }
        if (value.compareTo(DAY) >= 0) {
            return DAY.toMillis();
        }
        long millis = value.toMillis();
        return millis == 0 && !value.isZero() ? 1 : millis;
    }
}
