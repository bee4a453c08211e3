/* Sixteen threads at once, each asking with a JWT: on one client of ours, which keeps it, against each with a libcurl handle of
 * its own, which has it in a header. (Not with Basic: of sign-ins, the guard has three on their way at most.)
 */
#include "peers.h"

#include <pthread.h>

enum { THREADS = 16, EACH = 200 };

static boomi_client *client;
static CURL *curls[THREADS];

#define PATH "/api/rest/v1/account123/Deployment/1"

static boomi_request *request;

static void boomi_start(void) {
    client = new_client();
    check(boomi_request_new("GET", PATH, &request, NULL) == BOOMI_OK, "boomi_request_new");
    check(boomi_request_set_auth(request, BOOMI_AUTH_JWT, NULL) == BOOMI_OK, "boomi_request_set_auth");
}

static void *boomi_thread(void *unused) {
    (void)unused;
    for (int i = 0; i < EACH; i++) {
        size_t length;
        boomi_response *response;
        check(boomi_client_send(client, request, NULL, &response, NULL) == BOOMI_OK, "boomi_client_send");
        check(boomi_response_status(response) == 200, "boomi-auth's status");
        check(boomi_response_body(response, &length) && length == 600, "boomi-auth's answer");
        boomi_response_free(response);
    }
    return NULL;
}

static void curl_start(void) {
    static char header[1024];
    boomi_token *token;
    boomi_client *other = new_client();
    check(boomi_jwt_generate(other, NULL, NULL, &token, NULL) == BOOMI_OK, "boomi_jwt_generate");
    snprintf(header, sizeof header, "Authorization: %s", boomi_token_header(token));
    boomi_token_free(token);
    boomi_client_free(other);
    struct curl_slist *headers = curl_slist_append(NULL, header);
    for (int i = 0; i < THREADS; i++) {
        curls[i] = new_curl(PATH);
        curl_easy_setopt(curls[i], CURLOPT_USERPWD, NULL);
        curl_easy_setopt(curls[i], CURLOPT_HTTPHEADER, headers);
    }
}

static void *curl_thread(void *curl) {
    for (int i = 0; i < EACH; i++)
        curl_exchange(curl);
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
