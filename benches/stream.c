/* A large body over TLS, in constant memory: boomi_response_read() into 64 KiB against libcurl's write callback. */
#include "peers.h"

#ifndef MEBIBYTES
#define MEBIBYTES 1024
#endif
#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)
static const size_t expected = (size_t)MEBIBYTES << 20;
static char path[64];
static boomi_client *client;
static boomi_request *request;
static CURL *curl;

static void boomi_start(void) {
    client = new_client();
    check(boomi_request_new("GET", path, &request, NULL) == BOOMI_OK, "boomi_request_new");
}

static void boomi_once(void) {
    static char buffer[64 * 1024];
    boomi_response *response;
    size_t total = 0, got = 0;
    check(boomi_client_open(client, request, NULL, &response, NULL) == BOOMI_OK, "boomi_client_open");
    do {
        check(boomi_response_read(response, buffer, sizeof buffer, &got, NULL) == BOOMI_OK, "boomi_response_read");
        total += got;
    } while (got);
    check(total == expected, "the length of boomi-auth's stream");
    boomi_response_free(response);
}

static size_t count_bytes(char *data, size_t size, size_t count, void *user) {
    (void)data;
    *(size_t *)user += size * count;
    return size * count;
}

static void curl_start(void) {
    curl = new_curl(path);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, count_bytes);
}

static void curl_once(void) {
    size_t total = 0;
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &total);
    check(curl_easy_perform(curl) == CURLE_OK, "curl_easy_perform");
    check(total == expected, "the length of libcurl's stream");
}

int main(int count, char **arguments) {
    static struct side sides[] = {
        {.name = "curl", .title = "libcurl, write callback", .start = curl_start, .once = curl_once},
        {.name = "boomi", .title = "boomi_response_read, 64 KiB", .start = boomi_start, .once = boomi_once}};
    read_arguments(count, arguments, 7, 1);
    snprintf(path, sizeof path, "/bytes/%zu", expected);
    measure(sides, 2, rounds, times, only);
    if (only)
        return 0;
    compare("stream of " TEXT(MEBIBYTES) " MiB", &sides[1], &sides[0], rounds, 1.0);
    print_row("stream, processor time", sides[1].title, sides[1].processor, sides[0].title, sides[0].processor, "us", rounds, 0);
    return 0;
}
