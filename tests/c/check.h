/* What the test programs share. They know the library by its header alone. */
#ifndef CHECK_H
#define CHECK_H

#include "boomi_auth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ends the program with the place, so that what failed is the last line it says. */
#define CHECK(condition)                                                       \
  do {                                                                         \
    if (!(condition)) {                                                        \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);  \
      exit(1);                                                                 \
    }                                                                          \
  } while (0)

/* Ends the program unless `code` is BOOMI_OK, with what the error says. */
static inline void must(boomi_code code, boomi_error *error, int line) {
  if (code != BOOMI_OK || error != NULL) {
    fprintf(stderr, "line %d: %s: %s\n", line, boomi_strerror(code), boomi_error_message(error));
    exit(1);
  }
}

/* Calls a function whose last argument is `&error`, which must be declared. */
#define MUST(call)                                                             \
  do {                                                                         \
    boomi_code must_code = (call);                                             \
    must(must_code, error, __LINE__);                                          \
  } while (0)

/* Takes an error, checks it, and frees it. */
static inline void expect(boomi_code code, boomi_error *error, boomi_code wanted, const char *words, int line) {
  const char *message = boomi_error_message(error);
  if (code != wanted || boomi_error_code(error) != wanted || strstr(message, words) == NULL) {
    fprintf(stderr, "line %d: wanted %d with \"%s\", got %d: %s\n", line, (int)wanted, words, (int)code, message);
    exit(1);
  }
  boomi_error_free(error);
}

#define EXPECT(call, wanted, words)                                            \
  do {                                                                         \
    boomi_code expected_code = (call);                                         \
    expect(expected_code, error, (wanted), (words), __LINE__);                 \
    error = NULL;                                                              \
  } while (0)

/* A variable of the environment that the test sets. */
static inline const char *setting(const char *name) {
  const char *value = getenv(name);
  if (value == NULL) {
    fprintf(stderr, "%s is not set\n", name);
    exit(1);
  }
  return value;
}

/* Settings for the emulator: its URL, its certificate, account123, no proxy, and time enough under valgrind. */
static inline boomi_config *emulator_config(void) {
  static char pem[16384];
  boomi_config *config = boomi_config_new();
  boomi_error *error = NULL;
  FILE *file = fopen(setting("BOOMI_CA_FILE"), "rb");
  size_t length;
  CHECK(config != NULL && file != NULL);
  length = fread(pem, 1, sizeof pem, file);
  CHECK(fclose(file) == 0 && length > 0 && length < sizeof pem);
  MUST(boomi_config_set_ca_pem(config, pem, length, BOOMI_CA_ONLY, &error));
  MUST(boomi_config_set_base_url(config, setting("BOOMI_API_URL"), &error));
  MUST(boomi_config_set_account_id(config, "account123", &error));
  MUST(boomi_config_set_proxy(config, "", &error));
  MUST(boomi_config_set_connect_timeout_ms(config, 60000, &error));
  MUST(boomi_config_set_timeout_ms(config, 120000, &error));
  return config;
}

/* The emulator's users. */
#define REGULAR "user@example.com"
#define REGULAR_PASSWORD "pass:w\xc3\xb6rd with spaces"
#define REGULAR_TOKEN "11111111-aaaa-4bbb-8ccc-000000000001"
#define TWOFA "twofa@example.com"
#define TWOFA_PASSWORD "twofa-password"
#define TWOFA_SECRET "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

#define AUDIT_LOG "/api/rest/v1/{accountId}/AuditLog/documentId-321"
#define DEPLOYMENT "/api/rest/v1/{accountId}/Deployment/documentId-321"
#define QUERY "/api/rest/v1/{accountId}/AuditLog/query"
#define ASYNC "/api/rest/v1/{accountId}/async/AtomCounters/atom-1"

#endif
