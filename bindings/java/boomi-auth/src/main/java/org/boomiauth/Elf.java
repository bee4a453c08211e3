package org.boomiauth;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/** Checks that a library file is complete: Linux loads a truncated one, and the JVM crashes. Other systems check it. */
final class Elf {
    private static final int MAGIC = 0x7f454c46;
    private static final byte OF_64_BITS = 2;
    private static final byte BIG_ENDIAN = 2;
    private static final int HEADER = 64;
    private static final int SEGMENT = 56;
    private static final int LOADED = 1;

    private Elf() {}

    /** Throws if the file cannot be read, or lacks a part of a segment. The system checks the rest. */
    static void expectWhole(Path file) throws IOException {
        try (SeekableByteChannel in = Files.newByteChannel(file)) {
            ByteBuffer header = read(in, 0, HEADER);
            if (header.limit() < HEADER || header.getInt(0) != MAGIC || header.get(4) != OF_64_BITS) {
                return;
            }
            header.order(header.get(5) == BIG_ENDIAN ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
            int number = header.getShort(56) & 0xffff;
            ByteBuffer segments = read(in, header.getLong(32), number * SEGMENT).order(header.order());
            boolean isWhole = segments.limit() == number * SEGMENT;
            for (int at = 0; isWhole && at < segments.limit(); at += SEGMENT) {
                boolean isLoaded = segments.getInt(at) == LOADED;
                isWhole = !isLoaded || segments.getLong(at + 8) + segments.getLong(at + 32) <= in.size();
            }
            if (!isWhole) {
                throw new EOFException("the file was cut off: it ends after " + in.size() + " bytes");
            }
        }
    }

    private static ByteBuffer read(SeekableByteChannel in, long position, int length) throws IOException {
        ByteBuffer read = ByteBuffer.allocate(length);
        in.position(position);
        while (read.hasRemaining() && in.read(read) >= 0) {
            continue;
        }
        read.flip();
        return read;
    }
}
