#define _POSIX_C_SOURCE 200809L
/*
 * What a callback may do to the handles of the call that it runs in: free and change them all.
 */
#include "check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* A server that takes connections and never reads: no more is sent than the buffers of both ends hold. */
static const char *silent_server(void) {
  static char url[64];
  struct sockaddr_in address;
  socklen_t length = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(listener >= 0 && bind(listener, (struct sockaddr *)&address, length) == 0 && listen(listener, 1) == 0);
  CHECK(getsockname(listener, (struct sockaddr *)&address, &length) == 0);
  snprintf(url, sizeof url, "http://127.0.0.1:%d", (int)ntohs(address.sin_port));
  return url;
}

static boomi_request *request;
static boomi_config *config;
static int asked, released;

/* Changes and frees the request while its body is being sent. */
static int32_t free_request(void *user_data) {
  (void)user_data;
  if (asked++ == 0) {
    boomi_request_set_body(request, "other", 5, NULL);
    boomi_request_free(request);
  }
  return asked > 3;
}

/* Frees the settings that it is called out of. */
static void free_config(void *user_data) {
  (void)user_data;
  released++;
  boomi_config_set_account_id(config, "other", NULL);
  boomi_config_free(config);
  config = NULL;
}

static boomi_client *working;
static boomi_pages *pages;
static boomi_job *job;

/* Uses what its call is using, which is refused, and frees it while that call waits. */
static int32_t free_work(void *user_data) {
  boomi_response *response = NULL;
  boomi_error *error = NULL;
  (void)user_data;
  if (pages != NULL) {
    EXPECT(boomi_pages_next(pages, NULL, &response, &error), BOOMI_ERR_INVALID_ARGUMENT, "pages is in use");
    boomi_pages_free(pages);
  }
  if (job != NULL) {
    EXPECT(boomi_job_wait(job, NULL, &response, &error), BOOMI_ERR_INVALID_ARGUMENT, "job is in use");
    EXPECT(boomi_job_open(job, NULL, &response, &error), BOOMI_ERR_INVALID_ARGUMENT, "job is in use");
    CHECK(boomi_job_path(job) != NULL);
    boomi_job_free(job);
  }
  if (pages != NULL || job != NULL) boomi_client_free(working);
  pages = NULL, job = NULL;
  return 0;
}

/* A client whose second request of a second waits for its turn. */
static void begin_work(void) {
  boomi_error *error = NULL;
  boomi_config *settings = emulator_config();
  MUST(boomi_config_set_credentials(settings, BOOMI_CREDENTIAL_PASSWORD, REGULAR, REGULAR_PASSWORD, &error));
  MUST(boomi_config_set_requests_per_second(settings, 1, &error));
  MUST(boomi_config_set_wait_callback(settings, free_work, NULL, NULL, &error));
  MUST(boomi_client_new(settings, &working, &error));
  boomi_config_free(settings);
}

static void work_that_frees_itself(void) {
  boomi_request *query = NULL, *execute = NULL;
  boomi_response *response = NULL;
  boomi_error *error = NULL;
  boomi_pages *own = NULL;
  boomi_job *own_job = NULL;
  MUST(boomi_request_new("POST", QUERY, &query, &error));
  MUST(boomi_request_new("POST", "/api/rest/v1/{accountId}/ExecutionRequest", &execute, &error));

  begin_work();
  MUST(boomi_pages_new(working, query, &own, &error));
  MUST(boomi_pages_next(own, NULL, &response, &error));
  boomi_response_free(response);
  pages = own;
  MUST(boomi_pages_next(own, NULL, &response, &error));
  CHECK(pages == NULL && strstr((const char *)boomi_response_body(response, NULL), "row-101") != NULL);
  boomi_response_free(response);

  begin_work();
  MUST(boomi_job_start(working, execute, NULL, &own_job, &error));
  job = own_job;
  MUST(boomi_job_wait(own_job, NULL, &response, &error));
  CHECK(job == NULL && strstr((const char *)boomi_response_body(response, NULL), "COMPLETE") != NULL);
  boomi_response_free(response);
  boomi_request_free(query);
  boomi_request_free(execute);
}

static void count(void *user_data) {
  (void)user_data;
  released++;
}

static int32_t no_code(void *user_data, char *code_out, size_t code_size) {
  (void)user_data;
  (void)code_out;
  (void)code_size;
  return 1;
}

int main(void) {
  /* Larger than the buffers of a connection whose other end does not read. */
  static char body[32 * 1024 * 1024];
  boomi_config *sending = boomi_config_new();
  boomi_client *client = NULL;
  boomi_response *response = NULL;
  boomi_error *error = NULL;

  MUST(boomi_config_set_base_url(sending, silent_server(), &error));
  MUST(boomi_config_set_proxy(sending, "", &error));
  MUST(boomi_config_set_wait_callback(sending, free_request, NULL, NULL, &error));
  MUST(boomi_client_new(sending, &client, &error));
  MUST(boomi_request_new("POST", "/", &request, &error));
  MUST(boomi_request_set_auth(request, BOOMI_AUTH_NONE, &error));
  MUST(boomi_request_set_body(request, body, sizeof body, &error));
  EXPECT(boomi_client_send(client, request, NULL, &response, &error), BOOMI_ERR_CANCELED, "sending");
  CHECK(asked == 4 && response == NULL);
  boomi_client_free(client);
  boomi_config_free(sending);

  /* The setting that is replaced is released, and the handle with it. */
  config = boomi_config_new();
  MUST(boomi_config_set_otp_callback(config, no_code, NULL, free_config, &error));
  MUST(boomi_config_set_otp_callback(config, no_code, NULL, count, &error));
  CHECK(released == 2 && config == NULL);

  /* A setter that fails releases what it was given, last of all. */
  released = 0;
  config = boomi_config_new();
  EXPECT(boomi_config_set_otp_callback(config, NULL, NULL, free_config, &error), BOOMI_ERR_INVALID_ARGUMENT, "callback");
  CHECK(released == 1 && config == NULL);
  work_that_frees_itself();
  puts("handles survive their callbacks");
  return 0;
}
