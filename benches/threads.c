/* Sixteen threads at once, each getting 1 KiB with a JWT: on one client of ours, which keeps it, against each with a libcurl handle
 * of its own, which has it in a header. (Not with Basic: of sign-ins, the guard has three on their way at most.)
 */
#include "peers.h"

#include <pthread.h>

enum { THREADS = 16, EACH = 200 };

static boomi_client *client;
static boomi_request *request;
static CURL *curls[THREADS];

static void boomi_start(void) {
    client = new_client();
    request = new_request();
}

static void *boomi_thread(void *unused) {
    (void)unused;
    for (int i = 0; i < EACH; i++)
        get_object(client, request);
    return NULL;
}

static void curl_start(void) {
    struct curl_slist *headers = bearer_headers();
    for (int i = 0; i < THREADS; i++)
        curls[i] = new_bearer_curl(headers);
}

static void *curl_thread(void *curl) {
    for (int i = 0; i < EACH; i++)
        curl_exchange(curl, OBJECT_BYTES);
    return NULL;
}

static void run_threads(void *(*work)(void *)) {
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        check(pthread_create(&threads[i], NULL, work, curls[i]) == 0, "pthread_create");
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static void boomi_once(void) {
    run_threads(boomi_thread);
}

static void curl_once(void) {
    run_threads(curl_thread);
}

int main(int count, char **arguments) {
    static struct side sides[] = {{"curl", "3200 on 16 libcurl handles", curl_start, curl_once, {0}, {0}},
                                  {"boomi", "3200 on one client", boomi_start, boomi_once, {0}, {0}}};
    read_arguments(count, arguments, 15, 3);
    measure(sides, 2, rounds, times, only);
    if (only)
        return 0;
    print_ratio("16 threads, throughput", sides[0].time, sides[1].time, rounds, -1.0);
    print_side(&sides[0], rounds);
    print_side(&sides[1], rounds);
    return 0;
}
