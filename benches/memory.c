/* What a process takes that has one client and has made one GET: built with -DWITH_CURL for libcurl, else for ours, so that each is
 * linked with one library alone. Prints two numbers: KiB that are resident, and of these what no file is behind.
 *   memory TLS_PORT CA_FILE
 */
#include "measure.h"

#define USER "BOOMI_TOKEN.user@example.com"
#define TOKEN "123aab45-67b8-9012-3a45-67c8e9e01e23"
#define API_PATH "/api/rest/v1/account123/Deployment/1"

#ifdef WITH_CURL
#include <curl/curl.h>

static size_t append(char *data, size_t size, size_t count, void *user) {
    (void)data, (void)user;
    return size * count;
}

static void warm(const char *url, const char *ca_file) {
    char whole[256];
    CURL *curl = curl_easy_init();
    snprintf(whole, sizeof whole, "%s%s", url, API_PATH);
    curl_easy_setopt(curl, CURLOPT_URL, whole);
    curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file);
    curl_easy_setopt(curl, CURLOPT_USERPWD, USER ":" TOKEN);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, append);
    check(curl_easy_perform(curl) == CURLE_OK, "curl_easy_perform");
}
#else
#include <boomi_auth.h>

static void warm(const char *url, const char *ca_file) {
    static char pem[64 * 1024];
    boomi_client *client;
    boomi_request *request;
    boomi_response *response;
    FILE *file = fopen(ca_file, "r");
    check(file != NULL, "opening the CA file");
    size_t length = fread(pem, 1, sizeof pem, file);
    fclose(file);
    boomi_config *config = boomi_config_new();
    boomi_config_set_credentials(config, BOOMI_CREDENTIAL_API_TOKEN, USER, TOKEN, NULL);
    boomi_config_set_account_id(config, "account123", NULL);
    boomi_config_set_base_url(config, url, NULL);
    boomi_config_set_ca_pem(config, pem, length, BOOMI_CA_ONLY, NULL);
    check(boomi_client_new(config, &client, NULL) == BOOMI_OK, "boomi_client_new");
    boomi_config_free(config);
    check(boomi_request_new("GET", API_PATH, &request, NULL) == BOOMI_OK, "boomi_request_new");
    check(boomi_client_send(client, request, NULL, &response, NULL) == BOOMI_OK, "boomi_client_send");
    check(boomi_response_status(response) == 200, "boomi-auth's status");
    boomi_response_free(response);
    boomi_request_free(request);
}
#endif

int main(int count, char **arguments) {
    char url[64], line[256];
    long resident = 0, anonymous = 0;
    check(count == 3, "usage: TLS_PORT CA_FILE, which");
    snprintf(url, sizeof url, "https://127.0.0.1:%s", arguments[1]);
    warm(url, arguments[2]);
    FILE *status = fopen("/proc/self/status", "r");
    check(status != NULL, "opening /proc/self/status");
    while (fgets(line, sizeof line, status)) {
        sscanf(line, "VmRSS: %ld", &resident);
        sscanf(line, "RssAnon: %ld", &anonymous);
    }
    printf("%ld %ld\n", resident, anonymous);
    return 0;
}
