package org.boomiauth.bench;

import java.io.File;
import java.io.IOException;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/**
 * Measures beside what a Java user would take: {@code TLS_PORT TCP_PORT CA_FILE [ROUNDS [MILLISECONDS [SIDE]]]}.
 * See benches/README.md.
 *
 * <p>In every round each side has a JVM of its own, one after another, since a JVM compiles what it has seen. Each
 * round begins with another side.
 */
final class Main {
    private static final List<String> BACKENDS = List.of("ffm", "jni");
    private static final Map<String, Double> LIMITS = new LinkedHashMap<>();
    /** Of {@code young}: with Boomi's ten requests a second, the first minutes of a program. */
    private static final int FIRST_CALLS = 2000;

    static {
        LIMITS.put("java.net.http", 0.7);
        LIMITS.put("okhttp", 0.9);
        LIMITS.put("apache", 0.9);
        LIMITS.put("HttpsURLConnection", 1.0);
    }

    private final String address;
    private final String caFile;
    private final int rounds;
    private final int millis;
    private final String only;

    private Main(String[] arguments) {
        address = "https://127.0.0.1:" + arguments[0];
        caFile = new File(arguments[2]).getAbsolutePath();
        rounds = arguments.length > 3 ? Integer.parseInt(arguments[3]) : 5;
        millis = arguments.length > 4 ? Integer.parseInt(arguments[4]) : 1000;
        only = arguments.length > 5 ? arguments[5] : null;
    }

    public static void main(String[] arguments) throws RunnerException, IOException, InterruptedException {
        Main main = new Main(arguments);
        main.versions();
        // Separated by commas; without it, all of them.
        List<String> subjects = List.of(System.getProperty("bench.subjects", "get,young,token,first").split(","));
        if (subjects.contains("get")) {
            main.get();
        }
        if (subjects.contains("young")) {
            main.young();
        }
        if (subjects.contains("token")) {
            main.token();
        }
        if (subjects.contains("first")) {
            main.first();
        }
    }

    /** Of what is measured: each jar tells its own in its name. */
    private void versions() throws IOException {
        Table.version("Java", System.getProperty("java.runtime.version"));
        for (String path : System.getProperty("java.class.path").split(File.pathSeparator)) {
            Matcher jar = Pattern.compile("(okhttp|httpclient5|jmh-core)-([0-9].*)\\.jar").matcher(new File(path).getName());
            if (jar.matches()) {
                Table.version(jar.group(1), jar.group(2));
            }
        }
    }

    /** What runs in a JVM of its own, and what was measured of it in each round. */
    private static final class Side {
        final String name;
        final List<Double> times = new ArrayList<>();
        final List<Double> bytes = new ArrayList<>();

        Side(String name) {
            this.name = name;
        }

        String backend() {
            return name.substring(name.indexOf('-') + 1);
        }

    }

    private interface Measured {
        void once(Side side) throws RunnerException, IOException, InterruptedException;
    }

    private Map<String, Side> measure(List<String> names, int rounds, Measured measured)
            throws RunnerException, IOException, InterruptedException {
        Map<String, Side> sides = new LinkedHashMap<>();
        for (String name : names) {
            if (only == null || only.equals(name)) {
                sides.put(name, new Side(name));
            }
        }
        List<Side> order = List.copyOf(sides.values());
        for (int round = 0; round < rounds; round++) {
            for (int turn = 0; turn < order.size(); turn++) {
                measured.once(order.get((turn + round) % order.size()));
            }
        }
        return sides;
    }

    private static List<String> getters() {
        List<String> names = new ArrayList<>();
        BACKENDS.forEach(backend -> names.add("boomi-" + backend));
        names.addAll(LIMITS.keySet());
        return names;
    }

    private OptionsBuilder getter(Side side, int warmUp) {
        OptionsBuilder options = options(Get.class, "get", side.name.startsWith("boomi-") ? side.backend() : "none");
        options.param("peer", side.name.startsWith("boomi-") ? "boomi" : side.name);
        options.param("warmUp", String.valueOf(warmUp));
        return options;
    }

    private void get() throws RunnerException, IOException, InterruptedException {
        Map<String, Side> sides = measure(getters(), rounds, side -> {
            OptionsBuilder options = getter(side, 80 * millis);
            options.warmupIterations(1);
            RunResult result = run(options);
            side.times.add(result.getPrimaryResult().getStatistics().getPercentile(50));
            side.bytes.add(allocated(result));
        });
        ratios("GET of 1 KiB", sides, true);
        show(sides, "us");
    }

    /** The first calls of a JVM, but for the one that connects. */
    private void young() throws RunnerException, IOException, InterruptedException {
        Map<String, Side> sides = measure(getters(), rounds, side -> {
            OptionsBuilder options = getter(side, 0);
            options.mode(Mode.SingleShotTime)
                    .warmupIterations(0)
                    .measurementIterations(1)
                    .measurementBatchSize(FIRST_CALLS);
            side.times.add(run(options).getPrimaryResult().getScore() / FIRST_CALLS);
        });
        ratios("first 2000 GETs of a JVM", sides, false);
        show(sides, "us");
    }

    private void ratios(String work, Map<String, Side> sides, boolean limited) throws IOException {
        if (only != null) {
            return;
        }
        for (String backend : BACKENDS) {
            Side ours = sides.get("boomi-" + backend);
            for (Map.Entry<String, Double> limit : LIMITS.entrySet()) {
                String peer = limit.getKey();
                double most = limited ? limit.getValue() : 0;
                Table.ratio(work, "client.send, " + backend, ours.times, peer, sides.get(peer).times, "us", most);
            }
        }
    }

    private void token() throws RunnerException, IOException, InterruptedException {
        List<String> names = List.of("token-ffm", "header-ffm", "token-jni", "header-jni");
        Map<String, Side> sides = measure(names, rounds, side -> {
            String method = side.name.substring(0, side.name.indexOf('-'));
            OptionsBuilder options = options(Kept.class, method, side.backend());
            // Many and short: what disturbs some of them does not move their median.
            options.warmupIterations(2).measurementIterations(20).measurementTime(TimeValue.milliseconds(millis / 10));
            RunResult result = run(options);
            side.times.add(result.getPrimaryResult().getStatistics().getPercentile(50));
            side.bytes.add(allocated(result));
        });
        if (only == null) {
            Table.time("kept token", "client.token(), ffm", sides.get("token-ffm").times, 0.3);
            Table.time("kept token", "client.token(), jni", sides.get("token-jni").times, 0.6);
        }
        show(sides, "us");
    }

    /** A whole JVM, start to end: one that makes a header beside one that does nothing. */
    private void first() throws RunnerException, IOException, InterruptedException {
        List<String> names = List.of("nothing", "first-ffm", "first-jni");
        Map<String, Side> sides = measure(names, 3 * rounds, side -> side.times.add(process(side)));
        if (only == null) {
            for (String backend : BACKENDS) {
                List<Double> ours = sides.get("first-" + backend).times;
                List<Double> nothing = sides.get("nothing").times;
                Table.ratio("a whole JVM", "one header, " + backend, ours, "a JVM that does nothing", nothing, "ms", 0);
            }
        }
        show(sides, "ms");
    }

    private static double process(Side side) throws IOException, InterruptedException {
        boolean isNothing = side.name.equals("nothing");
        List<String> command = List.of(
                Paths.get(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-Dboomi.auth.backend=" + side.backend(),
                "-cp",
                System.getProperty("java.class.path"),
                FirstUse.class.getName(),
                isNothing ? "nothing" : "header");
        long start = System.nanoTime();
        if (new ProcessBuilder(command).inheritIO().start().waitFor() != 0) {
            throw new IOException(command + " failed");
        }
        return (System.nanoTime() - start) / 1e6;
    }

    private OptionsBuilder options(Class<?> bench, String method, String backend) {
        OptionsBuilder options = new OptionsBuilder();
        options.include("^" + bench.getName().replace(".", "\\.") + "\\." + method + "$")
                .forks(1)
                .warmupTime(TimeValue.milliseconds(millis))
                .measurementIterations(2)
                .measurementTime(TimeValue.milliseconds(millis))
                .addProfiler(GCProfiler.class)
                .shouldFailOnError(true)
                .output(System.getProperty("bench.log"))
                .jvmArgs(
                        "-Xms256m",
                        "-Xmx256m",
                        "-XX:+UseSerialGC",
                        "--enable-native-access=ALL-UNNAMED",
                        // JMH's own.
                        "--sun-misc-unsafe-memory-access=allow",
                        "-Dboomi.auth.backend=" + backend,
                        "-Dbench.address=" + address,
                        "-Dbench.ca=" + caFile);
        return options;
    }

    private static RunResult run(OptionsBuilder options) throws RunnerException {
        return new Runner(options.build()).runSingle();
    }

    private static double allocated(RunResult result) {
        return result.getSecondaryResults().get("gc.alloc.rate.norm").getScore();
    }

    private static void show(Map<String, Side> sides, String unit) {
        for (Side side : sides.values()) {
            boolean counted = !side.bytes.isEmpty();
            String bytes = counted ? String.format(", %.0f bytes of heap", Table.median(side.bytes)) : "";
            Table.side(side.name, side.times, unit, bytes);
        }
    }
}
