/* A cached token: boomi_token_provider_get() and boomi_token_free() against a mutex and strdup(), on one thread and on two. */
#include "peers.h"

#include <pthread.h>

/* Enough of them for the clock to see, and for two threads to meet. */
enum { EACH = 100, EACH_OF_TWO = 100000 };

static boomi_token_provider *provider;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char kept[1024];

static void start(void) {
    boomi_token *token;
    boomi_client *client = new_client();
    check(boomi_token_provider_new(client, NULL, &provider, NULL) == BOOMI_OK, "boomi_token_provider_new");
    boomi_client_free(client);
    check(boomi_token_provider_get(provider, 0, NULL, &token, NULL) == BOOMI_OK, "the first token");
    snprintf(kept, sizeof kept, "%s", boomi_token_header(token));
    boomi_token_free(token);
}

static void get(int count) {
    for (int i = 0; i < count; i++) {
        boomi_token *token;
        check(boomi_token_provider_get(provider, 0, NULL, &token, NULL) == BOOMI_OK, "boomi_token_provider_get");
        boomi_token_free(token);
    }
}

static void copy(int count) {
    for (int i = 0; i < count; i++) {
        pthread_mutex_lock(&lock);
        char *header = strdup(kept);
        pthread_mutex_unlock(&lock);
        check(header != NULL, "strdup");
        free(header);
    }
}

static void boomi_once(void) {
    get(EACH);
}

static void strdup_once(void) {
    copy(EACH);
}

static void *in_thread(void *work) {
    (*(void (**)(int))work)(EACH_OF_TWO);
    return NULL;
}

static void on_two(void (*work)(int)) {
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        check(pthread_create(&threads[i], NULL, in_thread, &work) == 0, "pthread_create");
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
}

static void boomi_two_once(void) {
    on_two(get);
}

static void strdup_two_once(void) {
    on_two(copy);
}

int main(int count, char **arguments) {
    static struct side one[] = {
        {.name = "strdup", .title = "mutex, strdup, free", .once = strdup_once, .calls = EACH},
        {.name = "boomi", .title = "boomi_token_provider_get, freed", .once = boomi_once, .calls = EACH}};
    static struct side two[] = {
        {.name = "strdup", .title = "mutex, strdup, free", .once = strdup_two_once, .calls = EACH_OF_TWO},
        {.name = "boomi", .title = "boomi_token_provider_get, freed", .once = boomi_two_once, .calls = EACH_OF_TWO}};
    read_arguments(count, arguments, 31, 1000);
    start();
    measure(one, 2, rounds, times, only);
    measure(two, 2, rounds, (times + 199) / 200, only);
    if (only)
        return 0;
    print_limited_row("kept token, one thread", one[1].title, one[1].time, one[0].title, one[0].time, "us", rounds, 0, 0.060);
    compare("kept token, two threads at once", &two[1], &two[0], rounds, 1.0);
    return 0;
}
