/*
 * A program that has its HTTP in libcurl, and goes on and on with a wrong password. Its argument says how:
 *   observe   it tells how each request was answered
 *   free      it only frees its authorizations
 *   guess     the same, with another password each time
 * It prints how many requests were sent.
 */
#include "check.h"

#include <curl/curl.h>

#define TRIES 40

static boomi_error *error;

static size_t drop(char *data, size_t size, size_t count, void *user_data) {
  (void)data;
  (void)user_data;
  return size * count;
}

static boomi_client *client_by(const char *password) {
  boomi_config *config = emulator_config();
  boomi_client *client = NULL;
  MUST(boomi_config_set_credentials(config, BOOMI_CREDENTIAL_PASSWORD, REGULAR, password, &error));
  /* Too little to wait for the end of any hold. */
  MUST(boomi_config_set_timeout_ms(config, 10000, &error));
  MUST(boomi_client_new(config, &client, &error));
  boomi_config_free(config);
  return client;
}

/* Sends one GET, and returns its status. */
static long get(CURL *curl, const char *url, const boomi_authorization *authorization) {
  struct curl_slist *headers = NULL;
  long status = 0;
  size_t i;
  for (i = 0; i < boomi_authorization_count(authorization); i++) {
    char line[512];
    int length = snprintf(line, sizeof line, "%s: %s", boomi_authorization_name(authorization, i),
                          boomi_authorization_value(authorization, i));
    CHECK(length > 0 && (size_t)length < sizeof line);
    headers = curl_slist_append(headers, line);
    CHECK(headers != NULL);
  }
  curl_easy_setopt(curl, CURLOPT_URL, url);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop);
  curl_easy_setopt(curl, CURLOPT_CAINFO, setting("BOOMI_CA_FILE"));
  CHECK(curl_easy_perform(curl) == CURLE_OK);
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, NULL);
  curl_slist_free_all(headers);
  return status;
}

int main(int count, char **arguments) {
  const char *how = count == 2 ? arguments[1] : "";
  boomi_client *client = client_by("wrong");
  int observes = strcmp(how, "observe") == 0, guesses = strcmp(how, "guess") == 0;
  int sent = 0, held = 0, i;
  char url[256], password[16];
  CURL *curl;
  curl_global_init(CURL_GLOBAL_DEFAULT);
  curl = curl_easy_init();
  CHECK(curl != NULL);
  snprintf(url, sizeof url, "%s/api/rest/v1/account123/AuditLog/documentId-321", setting("BOOMI_API_URL"));

  for (i = 0; i < TRIES; i++) {
    boomi_authorization *authorization = NULL;
    boomi_code code;
    if (guesses) {
      boomi_client_free(client);
      snprintf(password, sizeof password, "wrong%d", i);
      client = client_by(password);
    }
    code = boomi_client_authorize(client, BOOMI_AUTH_BASIC, url, NULL, &authorization, &error);
    if (code == BOOMI_OK) {
      long status = get(curl, url, authorization);
      int32_t again = 1;
      CHECK(status == 401);
      sent += 1;
      if (observes) {
        MUST(boomi_authorization_observe(authorization, (int32_t)status, NULL, 0, &again, &error));
        CHECK(again == 0);
      }
    } else {
      expect(code, error, BOOMI_ERR_HELD, "", __LINE__);
      error = NULL;
      held += 1;
    }
    boomi_authorization_free(authorization);
  }
  printf("sent %d, held %d\n", sent, held);

  boomi_client_free(client);
  curl_easy_cleanup(curl);
  curl_global_cleanup();
  return 0;
}
