/*
 * Bad input of every kind, to every function: each gets a typed error that names the field, or a neutral value; every
 * out-parameter is NULL after it; nothing crashes, and nothing leaks. Nothing here does any I/O.
 */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

/* What pointers hold before a function writes them: nothing that it could have left there by accident. */
static char rubbish;
#define RUBBISH ((void *)&rubbish)

static boomi_error *error;
/* The last argument of each call: where the error goes, or nowhere. */
static boomi_error **wanted;

static void look_at_error(boomi_code code, const char *named, int line) {
  if (code != BOOMI_ERR_INVALID_ARGUMENT || error == NULL || error == RUBBISH) {
    fprintf(stderr, "line %d: code %d\n", line, (int)code);
    exit(1);
  }
  CHECK(boomi_error_http_status(error) == 0 && boomi_error_retry_after_ms(error) == -1);
  CHECK(boomi_error_retryable(error) == 0 && boomi_error_sent(error) == 0 && boomi_error_attempts(error) == 0);
  expect(code, error, BOOMI_ERR_INVALID_ARGUMENT, named, line);
}

/* The call, whose last argument is `wanted`, fails with an error that names the field; also for who wants no error. */
#define REFUSES(named, call)                                                   \
  do {                                                                         \
    error = RUBBISH;                                                           \
    wanted = &error;                                                           \
    look_at_error((call), (named), __LINE__);                                  \
    wanted = NULL;                                                             \
    CHECK((call) == BOOMI_ERR_INVALID_ARGUMENT);                               \
  } while (0)

/* The same, of a call that also gives something through `out`. */
#define REFUSES_OUT(out, named, call)                                          \
  do {                                                                         \
    (out) = RUBBISH;                                                           \
    REFUSES(named, call);                                                      \
    CHECK((out) == NULL);                                                      \
  } while (0)

/* Texts that are bad in every field, and why. */
static const struct {
  const char *text;
  int utf8;
} bad_texts[] = {
    {"\xff", 0}, {"a\xc3", 0},      {"\xed\xa0\x80", 0}, {"a\r\nX-Evil: 1", 1},
    {"a\nb", 1}, {"\x01" "a", 1}, {"a\x1b[2J", 1},    {"a\x7f", 1},
};
#define BAD_TEXTS (sizeof bad_texts / sizeof *bad_texts)

/* What an error about a bad text must say: the parameter's name, or the field's. */
static const char *words(size_t index, const char *parameter, const char *field) {
  return bad_texts[index].utf8 ? field : parameter;
}

static int released;
static void release(void *user_data) {
  CHECK(user_data == RUBBISH);
  released += 1;
}
static int32_t credentials_callback(void *user_data, int32_t rejected, boomi_credentials *out) {
  (void)user_data, (void)rejected, (void)out;
  return 1;
}
static int32_t otp_callback(void *user_data, char *code, size_t size) {
  (void)user_data, (void)code, (void)size;
  return 1;
}
static void event_callback(void *user_data, const boomi_event *event) { (void)user_data, (void)event; }
static int32_t wait_callback(void *user_data) {
  (void)user_data;
  return 0;
}

static void the_library(void) {
  char *text;
  size_t i;
  REFUSES("username_out is NULL", boomi_auth_username(BOOMI_CREDENTIAL_PASSWORD, REGULAR, NULL, wanted));
  REFUSES_OUT(text, "username is NULL", boomi_auth_username(BOOMI_CREDENTIAL_PASSWORD, NULL, &text, wanted));
  REFUSES("header_out is NULL", boomi_auth_header(BOOMI_CREDENTIAL_PASSWORD, REGULAR, "p", NULL, wanted));
  REFUSES_OUT(text, "username is NULL", boomi_auth_header(BOOMI_CREDENTIAL_PASSWORD, NULL, "p", &text, wanted));
  REFUSES_OUT(text, "secret is NULL", boomi_auth_header(BOOMI_CREDENTIAL_PASSWORD, REGULAR, NULL, &text, wanted));
  REFUSES("code_out is NULL", boomi_otp_code(TWOFA_SECRET, 0, NULL, wanted));
  REFUSES_OUT(text, "secret is NULL", boomi_otp_code(NULL, 0, &text, wanted));
  REFUSES_OUT(text, "base32", boomi_otp_code("JBSWY3D1", 0, &text, wanted));
  REFUSES_OUT(text, "empty", boomi_otp_code("", 0, &text, wanted));
  for (i = 0; i < 2; i++) {
    uint32_t kind = i == 0 ? 0 : 3;
    REFUSES_OUT(text, "credential kind", boomi_auth_username(kind, REGULAR, &text, wanted));
    REFUSES_OUT(text, "credential kind", boomi_auth_header(kind, REGULAR, "p", &text, wanted));
  }
  for (i = 0; i < BAD_TEXTS; i++) {
    const char *bad = bad_texts[i].text;
    const char *user = words(i, "username", "user name");
    REFUSES_OUT(text, user, boomi_auth_username(BOOMI_CREDENTIAL_PASSWORD, bad, &text, wanted));
    REFUSES_OUT(text, user, boomi_auth_header(BOOMI_CREDENTIAL_API_TOKEN, bad, "p", &text, wanted));
    REFUSES_OUT(text, words(i, "secret", "password"),
                boomi_auth_header(BOOMI_CREDENTIAL_PASSWORD, REGULAR, bad, &text, wanted));
    REFUSES_OUT(text, words(i, "secret", "API token"),
                boomi_auth_header(BOOMI_CREDENTIAL_API_TOKEN, REGULAR, bad, &text, wanted));
    REFUSES_OUT(text, words(i, "secret", "one-time code secret"), boomi_otp_code(bad, 0, &text, wanted));
  }
  CHECK(strcmp(boomi_strerror(BOOMI_OK), "no error") == 0);
  CHECK(boomi_strerror(-1) == boomi_strerror(INT32_MAX) && boomi_strerror(INT32_MIN) != NULL);
  CHECK(boomi_version_number() == BOOMI_VERSION_NUMBER && boomi_version() != NULL);
  boomi_string_free(NULL);
}

static void the_settings(void) {
  boomi_config *config = boomi_config_new();
  boomi_client *client;
  size_t i, j;
  /* The settings that are one text: the setter, its parameter, and the field as a message calls it. */
  const struct {
    boomi_code (*set)(boomi_config *, const char *, boomi_error **);
    const char *parameter, *field;
  } texts[] = {
      {boomi_config_set_account_id, "account_id", "account id"},
      {boomi_config_set_base_url, "url", "base URL"},
      {boomi_config_set_otp_secret, "base32_or_otpauth_uri", "one-time code secret"},
      {boomi_config_set_proxy, "url", "proxy"},
      {boomi_config_set_user_agent, "product", "user agent"},
  };
  for (j = 0; j < sizeof texts / sizeof *texts; j++) {
    REFUSES("config is NULL", texts[j].set(NULL, "https://localhost", wanted));
    REFUSES(texts[j].parameter, texts[j].set(config, NULL, wanted));
    for (i = 0; i < BAD_TEXTS; i++) {
      REFUSES(words(i, texts[j].parameter, texts[j].field), texts[j].set(config, bad_texts[i].text, wanted));
    }
  }
  REFUSES("https", boomi_config_set_base_url(config, "http://api.boomi.com", wanted));
  REFUSES("path", boomi_config_set_base_url(config, "https://api.boomi.com/api/rest/v1/account123", wanted));
  REFUSES("user information", boomi_config_set_base_url(config, "https://a:b@api.boomi.com", wanted));
  REFUSES("base32", boomi_config_set_otp_secret(config, "JBSWY3D1", wanted));
  REFUSES("SOCKS 4", boomi_config_set_proxy(config, "socks4://127.0.0.1:1", wanted));

  REFUSES("config is NULL", boomi_config_set_connect_timeout_ms(NULL, 1, wanted));
  REFUSES("connect timeout", boomi_config_set_connect_timeout_ms(config, 0, wanted));
  REFUSES("config is NULL", boomi_config_set_timeout_ms(NULL, 1, wanted));
  REFUSES("timeout", boomi_config_set_timeout_ms(config, 0, wanted));
  REFUSES("config is NULL", boomi_config_set_max_sign_ins_in_flight(NULL, 1, wanted));
  REFUSES("0 sign-ins in flight", boomi_config_set_max_sign_ins_in_flight(config, 0, wanted));
  REFUSES("6 sign-ins in flight", boomi_config_set_max_sign_ins_in_flight(config, 6, wanted));
  REFUSES("sign-ins in flight", boomi_config_set_max_sign_ins_in_flight(config, UINT32_MAX, wanted));
  REFUSES("config is NULL", boomi_config_set_state_dir(NULL, "/tmp", wanted));
  REFUSES("path is NULL", boomi_config_set_state_dir(config, NULL, wanted));
  REFUSES("path is not UTF-8", boomi_config_set_state_dir(config, "\xff", wanted));
  REFUSES("state directory is empty", boomi_config_set_state_dir(config, "", wanted));
  REFUSES("config is NULL", boomi_config_set_store(NULL, "redis://localhost", wanted));
  REFUSES("url is NULL", boomi_config_set_store(config, NULL, wanted));
  REFUSES("url is not UTF-8", boomi_config_set_store(config, "\xff", wanted));
  REFUSES("provider is NULL", boomi_config_set_token_provider(config, NULL, wanted));
  REFUSES("config is NULL", boomi_config_set_token_provider(NULL, NULL, wanted));
  REFUSES("config is NULL", boomi_config_set_max_response_bytes(NULL, 1, wanted));
  REFUSES("0 bytes", boomi_config_set_max_response_bytes(config, 0, wanted));
  REFUSES("config is NULL", boomi_config_set_requests_per_second(NULL, 1, wanted));
  REFUSES("10001 requests a second", boomi_config_set_requests_per_second(config, 10001, wanted));
  REFUSES("requests a second", boomi_config_set_requests_per_second(config, UINT32_MAX, wanted));
  REFUSES("config is NULL", boomi_config_set_max_retries(NULL, 1, wanted));
  REFUSES("101 retries", boomi_config_set_max_retries(config, 101, wanted));
  REFUSES("retries", boomi_config_set_max_retries(config, UINT32_MAX, wanted));
  REFUSES("config is NULL", boomi_config_load_env(NULL, wanted));

  REFUSES("config is NULL", boomi_config_set_ca_pem(NULL, "x", 1, BOOMI_CA_ONLY, wanted));
  REFUSES("pem is NULL", boomi_config_set_ca_pem(config, NULL, 1, BOOMI_CA_ONLY, wanted));
  REFUSES("no certificate", boomi_config_set_ca_pem(config, NULL, 0, BOOMI_CA_ONLY, wanted));
  REFUSES("pem", boomi_config_set_ca_pem(config, "x", SIZE_MAX, BOOMI_CA_ONLY, wanted));
  for (i = 0; i < 2; i++) {
    REFUSES("mode", boomi_config_set_ca_pem(config, "x", 1, i == 0 ? 0 : 3, wanted));
  }
  {
    static const char *const pems[] = {
        "rubbish \xff\xfe", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----\nAAAA"};
    for (i = 0; i < sizeof pems / sizeof *pems; i++) {
      REFUSES("CA bundle", boomi_config_set_ca_pem(config, pems[i], strlen(pems[i]), BOOMI_CA_ADD, wanted));
    }
  }

  REFUSES("config is NULL", boomi_config_set_credentials(NULL, BOOMI_CREDENTIAL_PASSWORD, REGULAR, "p", wanted));
  REFUSES("username is NULL", boomi_config_set_credentials(config, BOOMI_CREDENTIAL_PASSWORD, NULL, "p", wanted));
  REFUSES("secret is NULL", boomi_config_set_credentials(config, BOOMI_CREDENTIAL_PASSWORD, REGULAR, NULL, wanted));
  REFUSES("kind", boomi_config_set_credentials(config, 0, REGULAR, "p", wanted));
  REFUSES("kind", boomi_config_set_credentials(config, UINT32_MAX, REGULAR, "p", wanted));
  REFUSES("colon", boomi_config_set_credentials(config, BOOMI_CREDENTIAL_PASSWORD, "a:b", "p", wanted));
  REFUSES("empty", boomi_config_set_credentials(config, BOOMI_CREDENTIAL_PASSWORD, "", "p", wanted));
  REFUSES("empty", boomi_config_set_credentials(config, BOOMI_CREDENTIAL_PASSWORD, REGULAR, "", wanted));
  for (i = 0; i < BAD_TEXTS; i++) {
    const char *bad = bad_texts[i].text;
    REFUSES(words(i, "username", "user name"),
            boomi_config_set_credentials(config, BOOMI_CREDENTIAL_PASSWORD, bad, "p", wanted));
    REFUSES(words(i, "secret", "password"),
            boomi_config_set_credentials(config, BOOMI_CREDENTIAL_PASSWORD, REGULAR, bad, wanted));
  }

  REFUSES("config is NULL", boomi_config_set_credential_process(NULL, "true", NULL, wanted));
  REFUSES("command is NULL", boomi_config_set_credential_process(config, NULL, NULL, wanted));
  REFUSES("credential process is empty", boomi_config_set_credential_process(config, "", NULL, wanted));
  REFUSES("user name is empty", boomi_config_set_credential_process(config, "true", "", wanted));
  REFUSES("colon", boomi_config_set_credential_process(config, "true", "a:b", wanted));
  REFUSES("only the prefix", boomi_config_set_credential_process(config, "true", "BOOMI_TOKEN.", wanted));
  REFUSES("config is NULL", boomi_config_set_keychain(NULL, "default", NULL, wanted));
  REFUSES("entry is NULL", boomi_config_set_keychain(config, NULL, NULL, wanted));
  REFUSES("keychain entry is empty", boomi_config_set_keychain(config, "", NULL, wanted));
  REFUSES("user name is empty", boomi_config_set_keychain(config, "default", "", wanted));
  REFUSES("colon", boomi_config_set_keychain(config, "default", "a:b", wanted));
  for (i = 0; i < BAD_TEXTS; i++) {
    const char *bad = bad_texts[i].text;
    REFUSES(words(i, "command", "credential process"), boomi_config_set_credential_process(config, bad, NULL, wanted));
    REFUSES(words(i, "username", "user name"), boomi_config_set_credential_process(config, "true", bad, wanted));
    REFUSES(words(i, "entry", "keychain entry"), boomi_config_set_keychain(config, bad, NULL, wanted));
    REFUSES(words(i, "username", "user name"), boomi_config_set_keychain(config, "default", bad, wanted));
  }

  /* The release function gets the data also when the setter fails; REFUSES calls each twice. */
  REFUSES("config is NULL",
          boomi_config_set_credentials_callback(NULL, credentials_callback, RUBBISH, release, wanted));
  REFUSES("callback is NULL", boomi_config_set_credentials_callback(config, NULL, RUBBISH, release, wanted));
  REFUSES("callback is NULL", boomi_config_set_credentials_callback(config, NULL, RUBBISH, NULL, wanted));
  REFUSES("config is NULL", boomi_config_set_otp_callback(NULL, otp_callback, RUBBISH, release, wanted));
  REFUSES("callback is NULL", boomi_config_set_otp_callback(config, NULL, RUBBISH, release, wanted));
  REFUSES("config is NULL", boomi_config_set_event_callback(NULL, event_callback, RUBBISH, release, wanted));
  REFUSES("callback is NULL", boomi_config_set_event_callback(config, NULL, RUBBISH, release, wanted));
  REFUSES("config is NULL", boomi_config_set_wait_callback(NULL, wait_callback, RUBBISH, release, wanted));
  REFUSES("callback is NULL", boomi_config_set_wait_callback(config, NULL, RUBBISH, release, wanted));
  CHECK(released == 16);

  /* The first of all these errors is the client's, and the copy's. */
  {
    boomi_config *copy = boomi_config_clone(config);
    REFUSES_OUT(client, "account_id is NULL", boomi_client_new(config, &client, wanted));
    boomi_config_free(config);
    REFUSES_OUT(client, "account_id is NULL", boomi_client_new(copy, &client, wanted));
    boomi_config_free(copy);
  }
  CHECK(boomi_config_clone(NULL) == NULL);
  boomi_config_free(NULL);
  REFUSES("credentials is NULL", boomi_credentials_set(NULL, BOOMI_CREDENTIAL_PASSWORD, REGULAR, "p", wanted));
  CHECK(boomi_event_kind(NULL) == 0 && boomi_event_json(NULL) == NULL);
}

static void the_calls(void) {
  boomi_call *call = boomi_call_new();
  size_t i;
  REFUSES("call is NULL", boomi_call_set_timeout_ms(NULL, 1, wanted));
  REFUSES("timeout", boomi_call_set_timeout_ms(call, 0, wanted));
  REFUSES("call is NULL", boomi_call_set_otp(NULL, "123456", wanted));
  REFUSES("otp is NULL", boomi_call_set_otp(call, NULL, wanted));
  REFUSES("one-time code", boomi_call_set_otp(call, "", wanted));
  for (i = 0; i < BAD_TEXTS; i++) {
    REFUSES(words(i, "otp", "one-time code"), boomi_call_set_otp(call, bad_texts[i].text, wanted));
  }
  boomi_call_cancel(NULL);
  boomi_call_free(call);
  boomi_call_free(NULL);
}

static void the_requests(void) {
  static const char *const refused[] = {"Host", "content-length", "Transfer-Encoding", "CONNECTION"};
  boomi_request *request;
  boomi_request *good = NULL;
  size_t i;
  REFUSES("request_out is NULL", boomi_request_new("GET", "/", NULL, wanted));
  REFUSES_OUT(request, "method is NULL", boomi_request_new(NULL, "/", &request, wanted));
  REFUSES_OUT(request, "path_or_url is NULL", boomi_request_new("GET", NULL, &request, wanted));
  REFUSES_OUT(request, "method", boomi_request_new("", "/", &request, wanted));
  REFUSES_OUT(request, "path", boomi_request_new("GET", "", &request, wanted));
  error = NULL;
  MUST(boomi_request_new("GET", "/", &good, &error));

  REFUSES("request is NULL", boomi_request_set_auth(NULL, BOOMI_AUTH_NONE, wanted));
  REFUSES("scheme", boomi_request_set_auth(good, 4, wanted));
  REFUSES("scheme", boomi_request_set_auth(good, UINT32_MAX, wanted));
  REFUSES("request is NULL", boomi_request_set_account_id(NULL, "a", wanted));
  REFUSES("account_id is NULL", boomi_request_set_account_id(good, NULL, wanted));
  REFUSES("request is NULL", boomi_request_add_query(NULL, "a", "b", wanted));
  REFUSES("name is NULL", boomi_request_add_query(good, NULL, "b", wanted));
  REFUSES("value is NULL", boomi_request_add_query(good, "a", NULL, wanted));
  REFUSES("query", boomi_request_add_query(good, "", "b", wanted));
  REFUSES("request is NULL", boomi_request_set_header(NULL, "a", "b", 0, wanted));
  REFUSES("name is NULL", boomi_request_set_header(good, NULL, "b", 0, wanted));
  REFUSES("value is NULL", boomi_request_set_header(good, "a", NULL, 0, wanted));
  REFUSES("name", boomi_request_set_header(good, "", "b", 0, wanted));
  REFUSES("flags", boomi_request_set_header(good, "a", "b", 4, wanted));
  REFUSES("flags", boomi_request_set_header(good, "a", "b", UINT32_MAX, wanted));
  REFUSES("request is NULL", boomi_request_set_body(NULL, "a", 1, wanted));
  REFUSES("data is NULL", boomi_request_set_body(good, NULL, 1, wanted));
  REFUSES("data", boomi_request_set_body(good, "a", SIZE_MAX, wanted));
  REFUSES("request is NULL", boomi_request_set_replayable(NULL, 1, wanted));
  for (i = 0; i < sizeof refused / sizeof *refused; i++) {
    REFUSES("transport's own", boomi_request_set_header(good, refused[i], "x", 0, wanted));
  }
  for (i = 0; i < BAD_TEXTS; i++) {
    const char *bad = bad_texts[i].text;
    REFUSES_OUT(request, "method", boomi_request_new(bad, "/", &request, wanted));
    REFUSES_OUT(request, words(i, "path_or_url", "path or URL"), boomi_request_new("GET", bad, &request, wanted));
    REFUSES(words(i, "account_id", "account id"), boomi_request_set_account_id(good, bad, wanted));
    REFUSES(words(i, "name", "query's name"), boomi_request_add_query(good, bad, "b", wanted));
    REFUSES(words(i, "name", "header's name"), boomi_request_set_header(good, bad, "b", 0, wanted));
    REFUSES(words(i, "value", "header x-a"), boomi_request_set_header(good, "X-A", bad, 0, wanted));
  }
  boomi_request_free(good);
  boomi_request_free(NULL);
}

static void the_client(void) {
  boomi_config *config = boomi_config_new();
  boomi_request *request = NULL;
  boomi_client *good = NULL, *client;
  boomi_token *token;
  boomi_response *response;
  char *json;
  size_t i;
  error = NULL;
  MUST(boomi_config_set_proxy(config, "", &error));
  MUST(boomi_config_set_credentials(config, BOOMI_CREDENTIAL_PASSWORD, REGULAR, "p", &error));
  MUST(boomi_client_new(config, &good, &error));
  MUST(boomi_request_new("GET", AUDIT_LOG, &request, &error));

  REFUSES("client_out is NULL", boomi_client_new(config, NULL, wanted));
  REFUSES_OUT(client, "config is NULL", boomi_client_new(NULL, &client, wanted));
  REFUSES("client_out is NULL", boomi_client_from_env(NULL, wanted));
  REFUSES("json_out is NULL", boomi_client_describe(good, NULL, wanted));
  REFUSES_OUT(json, "client is NULL", boomi_client_describe(NULL, &json, wanted));
  REFUSES("json_out is NULL", boomi_client_describe_guard(good, NULL, wanted));
  REFUSES_OUT(json, "client is NULL", boomi_client_describe_guard(NULL, &json, wanted));
  REFUSES("token_out is NULL", boomi_jwt_generate(good, "a", NULL, NULL, wanted));
  REFUSES_OUT(token, "client is NULL", boomi_jwt_generate(NULL, "a", NULL, &token, wanted));
  REFUSES("response_out is NULL", boomi_client_send(good, request, NULL, NULL, wanted));
  REFUSES_OUT(response, "client is NULL", boomi_client_send(NULL, request, NULL, &response, wanted));
  REFUSES_OUT(response, "request is NULL", boomi_client_send(good, NULL, NULL, &response, wanted));
  REFUSES("response_out is NULL", boomi_client_open(good, request, NULL, NULL, wanted));
  REFUSES_OUT(response, "client is NULL", boomi_client_open(NULL, request, NULL, &response, wanted));
  REFUSES_OUT(response, "request is NULL", boomi_client_open(good, NULL, NULL, &response, wanted));
  REFUSES("response_out is NULL", boomi_client_wait(good, request, NULL, NULL, wanted));
  REFUSES_OUT(response, "client is NULL", boomi_client_wait(NULL, request, NULL, &response, wanted));
  REFUSES_OUT(response, "request is NULL", boomi_client_wait(good, NULL, NULL, &response, wanted));
  REFUSES_OUT(token, "account id", boomi_jwt_generate(good, "", NULL, &token, wanted));
  for (i = 0; i < BAD_TEXTS; i++) {
    REFUSES_OUT(token, words(i, "account_id", "account id"),
                boomi_jwt_generate(good, bad_texts[i].text, NULL, &token, wanted));
  }

  /* The account id may be NULL, for the client's own; this one has none. */
  token = RUBBISH;
  EXPECT(boomi_jwt_generate(good, NULL, NULL, &token, &error), BOOMI_ERR_CONFIG, "Account Information");
  response = RUBBISH;
  EXPECT(boomi_client_send(good, request, NULL, &response, &error), BOOMI_ERR_CONFIG, "Account Information");
  CHECK(token == NULL && response == NULL);
  response = RUBBISH;
  EXPECT(boomi_client_open(good, request, NULL, &response, &error), BOOMI_ERR_CONFIG, "Account Information");
  CHECK(response == NULL);
  response = RUBBISH;
  EXPECT(boomi_client_wait(good, request, NULL, &response, &error), BOOMI_ERR_CONFIG, "Account Information");
  CHECK(response == NULL);

  /* What a setter found stays with the request and the call. */
  CHECK(boomi_request_set_auth(request, 9, NULL) == BOOMI_ERR_INVALID_ARGUMENT);
  CHECK(boomi_request_set_auth(request, BOOMI_AUTH_NONE, NULL) == BOOMI_OK);
  REFUSES_OUT(response, "scheme is 9", boomi_client_send(good, request, NULL, &response, wanted));
  REFUSES_OUT(response, "scheme is 9", boomi_client_open(good, request, NULL, &response, wanted));
  REFUSES_OUT(response, "scheme is 9", boomi_client_wait(good, request, NULL, &response, wanted));
  {
    boomi_call *call = boomi_call_new();
    CHECK(boomi_call_set_otp(call, NULL, NULL) == BOOMI_ERR_INVALID_ARGUMENT);
    REFUSES_OUT(token, "otp is NULL", boomi_jwt_generate(good, "a", call, &token, wanted));
    boomi_call_free(call);
  }
  boomi_client_cancel(NULL);
  boomi_client_reset_guard(NULL);
  boomi_client_free(NULL);
  boomi_client_free(good);
  boomi_request_free(request);
  boomi_config_free(config);
}

static void the_token_providers(void) {
  boomi_config *config = boomi_config_new();
  boomi_client *client = NULL;
  boomi_token_provider *good = NULL, *provider;
  boomi_call *call = boomi_call_new();
  boomi_token *token;
  char *json;
  size_t i;
  error = NULL;
  MUST(boomi_config_set_proxy(config, "", &error));
  MUST(boomi_client_new(config, &client, &error));
  MUST(boomi_token_provider_new(client, "a", &good, &error));

  REFUSES("provider_out is NULL", boomi_token_provider_new(client, "a", NULL, wanted));
  REFUSES_OUT(provider, "client is NULL", boomi_token_provider_new(NULL, "a", &provider, wanted));
  REFUSES_OUT(provider, "account id", boomi_token_provider_new(client, "", &provider, wanted));
  for (i = 0; i < BAD_TEXTS; i++) {
    REFUSES_OUT(provider, words(i, "account_id", "account id"),
                boomi_token_provider_new(client, bad_texts[i].text, &provider, wanted));
  }
  /* The account id may be NULL, for the client's own; this one has none. */
  provider = RUBBISH;
  EXPECT(boomi_token_provider_new(client, NULL, &provider, &error), BOOMI_ERR_CONFIG, "Account Information");
  CHECK(provider == NULL);

  REFUSES("token_out is NULL", boomi_token_provider_get(good, 0, NULL, NULL, wanted));
  REFUSES_OUT(token, "provider is NULL", boomi_token_provider_get(NULL, 0, NULL, &token, wanted));
  REFUSES("provider is NULL", boomi_token_provider_refresh(NULL, NULL, wanted));
  REFUSES("json_out is NULL", boomi_token_provider_describe(good, NULL, wanted));
  REFUSES_OUT(json, "provider is NULL", boomi_token_provider_describe(NULL, &json, wanted));
  /* What a setter found stays with the call. */
  CHECK(boomi_call_set_timeout_ms(call, 0, NULL) == BOOMI_ERR_INVALID_ARGUMENT);
  REFUSES_OUT(token, "timeout is zero", boomi_token_provider_get(good, 0, call, &token, wanted));
  REFUSES("timeout is zero", boomi_token_provider_refresh(good, call, wanted));
  /* No credentials, whatever is asked for. */
  json = RUBBISH;
  EXPECT(boomi_client_describe_guard(client, &json, &error), BOOMI_ERR_CONFIG, "BOOMI_API_TOKEN");
  CHECK(json == NULL);
  token = RUBBISH;
  EXPECT(boomi_token_provider_get(good, UINT32_MAX, NULL, &token, &error), BOOMI_ERR_CONFIG, "BOOMI_API_TOKEN");
  EXPECT(boomi_token_provider_refresh(good, NULL, &error), BOOMI_ERR_CONFIG, "BOOMI_API_TOKEN");
  CHECK(token == NULL);

  boomi_token_provider_invalidate(NULL, NULL);
  boomi_token_provider_invalidate(good, NULL);
  boomi_token_provider_free(NULL);
  boomi_token_provider_free(good);
  boomi_call_free(call);
  boomi_client_free(client);
  boomi_config_free(config);
}

static void the_pages_and_jobs(void) {
  boomi_config *config = boomi_config_new();
  boomi_client *client = NULL;
  boomi_request *query = NULL, *get = NULL, *bad = NULL;
  boomi_call *call = boomi_call_new();
  boomi_pages *good = NULL, *pages;
  boomi_job *job;
  boomi_response *response;
  error = NULL;
  MUST(boomi_config_set_proxy(config, "", &error));
  MUST(boomi_config_set_credentials(config, BOOMI_CREDENTIAL_PASSWORD, REGULAR, "p", &error));
  MUST(boomi_client_new(config, &client, &error));
  MUST(boomi_request_new("POST", "/api/rest/v1/{accountId}/Process/query", &query, &error));
  MUST(boomi_request_new("GET", "/api/rest/v1/{accountId}/Process/query", &get, &error));
  MUST(boomi_request_new("POST", "/api/rest/v1/{accountId}/Process/query", &bad, &error));
  CHECK(boomi_request_set_auth(bad, 9, NULL) == BOOMI_ERR_INVALID_ARGUMENT);
  CHECK(boomi_call_set_timeout_ms(call, 0, NULL) == BOOMI_ERR_INVALID_ARGUMENT);
  MUST(boomi_pages_new(client, query, &good, &error));

  REFUSES("pages_out is NULL", boomi_pages_new(client, query, NULL, wanted));
  REFUSES_OUT(pages, "client is NULL", boomi_pages_new(NULL, query, &pages, wanted));
  REFUSES_OUT(pages, "request is NULL", boomi_pages_new(client, NULL, &pages, wanted));
  REFUSES_OUT(pages, "POST to a path that ends in /query", boomi_pages_new(client, get, &pages, wanted));
  REFUSES_OUT(pages, "scheme is 9", boomi_pages_new(client, bad, &pages, wanted));
  REFUSES("response_out is NULL", boomi_pages_next(good, NULL, NULL, wanted));
  REFUSES_OUT(response, "pages is NULL", boomi_pages_next(NULL, NULL, &response, wanted));
  REFUSES_OUT(response, "timeout is zero", boomi_pages_next(good, call, &response, wanted));

  REFUSES("job_out is NULL", boomi_job_start(client, query, NULL, NULL, wanted));
  REFUSES_OUT(job, "client is NULL", boomi_job_start(NULL, query, NULL, &job, wanted));
  REFUSES_OUT(job, "request is NULL", boomi_job_start(client, NULL, NULL, &job, wanted));
  REFUSES_OUT(job, "scheme is 9", boomi_job_start(client, bad, NULL, &job, wanted));
  REFUSES_OUT(job, "timeout is zero", boomi_job_start(client, query, call, &job, wanted));
  REFUSES("response_out is NULL", boomi_job_wait(NULL, NULL, NULL, wanted));
  REFUSES_OUT(response, "job is NULL", boomi_job_wait(NULL, NULL, &response, wanted));
  REFUSES("response_out is NULL", boomi_job_open(NULL, NULL, NULL, wanted));
  REFUSES_OUT(response, "job is NULL", boomi_job_open(NULL, NULL, &response, wanted));
  CHECK(boomi_job_path(NULL) == NULL);

  /* The account id is needed when something is sent. */
  response = RUBBISH, job = RUBBISH;
  EXPECT(boomi_pages_next(good, NULL, &response, &error), BOOMI_ERR_CONFIG, "Account Information");
  EXPECT(boomi_job_start(client, query, NULL, &job, &error), BOOMI_ERR_CONFIG, "Account Information");
  CHECK(response == NULL && job == NULL);

  boomi_pages_free(NULL);
  boomi_pages_free(good);
  boomi_job_free(NULL);
  boomi_call_free(call);
  boomi_request_free(query);
  boomi_request_free(get);
  boomi_request_free(bad);
  boomi_client_free(client);
  boomi_config_free(config);
}

/* A status, a place for the answer, and the last argument. */
static boomi_code observe(boomi_authorization *authorization, int32_t status, boomi_error **wanted_error) {
  int32_t again = 7;
  boomi_code code = boomi_authorization_observe(authorization, status, NULL, 0, &again, wanted_error);
  CHECK(again == 0);
  return code;
}

static void the_authorizations(void) {
  static const char url[] = "https://api.boomi.com/x";
  static const int32_t statuses[] = {INT32_MIN, -1, 0, 99, 600, 65936, INT32_MAX};
  boomi_config *config = boomi_config_new();
  boomi_client *client = NULL;
  boomi_authorization *good = NULL, *authorization;
  size_t i;
  error = NULL;
  MUST(boomi_config_set_proxy(config, "", &error));
  MUST(boomi_config_set_credentials(config, BOOMI_CREDENTIAL_PASSWORD, REGULAR, "p", &error));
  MUST(boomi_client_new(config, &client, &error));
  MUST(boomi_client_authorize(client, BOOMI_AUTH_BASIC, url, NULL, &good, &error));

  REFUSES("authorization_out is NULL", boomi_client_authorize(client, BOOMI_AUTH_BASIC, url, NULL, NULL, wanted));
  REFUSES_OUT(authorization, "client is NULL",
              boomi_client_authorize(NULL, BOOMI_AUTH_BASIC, url, NULL, &authorization, wanted));
  REFUSES_OUT(authorization, "url is NULL",
              boomi_client_authorize(client, BOOMI_AUTH_BASIC, NULL, NULL, &authorization, wanted));
  REFUSES_OUT(authorization, "scheme is 4", boomi_client_authorize(client, 4, url, NULL, &authorization, wanted));
  REFUSES_OUT(authorization, "scheme", boomi_client_authorize(client, UINT32_MAX, url, NULL, &authorization, wanted));
  REFUSES_OUT(authorization, "no scheme and host",
              boomi_client_authorize(client, BOOMI_AUTH_NONE, "/x", NULL, &authorization, wanted));
  for (i = 0; i < BAD_TEXTS; i++) {
    REFUSES_OUT(authorization, words(i, "url", "URL"),
                boomi_client_authorize(client, BOOMI_AUTH_BASIC, bad_texts[i].text, NULL, &authorization, wanted));
  }
  authorization = RUBBISH;
  EXPECT(boomi_client_authorize(client, BOOMI_AUTH_JWT, url, NULL, &authorization, &error), BOOMI_ERR_CONFIG,
         "Account Information");
  CHECK(authorization == NULL);

  REFUSES("authorization is NULL", observe(NULL, 200, wanted));
  for (i = 0; i < sizeof statuses / sizeof *statuses; i++) REFUSES("status", observe(good, statuses[i], wanted));
  REFUSES("body is NULL", boomi_authorization_observe(good, 200, NULL, 1, NULL, wanted));
  REFUSES("body", boomi_authorization_observe(good, 200, "a", SIZE_MAX, NULL, wanted));
  CHECK(boomi_authorization_name(good, 1) == NULL && boomi_authorization_value(good, SIZE_MAX) == NULL);
  CHECK(boomi_authorization_count(NULL) == 0);
  CHECK(boomi_authorization_name(NULL, 0) == NULL && boomi_authorization_value(NULL, 0) == NULL);
  boomi_authorization_withdraw(NULL);
  boomi_authorization_free(NULL);
  boomi_authorization_free(good);
  boomi_client_free(client);
  boomi_config_free(config);
}

/* The program is started with an empty environment. */
static void the_environment(void) {
  boomi_client *client = RUBBISH;
  boomi_config *config = boomi_config_new();
  EXPECT(boomi_client_from_env(&client, &error), BOOMI_ERR_CONFIG, "Boomi Enterprise Platform API Tokens");
  CHECK(client == NULL && setenv("BOOMI_TIMEOUT", "0", 1) == 0);
  EXPECT(boomi_config_load_env(config, &error), BOOMI_ERR_CONFIG, "BOOMI_TIMEOUT");
  client = RUBBISH;
  EXPECT(boomi_client_new(config, &client, &error), BOOMI_ERR_CONFIG, "BOOMI_TIMEOUT");
#ifndef _WIN32 /* There it is a character of the code page. */
  CHECK(client == NULL && setenv("BOOMI_TIMEOUT", "\xff", 1) == 0);
  EXPECT(boomi_client_from_env(&client, &error), BOOMI_ERR_CONFIG, "BOOMI_TIMEOUT is not UTF-8");
#endif
  boomi_config_free(config);
}

static void neutral_values(void) {
  size_t length = 7;
  boomi_error *none = NULL;
  REFUSES("response is NULL", boomi_response_check(NULL, wanted));
  CHECK(boomi_response_status(NULL) == 0 && boomi_response_attempts(NULL) == 0);
  CHECK(boomi_response_retry_after_ms(NULL) == -1 && boomi_response_message(NULL) == NULL);
  CHECK(boomi_response_header(NULL, "a") == NULL && boomi_response_header(NULL, NULL) == NULL);
  CHECK(boomi_response_header_count(NULL) == 0);
  CHECK(boomi_response_header_name(NULL, 0) == NULL && boomi_response_header_value(NULL, 0) == NULL);
  CHECK(boomi_response_body(NULL, NULL) == NULL);
  CHECK(boomi_response_body(NULL, &length) == NULL && length == 0);
  length = 7;
  REFUSES("response is NULL", boomi_response_read(NULL, &length, 1, NULL, wanted));
  REFUSES("response is NULL", boomi_response_read(NULL, NULL, 0, &length, wanted));
  CHECK(length == 0);
  boomi_response_free(NULL);

  CHECK(boomi_token_jwt(NULL) == NULL && boomi_token_header(NULL) == NULL && boomi_token_account_id(NULL) == NULL);
  CHECK(boomi_token_issued_at(NULL) == 0 && boomi_token_expires_at(NULL) == 0);
  CHECK(boomi_token_clone(NULL) == NULL);
  boomi_token_free(NULL);

  CHECK(boomi_error_code(none) == BOOMI_OK && boomi_error_message(none) != NULL);
  CHECK(boomi_error_http_status(none) == 0 && boomi_error_retry_after_ms(none) == -1);
  CHECK(boomi_error_retryable(none) == 0 && boomi_error_sent(none) == 0 && boomi_error_attempts(none) == 0);
  boomi_error_free(none);
}

int main(void) {
  the_library();
  the_settings();
  the_calls();
  the_requests();
  the_client();
  the_token_providers();
  the_pages_and_jobs();
  the_authorizations();
  the_environment();
  neutral_values();
  puts("bad input: refused");
  return 0;
}
