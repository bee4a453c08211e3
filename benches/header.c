/* The Authorization header of an API token: boomi_auth_header() against snprintf(), malloc() and OpenSSL's base64. */
#include "peers.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

/* Enough of them for the clock to see. */
enum { EACH = 100 };

static const char *const expected = "Basic Qk9PTUlfVE9LRU4udXNlckBleGFtcGxlLmNvbToxMjNhYWI0NS02N2I4LTkwMTItM2E0NS02N2M4ZTllMDFlMjM=";

static void boomi_once(void) {
    for (int i = 0; i < EACH; i++) {
        char *header;
        check(boomi_auth_header(BOOMI_CREDENTIAL_API_TOKEN, "user@example.com", TOKEN, &header, NULL) == BOOMI_OK,
              "boomi_auth_header");
        check(strcmp(header, expected) == 0, "boomi-auth's header");
        boomi_string_free(header);
    }
}

static char *openssl_header(const char *user, const char *token) {
    size_t size = strlen("BOOMI_TOKEN.") + strlen(user) + 1 + strlen(token) + 1;
    char *pair = malloc(size), *header = malloc(strlen("Basic ") + (size + 1) / 3 * 4 + 1);
    if (!pair || !header)
        abort();
    int length = snprintf(pair, size, "BOOMI_TOKEN.%s:%s", user, token);
    memcpy(header, "Basic ", 6);
    EVP_EncodeBlock((unsigned char *)header + 6, (unsigned char *)pair, length);
    free(pair);
    return header;
}

static void openssl_once(void) {
    for (int i = 0; i < EACH; i++) {
        char *header = openssl_header("user@example.com", TOKEN);
        check(strcmp(header, expected) == 0, "OpenSSL's header");
        free(header);
    }
}

int main(int count, char **arguments) {
    static struct side sides[] = {
        {.name = "openssl", .title = "malloc, snprintf, EVP_EncodeBlock", .once = openssl_once, .calls = EACH},
        {.name = "boomi", .title = "boomi_auth_header, freed", .once = boomi_once, .calls = EACH}};
    read_arguments(count, arguments, 31, 1000);
    record_version("OpenSSL", OpenSSL_version(OPENSSL_VERSION));
    measure(sides, 2, rounds, times, only);
    if (!only)
        compare("Authorization header", &sides[1], &sides[0], rounds, 1.0);
    return 0;
}
