/* A server that costs as little as can be: a request gets the same answer, a JWT, in one write; one for /api/ gets 1 KiB of JSON,
 * one for /bytes/N gets N bytes.
 *
 *   server CERTIFICATE KEY      prints two ports on 127.0.0.1, of TLS 1.3 and of plain TCP; ends with its input.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { JWT_BYTES = 600, OBJECT_BYTES = 1024 };

/* The three parts of the JWT; the signature is filled up with A's. The payload is {"iat":1800000000,"exp":1800000300}. */
#define JWT_START "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJpYXQiOjE4MDAwMDAwMDAsImV4cCI6MTgwMDAwMDMwMH0."

#define BYTES "GET /bytes/"
#define API "GET /api/"

struct answer {
    char bytes[2048];
    int length;
};

static struct answer jwt_answer, object_answer;
static SSL_CTX *tls;

static void die(const char *what) {
    perror(what);
    exit(1);
}

static void make_answer(struct answer *answer, const char *type, const char *body) {
    answer->length = snprintf(answer->bytes, sizeof answer->bytes,
                              "HTTP/1.1 200 OK\r\nDate: Fri, 15 Jan 2027 08:00:00 GMT\r\nContent-Type: %s\r\n"
                              "Cache-Control: no-store\r\nStrict-Transport-Security: max-age=31536000\r\n"
                              "X-Content-Type-Options: nosniff\r\nContent-Length: %zu\r\n\r\n%s",
                              type, strlen(body), body);
}

static void make_answers(void) {
    char jwt[JWT_BYTES + 1] = JWT_START, object[OBJECT_BYTES + 1] = "{\"id\":\"";
    memset(jwt + strlen(jwt), 'A', JWT_BYTES - strlen(jwt));
    make_answer(&jwt_answer, "text/plain", jwt);
    memset(object + strlen(object), 'x', OBJECT_BYTES - strlen(object));
    memcpy(object + OBJECT_BYTES - 2, "\"}", 2);
    make_answer(&object_answer, "application/json", object);
}

/* N bytes, in TLS records of the largest size. */
static int send_bytes(SSL *ssl, long long left) {
    static const char bytes[256 * 1024];
    char head[128];
    int length = snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %lld\r\n\r\n", left);
    int sent = SSL_write(ssl, head, length) == length;
    while (sent && left > 0) {
        int piece = left < (long long)sizeof bytes ? (int)left : (int)sizeof bytes;
        sent = SSL_write(ssl, bytes, piece) == piece;
        left -= piece;
    }
    return sent;
}

/* One connection: each request is one read, and ends with an empty line. */
static void serve(int socket, SSL *ssl) {
    char request[4096];
    for (;;) {
        int got = ssl ? SSL_read(ssl, request, sizeof request) : (int)read(socket, request, sizeof request);
        if (got < 4 || memcmp(request + got - 4, "\r\n\r\n", 4) != 0)
            return;
        if (ssl && memcmp(request, BYTES, strlen(BYTES)) == 0) {
            if (!send_bytes(ssl, atoll(request + strlen(BYTES))))
                return;
            continue;
        }
        const struct answer *answer = memcmp(request, API, strlen(API)) == 0 ? &object_answer : &jwt_answer;
        int sent = ssl ? SSL_write(ssl, answer->bytes, answer->length) : (int)write(socket, answer->bytes, answer->length);
        if (sent != answer->length)
            return;
    }
}

static void *tls_connection(void *socket) {
    SSL *ssl = SSL_new(tls);
    SSL_set_fd(ssl, (int)(intptr_t)socket);
    if (SSL_accept(ssl) == 1)
        serve((int)(intptr_t)socket, ssl);
    SSL_free(ssl);
    close((int)(intptr_t)socket);
    return NULL;
}

static void *plain_connection(void *socket) {
    serve((int)(intptr_t)socket, NULL);
    close((int)(intptr_t)socket);
    return NULL;
}

struct listener {
    int socket;
    void *(*connection)(void *);
};

static void *accept_all(void *argument) {
    struct listener *listener = argument;
    for (int socket; (socket = accept(listener->socket, NULL, NULL)) >= 0;) {
        pthread_t thread;
        setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
        if (pthread_create(&thread, NULL, listener->connection, (void *)(intptr_t)socket) == 0)
            pthread_detach(thread);
    }
    return NULL;
}

static int start(struct listener *listener) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    pthread_t thread;
    listener->socket = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener->socket, (struct sockaddr *)&address, size) || listen(listener->socket, 64)
        || getsockname(listener->socket, (struct sockaddr *)&address, &size)
        || pthread_create(&thread, NULL, accept_all, listener))
        die("listen");
    return ntohs(address.sin_port);
}

int main(int count, char **arguments) {
    struct listener secure = {.connection = tls_connection}, plain = {.connection = plain_connection};
    if (count != 3)
        return fprintf(stderr, "usage: server CERTIFICATE KEY\n"), 2;
    signal(SIGPIPE, SIG_IGN);
    make_answers();
    tls = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_read_ahead(tls, 1);
    if (!SSL_CTX_set_min_proto_version(tls, TLS1_3_VERSION) || !SSL_CTX_set_ciphersuites(tls, "TLS_AES_256_GCM_SHA384")
        || SSL_CTX_use_certificate_chain_file(tls, arguments[1]) != 1
        || SSL_CTX_use_PrivateKey_file(tls, arguments[2], SSL_FILETYPE_PEM) != 1)
        die("certificate");
    int secure_port = start(&secure), plain_port = start(&plain);
    printf("%d %d\n", secure_port, plain_port);
    fflush(stdout);
    while (getchar() != EOF) {}
    /* Not exit(), which would take OpenSSL's memory from under the connections. */
    _exit(0);
}
