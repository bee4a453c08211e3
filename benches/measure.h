/* Measuring side by side: every round runs each side in turn, and a ratio is the median of the rounds' own ratios, so that
 * what slows one round slows both sides of its ratio.
 */
#ifndef MEASURE_H
#define MEASURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_ROUNDS = 1000, MOST_TIMES = 100000 };

struct side {
    /* For the command line, and for people. */
    const char *name, *title;
    /* Before the first round; may be NULL. */
    void (*start)(void);
    void (*once)(void);
    /* How many calls `once` makes, where one is too short for the clock; 0 for one. */
    int calls;
    /* Of each round, in us: the median time of one call, and the process's processor time for one. */
    double time[MOST_ROUNDS], processor[MOST_ROUNDS];
};

static inline void check(int good, const char *what) {
    if (!good) {
        fprintf(stderr, "bench: %s failed\n", what);
        exit(1);
    }
}

static inline double now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static inline int smaller(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The value at `part` (0 to 1) of sorted values. */
static inline double quantile(const double *values, int count, double part) {
    static double sorted[MOST_TIMES];
    memcpy(sorted, values, (size_t)count * sizeof *values);
    qsort(sorted, (size_t)count, sizeof *sorted, smaller);
    return sorted[(int)(part * (count - 1) + 0.5)];
}

static inline void measure_round(struct side *side, int round, int times) {
    static double each[MOST_TIMES];
    double processor = now(CLOCK_PROCESS_CPUTIME_ID), before = now(CLOCK_MONOTONIC);
    for (int i = 0; i < times; i++) {
        side->once();
        double after = now(CLOCK_MONOTONIC);
        each[i] = after - before;
        before = after;
    }
    int calls = side->calls ? side->calls : 1;
    side->processor[round] = (now(CLOCK_PROCESS_CPUTIME_ID) - processor) / times / calls;
    side->time[round] = quantile(each, times, 0.5) / calls;
}

/* Runs the sides, or the one that is named `only`. */
static inline void measure(struct side *sides, int count, int rounds, int times, const char *only) {
    check(rounds > 0 && rounds <= MOST_ROUNDS && times > 0 && times <= MOST_TIMES, "reading the numbers");
    for (int round = -1; round < rounds; round++) {
        for (int i = 0; i < count; i++) {
            /* Each round begins with another side. */
            struct side *side = &sides[(i + round + 1) % count];
            if (only && strcmp(only, side->name) != 0)
                continue;
            if (round < 0 && side->start)
                side->start();
            /* The first round warms up. */
            measure_round(side, round < 0 ? 0 : round, round < 0 ? (times + 3) / 4 : times);
        }
    }
}

/* For report.py: a line of JSON in the file that BENCH_RESULTS names. NULL without one. */
static inline FILE *results(void) {
    static FILE *file;
    const char *path = getenv("BENCH_RESULTS");
    if (!file && path) {
        check((file = fopen(path, "a")) != NULL, "opening BENCH_RESULTS");
        setvbuf(file, NULL, _IOLBF, BUFSIZ);
    }
    return file;
}

static inline const char *pinning(void) {
    const char *text = getenv("BENCH_PINNING");
    return text ? text : "";
}

static inline void record_version(const char *name, const char *version) {
    if (results())
        fprintf(results(), "{\"kind\":\"version\",\"name\":\"%s\",\"version\":\"%s\"}\n", name, version);
}

struct quarters {
    double low, median, high;
};

static inline struct quarters quarters_of(const double *values, int count) {
    return (struct quarters){quantile(values, count, 0.25), quantile(values, count, 0.5), quantile(values, count, 0.75)};
}

/* One row of the table: `ours` over `peers`, with a value for each round. `limit` is of the ratio, `most` of our value; 0 for none. */
static inline void print_limited_row(const char *work, const char *title, const double *ours, const char *peer, const double *peers,
                                     const char *unit, int rounds, double limit, double most) {
    double ratios[MOST_ROUNDS];
    for (int i = 0; i < rounds; i++)
        ratios[i] = ours[i] / peers[i];
    struct quarters ratio = quarters_of(ratios, rounds), us = quarters_of(ours, rounds), them = quarters_of(peers, rounds);
    printf("%-40s %-36s %6.3f (%.3f to %.3f)", work, peer, ratio.median, ratio.low, ratio.high);
    if (limit > 0)
        printf(", at most %.2f: %s", limit, ratio.median <= limit ? "yes" : "NO");
    if (most > 0)
        printf(", at most %.4g %s: %s", most, unit, us.median <= most ? "yes" : "NO");
    printf("; %.4g beside %.4g %s\n", us.median, them.median, unit);
    fflush(stdout);
    if (results())
        fprintf(results(),
                "{\"kind\":\"row\",\"work\":\"%s\",\"ours\":\"%s\",\"peer\":\"%s\",\"unit\":\"%s\",\"ratio\":%.6g,\"low\":%.6g,"
                "\"high\":%.6g,\"ours_value\":%.6g,\"peer_value\":%.6g,\"limit\":%.4g,\"most\":%.4g,\"rounds\":%d,\"pinning\":\"%s\"}\n",
                work, title, peer, unit, ratio.median, ratio.low, ratio.high, us.median, them.median, limit, most, rounds, pinning());
}

static inline void print_row(const char *work, const char *title, const double *ours, const char *peer, const double *peers,
                             const char *unit, int rounds, double limit) {
    print_limited_row(work, title, ours, peer, peers, unit, rounds, limit, 0);
}

/* The time of a call of `ours` beside one of `peer`: below 1, ours is faster. */
static inline void compare(const char *work, const struct side *ours, const struct side *peer, int rounds, double limit) {
    print_row(work, ours->title, ours->time, peer->title, peer->time, "us", rounds, limit);
}

/* One point of a curve: what `x` of something take, in the median of the rounds. */
static inline void print_point(const char *curve, const char *of, const char *what, const char *unit, double x,
                               const double *values, int rounds) {
    struct quarters y = quarters_of(values, rounds);
    printf("%-28s %-32s %10.0f %s: %12.3f %s (%.3f to %.3f)\n", curve, what, x, of, y.median, unit, y.low, y.high);
    fflush(stdout);
    if (results())
        fprintf(results(),
                "{\"kind\":\"point\",\"curve\":\"%s\",\"of\":\"%s\",\"what\":\"%s\",\"unit\":\"%s\",\"x\":%.0f,\"y\":%.6g,"
                "\"low\":%.6g,\"high\":%.6g,\"pinning\":\"%s\"}\n",
                curve, of, what, unit, x, y.median, y.low, y.high, pinning());
}

#endif
