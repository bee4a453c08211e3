/* What a fleet's memory costs: an exchange and a paced request with a Redis server on loopback, beside the same without one; and
 * paced requests of 1 to 64 processes that share one. STORE=URL names the server.
 */
#include "peers.h"

#include <sys/wait.h>
#include <unistd.h>

/* As many as there may be, so that nobody waits for a turn: what is measured is asking for it. */
enum { PACE = 10000, MOST_PROCESSES = 64, EACH = 500, FLEETS = 3 };

static boomi_client *alone, *shared;
static boomi_token_provider *provider_alone, *provider_shared;
static boomi_request *request;

static boomi_client *new_sharing_client(unsigned pace) {
    boomi_config *config = new_config(pace);
    boomi_error *error = NULL;
    boomi_code code = boomi_config_set_store(config, getenv("STORE"), &error);
    if (code != BOOMI_OK)
        fprintf(stderr, "%s\n", boomi_error_message(error));
    check(code == BOOMI_OK, "boomi_config_set_store");
    return new_client_of(config);
}

/* A client connects by the way: a call does not wait for it, and goes on alone. */
static void wait_until_connected(const boomi_client *client) {
    for (int i = 0; i < 1000; i++) {
        char *text;
        check(boomi_client_describe_guard(client, &text, NULL) == BOOMI_OK, "boomi_client_describe_guard");
        int connected = strstr(text, "\"memory\":\"redis") != NULL;
        boomi_string_free(text);
        if (connected)
            return;
        usleep(5000);
    }
    check(0, "connecting to the store");
}

static boomi_token_provider *new_provider(const boomi_client *client) {
    boomi_token_provider *provider;
    check(boomi_token_provider_new(client, NULL, &provider, NULL) == BOOMI_OK, "boomi_token_provider_new");
    return provider;
}

static void exchange(const boomi_token_provider *provider) {
    check(boomi_token_provider_refresh(provider, NULL, NULL) == BOOMI_OK, "boomi_token_provider_refresh");
}

static void exchange_alone(void) {
    exchange(provider_alone);
}

static void exchange_shared(void) {
    exchange(provider_shared);
}

static void get_alone(void) {
    get_object(alone, request);
}

static void get_shared(void) {
    get_object(shared, request);
}

static void get_by(CURL *curl, const boomi_client *client) {
    if (curl)
        curl_exchange(curl, OBJECT_BYTES);
    else
        get_object(client, request);
}

/* Until each of so many processes has made its requests, all at once: what each of these took, in us. */
enum who { ALONE, SHARING, LIBCURL };

static double of_processes(int count, enum who who) {
    int ready[2], go[2], done[2];
    char byte = 0;
    check(pipe(ready) == 0 && pipe(go) == 0 && pipe(done) == 0, "pipe");
    fflush(stdout);
    for (int i = 0; i < count; i++) {
        pid_t process = fork();
        check(process >= 0, "fork");
        if (process > 0)
            continue;
        CURL *curl = who == LIBCURL ? new_bearer_curl(bearer_headers()) : NULL;
        boomi_client *client = who == LIBCURL ? NULL : who == SHARING ? new_sharing_client(PACE) : new_client_of(new_config(PACE));
        if (who == SHARING)
            wait_until_connected(client);
        /* What may come at once, after a while without any: a second's requests. */
        for (int call = 0; call < PACE / count; call++)
            get_by(curl, client);
        check(write(ready[1], &byte, 1) == 1 && read(go[0], &byte, 1) == 1, "the pipes");
        for (int call = 0; call < EACH; call++)
            get_by(curl, client);
        check(write(done[1], &byte, 1) == 1, "the pipes");
        _exit(0);
    }
    for (int i = 0; i < count; i++)
        check(read(ready[0], &byte, 1) == 1, "the pipes");
    double before = now(CLOCK_MONOTONIC);
    for (int i = 0; i < count; i++)
        check(write(go[1], &byte, 1) == 1, "the pipes");
    for (int i = 0; i < count; i++)
        check(read(done[0], &byte, 1) == 1, "the pipes");
    double all = now(CLOCK_MONOTONIC) - before;
    while (wait(NULL) > 0)
        ;
    for (int i = 0; i < 2; i++)
        close(ready[i]), close(go[i]), close(done[i]);
    return all / EACH;
}

int main(int count, char **arguments) {
    static struct side exchanges[] = {{.name = "alone", .title = "without a store", .once = exchange_alone},
                                      {.name = "shared", .title = "with a store", .once = exchange_shared}};
    static struct side gets[] = {{.name = "alone", .title = "without a store", .once = get_alone},
                                 {.name = "shared", .title = "with a store", .once = get_shared}};
    read_arguments(count, arguments, 9, 200);
    check(getenv("STORE") != NULL, "STORE=URL");
    request = new_request();
    for (int processes = 1; !only && processes <= MOST_PROCESSES; processes *= 2) {
        double with[MOST_ROUNDS], without[MOST_ROUNDS], curls[MOST_ROUNDS];
        for (int round = 0; round < FLEETS; round++) {
            with[round] = of_processes(processes, SHARING);
            without[round] = of_processes(processes, ALONE);
            curls[round] = of_processes(processes, LIBCURL);
        }
        print_point("paced GETs of a fleet", "processes", "the pace of all, in a store", "us each", processes, with, FLEETS);
        print_point("paced GETs of a fleet", "processes", "the pace of each process", "us each", processes, without, FLEETS);
        print_point("paced GETs of a fleet", "processes", "control: libcurl, without a pace", "us each", processes, curls, FLEETS);
    }
    alone = new_client_of(new_config(PACE));
    shared = new_sharing_client(PACE);
    wait_until_connected(shared);
    provider_alone = new_provider(alone), provider_shared = new_provider(shared);
    measure(exchanges, 2, rounds, times, only);
    measure(gets, 2, rounds, times, only);
    if (only)
        return 0;
    compare("JWT exchange, with a store", &exchanges[1], &exchanges[0], rounds, 0);
    compare("paced GET, with a store", &gets[1], &gets[0], rounds, 0);
    return 0;
}
