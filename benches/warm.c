/* A JWT exchange on a warm TLS connection: libcurl's easy handle against boomi_jwt_generate(), with the floor under both. */
#include "floor/floor.h"
#include "peers.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

static CURL *curl;
static boomi_client *client;

static void curl_start(void) {
    curl = new_curl(JWT_PATH);
}

static void curl_once(void) {
    curl_exchange(curl, JWT_BYTES);
}

static void boomi_start(void) {
    client = new_client();
}

static void boomi_once(void) {
    generate_jwt(client);
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
    return body && strlen(body + 4) == JWT_BYTES;
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

static struct floor *bare;

static void rustls_start(void) {
    close(connect_to(tls_port)); /* The request's text. */
    bare = floor_connect((uint16_t)tls_port, ca_pem, ca_length);
    check(bare != NULL, "floor_connect");
}

static void rustls_exchange(void) {
    check(floor_exchange(bare, request, (size_t)request_bytes, JWT_BYTES) == 0, "floor_exchange");
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

/* What one side takes more than another, in the median round. */
static double difference(const struct side *more, const struct side *less) {
    double differences[MOST_ROUNDS];
    for (int i = 0; i < rounds; i++)
        differences[i] = more->time[i] - less->time[i];
    return quantile(differences, rounds, 0.5);
}

enum { CURL_, BOOMI, RUSTLS, TLS, TCP, SIDES };

int main(int count, char **arguments) {
    static struct side sides[SIDES] = {
        [CURL_] = {.name = "curl", .title = "libcurl, easy handle", .start = curl_start, .once = curl_once},
        [BOOMI] = {.name = "boomi", .title = "boomi_jwt_generate", .start = boomi_start, .once = boomi_once},
        [RUSTLS] = {.name = "rustls", .title = "floor: bare rustls", .start = rustls_start, .once = rustls_exchange},
        [TLS] = {.name = "tls", .title = "floor: bare OpenSSL", .start = tls_start, .once = tls_exchange},
        [TCP] = {.name = "tcp", .title = "floor: bare TCP", .start = tcp_start, .once = tcp_exchange},
    };
    read_arguments(count, arguments, 31, 400);
    measure(sides, SIDES, rounds, times, only);
    if (only)
        return 0;
    compare("JWT exchange, kept connection", &sides[BOOMI], &sides[CURL_], rounds, 0.8);
    for (int i = RUSTLS; i < SIDES; i++)
        compare("JWT exchange, kept connection", &sides[BOOMI], &sides[i], rounds, 0);
    printf("    of ours, TCP and the kernel %.1f us, TLS on both sides %.1f, the rest %.1f (libcurl's rest: %.1f)\n",
           quantile(sides[TCP].time, rounds, 0.5), difference(&sides[TLS], &sides[TCP]),
           difference(&sides[BOOMI], &sides[TLS]), difference(&sides[CURL_], &sides[TLS]));
    return 0;
}
