/*
 * Handles that are shared and freed at the worst moments: in any order, inside callbacks, while other threads use what
 * they lead to; and calls that are ended from elsewhere.
 */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
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

static void everything_outlives_everything(void) {
  boomi_config *config = regular_config(), *copy = boomi_config_clone(config);
  boomi_client *client = NULL, *second = NULL;
  boomi_call *call = boomi_call_new();
  boomi_request *request = NULL;
  boomi_response *response = NULL;
  boomi_token *token = NULL, *clone;
  boomi_config_free(config);
  MUST(boomi_client_new(copy, &client, &error));
  /* Settings may be changed after a client was made of them. */
  MUST(boomi_config_set_account_id(copy, "subaccount456", &error));
  MUST(boomi_client_new(copy, &second, &error));
  boomi_config_free(copy);
  MUST(boomi_call_set_timeout_ms(call, 60000, &error));
  MUST(boomi_request_new("GET", AUDIT_LOG, &request, &error));
  MUST(boomi_client_send(client, request, call, &response, &error));
  MUST(boomi_jwt_generate(second, NULL, call, &token, &error));
  boomi_client_free(client);
  boomi_call_free(call);
  boomi_client_free(second);
  boomi_request_free(request);
  clone = boomi_token_clone(token);
  boomi_token_free(token);
  CHECK(strstr((const char *)boomi_response_body(response, NULL), "documentId-321") != NULL);
  CHECK(strcmp(boomi_token_account_id(clone), "subaccount456") == 0);
  MUST(boomi_response_check(response, &error));
  boomi_response_free(response);
  boomi_token_free(clone);
}

/* Frees, in the middle of a call, every handle that the call was given. */
struct doomed {
  boomi_client *client;
  boomi_call *call;
  int released;
};

static void free_handles(void *user_data, const boomi_event *event) {
  struct doomed *doomed = user_data;
  char *json = NULL;
  CHECK(boomi_event_kind(event) == BOOMI_EVENT_TOKEN_ISSUED);
  CHECK(boomi_client_describe(doomed->client, &json, NULL) == BOOMI_OK);
  boomi_string_free(json);
  boomi_client_free(doomed->client);
  boomi_call_free(doomed->call);
  CHECK(doomed->released == 0);
}

static void released(void *user_data) { ((struct doomed *)user_data)->released += 1; }

static void a_callback_frees_the_client_and_the_call(void) {
  struct doomed doomed = {NULL, NULL, 0};
  boomi_config *config = regular_config();
  boomi_token *token = NULL;
  MUST(boomi_config_set_event_callback(config, free_handles, &doomed, released, &error));
  doomed.client = client_of(config);
  doomed.call = boomi_call_new();
  MUST(boomi_jwt_generate(doomed.client, NULL, doomed.call, &token, &error));
  CHECK(doomed.released == 1 && boomi_token_jwt(token) != NULL);
  boomi_token_free(token);
}

/* One client, request, call and token for all threads. */
struct shared {
  const boomi_client *client;
  const boomi_request *request;
  const boomi_call *call;
  const boomi_token *token;
};

static void *use_shared(void *argument) {
  const struct shared *shared = argument;
  int round;
  for (round = 0; round < 3; round++) {
    boomi_response *response = NULL;
    boomi_token *token = NULL, *clone = boomi_token_clone(shared->token);
    boomi_error *error = NULL;
    char *json = NULL;
    MUST(boomi_client_send(shared->client, shared->request, shared->call, &response, &error));
    MUST(boomi_jwt_generate(shared->client, "subaccount456", shared->call, &token, &error));
    MUST(boomi_client_describe(shared->client, &json, &error));
    CHECK(boomi_response_status(response) == 200);
    CHECK(strcmp(boomi_token_jwt(clone), boomi_token_jwt(shared->token)) == 0);
    boomi_string_free(json);
    boomi_response_free(response);
    boomi_token_free(token);
    boomi_token_free(clone);
  }
  return NULL;
}

static void many_threads_share_one_client(void) {
  boomi_client *client = client_of(regular_config());
  boomi_call *call = boomi_call_new();
  boomi_request *request = NULL;
  boomi_token *token = NULL;
  pthread_t threads[THREADS];
  struct shared shared;
  int i;
  MUST(boomi_request_new("GET", AUDIT_LOG, &request, &error));
  MUST(boomi_jwt_generate(client, NULL, call, &token, &error));
  shared.client = client, shared.request = request, shared.call = call, shared.token = token;
  for (i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, use_shared, &shared) == 0);
  for (i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
  boomi_client_free(client);
  boomi_request_free(request);
  boomi_call_free(call);
  boomi_token_free(token);
}

/* A server that takes connections and says nothing: a call to it waits until it is ended. */
static int silent_server(char *url, size_t size) {
  struct sockaddr_in address;
  socklen_t length = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(listener >= 0 && bind(listener, (struct sockaddr *)&address, sizeof address) == 0);
  CHECK(listen(listener, THREADS) == 0);
  CHECK(getsockname(listener, (struct sockaddr *)&address, &length) == 0);
  snprintf(url, size, "http://127.0.0.1:%d", (int)ntohs(address.sin_port));
  return listener;
}

struct waiting {
  boomi_client *client;
  boomi_call *call;
};

static void *wait_to_be_canceled(void *argument) {
  struct waiting *waiting = argument;
  boomi_token *token = (boomi_token *)argument;
  boomi_error *error = NULL;
  EXPECT(boomi_jwt_generate(waiting->client, NULL, waiting->call, &token, &error), BOOMI_ERR_CANCELED, "127.0.0.1");
  CHECK(token == NULL);
  return NULL;
}

/* Whether the callback is to end the call: once its connection was seen. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int end_it;

static int32_t ask_for_an_end(void *user_data) {
  int end;
  (void)user_data;
  pthread_mutex_lock(&lock);
  end = end_it;
  pthread_mutex_unlock(&lock);
  return end;
}

static void let_the_callback_end_it(void) {
  pthread_mutex_lock(&lock);
  end_it = 1;
  pthread_mutex_unlock(&lock);
}

/* Whoever ends a call, it was under way: its connection had arrived. */
static void calls_are_ended_from_elsewhere(void) {
  char url[64];
  int listener = silent_server(url, sizeof url), way;
  for (way = 0; way < 4; way++) {
    boomi_config *config = regular_config();
    struct waiting waiting = {NULL, NULL};
    pthread_t thread;
    int connection;
    MUST(boomi_config_set_base_url(config, url, &error));
    if (way == 0) MUST(boomi_config_set_wait_callback(config, ask_for_an_end, NULL, NULL, &error));
    waiting.client = client_of(config);
    waiting.call = boomi_call_new();
    /* The sign-in before this one had no answer, which the guard would wait for. */
    boomi_client_reset_guard(waiting.client);
    CHECK(pthread_create(&thread, NULL, wait_to_be_canceled, &waiting) == 0);
    connection = accept(listener, NULL, NULL);
    CHECK(connection >= 0);
    if (way == 0) let_the_callback_end_it();
    if (way == 1) boomi_call_cancel(waiting.call);
    if (way == 2) boomi_client_cancel(waiting.client);
    if (way == 3) {
      /* The client is freed while its call waits. */
      boomi_client_cancel(waiting.client);
      boomi_client_free(waiting.client);
    }
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(close(connection) == 0);
    if (way == 1) {
      boomi_token *token = NULL;
      EXPECT(boomi_jwt_generate(waiting.client, NULL, waiting.call, &token, &error), BOOMI_ERR_CANCELED, "canceled");
    }
    if (way != 3) boomi_client_free(waiting.client);
    boomi_call_free(waiting.call);
  }
  CHECK(close(listener) == 0);
}

int main(void) {
  /* A call that nothing ends must fail the test, not hang it. */
  alarm(120);
  everything_outlives_everything();
  a_callback_frees_the_client_and_the_call();
  many_threads_share_one_client();
  calls_are_ended_from_elsewhere();
  puts("lifetimes hold");
  return 0;
}
