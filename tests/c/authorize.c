/*
 * Headers for another HTTP library: which they are, for which URLs they are given, and what their answer teaches. The
 * program with another library is examples/c/with_libcurl.c.
 */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <unistd.h>

static boomi_error *error;

static boomi_client *client_of(boomi_config *config) {
  boomi_client *client = NULL;
  MUST(boomi_client_new(config, &client, &error));
  boomi_config_free(config);
  return client;
}

static boomi_client *client_by(uint32_t kind, const char *user, const char *secret, const char *otp_secret) {
  boomi_config *config = emulator_config();
  MUST(boomi_config_set_credentials(config, kind, user, secret, &error));
  if (otp_secret != NULL) MUST(boomi_config_set_otp_secret(config, otp_secret, &error));
  return client_of(config);
}

/* Tells how its request was answered, as every authorization should be told, and frees it. */
static void settle(boomi_authorization *authorization) {
  MUST(boomi_authorization_observe(authorization, 200, NULL, 0, NULL, &error));
  boomi_authorization_free(authorization);
}

static const char *url_of(const char *path) {
  static char url[256];
  snprintf(url, sizeof url, "%s%s", setting("BOOMI_API_URL"), path);
  return url;
}

static boomi_authorization *authorize(const boomi_client *client, uint32_t scheme, const char *path) {
  boomi_authorization *authorization = NULL;
  MUST(boomi_client_authorize(client, scheme, url_of(path), NULL, &authorization, &error));
  return authorization;
}

#define RECORD "/api/rest/v1/account123/AuditLog/documentId-321"

static int has_header(const boomi_authorization *authorization, size_t index, const char *name, const char *begin) {
  const char *value = boomi_authorization_value(authorization, index);
  return strcmp(boomi_authorization_name(authorization, index), name) == 0 && strncmp(value, begin, strlen(begin)) == 0;
}

static void each_scheme_has_its_headers(void) {
  boomi_client *by_token = client_by(BOOMI_CREDENTIAL_API_TOKEN, REGULAR, REGULAR_TOKEN, NULL);
  boomi_client *by_code = client_by(BOOMI_CREDENTIAL_PASSWORD, TWOFA, TWOFA_PASSWORD, TWOFA_SECRET);
  boomi_authorization *authorization = authorize(by_token, BOOMI_AUTH_BASIC, RECORD);
  char *header = NULL;
  MUST(boomi_auth_header(BOOMI_CREDENTIAL_API_TOKEN, REGULAR, REGULAR_TOKEN, &header, &error));
  CHECK(boomi_authorization_count(authorization) == 1);
  CHECK(has_header(authorization, 0, "authorization", "Basic "));
  CHECK(strcmp(boomi_authorization_value(authorization, 0), header) == 0);
  CHECK(boomi_authorization_name(authorization, 1) == NULL && boomi_authorization_value(authorization, 1) == NULL);
  CHECK(boomi_authorization_value(authorization, SIZE_MAX) == NULL);
  boomi_string_free(header);
  settle(authorization);

  authorization = authorize(by_code, BOOMI_AUTH_BASIC, RECORD);
  CHECK(boomi_authorization_count(authorization) == 2);
  CHECK(has_header(authorization, 0, "authorization", "Basic ") && has_header(authorization, 1, "x-boomi-otp", ""));
  CHECK(strlen(boomi_authorization_value(authorization, 1)) == 6);
  /* It outlives its client, and learns all the same. */
  boomi_client_free(by_code);
  MUST(boomi_authorization_observe(authorization, 200, NULL, 0, NULL, &error));
  boomi_authorization_free(authorization);

  authorization = authorize(by_token, BOOMI_AUTH_JWT, "/graphql");
  CHECK(boomi_authorization_count(authorization) == 1);
  CHECK(has_header(authorization, 0, "authorization", "Bearer eyJ"));
  boomi_authorization_free(authorization);

  authorization = authorize(by_token, BOOMI_AUTH_AUTO, "/graphql");
  CHECK(has_header(authorization, 0, "authorization", "Bearer eyJ"));
  boomi_authorization_free(authorization);
  authorization = authorize(by_token, BOOMI_AUTH_AUTO, RECORD);
  CHECK(has_header(authorization, 0, "authorization", "Basic "));
  settle(authorization);
  authorization = authorize(by_token, BOOMI_AUTH_NONE, RECORD);
  CHECK(boomi_authorization_count(authorization) == 0 && boomi_authorization_name(authorization, 0) == NULL);
  boomi_authorization_free(authorization);
  boomi_client_free(by_token);
}

/* The full list is in the suite. */
static void no_header_is_given_for_another_origin(void) {
  static const char *const elsewhere[] = {
      "https://evil.example/",       "http://localhost/",     "https://localhost/",         "//localhost/",
      "https://localhost@evil.example/", "https://evil.example#@localhost/", "/api/rest/v1", "",
      "https://evil.example\\@localhost/"};
  boomi_client *client = client_by(BOOMI_CREDENTIAL_API_TOKEN, REGULAR, REGULAR_TOKEN, NULL);
  boomi_authorization *authorization;
  char url[256];
  size_t i;
  for (i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++) {
    authorization = (boomi_authorization *)&client;
    EXPECT(boomi_client_authorize(client, BOOMI_AUTH_BASIC, elsewhere[i], NULL, &authorization, &error),
           BOOMI_ERR_INVALID_ARGUMENT, "");
    CHECK(authorization == NULL);
  }
  /* The right host and port with what another reader might take for more of the host. */
  for (i = 0; i < 3; i++) {
    static const char *const tails[] = {"@evil.example/", ".evil.example/", "0/"};
    snprintf(url, sizeof url, "%s%s", setting("BOOMI_API_URL"), tails[i]);
    EXPECT(boomi_client_authorize(client, BOOMI_AUTH_BASIC, url, NULL, &authorization, &error),
           BOOMI_ERR_INVALID_ARGUMENT, "");
  }
  boomi_client_free(client);
}

struct asked {
  int times, after_rejection, released;
};

static int32_t give(void *user_data, int32_t rejected, boomi_credentials *out) {
  struct asked *asked = user_data;
  asked->times += 1;
  asked->after_rejection += rejected != 0;
  return boomi_credentials_set(out, BOOMI_CREDENTIAL_PASSWORD, REGULAR, rejected ? "new" : "old", NULL);
}

static void released(void *user_data) { ((struct asked *)user_data)->released += 1; }

static void a_verdict_makes_credentials_be_asked_for_again(void) {
  static const char login[] = "<UserMessage id=\"error.user.login\"><Data>Invalid login</Data></UserMessage>";
  struct asked asked = {0, 0, 0};
  boomi_config *config = emulator_config();
  boomi_client *client;
  boomi_authorization *authorization;
  char *header = NULL;
  int32_t again;
  MUST(boomi_config_set_credentials_callback(config, give, &asked, released, &error));
  client = client_of(config);
  CHECK(asked.times == 0);

  authorization = authorize(client, BOOMI_AUTH_BASIC, RECORD);
  again = 7;
  MUST(boomi_authorization_observe(authorization, 500, "busy", 4, &again, &error));
  CHECK(again == 0);
  /* Only the first verdict counts. */
  MUST(boomi_authorization_observe(authorization, 401, NULL, 0, &again, &error));
  boomi_authorization_free(authorization);
  /* One that is never told how it went teaches nothing, but the guard waits for its answer. */
  boomi_authorization_free(authorize(client, BOOMI_AUTH_BASIC, RECORD));
  boomi_client_reset_guard(client);
  CHECK(asked.times == 1 && asked.after_rejection == 0);

  authorization = authorize(client, BOOMI_AUTH_BASIC, RECORD);
  MUST(boomi_authorization_observe(authorization, 401, NULL, 0, NULL, &error));
  boomi_authorization_free(authorization);
  CHECK(asked.times == 1);
  authorization = authorize(client, BOOMI_AUTH_BASIC, RECORD);
  CHECK(asked.times == 2 && asked.after_rejection == 1);
  MUST(boomi_auth_header(BOOMI_CREDENTIAL_PASSWORD, REGULAR, "new", &header, &error));
  CHECK(strcmp(boomi_authorization_value(authorization, 0), header) == 0);
  boomi_string_free(header);
  MUST(boomi_authorization_observe(authorization, 403, login, strlen(login), &again, &error));
  boomi_authorization_free(authorization);
  /* The callback gave the same again, which is held. */
  boomi_client_reset_guard(client);
  settle(authorize(client, BOOMI_AUTH_BASIC, RECORD));
  CHECK(asked.times == 3 && asked.after_rejection == 2);
  boomi_client_free(client);
  CHECK(asked.released == 1);
}

/* The headers are as good as the library's own: with those of a JWT too the emulator answers. */
static void the_headers_sign_a_request_in(void) {
  boomi_client *client = client_by(BOOMI_CREDENTIAL_API_TOKEN, REGULAR, REGULAR_TOKEN, NULL);
  boomi_authorization *authorization = authorize(client, BOOMI_AUTH_AUTO, "/graphql");
  static const char query[] = "{\"query\":\"{ organizations { id } }\"}";
  boomi_request *request = NULL;
  boomi_response *response = NULL;
  size_t i;
  MUST(boomi_request_new("POST", "/graphql", &request, &error));
  MUST(boomi_request_set_auth(request, BOOMI_AUTH_NONE, &error));
  MUST(boomi_request_set_body(request, query, strlen(query), &error));
  for (i = 0; i < boomi_authorization_count(authorization); i++) {
    MUST(boomi_request_set_header(request, boomi_authorization_name(authorization, i),
                                  boomi_authorization_value(authorization, i), BOOMI_HEADER_SECRET, &error));
  }
  MUST(boomi_client_send(client, request, NULL, &response, &error));
  MUST(boomi_response_check(response, &error));
  CHECK(strstr((const char *)boomi_response_body(response, NULL), "organization-1") != NULL);
  MUST(boomi_authorization_observe(authorization, boomi_response_status(response), NULL, 0, NULL, &error));
  boomi_response_free(response);
  boomi_request_free(request);
  boomi_authorization_free(authorization);
  boomi_client_free(client);
}

int main(void) {
  /* A call that nothing ends must fail the test, not hang it. */
  alarm(120);
  each_scheme_has_its_headers();
  no_header_is_given_for_another_origin();
  a_verdict_makes_credentials_be_asked_for_again();
  the_headers_sign_a_request_in();
  puts("authorized");
  return 0;
}
