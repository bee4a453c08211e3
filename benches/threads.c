/* So many threads at once, each getting 1 KiB with a JWT: on one client of ours, which keeps it, against each with a libcurl handle
 * of its own, which has it in a header. (Not with Basic: of sign-ins, the guard has three on their way at most.)
 */
#include "peers.h"

#include <pthread.h>

/* All of them together get as many, however many they are. */
enum { MOST_THREADS = 64, GETS = 3200 };

static int threads;
static boomi_client *client;
static boomi_request *request;
static CURL *curls[MOST_THREADS];

static void boomi_start(void) {
    client = new_client();
    request = new_request();
}

static void *boomi_thread(void *unused) {
    (void)unused;
    for (int i = 0; i < GETS / threads; i++)
        get_object(client, request);
    return NULL;
}

static void curl_start(void) {
    struct curl_slist *headers = bearer_headers();
    for (int i = 0; i < threads; i++)
        curls[i] = new_bearer_curl(headers);
}

static void *curl_thread(void *curl) {
    for (int i = 0; i < GETS / threads; i++)
        curl_exchange(curl, OBJECT_BYTES);
    return NULL;
}

static void run_threads(void *(*work)(void *)) {
    pthread_t running[MOST_THREADS];
    for (int i = 0; i < threads; i++)
        check(pthread_create(&running[i], NULL, work, curls[i]) == 0, "pthread_create");
    for (int i = 0; i < threads; i++)
        pthread_join(running[i], NULL);
}

static void boomi_once(void) {
    run_threads(boomi_thread);
}

static void curl_once(void) {
    run_threads(curl_thread);
}

int main(int count, char **arguments) {
    static const int counts[] = {1, 2, 16, 64};
    read_arguments(count, arguments, 15, 3);
    for (int i = 0; i < 4; i++) {
        static struct side sides[2];
        char work[64];
        threads = counts[i];
        sides[0] = (struct side){.name = "curl", .title = "libcurl, a handle for each thread", .start = curl_start,
                                 .once = curl_once, .calls = GETS};
        sides[1] = (struct side){.name = "boomi", .title = "one client for all", .start = boomi_start, .once = boomi_once,
                                 .calls = GETS};
        measure(sides, 2, rounds, times, only);
        snprintf(work, sizeof work, "GETs of 1 KiB, %d thread%s", threads, threads > 1 ? "s" : "");
        if (!only)
            compare(work, &sides[1], &sides[0], rounds, threads == 16 ? 1.0 : 0);
        boomi_request_free(request);
        boomi_client_free(client);
        for (int each = 0; each < threads; each++)
            curl_easy_cleanup(curls[each]);
    }
    return 0;
}
