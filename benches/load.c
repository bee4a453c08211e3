/* Libraries in processes of their own: how long dlopen takes, of ours and of libcurl's.
 *   load OURS CURL [ROUNDS]
 */
#include "measure.h"

#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

/* A fresh process, since a library stays loaded; it tells its time over a pipe. */
static double load(const char *library) {
    int ends[2];
    double time;
    check(pipe(ends) == 0, "pipe");
    pid_t process = fork();
    check(process >= 0, "fork");
    if (process == 0) {
        double before = now(CLOCK_MONOTONIC);
        void *loaded = dlopen(library, RTLD_NOW);
        time = now(CLOCK_MONOTONIC) - before;
        if (!loaded)
            fprintf(stderr, "%s\n", dlerror());
        _exit(loaded && write(ends[1], &time, sizeof time) == sizeof time ? 0 : 1);
    }
    close(ends[1]);
    check(read(ends[0], &time, sizeof time) == sizeof time, "loading a library");
    close(ends[0]);
    wait(NULL);
    return time;
}

int main(int count, char **arguments) {
    static double ours[MOST_ROUNDS], curl[MOST_ROUNDS];
    check(count >= 3, "usage: OURS CURL [ROUNDS], which");
    int rounds = count > 3 ? atoi(arguments[3]) : 101;
    check(rounds > 0 && rounds <= MOST_ROUNDS, "reading the numbers");
    for (int round = -1; round < rounds; round++) {
        int into = round < 0 ? 0 : round;
        ours[into] = load(arguments[1]);
        curl[into] = load(arguments[2]);
    }
    print_row("dlopen, in a fresh process", "libboomi_auth.so", ours, "libcurl.so.4", curl, "us", rounds, 0);
    return 0;
}
