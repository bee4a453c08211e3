/* What the benches share: the account they sign in to, a client of ours for it, and libcurl's handle with the same settings. */
#ifndef PEERS_H
#define PEERS_H

#include "measure.h"

#include <boomi_auth.h>
#include <curl/curl.h>

#define USER "BOOMI_TOKEN.user@example.com"
#define TOKEN "123aab45-67b8-9012-3a45-67c8e9e01e23"
#define JWT_PATH "/auth/jwt/generate/account123"
#define API_PATH "/api/rest/v1/account123/Deployment/1"

/* The answers to these two. */
enum { JWT_BYTES = 600, OBJECT_BYTES = 1024 };

static int tls_port, plain_port, rounds, times;
/* NULL means the system's roots; for libcurl they come from SSL_CERT_FILE, as ours do by themselves. */
static const char *ca_file, *only;
static char ca_pem[64 * 1024];
static size_t ca_length;

/* BENCH TLS_PORT PLAIN_PORT CA_FILE|system [ROUNDS [TIMES [SIDE]]] */
static inline void read_arguments(int count, char **arguments, int default_rounds, int default_times) {
    check(count >= 4, "usage: TLS_PORT PLAIN_PORT CA_FILE [ROUNDS [TIMES [SIDE]]], which");
    tls_port = atoi(arguments[1]);
    plain_port = atoi(arguments[2]);
    ca_file = strcmp(arguments[3], "system") != 0 ? arguments[3] : NULL;
    rounds = count > 4 ? atoi(arguments[4]) : default_rounds;
    times = count > 5 ? atoi(arguments[5]) : default_times;
    only = count > 6 ? arguments[6] : NULL;
    if (ca_file) {
        FILE *file = fopen(ca_file, "r");
        check(file != NULL, "opening the CA file");
        ca_length = fread(ca_pem, 1, sizeof ca_pem, file);
        fclose(file);
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    record_version("libcurl", curl_version());
    record_version("boomi-auth", boomi_version());
}

/* One with a pace of so many requests a second, or none at 0. */
static inline boomi_config *new_config(unsigned pace) {
    char url[64];
    snprintf(url, sizeof url, "https://127.0.0.1:%d", tls_port);
    boomi_config *config = boomi_config_new();
    boomi_config_set_credentials(config, BOOMI_CREDENTIAL_API_TOKEN, USER, TOKEN, NULL);
    boomi_config_set_account_id(config, "account123", NULL);
    boomi_config_set_base_url(config, url, NULL);
    check(boomi_config_set_requests_per_second(config, pace, NULL) == BOOMI_OK, "boomi_config_set_requests_per_second");
    if (ca_file)
        boomi_config_set_ca_pem(config, ca_pem, ca_length, BOOMI_CA_ONLY, NULL);
    return config;
}

static inline boomi_client *new_client_of(boomi_config *config) {
    boomi_client *client;
    check(boomi_client_new(config, &client, NULL) == BOOMI_OK, "boomi_client_new");
    boomi_config_free(config);
    return client;
}

/* Boomi's ten requests a second are not what is measured. */
static inline boomi_client *new_client(void) {
    return new_client_of(new_config(0));
}

static inline void generate_jwt(const boomi_client *client) {
    boomi_token *token;
    check(boomi_jwt_generate(client, NULL, NULL, &token, NULL) == BOOMI_OK, "boomi_jwt_generate");
    check(strlen(boomi_token_jwt(token)) == JWT_BYTES, "boomi-auth's answer");
    boomi_token_free(token);
}

/* A GET with the JWT that the client keeps. */
static inline boomi_request *new_request(void) {
    boomi_request *request;
    check(boomi_request_new("GET", API_PATH, &request, NULL) == BOOMI_OK, "boomi_request_new");
    check(boomi_request_set_auth(request, BOOMI_AUTH_JWT, NULL) == BOOMI_OK, "boomi_request_set_auth");
    return request;
}

static inline void get_object(const boomi_client *client, const boomi_request *request) {
    size_t length;
    boomi_response *response;
    check(boomi_client_send(client, request, NULL, &response, NULL) == BOOMI_OK, "boomi_client_send");
    check(boomi_response_status(response) == 200, "boomi-auth's status");
    check(boomi_response_body(response, &length) && length == OBJECT_BYTES, "boomi-auth's answer");
    boomi_response_free(response);
}

/* libcurl as its documentation's examples use it: an easy handle, and for an answer one buffer that grows. */

struct text {
    char *bytes;
    size_t length;
};

static inline size_t append(char *data, size_t size, size_t count, void *user) {
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

static inline CURL *new_curl(const char *path) {
    char url[128];
    snprintf(url, sizeof url, "https://127.0.0.1:%d%s", tls_port, path);
    CURL *curl = curl_easy_init();
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file ? ca_file : getenv("SSL_CERT_FILE"));
    curl_easy_setopt(curl, CURLOPT_USERPWD, USER ":" TOKEN);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, append);
    return curl;
}

/* The headers of our GET, with the JWT that ours has. */
static inline struct curl_slist *bearer_headers(void) {
    static char header[1024];
    boomi_token *token;
    boomi_client *client = new_client();
    check(boomi_jwt_generate(client, NULL, NULL, &token, NULL) == BOOMI_OK, "boomi_jwt_generate");
    snprintf(header, sizeof header, "Authorization: %s", boomi_token_header(token));
    boomi_token_free(token);
    boomi_client_free(client);
    struct curl_slist *headers = curl_slist_append(NULL, header);
    headers = curl_slist_append(headers, "Accept: application/json");
    return curl_slist_append(headers, "User-Agent: boomi-auth/0.1.0");
}

static inline CURL *new_bearer_curl(struct curl_slist *headers) {
    CURL *curl = new_curl(API_PATH);
    curl_easy_setopt(curl, CURLOPT_USERPWD, NULL);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    return curl;
}

static inline void curl_exchange(CURL *curl, size_t expected) {
    struct text body = {0};
    long status = 0;
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
    check(curl_easy_perform(curl) == CURLE_OK, "curl_easy_perform");
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    check(status == 200 && body.length == expected, "libcurl's answer");
    free(body.bytes);
}

#endif
