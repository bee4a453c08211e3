/*
 * Providers: one token for all who share it, renewed and taken back as told, in whatever order the handles are freed; and the
 * guard's settings.
 */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <pthread.h>
#include <unistd.h>

#define THREADS 8

static boomi_error *error;

static boomi_config *regular_config(void) {
  boomi_config *config = emulator_config();
  MUST(boomi_config_set_credentials(config, BOOMI_CREDENTIAL_PASSWORD, REGULAR, REGULAR_PASSWORD, &error));
  return config;
}

static boomi_client *client_of(boomi_config *config) {
  boomi_client *client = NULL;
  MUST(boomi_client_new(config, &client, &error));
  boomi_config_free(config);
  return client;
}

static boomi_token_provider *provider_of(const boomi_client *client, const char *account_id) {
  boomi_token_provider *provider = NULL;
  MUST(boomi_token_provider_new(client, account_id, &provider, &error));
  return provider;
}

static boomi_token *get(const boomi_token_provider *provider) {
  boomi_token *token = NULL;
  MUST(boomi_token_provider_get(provider, 0, NULL, &token, &error));
  return token;
}

static int same(const boomi_token *one, const boomi_token *other) {
  return strcmp(boomi_token_jwt(one), boomi_token_jwt(other)) == 0;
}

/* Whether what is handed out is `token`. */
static int gives(const boomi_token_provider *provider, const boomi_token *token) {
  boomi_token *now = get(provider);
  int is_it = same(now, token);
  boomi_token_free(now);
  return is_it;
}

static void a_token_is_kept_and_shared(void) {
  boomi_client *client = client_of(regular_config());
  boomi_token_provider *provider = provider_of(client, NULL), *second = provider_of(client, "account123");
  boomi_token_provider *elsewhere = provider_of(client, "subaccount456");
  boomi_token *token = get(provider), *other, *more = NULL;
  char *json = NULL;
  CHECK(gives(provider, token) && gives(second, token));
  CHECK(strcmp(boomi_token_account_id(token), "account123") == 0);
  other = get(elsewhere);
  CHECK(strcmp(boomi_token_account_id(other), "subaccount456") == 0 && !same(other, token));
  /* There is enough left of it for any of these, if only because more is not waited for. */
  MUST(boomi_token_provider_get(provider, 60, NULL, &more, &error));
  CHECK(same(more, token));
  boomi_token_free(more);
  MUST(boomi_token_provider_get(provider, UINT32_MAX, NULL, &more, &error));
  CHECK(strcmp(boomi_token_account_id(more), "account123") == 0);

  MUST(boomi_token_provider_describe(provider, &json, &error));
  CHECK(json[0] == '{' && strstr(json, "account123") != NULL && strstr(json, "\"generation\"") != NULL);
  CHECK(strstr(json, boomi_token_jwt(more)) == NULL && strstr(json, REGULAR_PASSWORD) == NULL);
  boomi_string_free(json);
  boomi_token_free(more);
  boomi_token_free(token);
  boomi_token_free(other);
  boomi_token_provider_free(provider);
  boomi_token_provider_free(second);
  boomi_token_provider_free(elsewhere);
  boomi_client_free(client);
}

static void one_that_is_refused_is_replaced_and_others_are_not(void) {
  boomi_client *client = client_of(regular_config()), *stranger = client_of(regular_config());
  boomi_token_provider *provider = provider_of(client, NULL), *foreign = provider_of(stranger, NULL);
  boomi_token_provider *elsewhere = provider_of(client, "subaccount456");
  boomi_token *old = get(provider), *of_stranger = get(foreign), *of_elsewhere = get(elsewhere), *kept, *generated = NULL;
  CHECK(!same(old, of_stranger));
  MUST(boomi_token_provider_refresh(provider, NULL, &error));
  kept = get(provider);
  CHECK(!same(kept, old));
  MUST(boomi_jwt_generate(client, NULL, NULL, &generated, &error));

  boomi_token_provider_invalidate(provider, NULL);
  boomi_token_provider_invalidate(NULL, kept);
  boomi_token_provider_invalidate(provider, old);
  boomi_token_provider_invalidate(provider, of_stranger);
  boomi_token_provider_invalidate(provider, of_elsewhere);
  boomi_token_provider_invalidate(provider, generated);
  CHECK(gives(provider, kept) && gives(foreign, of_stranger) && gives(elsewhere, of_elsewhere));

  boomi_token_provider_invalidate(provider, kept);
  CHECK(!gives(provider, kept) && gives(foreign, of_stranger) && gives(elsewhere, of_elsewhere));
  /* It stays the caller's. */
  CHECK(boomi_token_header(kept) != NULL && boomi_token_expires_at(kept) > 0);
  boomi_token_free(old);
  boomi_token_free(of_stranger);
  boomi_token_free(of_elsewhere);
  boomi_token_free(kept);
  boomi_token_free(generated);
  boomi_token_provider_free(provider);
  boomi_token_provider_free(foreign);
  boomi_token_provider_free(elsewhere);
  boomi_client_free(client);
  boomi_client_free(stranger);
}

/* The same server under another name is another origin, to which no password goes. */
static boomi_config *config_elsewhere(void) {
  boomi_config *config = emulator_config();
  const char *port = strrchr(setting("BOOMI_API_URL"), ':');
  char url[64];
  snprintf(url, sizeof url, "https://127.0.0.1%s", port);
  MUST(boomi_config_set_base_url(config, url, &error));
  return config;
}

static void finds(const boomi_client *client, uint32_t scheme, const char *words) {
  boomi_request *request = NULL;
  boomi_response *response = NULL;
  MUST(boomi_request_new("GET", DEPLOYMENT, &request, &error));
  MUST(boomi_request_set_auth(request, scheme, &error));
  MUST(boomi_client_send(client, request, NULL, &response, &error));
  MUST(boomi_response_check(response, &error));
  CHECK(strstr((const char *)boomi_response_body(response, NULL), words) != NULL);
  boomi_response_free(response);
  boomi_request_free(request);
}

static void another_client_sends_its_token(void) {
  boomi_client *client = client_of(regular_config()), *second, *third;
  boomi_token_provider *provider = provider_of(client, NULL);
  boomi_config *config = config_elsewhere(), *copy;
  boomi_authorization *authorization = NULL;
  boomi_token *token;
  char url[128];
  MUST(boomi_config_set_token_provider(config, provider, &error));
  copy = boomi_config_clone(config);
  second = client_of(config);
  token = get(provider);
  /* The settings keep the provider, and that its client. */
  boomi_token_provider_free(provider);
  boomi_client_free(client);
  finds(second, BOOMI_AUTH_AUTO, "Deployment");
  finds(second, BOOMI_AUTH_JWT, "Deployment");
  snprintf(url, sizeof url, "https://127.0.0.1%s/api", strrchr(setting("BOOMI_API_URL"), ':'));
  MUST(boomi_client_authorize(second, BOOMI_AUTH_AUTO, url, NULL, &authorization, &error));
  CHECK(strcmp(boomi_authorization_value(authorization, 0), boomi_token_header(token)) == 0);
  boomi_client_free(second);
  third = client_of(copy);
  finds(third, BOOMI_AUTH_AUTO, "Deployment");
  boomi_client_free(third);
  CHECK(strcmp(boomi_authorization_value(authorization, 0), boomi_token_header(token)) == 0);
  boomi_authorization_free(authorization);
  boomi_token_free(token);
}

static void everything_is_freed_in_any_order(void) {
  enum { CLIENT, PROVIDER, TOKEN, SECOND, HANDLES };
  int first;
  /* Each of them is the first to go once; the others go in their order. */
  for (first = 0; first < HANDLES; first++) {
    boomi_config *config = config_elsewhere();
    boomi_client *client = client_of(regular_config()), *second;
    boomi_token_provider *provider = provider_of(client, NULL);
    boomi_token *token = get(provider);
    int i;
    MUST(boomi_config_set_token_provider(config, provider, &error));
    second = client_of(config);
    for (i = 0; i < HANDLES; i++) {
      int which = i == 0 ? first : i <= first ? i - 1 : i;
      if (which == CLIENT) boomi_client_free(client), client = NULL;
      if (which == PROVIDER) boomi_token_provider_free(provider), provider = NULL;
      if (which == TOKEN) boomi_token_free(token), token = NULL;
      if (which == SECOND) boomi_client_free(second), second = NULL;
      if (token != NULL) CHECK(strncmp(boomi_token_header(token), "Bearer eyJ", 10) == 0);
      if (provider != NULL) boomi_token_free(get(provider));
      if (provider != NULL && token != NULL) CHECK(gives(provider, token));
      if (second != NULL) finds(second, BOOMI_AUTH_AUTO, "Deployment");
    }
  }
}

/* Frees, in the middle of a call, the handles that the call was given. */
struct doomed {
  boomi_client *client;
  boomi_token_provider *provider;
  boomi_call *call;
  int events, released;
};

static void free_handles(void *user_data, const boomi_event *event) {
  struct doomed *doomed = user_data;
  CHECK(boomi_event_kind(event) != 0);
  if (doomed->events++ > 0) return;
  boomi_client_free(doomed->client);
  boomi_token_provider_free(doomed->provider);
  boomi_call_free(doomed->call);
  CHECK(doomed->released == 0);
}

static void released(void *user_data) { ((struct doomed *)user_data)->released += 1; }

static void a_callback_frees_the_provider_and_the_call(void) {
  int way;
  for (way = 0; way < 2; way++) {
    struct doomed doomed = {NULL, NULL, NULL, 0, 0};
    boomi_config *config = regular_config();
    boomi_token *token = NULL;
    MUST(boomi_config_set_event_callback(config, free_handles, &doomed, released, &error));
    doomed.client = client_of(config);
    doomed.provider = provider_of(doomed.client, NULL);
    doomed.call = boomi_call_new();
    if (way == 0) {
      MUST(boomi_token_provider_get(doomed.provider, 0, doomed.call, &token, &error));
      CHECK(boomi_token_jwt(token) != NULL);
    } else {
      MUST(boomi_token_provider_refresh(doomed.provider, doomed.call, &error));
    }
    CHECK(doomed.events > 0 && doomed.released == 1);
    boomi_token_free(token);
  }
}

/* One provider for all threads, and the token that it gave before them. */
struct shared {
  const boomi_token_provider *provider;
  const boomi_token *token;
};

static void *use_shared(void *argument) {
  const struct shared *shared = argument;
  int round;
  for (round = 0; round < 50; round++) {
    boomi_call *call = boomi_call_new();
    boomi_token *token = NULL;
    boomi_error *error = NULL;
    char *json = NULL;
    MUST(boomi_token_provider_get(shared->provider, round, round % 2 == 0 ? NULL : call, &token, &error));
    CHECK(shared->token == NULL || same(token, shared->token));
    MUST(boomi_token_provider_describe(shared->provider, &json, &error));
    boomi_string_free(json);
    boomi_token_free(token);
    boomi_call_free(call);
  }
  return NULL;
}

static void many_threads_share_one_provider(void) {
  boomi_client *client = client_of(regular_config());
  boomi_token_provider *provider = provider_of(client, NULL);
  pthread_t threads[THREADS];
  struct shared shared = {NULL, NULL};
  boomi_token *token = NULL;
  int with_token, i;
  shared.provider = provider;
  for (with_token = 0; with_token < 2; with_token++) {
    for (i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, use_shared, &shared) == 0);
    for (i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    if (token == NULL) shared.token = token = get(provider);
  }
  boomi_client_free(client);
  boomi_token_provider_free(provider);
  boomi_token_free(token);
}

static void a_call_has_its_own_limits(void) {
  boomi_client *client = client_of(regular_config());
  boomi_token_provider *provider = provider_of(client, NULL);
  boomi_call *call = boomi_call_new();
  boomi_token *token = get(provider), *none = token;
  /* Also where what is kept is fresh. */
  boomi_call_cancel(call);
  EXPECT(boomi_token_provider_get(provider, 0, call, &none, &error), BOOMI_ERR_CANCELED, "canceled");
  EXPECT(boomi_token_provider_refresh(provider, call, &error), BOOMI_ERR_CANCELED, "canceled");
  CHECK(none == NULL && gives(provider, token));
  boomi_call_free(call);
  boomi_token_free(token);
  boomi_token_provider_free(provider);
  boomi_client_free(client);
}

static void the_guard_holds_until_it_is_reset(void) {
  boomi_config *config = emulator_config();
  boomi_client *client;
  boomi_token *token = (boomi_token *)&config;
  MUST(boomi_config_set_credentials(config, BOOMI_CREDENTIAL_PASSWORD, REGULAR, "wrong", &error));
  MUST(boomi_config_set_max_sign_ins_in_flight(config, 1, &error));
  client = client_of(config);
  EXPECT(boomi_jwt_generate(client, NULL, NULL, &token, &error), BOOMI_ERR_CREDENTIALS_REJECTED, "");
  {
    boomi_code code = boomi_jwt_generate(client, NULL, NULL, &token, &error);
    CHECK(boomi_error_retry_after_ms(error) > 30000 && boomi_error_sent(error) == 0);
    expect(code, error, BOOMI_ERR_HELD, "", __LINE__);
    error = NULL;
  }
  boomi_client_reset_guard(client);
  EXPECT(boomi_jwt_generate(client, NULL, NULL, &token, &error), BOOMI_ERR_CREDENTIALS_REJECTED, "");
  {
    /* Nothing but a reset, or other credentials, opens it now. */
    boomi_code code = boomi_jwt_generate(client, NULL, NULL, &token, &error);
    CHECK(boomi_error_retry_after_ms(error) == -1 && boomi_error_sent(error) == 0);
    expect(code, error, BOOMI_ERR_HELD, "reset of the guard", __LINE__);
    error = NULL;
  }
  CHECK(token == NULL);
  boomi_client_free(client);
  /* Other credentials of the same user are not held. */
  client = client_of(regular_config());
  MUST(boomi_jwt_generate(client, NULL, NULL, &token, &error));
  boomi_token_free(token);
  boomi_client_free(client);
}

int main(void) {
  /* A call that nothing ends must fail the test, not hang it. */
  alarm(120);
  a_token_is_kept_and_shared();
  one_that_is_refused_is_replaced_and_others_are_not();
  another_client_sends_its_token();
  everything_is_freed_in_any_order();
  a_callback_frees_the_provider_and_the_call();
  many_threads_share_one_provider();
  a_call_has_its_own_limits();
  the_guard_holds_until_it_is_reset();
  puts("providers hold");
  return 0;
}
