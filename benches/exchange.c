/* A JWT exchange on a warm TLS connection: libcurl's easy handle against boomi_jwt_generate(), with the floor under both.
 *
 *   exchange TLS_PORT PLAIN_PORT CA_FILE [ROUNDS [EXCHANGES [PATH]]]
 *
 * In every round each path does its exchanges in turn, so that whatever else the machine does hits all of them alike.
 * With PATH (curl, boomi, tls, tcp) only that one runs: for strace and callgrind.
 */
#include <boomi_auth.h>

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST_ROUNDS = 1000, MOST_EXCHANGES = 100000 };

#define USER "BOOMI_TOKEN.user@example.com"
#define TOKEN "123aab45-67b8-9012-3a45-67c8e9e01e23"
#define JWT_PATH "/auth/jwt/generate/account123"

static int tls_port, plain_port;
static const char *ca_file;

static void check(int good, const char *what) {
    if (!good) {
        fprintf(stderr, "exchange: %s failed\n", what);
        exit(1);
    }
}

/* --- libcurl, as its documentation's examples use it: one easy handle, one buffer that grows. --- */

struct text {
    char *bytes;
    size_t length;
};

static size_t append(char *data, size_t size, size_t count, void *user) {
    struct text *text = user;
    char *grown = realloc(text->bytes, text->length + size * count + 1);
    if (!grown)
        return 0;
    memcpy(grown + text->length, data, size * count);
    text->bytes = grown;
    text->length += size * count;
    grown[text->length] = 0;
    return size * count;
}

static CURL *curl;

static void curl_start(void) {
    char url[128];
    snprintf(url, sizeof url, "https://127.0.0.1:%d" JWT_PATH, tls_port);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    curl = curl_easy_init();
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file);
    curl_easy_setopt(curl, CURLOPT_USERPWD, USER ":" TOKEN);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, append);
}

static void curl_exchange(void) {
    struct text body = {0};
    long status = 0;
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
    check(curl_easy_perform(curl) == CURLE_OK, "curl_easy_perform");
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    check(status == 200 && body.length == 600, "libcurl's answer");
    free(body.bytes);
}

/* --- boomi-auth --- */

static boomi_client *client;

static void boomi_start(void) {
    char url[128], pem[64 * 1024];
    FILE *file = fopen(ca_file, "r");
    check(file != NULL, "the CA file");
    size_t length = fread(pem, 1, sizeof pem, file);
    fclose(file);
    snprintf(url, sizeof url, "https://127.0.0.1:%d", tls_port);
    boomi_config *config = boomi_config_new();
    boomi_config_set_credentials(config, BOOMI_CREDENTIAL_API_TOKEN, USER, TOKEN, NULL);
    boomi_config_set_account_id(config, "account123", NULL);
    boomi_config_set_base_url(config, url, NULL);
    boomi_config_set_ca_pem(config, pem, length, BOOMI_CA_ONLY, NULL);
    check(boomi_client_new(config, &client, NULL) == BOOMI_OK, "boomi_client_new");
    boomi_config_free(config);
}

static void boomi_exchange(void) {
    boomi_token *token;
    check(boomi_jwt_generate(client, NULL, NULL, &token, NULL) == BOOMI_OK, "boomi_jwt_generate");
    check(strlen(boomi_token_jwt(token)) == 600, "boomi-auth's answer");
    boomi_token_free(token);
}

/* --- The floor: the same request as fixed text, and reading until the 600 bytes of the answer's body are there. --- */

static char request[512];
static int request_bytes;

static int connect_to(int port) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int connected = socket(AF_INET, SOCK_STREAM, 0);
    check(connect(connected, (struct sockaddr *)&address, sizeof address) == 0, "connect");
    setsockopt(connected, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    request_bytes = snprintf(request, sizeof request,
                             "GET " JWT_PATH " HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAuthorization: Basic "
                             "Qk9PTUlfVE9LRU4udXNlckBleGFtcGxlLmNvbToxMjNhYWI0NS02N2I4LTkwMTItM2E0NS02N2M4ZTllMDFlMjM="
                             "\r\nUser-Agent: floor\r\nAccept: */*\r\n\r\n",
                             tls_port);
    return connected;
}

static int is_whole(char *answer, int length) {
    answer[length] = 0;
    const char *body = strstr(answer, "\r\n\r\n");
    return body && strlen(body + 4) == 600;
}

static SSL *ssl;

static void tls_start(void) {
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_read_ahead(context, 1);
    check(SSL_CTX_load_verify_locations(context, ca_file, NULL) == 1, "the CA file");
    ssl = SSL_new(context);
    SSL_set_fd(ssl, connect_to(tls_port));
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), "127.0.0.1");
    check(SSL_connect(ssl) == 1, "SSL_connect");
}

static void tls_exchange(void) {
    char answer[4096];
    int length = 0, got;
    check(SSL_write(ssl, request, request_bytes) == request_bytes, "SSL_write");
    while (!is_whole(answer, length)) {
        check((got = SSL_read(ssl, answer + length, (int)sizeof answer - 1 - length)) > 0, "SSL_read");
        length += got;
    }
}

static int plain;

static void tcp_start(void) {
    plain = connect_to(plain_port);
}

static void tcp_exchange(void) {
    char answer[4096];
    int length = 0, got;
    check(write(plain, request, (size_t)request_bytes) == request_bytes, "write");
    while (!is_whole(answer, length)) {
        check((got = (int)read(plain, answer + length, sizeof answer - 1 - (size_t)length)) > 0, "read");
        length += got;
    }
}

/* --- Measuring --- */

struct path {
    const char *name;
    void (*start)(void);
    void (*exchange)(void);
    /* Of each round, in us: the median exchange, and this thread's processor time for one. */
    double wall[MOST_ROUNDS], processor[MOST_ROUNDS];
};

enum { CURL_, BOOMI, TLS, TCP, PATHS };
static struct path paths[PATHS] = {
    [CURL_] = {"curl", curl_start, curl_exchange, {0}, {0}},
    [BOOMI] = {"boomi", boomi_start, boomi_exchange, {0}, {0}},
    [TLS] = {"tls", tls_start, tls_exchange, {0}, {0}},
    [TCP] = {"tcp", tcp_start, tcp_exchange, {0}, {0}},
};

static double now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static int smaller(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The value at `part` (0 to 1) of sorted values. */
static double quantile(const double *values, int count, double part) {
    static double sorted[MOST_EXCHANGES];
    memcpy(sorted, values, (size_t)count * sizeof *values);
    qsort(sorted, (size_t)count, sizeof *sorted, smaller);
    return sorted[(int)(part * (count - 1) + 0.5)];
}

static void run(struct path *path, int round, int exchanges) {
    static double times[MOST_EXCHANGES];
    double processor = now(CLOCK_THREAD_CPUTIME_ID);
    double before = now(CLOCK_MONOTONIC);
    for (int i = 0; i < exchanges; i++) {
        path->exchange();
        double after = now(CLOCK_MONOTONIC);
        times[i] = after - before;
        before = after;
    }
    path->processor[round] = (now(CLOCK_THREAD_CPUTIME_ID) - processor) / exchanges;
    path->wall[round] = quantile(times, exchanges, 0.5);
}

/* The median of the rounds' own ratios: what slows one round slows both sides of its ratio. */
static void print_ratio(const char *what, const double *ours, const double *theirs, int rounds) {
    double ratios[MOST_ROUNDS];
    for (int i = 0; i < rounds; i++)
        ratios[i] = ours[i] / theirs[i];
    printf("%-34s %5.2f   (%.2f to %.2f)\n", what, quantile(ratios, rounds, 0.5), quantile(ratios, rounds, 0.25),
           quantile(ratios, rounds, 0.75));
}

/* What one path takes more than another, in the same way. */
static double difference(const struct path *more, const struct path *less, int rounds) {
    double differences[MOST_ROUNDS];
    for (int i = 0; i < rounds; i++)
        differences[i] = more->wall[i] - less->wall[i];
    return quantile(differences, rounds, 0.5);
}

static void report(int rounds, int exchanges) {
    printf("%d rounds of %d exchanges each, interleaved; us per exchange: median (middle half of the rounds)\n\n", rounds,
           exchanges);
    printf("%-34s %-24s %s\n", "", "time", "this thread's processor");
    static const char *const names[PATHS] = {"libcurl easy handle", "boomi_jwt_generate", "bare TLS (OpenSSL)", "bare TCP"};
    for (int i = 0; i < PATHS; i++) {
        const struct path *path = &paths[i];
        printf("%-34s %5.1f (%.1f to %.1f)\t%9.1f\n", names[i], quantile(path->wall, rounds, 0.5),
               quantile(path->wall, rounds, 0.25), quantile(path->wall, rounds, 0.75),
               quantile(path->processor, rounds, 0.5));
    }
    puts("");
    print_ratio("boomi-auth / libcurl, time", paths[BOOMI].wall, paths[CURL_].wall, rounds);
    print_ratio("boomi-auth / libcurl, processor", paths[BOOMI].processor, paths[CURL_].processor, rounds);
    print_ratio("boomi-auth / bare TLS, time", paths[BOOMI].wall, paths[TLS].wall, rounds);
    printf("\nwhere boomi-auth's %.1f us go:\n", quantile(paths[BOOMI].wall, rounds, 0.5));
    printf("  %5.1f  TCP, the kernel, waking the server and being woken\n", quantile(paths[TCP].wall, rounds, 0.5));
    printf("  %5.1f  TLS on both sides, as OpenSSL does it\n", difference(&paths[TLS], &paths[TCP], rounds));
    printf("  %5.1f  ours: sign-in, HTTP, checks, the token (libcurl's own part: %.1f)\n",
           difference(&paths[BOOMI], &paths[TLS], rounds), difference(&paths[CURL_], &paths[TLS], rounds));
}

int main(int count, char **arguments) {
    check(count >= 4, "usage: exchange TLS_PORT PLAIN_PORT CA_FILE [ROUNDS [EXCHANGES [PATH]]], which");
    tls_port = atoi(arguments[1]);
    plain_port = atoi(arguments[2]);
    ca_file = arguments[3];
    int rounds = count > 4 ? atoi(arguments[4]) : 31, exchanges = count > 5 ? atoi(arguments[5]) : 400;
    const char *only = count > 6 ? arguments[6] : NULL;
    check(rounds > 0 && rounds <= MOST_ROUNDS && exchanges > 0 && exchanges <= MOST_EXCHANGES, "reading the numbers");
    for (int round = -1; round < rounds; round++) {
        for (int i = 0; i < PATHS; i++) {
            /* Each round begins with another path. */
            struct path *path = &paths[(i + round + 1) % PATHS];
            if (only && strcmp(only, path->name) != 0)
                continue;
            if (round < 0)
                path->start(), run(path, 0, exchanges < 100 ? exchanges : 100);
            else
                run(path, round, exchanges);
        }
    }
    if (!only)
        report(rounds, exchanges);
    return 0;
}
