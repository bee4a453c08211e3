/*
 * Whatever fails in the operating system, each call works or says why it does not, and nothing of it is left. The test makes
 * one system call after another fail, between the two markers.
 */
#define _GNU_SOURCE
#include "check.h"

#include <dirent.h>
#include <sys/syscall.h>
#include <unistd.h>

static int worked, failed;
static boomi_error *error;

/* What a call came to that may leave an error, which is freed. */
static int came_to(boomi_code code) {
  int is_good = code == BOOMI_OK;
  if (is_good)
    CHECK(error == NULL);
  else
    CHECK(boomi_error_code(error) == code && boomi_error_message(error)[0] != 0);
  if (!is_good)
    fprintf(stderr, "%s: %s\n", boomi_strerror(code), boomi_error_message(error));
  boomi_error_free(error);
  error = NULL;
  is_good ? worked++ : failed++;
  return is_good;
}

static void read_all(boomi_response *response) {
  static char piece[4096];
  size_t length = 0;
  boomi_code code;
  do {
    code = boomi_response_read(response, piece, sizeof piece, &length, &error);
  } while (code == BOOMI_OK && length > 0);
  came_to(code);
}

static void calls(const boomi_client *client) {
  boomi_token *token = NULL;
  boomi_request *request = NULL;
  boomi_response *response = NULL;
  boomi_token_provider *provider = NULL;
  boomi_authorization *authorization = NULL;
  char *text = NULL;
  MUST(boomi_request_new("GET", "/api/rest/v1/{accountId}/Deployment/documentId-321", &request, &error));
  MUST(boomi_token_provider_new(client, NULL, &provider, &error));

  came_to(boomi_jwt_generate(client, NULL, NULL, &token, &error));
  boomi_token_free(token);
  if (came_to(boomi_client_send(client, request, NULL, &response, &error)))
    CHECK(boomi_response_status(response) != 0);
  boomi_response_free(response);
  if (came_to(boomi_client_open(client, request, NULL, &response, &error)))
    read_all(response);
  boomi_response_free(response);
  came_to(boomi_token_provider_get(provider, 0, NULL, &token, &error));
  boomi_token_free(token);
  came_to(boomi_client_describe_guard(client, &text, &error));
  boomi_string_free(text);
  came_to(boomi_client_authorize(client, BOOMI_AUTH_BASIC, setting("BOOMI_API_URL"), NULL, &authorization, &error));
  boomi_authorization_withdraw(authorization);
  boomi_authorization_free(authorization);
  boomi_token_provider_free(provider);
  boomi_request_free(request);
}

static int descriptors(void) {
  DIR *directory = opendir("/proc/self/fd");
  int count = 0;
  CHECK(directory != NULL);
  while (readdir(directory) != NULL)
    count++;
  closedir(directory);
  return count;
}

int main(void) {
  boomi_config *config = emulator_config();
  boomi_client *client = NULL;
  int before = descriptors();
  MUST(boomi_config_set_credentials(config, BOOMI_CREDENTIAL_API_TOKEN, setting("BOOMI_USERNAME"),
                                    setting("BOOMI_API_TOKEN"), &error));
  MUST(boomi_config_set_state_dir(config, setting("BOOMI_STATE_DIR"), &error));
  MUST(boomi_config_set_timeout_ms(config, 3000, &error));
  MUST(boomi_config_set_connect_timeout_ms(config, 1000, &error));
  syscall(SYS_getppid);
  if (came_to(boomi_client_new(config, &client, &error)))
    calls(client);
  boomi_client_free(client);
  syscall(SYS_getppid);
  boomi_config_free(config);
  CHECK(descriptors() == before);
  printf("survived: %d worked, %d failed\n", worked, failed);
  return 0;
}
