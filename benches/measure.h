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
    /* Of each round, in us: the median time of one, and the process's processor time for one. */
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
    side->processor[round] = (now(CLOCK_PROCESS_CPUTIME_ID) - processor) / times;
    side->time[round] = quantile(each, times, 0.5);
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

static inline void print_side(const struct side *side, int rounds) {
    printf("    %-32s %10.2f us (%.2f to %.2f), processor %.2f us\n", side->title, quantile(side->time, rounds, 0.5),
           quantile(side->time, rounds, 0.25), quantile(side->time, rounds, 0.75), quantile(side->processor, rounds, 0.5));
}

/* One line of the table: `over` / `under`, beside its limit; a limit below 0 is a least. */
static inline void print_ratio(const char *what, const double *over, const double *under, int rounds, double limit) {
    double ratios[MOST_ROUNDS];
    for (int i = 0; i < rounds; i++)
        ratios[i] = over[i] / under[i];
    double median = quantile(ratios, rounds, 0.5);
    printf("%-36s %5.2f   (%.2f to %.2f)", what, median, quantile(ratios, rounds, 0.25), quantile(ratios, rounds, 0.75));
    if (limit > 0)
        printf("   at most %.2f: %s", limit, median <= limit ? "yes" : "NO");
    if (limit < 0)
        printf("   at least %.2f: %s", -limit, median >= -limit ? "yes" : "NO");
    puts("");
}

#endif
