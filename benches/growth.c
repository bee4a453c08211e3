/* Cost against growth: what tokens, accounts, threads and bytes of a body take, from few to many. With the name of a curve (the last
 * argument) only that one. report.py says how steep each is.
 */
#include "peers.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>

enum { MOST_TOKENS = 1000000, MOST_ACCOUNTS = 10000, MOST_THREADS = 64, GETS = 100, MOST_BODY = 64 << 20 };

static double took(double before) {
    return now(CLOCK_MONOTONIC) - before;
}

/* For what waits for nobody: on a busy machine a long round is interrupted, and a short one is not. */
static double worked(double before) {
    return now(CLOCK_PROCESS_CPUTIME_ID) - before;
}

static boomi_token_provider *new_provider(const boomi_client *client, const char *account) {
    boomi_token_provider *provider;
    check(boomi_token_provider_new(client, account, &provider, NULL) == BOOMI_OK, "boomi_token_provider_new");
    return provider;
}

static boomi_token *get(const boomi_token_provider *provider) {
    boomi_token *token;
    check(boomi_token_provider_get(provider, 0, NULL, &token, NULL) == BOOMI_OK, "boomi_token_provider_get");
    return token;
}

/* So many references to a token are taken, held at once, and freed. */
static void tokens(void) {
    static boomi_token *held[MOST_TOKENS];
    boomi_client *client = new_client();
    boomi_token_provider *provider = new_provider(client, NULL);
    boomi_token_free(get(provider));
    for (int many = 100; many <= MOST_TOKENS; many *= 10) {
        double each[MOST_ROUNDS];
        for (int round = -1; round < rounds; round++) {
            double before = now(CLOCK_PROCESS_CPUTIME_ID);
            for (int i = 0; i < many; i++)
                held[i] = get(provider);
            for (int i = 0; i < many; i++)
                boomi_token_free(held[i]);
            each[round < 0 ? 0 : round] = worked(before);
        }
        print_point("tokens", "tokens", "got, held at once, freed: processor time", "us", many, each, rounds);
    }
    boomi_token_provider_free(provider);
    boomi_client_free(client);
}

static double heap(void) {
    struct mallinfo2 info = mallinfo2();
    return (double)(info.uordblks + info.hblkhd);
}

/* An order of so many, the same each time: callers do not come in the order that memory was given out in, which the processor reads ahead. */
static void shuffle(int *order, int many) {
    unsigned long long state = 1;
    for (int i = 0; i < many; i++) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        int other = (int)((state >> 33) % (unsigned)(i + 1));
        order[i] = order[other];
        order[other] = i;
    }
}

/* As many headers behind one mutex, copied one after another: what that takes in each round. */
static void copied_from(char **headers, boomi_token_provider **providers, const int *order, int many, double *copied) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    for (int i = 0; i < many; i++) {
        boomi_token *token = get(providers[i]);
        headers[i] = strdup(boomi_token_header(token));
        boomi_token_free(token);
    }
    for (int round = -1; round < rounds; round++) {
        int turns = 1 + 100000 / many;
        double before = now(CLOCK_PROCESS_CPUTIME_ID);
        for (int i = 0; i < many * turns; i++) {
            pthread_mutex_lock(&lock);
            char *header = strdup(headers[order[i % many]]);
            pthread_mutex_unlock(&lock);
            free(header);
        }
        copied[round < 0 ? 0 : round] = worked(before) / turns;
    }
    for (int i = 0; i < many; i++)
        free(headers[i]);
}

/* What one would write for it in C: an account has a mutex and a reference to its token, the token a count. */
struct account {
    pthread_mutex_t lock;
    struct counted {
        atomic_int count;
        time_t expires_at;
        char header[JWT_BYTES + 8];
    } *token;
};

static struct counted *counted_get(struct account *account) {
    pthread_mutex_lock(&account->lock);
    struct counted *token = account->token;
    struct timespec wall;
    clock_gettime(CLOCK_REALTIME_COARSE, &wall);
    check(token->expires_at > wall.tv_sec, "expired");
    atomic_fetch_add(&token->count, 1);
    pthread_mutex_unlock(&account->lock);
    return token;
}

static void counted_free(struct counted *token) {
    if (atomic_fetch_sub(&token->count, 1) == 1)
        free(token);
}

static void counted_from(const int *order, int many, double *counted) {
    static struct account *accounts[MOST_ACCOUNTS];
    for (int i = 0; i < many; i++) {
        accounts[i] = calloc(1, sizeof *accounts[i]);
        accounts[i]->token = calloc(1, sizeof *accounts[i]->token);
        *accounts[i]->token = (struct counted){.count = 1, .expires_at = time(NULL) + 3600};
    }
    for (int round = -1; round < rounds; round++) {
        int turns = 1 + 100000 / many;
        double before = now(CLOCK_PROCESS_CPUTIME_ID);
        for (int i = 0; i < many * turns; i++)
            counted_free(counted_get(accounts[order[i % many]]));
        counted[round < 0 ? 0 : round] = worked(before) / turns;
    }
    for (int i = 0; i < many; i++) {
        counted_free(accounts[i]->token);
        free(accounts[i]);
    }
}

/* Tokens of accounts in that order, again and again; a function of its own, whose instructions can be counted. */
__attribute__((noinline)) static void kept_tokens(boomi_token_provider **providers, const int *order, int many, int times) {
    for (int i = 0; i < times; i++)
        boomi_token_free(get(providers[order[i % many]]));
}

/* One client with a token of each of so many accounts. What is beside it: as many headers behind one mutex, copied, and as many with
 * counts of their own. */
static void accounts(void) {
    static boomi_token_provider *providers[MOST_ACCOUNTS];
    static char *headers[MOST_ACCOUNTS];
    static int order[MOST_ACCOUNTS];
    /* The C library's own, the roots and the first connection are no account's. */
    boomi_client *client = new_client();
    boomi_token_provider *first = new_provider(client, NULL);
    boomi_token_free(get(first));
    double begin = heap(), bytes_each = 0, header_bytes = JWT_BYTES + strlen("Bearer "), first_exchanges = 0, each[MOST_ROUNDS], copied[MOST_ROUNDS];
    int made = 0;
    for (int many = 10; many <= MOST_ACCOUNTS; many *= 10) {
        double before = now(CLOCK_MONOTONIC);
        for (; made < many; made++) {
            char account[32];
            snprintf(account, sizeof account, "account-%05d", made);
            providers[made] = new_provider(client, account);
            boomi_token_free(get(providers[made]));
        }
        first_exchanges += took(before);
        print_point("accounts, the first JWT of each", "accounts", "signed in, one after another", "us", many, &first_exchanges, 1);
        double bytes = heap() - begin;
        print_point("accounts, memory", "accounts", "bytes of the heap, each with a JWT", "bytes", many, &bytes, 1);
        bytes_each = bytes / many;
        shuffle(order, many);
        for (int round = -1; round < rounds; round++) {
            int turns = 1 + 100000 / many;
            before = now(CLOCK_PROCESS_CPUTIME_ID);
            kept_tokens(providers, order, many, many * turns);
            each[round < 0 ? 0 : round] = worked(before) / turns;
        }
        print_point("accounts, a kept token of each", "accounts", "in no order: processor time", "us", many, each, rounds);
        copied_from(headers, providers, order, many, copied);
        print_point("accounts, a kept token of each", "accounts", "control: mutex, strdup", "us", many, copied, rounds);
        double counted[MOST_ROUNDS];
        counted_from(order, many, counted);
        print_point("accounts, a kept token of each", "accounts", "control: mutex, counted reference", "us", many, counted, rounds);
    }
    for (int i = 0; i < rounds; i++)
        each[i] /= MOST_ACCOUNTS, copied[i] /= MOST_ACCOUNTS;
    print_row("kept tokens of 10,000 accounts in turn", "boomi_token_provider_get, freed", each, "mutex, strdup, free", copied, "us",
              rounds, 0);
    print_row("memory of an account with a JWT", "in one client of 10,000", &bytes_each, "its header's text", &header_bytes, "bytes",
              1, 0);
    for (int i = 0; i < MOST_ACCOUNTS; i++)
        boomi_token_provider_free(providers[i]);
    boomi_token_provider_free(first);
    boomi_client_free(client);
}

/* For callgrind: every account's token once, with TIMES accounts. Who counts leaves out what is before. */
static void counted_accounts(void) {
    static boomi_token_provider *providers[MOST_ACCOUNTS];
    static int order[MOST_ACCOUNTS];
    boomi_client *client = new_client();
    check(times > 0 && times <= MOST_ACCOUNTS, "reading the accounts");
    for (int i = 0; i < times; i++) {
        char account[32];
        snprintf(account, sizeof account, "account-%05d", i);
        providers[i] = new_provider(client, account);
        boomi_token_free(get(providers[i]));
    }
    shuffle(order, times);
    kept_tokens(providers, order, times, times);
    for (int i = 0; i < times; i++)
        boomi_token_provider_free(providers[i]);
    boomi_client_free(client);
}

static boomi_client *shared;
static boomi_request *request;

static void *gets(void *unused) {
    (void)unused;
    for (int i = 0; i < GETS; i++)
        get_object(shared, request);
    return NULL;
}

/* Threads that get as many objects each, on one client. */
static void threads(void) {
    shared = new_client();
    request = new_request();
    for (int many = 1; many <= MOST_THREADS; many *= 2) {
        double each[MOST_ROUNDS];
        for (int round = -1; round < rounds; round++) {
            pthread_t running[MOST_THREADS];
            double before = now(CLOCK_MONOTONIC);
            for (int i = 0; i < many; i++)
                check(pthread_create(&running[i], NULL, gets, NULL) == 0, "pthread_create");
            for (int i = 0; i < many; i++)
                pthread_join(running[i], NULL);
            each[round < 0 ? 0 : round] = took(before);
        }
        print_point("threads", "threads", "100 GETs each, one client", "us", many, each, rounds);
    }
    boomi_request_free(request);
    boomi_client_free(shared);
}

static void body_whole(const boomi_client *client, const boomi_request *body, size_t expected) {
    boomi_response *response;
    size_t length = 0;
    check(boomi_client_send(client, body, NULL, &response, NULL) == BOOMI_OK, "boomi_client_send");
    check(boomi_response_body(response, &length) && length == expected, "boomi-auth's answer");
    boomi_response_free(response);
}

static void body_stream(const boomi_client *client, const boomi_request *body, size_t expected) {
    static char buffer[64 * 1024];
    boomi_response *response;
    size_t total = 0, got = 0;
    check(boomi_client_open(client, body, NULL, &response, NULL) == BOOMI_OK, "boomi_client_open");
    do {
        check(boomi_response_read(response, buffer, sizeof buffer, &got, NULL) == BOOMI_OK, "boomi_response_read");
        total += got;
    } while (got);
    check(total == expected, "the length of boomi-auth's stream");
    boomi_response_free(response);
}

/* Bodies, collected and streamed; and collected by libcurl, as the other benches have it. */
static void body(void) {
    boomi_client *client = new_client();
    for (int bytes = 1024; bytes <= MOST_BODY; bytes *= 4) {
        char path[64];
        boomi_request *asked;
        double whole[MOST_ROUNDS], stream[MOST_ROUNDS], curls[MOST_ROUNDS];
        snprintf(path, sizeof path, "/bytes/%d", bytes);
        check(boomi_request_new("GET", path, &asked, NULL) == BOOMI_OK, "boomi_request_new");
        CURL *curl = new_curl(path);
        int turns = bytes < 1 << 20 ? 20 : 1;
        for (int round = -1; round < rounds; round++) {
            double before = now(CLOCK_MONOTONIC);
            for (int i = 0; i < turns; i++)
                body_whole(client, asked, (size_t)bytes);
            whole[round < 0 ? 0 : round] = took(before) / turns;
            before = now(CLOCK_MONOTONIC);
            for (int i = 0; i < turns; i++)
                body_stream(client, asked, (size_t)bytes);
            stream[round < 0 ? 0 : round] = took(before) / turns;
            before = now(CLOCK_MONOTONIC);
            for (int i = 0; i < turns; i++)
                curl_exchange(curl, (size_t)bytes);
            curls[round < 0 ? 0 : round] = took(before) / turns;
        }
        curl_easy_cleanup(curl);
        print_point("body, collected", "bytes", "boomi_client_send", "us", bytes, whole, rounds);
        print_point("body, collected", "bytes", "control: libcurl, realloc", "us", bytes, curls, rounds);
        print_point("body, streamed", "bytes", "boomi_response_read", "us", bytes, stream, rounds);
        boomi_request_free(asked);
    }
    boomi_client_free(client);
}

int main(int count, char **arguments) {
    static const struct {
        const char *name;
        void (*run)(void);
    } curves[] = {{"tokens", tokens}, {"accounts", accounts}, {"threads", threads}, {"body", body}};
    read_arguments(count, arguments, 9, 1);
    check(rounds > 0 && rounds <= MOST_ROUNDS, "reading the numbers");
    if (only && strcmp(only, "counted") == 0)
        counted_accounts();
    for (int i = 0; i < 4; i++)
        if (!only || strcmp(only, curves[i].name) == 0)
            curves[i].run();
    return 0;
}
