package org.boomiauth.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Prints as the other benches do: a ratio is the median of the rounds' own ratios, and their middle half. The same goes as a line of
 * JSON into the file that BENCH_RESULTS names, for report.py.
 */
final class Table {
    private Table() {}

    /** One row: {@code ours / peer}, beside its limit, which is 0 if there is none. */
    static void ratio(
            String work, String ours, List<Double> our, String peer, List<Double> peers, String unit, double limit)
            throws IOException {
        double[] ratios = new double[our.size()];
        for (int round = 0; round < ratios.length; round++) {
            ratios[round] = our.get(round) / peers.get(round);
        }
        print(work + ": " + ours + " / " + peer, ratios, "%6.2f   (%.2f to %.2f)", limit);
        record(
                "\"work\":\"Java: %s\",\"ours\":\"%s\",\"peer\":\"%s\",\"unit\":\"%s\",\"ratio\":%.6g,\"low\":%.6g,"
                        + "\"high\":%.6g,\"ours_value\":%.6g,\"peer_value\":%.6g,\"limit\":%.4g,\"rounds\":%d",
                work,
                ours,
                peer,
                unit,
                quantile(ratios, 0.5),
                quantile(ratios, 0.25),
                quantile(ratios, 0.75),
                median(our),
                median(peers),
                limit,
                ratios.length);
    }

    /** One row: a time in microseconds, beside its limit. */
    static void time(String work, String ours, List<Double> times, double limit) throws IOException {
        double[] values = values(times);
        print(work + ": " + ours, values, "%6.3f us   (%.3f to %.3f)", limit);
        record(
                "\"work\":\"Java: %s\",\"ours\":\"%s\",\"unit\":\"us\",\"ours_value\":%.6g,\"low\":%.6g,\"high\":%.6g,"
                        + "\"most\":%.4g,\"limit\":0,\"rounds\":%d",
                work,
                ours,
                quantile(values, 0.5),
                quantile(values, 0.25),
                quantile(values, 0.75),
                limit,
                values.length);
    }

    static void version(String name, String version) throws IOException {
        write(String.format("{\"kind\":\"version\",\"name\":\"%s\",\"version\":\"%s\"}", name, version));
    }

    private static void record(String format, Object... values) throws IOException {
        String pinning = System.getenv().getOrDefault("BENCH_PINNING", "");
        String fields = String.format(Locale.ROOT, format, values);
        write("{\"kind\":\"row\"," + fields + ",\"pinning\":\"" + pinning + "\"}");
    }

    private static void write(String line) throws IOException {
        String path = System.getenv("BENCH_RESULTS");
        if (path != null) {
            byte[] bytes = (line + "\n").getBytes(StandardCharsets.UTF_8);
            Files.write(Paths.get(path), bytes, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        }
    }

    /** A side's own figures. */
    static void side(String what, List<Double> times, String unit, String more) {
        double[] values = values(times);
        System.out.printf(
                "    %-34s %10.2f %s (%.2f to %.2f)%s%n",
                what, quantile(values, 0.5), unit, quantile(values, 0.25), quantile(values, 0.75), more);
    }

    private static void print(String what, double[] values, String format, double limit) {
        double median = quantile(values, 0.5);
        String verdict = limit == 0 ? "" : String.format("   at most %.2f: %s", limit, median <= limit ? "ok" : "NO");
        System.out.printf(
                "%-44s" + format + "%s%n", what, median, quantile(values, 0.25), quantile(values, 0.75), verdict);
    }

    static double median(List<Double> values) {
        return quantile(values(values), 0.5);
    }

    private static double[] values(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).toArray();
    }

    /** The value at {@code part} (0 to 1) of them. */
    private static double quantile(double[] values, double part) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[(int) (part * (sorted.length - 1) + 0.5)];
    }
}
