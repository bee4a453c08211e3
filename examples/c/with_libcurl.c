/*
 * Signs in requests that libcurl sends: for a program that has its HTTP in libcurl and wants to keep it.
 *
 *   cc with_libcurl.c $(pkg-config --cflags --libs boomi_auth libcurl) -o with_libcurl
 *
 * BOOMI_ACCOUNT_ID, BOOMI_USERNAME and BOOMI_API_TOKEN say who signs in; BOOMI_API_URL and BOOMI_CA_FILE where, if that
 * is not https://api.boomi.com.
 */
#include <boomi_auth.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The beginning of the answer's body. It is printed, and a verdict needs no more of it. */
struct body {
  char text[65536];
  size_t length;
};

static size_t keep(char *data, size_t size, size_t count, void *user_data) {
  struct body *body = user_data;
  size_t length = size * count, room = sizeof body->text - 1 - body->length;
  if (length < room) room = length;
  memcpy(body->text + body->length, data, room);
  body->length += room;
  body->text[body->length] = 0;
  return length;
}

/* Puts our headers on the request. Returns NULL if there is no memory. */
static struct curl_slist *headers_of(const boomi_authorization *authorization) {
  struct curl_slist *headers = curl_slist_append(NULL, "Accept: application/json");
  size_t i;
  for (i = 0; headers != NULL && i < boomi_authorization_count(authorization); i++) {
    struct curl_slist *longer = NULL;
    char line[4096]; /* A JWT's header has less than a thousand. */
    int length = snprintf(line, sizeof line, "%s: %s", boomi_authorization_name(authorization, i),
                          boomi_authorization_value(authorization, i));
    if (length > 0 && (size_t)length < sizeof line) longer = curl_slist_append(headers, line);
    if (longer == NULL) curl_slist_free_all(headers);
    headers = longer;
  }
  return headers;
}

/* Sends one GET. Returns its status; 0 if no answer came. */
static long get(CURL *curl, const char *url, const boomi_authorization *authorization, struct body *body) {
  const char *ca = getenv("BOOMI_CA_FILE");
  struct curl_slist *headers = headers_of(authorization);
  long status = 0;
  CURLcode code = CURLE_OUT_OF_MEMORY;
  body->length = 0;
  body->text[0] = 0;
  if (headers != NULL) {
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    /* Off is the default, and must stay: libcurl takes X-Boomi-OTP along to whatever host a redirect names. */
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
    if (ca != NULL) curl_easy_setopt(curl, CURLOPT_CAINFO, ca);
    code = curl_easy_perform(curl);
    if (code == CURLE_OK) curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    /* libcurl keeps a pointer to what is freed now. */
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, NULL);
  }
  if (code != CURLE_OK) fprintf(stderr, "%s\n", curl_easy_strerror(code));
  curl_slist_free_all(headers);
  return status;
}

int main(void) {
  static struct body body;
  boomi_client *client = NULL;
  boomi_error *error = NULL;
  const char *base = getenv("BOOMI_API_URL"), *account = getenv("BOOMI_ACCOUNT_ID");
  char url[1024];
  int32_t again = 1;
  long status = 0;
  int tries;
  CURL *curl;
  curl_global_init(CURL_GLOBAL_DEFAULT);
  curl = curl_easy_init();
  snprintf(url, sizeof url, "%s/api/rest/v1/%s/AuditLog/documentId-321", base != NULL ? base : BOOMI_BASE_URL_US,
           account != NULL ? account : "");

  if (curl != NULL && !boomi_client_from_env(&client, &error)) {
    for (tries = 0; again && tries < 2 && error == NULL; tries++) {
      boomi_authorization *authorization = NULL;
      again = 0;
      if (!boomi_client_authorize(client, BOOMI_AUTH_BASIC, url, NULL, &authorization, &error)) {
        status = get(curl, url, authorization, &body);
        /* What it learns keeps a refused secret from being tried until the user is locked. */
        if (status != 0) {
          boomi_authorization_observe(authorization, (int32_t)status, body.text, body.length, &again, &error);
        }
      }
      boomi_authorization_free(authorization);
    }
  }
  if (status == 200) puts(body.text);
  if (status != 0 && status != 200) fprintf(stderr, "%ld: %s\n", status, body.text);
  if (error != NULL) fprintf(stderr, "%s\n", boomi_error_message(error));

  boomi_error_free(error);
  boomi_client_free(client);
  curl_easy_cleanup(curl);
  curl_global_cleanup();
  return status == 200 ? 0 : 1;
}
