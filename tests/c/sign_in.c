/*
 * The main job, against the emulator: headers, codes, a JWT, records by password, token and second factor, the Partner
 * API, GraphQL, settings as text, and callbacks with their data.
 */
#include "check.h"

static boomi_error *error;

static boomi_client *client_of(boomi_config *config) {
  boomi_client *client = NULL;
  MUST(boomi_client_new(config, &client, &error));
  boomi_config_free(config);
  return client;
}

static boomi_client *sign_in_as(uint32_t kind, const char *user, const char *secret) {
  boomi_config *config = emulator_config();
  MUST(boomi_config_set_credentials(config, kind, user, secret, &error));
  return client_of(config);
}

static boomi_request *request_for(const char *method, const char *path) {
  boomi_request *request = NULL;
  MUST(boomi_request_new(method, path, &request, &error));
  return request;
}

/* Sends a request, frees it, and looks for `words` in the body of the good answer. */
static void finds(const boomi_client *client, boomi_request *request, const char *words) {
  boomi_response *response = NULL;
  size_t length = 0;
  const char *body;
  MUST(boomi_client_send(client, request, NULL, &response, &error));
  MUST(boomi_response_check(response, &error));
  body = (const char *)boomi_response_body(response, &length);
  CHECK(boomi_response_status(response) == 200 && boomi_response_message(response) == NULL);
  CHECK(strlen(body) == length && strstr(body, words) != NULL);
  CHECK(boomi_response_attempts(response) == 1 && boomi_response_retry_after_ms(response) == -1);
  boomi_response_free(response);
  boomi_request_free(request);
}

static void headers_and_codes(void) {
  char *text = NULL;
  MUST(boomi_auth_header(BOOMI_CREDENTIAL_API_TOKEN, REGULAR, "api-tok", &text, &error));
  CHECK(strcmp(text, "Basic Qk9PTUlfVE9LRU4udXNlckBleGFtcGxlLmNvbTphcGktdG9r") == 0);
  boomi_string_free(text);
  MUST(boomi_auth_username(BOOMI_CREDENTIAL_PASSWORD, "BOOMI_TOKEN.BOOMI_TOKEN." REGULAR, &text, &error));
  CHECK(strcmp(text, "BOOMI_TOKEN." REGULAR) == 0);
  boomi_string_free(text);
  MUST(boomi_otp_code(TWOFA_SECRET, 59, &text, &error));
  CHECK(strcmp(text, "287082") == 0);
  boomi_string_free(text);
}

static void records(void) {
  boomi_client *by_password = sign_in_as(BOOMI_CREDENTIAL_PASSWORD, REGULAR, REGULAR_PASSWORD);
  boomi_client *by_token = sign_in_as(BOOMI_CREDENTIAL_API_TOKEN, REGULAR, REGULAR_TOKEN);
  boomi_request *partner = request_for("GET", "/partner" AUDIT_LOG);
  boomi_request *xml = request_for("GET", DEPLOYMENT);
  finds(by_password, request_for("GET", AUDIT_LOG), "\"documentId\":\"documentId-321\"");
  finds(by_token, request_for("GET", DEPLOYMENT), "\"@type\":\"Deployment\"");
  MUST(boomi_request_add_query(partner, "overrideAccount", "subaccount456", &error));
  finds(by_password, partner, "\"accountId\":\"subaccount456\"");
  MUST(boomi_request_set_header(xml, "Accept", "application/xml", 0, &error));
  finds(by_token, xml, "message=\"first &amp; &lt;last&gt;\"");
  boomi_client_free(by_password);
  boomi_client_free(by_token);
}

static void a_jwt_opens_graphql(void) {
  static const char query[] = "{\"query\":\"{ organizations { id } }\"}";
  boomi_client *client = sign_in_as(BOOMI_CREDENTIAL_PASSWORD, REGULAR, REGULAR_PASSWORD);
  boomi_token *token = NULL, *other;
  boomi_request *by_hand = request_for("POST", "/graphql"), *by_itself = request_for("POST", "/graphql");
  int64_t lifetime;
  MUST(boomi_jwt_generate(client, NULL, NULL, &token, &error));
  other = boomi_token_clone(token);
  CHECK(strcmp(boomi_token_jwt(other), boomi_token_jwt(token)) == 0);
  boomi_token_free(token);
  lifetime = boomi_token_expires_at(other) - boomi_token_issued_at(other);
  CHECK(lifetime >= 299 && lifetime <= 301);
  CHECK(strcmp(boomi_token_account_id(other), "account123") == 0);
  CHECK(strncmp(boomi_token_header(other), "Bearer ", 7) == 0);
  CHECK(strcmp(boomi_token_header(other) + 7, boomi_token_jwt(other)) == 0);

  MUST(boomi_request_set_auth(by_hand, BOOMI_AUTH_NONE, &error));
  MUST(boomi_request_set_header(by_hand, "Authorization", boomi_token_header(other), 0, &error));
  MUST(boomi_request_set_body(by_hand, query, strlen(query), &error));
  boomi_token_free(other);
  finds(client, by_hand, "organization-1");
  MUST(boomi_request_set_body(by_itself, query, strlen(query), &error));
  finds(client, by_itself, "organization-1");
  boomi_client_free(client);
}

static void what_goes_wrong_is_told(void) {
  boomi_client *client = sign_in_as(BOOMI_CREDENTIAL_PASSWORD, REGULAR, "wrong");
  boomi_request *request = request_for("GET", AUDIT_LOG);
  boomi_request *graphql = request_for("POST", "/graphql");
  boomi_response *response = NULL;
  boomi_token *token = (boomi_token *)(void *)&token;
  size_t i, count;
  boomi_code code = boomi_jwt_generate(client, NULL, NULL, &token, &error);
  CHECK(token == NULL && boomi_error_http_status(error) == 401 && boomi_error_sent(error) == 1);
  CHECK(boomi_error_attempts(error) == 1 && boomi_error_retryable(error) == 0);
  expect(code, error, BOOMI_ERR_CREDENTIALS_REJECTED, "need an API token", __LINE__);
  error = NULL;

  /* The guard would hold it back for a minute. */
  boomi_client_reset_guard(client);
  MUST(boomi_client_send(client, request, NULL, &response, &error));
  CHECK(boomi_response_status(response) == 401);
  CHECK(strcmp(boomi_response_message(response), "Username or password is incorrect") == 0);
  EXPECT(boomi_response_check(response, &error), BOOMI_ERR_CREDENTIALS_REJECTED, "Six rejected");
  CHECK(strcmp(boomi_response_header(response, "Content-TYPE"), "application/json") == 0);
  CHECK(boomi_response_header(response, NULL) == NULL && boomi_response_header(response, "\xff") == NULL);
  count = boomi_response_header_count(response);
  for (i = 0; i < count; i++) {
    const char *name = boomi_response_header_name(response, i);
    CHECK(boomi_response_header(response, name) != NULL && boomi_response_header_value(response, i) != NULL);
  }
  CHECK(count > 0 && boomi_response_header_name(response, count) == NULL);
  CHECK(boomi_response_header_value(response, SIZE_MAX) == NULL);
  boomi_response_free(response);

  MUST(boomi_request_set_auth(graphql, BOOMI_AUTH_NONE, &error));
  MUST(boomi_client_send(client, graphql, NULL, &response, &error));
  EXPECT(boomi_response_check(response, &error), BOOMI_ERR_CREDENTIALS_REJECTED, "Unauthorized");
  boomi_response_free(response);
  boomi_request_free(graphql);
  boomi_request_free(request);
  boomi_client_free(client);
}

/* What a callback's user data is here. */
struct notes {
  int asked, rejected, events, released;
  char kinds[8];
};

static void release(void *user_data) { ((struct notes *)user_data)->released += 1; }

static int32_t give_credentials(void *user_data, int32_t rejected, boomi_credentials *out) {
  struct notes *notes = user_data;
  notes->asked += 1;
  notes->rejected += rejected;
  return boomi_credentials_set(out, BOOMI_CREDENTIAL_PASSWORD, TWOFA, rejected ? TWOFA_PASSWORD : "old", NULL);
}

static int32_t give_code(void *user_data, char *code, size_t size) {
  char *text = NULL;
  struct notes *notes = user_data;
  CHECK(size >= 64 && boomi_otp_code(TWOFA_SECRET, -1, &text, NULL) == BOOMI_OK);
  /* A code is good once, so the sign-in that fails anyway must not use it up. */
  strcpy(code, notes->asked == 0 ? "000000" : text);
  notes->asked += 1;
  boomi_string_free(text);
  return 0;
}

static void keep_event(void *user_data, const boomi_event *event) {
  struct notes *notes = user_data;
  CHECK(strstr(boomi_event_json(event), "{\"") == boomi_event_json(event));
  CHECK(strstr(boomi_event_json(event), TWOFA_PASSWORD) == NULL);
  CHECK(notes->events < 7);
  notes->kinds[notes->events++] = (char)('0' + boomi_event_kind(event));
}

static void callbacks(void) {
  struct notes credentials = {0}, codes = {0}, events = {0};
  boomi_config *config = emulator_config();
  boomi_client *client;
  boomi_token *token = NULL;
  MUST(boomi_config_set_credentials_callback(config, give_credentials, &credentials, release, &error));
  MUST(boomi_config_set_otp_callback(config, give_code, &codes, release, &error));
  MUST(boomi_config_set_event_callback(config, keep_event, &events, release, &error));
  client = client_of(config);
  CHECK(credentials.asked == 0);
  EXPECT(boomi_jwt_generate(client, NULL, NULL, &token, &error), BOOMI_ERR_CREDENTIALS_REJECTED, "one-time code");
  CHECK(credentials.asked == 1 && credentials.rejected == 0 && codes.asked == 1);
  MUST(boomi_jwt_generate(client, NULL, NULL, &token, &error));
  CHECK(credentials.asked == 2 && credentials.rejected == 1 && codes.asked == 2);
  CHECK(strcmp(events.kinds, "1213") == 0);
  CHECK(credentials.released == 0 && codes.released == 0 && events.released == 0);
  boomi_client_free(client);
  CHECK(credentials.released == 1 && codes.released == 1 && events.released == 1);
  CHECK(strcmp(boomi_token_account_id(token), "account123") == 0);
  boomi_token_free(token);
}

static int32_t no_credentials(void *user_data, int32_t rejected, boomi_credentials *out) {
  (void)rejected;
  if (user_data != NULL) {
    CHECK(boomi_credentials_set(out, 9, REGULAR, "p", NULL) == BOOMI_ERR_INVALID_ARGUMENT);
    return 0;
  }
  return 7;
}

static int32_t forgetful(void *user_data, int32_t rejected, boomi_credentials *out) {
  (void)user_data, (void)rejected, (void)out;
  return 0;
}

static int32_t endless_code(void *user_data, char *code, size_t size) {
  (void)user_data;
  memset(code, '1', size);
  return 0;
}

static void callbacks_that_fail(void) {
  static const struct {
    boomi_credentials_callback callback;
    void *data;
    boomi_code code;
    const char *words;
  } cases[] = {
      {no_credentials, NULL, BOOMI_ERR_CONFIG, "returned 7"},
      {no_credentials, (void *)cases, BOOMI_ERR_INVALID_ARGUMENT, "kind is 9"},
      {forgetful, NULL, BOOMI_ERR_CONFIG, "set no credentials"},
  };
  size_t i;
  boomi_config *config;
  boomi_client *client;
  boomi_token *token = NULL;
  for (i = 0; i < sizeof cases / sizeof *cases; i++) {
    config = emulator_config();
    MUST(boomi_config_set_credentials_callback(config, cases[i].callback, cases[i].data, NULL, &error));
    client = client_of(config);
    EXPECT(boomi_jwt_generate(client, NULL, NULL, &token, &error), cases[i].code, cases[i].words);
    boomi_client_free(client);
  }
  config = emulator_config();
  MUST(boomi_config_set_credentials(config, BOOMI_CREDENTIAL_PASSWORD, TWOFA, TWOFA_PASSWORD, &error));
  MUST(boomi_config_set_otp_callback(config, endless_code, NULL, NULL, &error));
  client = client_of(config);
  EXPECT(boomi_jwt_generate(client, NULL, NULL, &token, &error), BOOMI_ERR_OTP, "without a NUL");
  boomi_client_free(client);
}

static void settings_as_text(void) {
  boomi_config *config = emulator_config();
  boomi_client *client;
  char *json = NULL;
  MUST(boomi_config_set_credentials(config, BOOMI_CREDENTIAL_API_TOKEN, REGULAR, REGULAR_TOKEN, &error));
  MUST(boomi_config_set_otp_secret(config, TWOFA_SECRET, &error));
  client = client_of(config);
  MUST(boomi_client_describe(client, &json, &error));
  CHECK(strstr(json, "\"***\"") != NULL && strstr(json, "BOOMI_TOKEN." REGULAR) != NULL);
  CHECK(strstr(json, REGULAR_TOKEN) == NULL && strstr(json, TWOFA_SECRET) == NULL);
  boomi_string_free(json);
  boomi_client_free(client);
}

int main(void) {
  headers_and_codes();
  records();
  a_jwt_opens_graphql();
  what_goes_wrong_is_told();
  callbacks();
  callbacks_that_fail();
  settings_as_text();
  puts("signed in");
  return 0;
}
