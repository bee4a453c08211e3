/*
 * The main job: sign in to Boomi in every way it knows, get a JWT, and fetch records. `make demo` runs this against the
 * emulator. To run it against the real platform, set
 *
 *   BOOMI_USERNAME, BOOMI_API_TOKEN, BOOMI_ACCOUNT_ID    who you are
 *   BOOMI_API_URL                                        where, unless it is https://api.boomi.com
 *   QUICKSTART_RECORD                                    the id of a record of yours, unless it is documentId-321
 *   QUICKSTART_2FA_USERNAME, _PASSWORD, _OTP_SECRET      a user with two-factor authentication, if you have one
 *   QUICKSTART_SUB_ACCOUNT                               an account below yours for the Partner API, if you have one
 *
 * Link it with -lboomi_auth.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "boomi_auth.h"

static int failures = 0;

/* Tells how a step ended, and frees its error. */
static int done(const char *step, boomi_error *error) {
  if (error == NULL) return 1;
  printf("%-34s FAILED: %s\n", step, boomi_error_message(error));
  boomi_error_free(error);
  ++failures;
  return 0;
}

/* No I/O: the values that any HTTP client can use. */
static void show_header(const char *step, uint32_t kind, const char *username, const char *secret) {
  char *name = NULL, *header = NULL;
  boomi_error *error = NULL;
  if (!boomi_auth_username(kind, username, &name, &error)) boomi_auth_header(kind, username, secret, &header, &error);
  if (done(step, error)) printf("%-34s Authorization: %.6s***  (user %s)\n", step, header, name);
  boomi_string_free(header); /* wiped, then freed */
  boomi_string_free(name);
}

static void show_code(const char *step) {
  char *code = NULL;
  boomi_error *error = NULL;
  /* The secret and time of RFC 6238's own example. A real code would not be shown. */
  boomi_otp_code("GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ", 59, &code, &error);
  if (done(step, error)) printf("%-34s %s\n", step, code);
  boomi_string_free(code);
}

/* Sends a request, checks what its answer means, and shows it. Takes the request. */
static void fetch(const char *step, const boomi_client *client, boomi_request *request, boomi_error *error) {
  boomi_response *response = NULL;
  if (!error && !boomi_client_send(client, request, NULL, &response, &error) && !boomi_response_check(response, &error))
    printf("%-34s %s\n", step, (const char *)boomi_response_body(response, NULL));
  done(step, error);
  boomi_response_free(response);
  boomi_request_free(request);
}

static void fetch_path(const char *step, const boomi_client *client, const char *path, const char *sub_account) {
  boomi_request *request = NULL;
  boomi_error *error = NULL;
  if (!boomi_request_new("GET", path, &request, &error) && sub_account != NULL)
    boomi_request_add_query(request, "overrideAccount", sub_account, &error);
  fetch(step, client, request, error);
}

/* The JWT, and a GraphQL answer fetched with it. */
static void use_jwt(const boomi_client *client) {
  static const char query[] = "{\"query\":\"{ organizations { name } }\"}";
  boomi_token *token = NULL;
  boomi_request *request = NULL;
  boomi_error *error = NULL;
  boomi_jwt_generate(client, NULL, NULL, &token, &error);
  if (!done("JWT", error)) return;
  printf("%-34s %.7s***  (for %s, expires in %ld s)\n", "JWT", boomi_token_header(token), boomi_token_account_id(token),
         (long)(boomi_token_expires_at(token) - (int64_t)time(NULL)));

  /* The caller's own header. Without it and BOOMI_AUTH_NONE, the client would put its JWT on by itself. */
  error = NULL;
  if (!boomi_request_new("POST", "/graphql", &request, &error) &&
      !boomi_request_set_auth(request, BOOMI_AUTH_NONE, &error) &&
      !boomi_request_set_header(request, "Authorization", boomi_token_header(token), BOOMI_HEADER_SECRET, &error))
    boomi_request_set_body(request, query, strlen(query), &error);
  fetch("GraphQL, with the JWT", client, request, error);
  boomi_token_free(token);
}

/* The same record for a user with two-factor authentication: the code goes along by itself. */
static void use_one_time_code(const char *path) {
  const char *username = getenv("QUICKSTART_2FA_USERNAME");
  boomi_config *config = boomi_config_new();
  boomi_client *client = NULL;
  boomi_error *error = NULL;
  if (username == NULL) {
    printf("%-34s (QUICKSTART_2FA_USERNAME is not set)\n", "AuditLog, with X-Boomi-OTP");
  } else {
    /* A setter that fails leaves its error in the settings, so one look is enough. */
    boomi_config_set_credentials(config, BOOMI_CREDENTIAL_PASSWORD, username, getenv("QUICKSTART_2FA_PASSWORD"), NULL);
    boomi_config_set_otp_secret(config, getenv("QUICKSTART_2FA_OTP_SECRET"), NULL);
    boomi_config_load_env(config, NULL); /* what is still unset: account, URL, CA */
    boomi_client_new(config, &client, &error);
    if (done("2FA client", error)) fetch_path("AuditLog, with X-Boomi-OTP", client, path, NULL);
  }
  boomi_client_free(client);
  boomi_config_free(config);
}

int main(void) {
  const char *record = getenv("QUICKSTART_RECORD"), *sub_account = getenv("QUICKSTART_SUB_ACCOUNT");
  char audit_log[256], deployment[256], partner[256];
  boomi_client *client = NULL;
  boomi_error *error = NULL;
  if (record == NULL) record = "documentId-321";
  snprintf(audit_log, sizeof audit_log, "/api/rest/v1/{accountId}/AuditLog/%s", record);
  snprintf(deployment, sizeof deployment, "/api/rest/v1/{accountId}/Deployment/%s", record);
  snprintf(partner, sizeof partner, "/partner/api/rest/v1/{accountId}/AuditLog/%s", record);

  printf("boomi-auth %s\n\n", boomi_version());
  show_header("Basic header, password", BOOMI_CREDENTIAL_PASSWORD, "user@example.com", "my password");
  show_header("Basic header, API token", BOOMI_CREDENTIAL_API_TOKEN, "user@example.com", "my-token");
  show_code("one-time code (RFC 6238, at 59 s)");

  boomi_client_from_env(&client, &error);
  if (done("client", error)) {
    use_jwt(client);
    fetch_path("AuditLog, with the API token", client, audit_log, NULL);
    fetch_path("Deployment, with the API token", client, deployment, NULL);
    use_one_time_code(audit_log);
    if (sub_account != NULL)
      fetch_path("AuditLog, Partner API", client, partner, sub_account);
    else
      printf("%-34s (QUICKSTART_SUB_ACCOUNT is not set)\n", "AuditLog, Partner API");
  }
  boomi_client_free(client);
  return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
