package org.boomiauth.bench;

import java.util.Arrays;
import java.util.List;

/** Prints as the other benches do: a ratio is the median of the rounds' own ratios, and their middle half. */
final class Table {
    private Table() {}

    /** One line: {@code over / under}, beside its limit, which is 0 if there is none. */
    static void ratio(String what, List<Double> over, List<Double> under, double limit) {
        double[] ratios = new double[over.size()];
        for (int round = 0; round < ratios.length; round++) {
            ratios[round] = over.get(round) / under.get(round);
        }
        print(what, ratios, "%6.2f   (%.2f to %.2f)", limit);
    }

    /** One line: a time in microseconds, beside its limit. */
    static void time(String what, List<Double> times, double limit) {
        print(what, values(times), "%6.3f us   (%.3f to %.3f)", limit);
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
