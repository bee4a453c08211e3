/*
 * A client that was used before a fork() works in the child and goes on working in the parent, at the same time, each
 * on connections of its own. The child shares nothing that could mix up answers: each asks for another account's record.
 */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static boomi_error *error;

static void fetch(const boomi_client *client, const char *account) {
  boomi_request *request = NULL;
  boomi_response *response = NULL;
  MUST(boomi_request_new("GET", AUDIT_LOG, &request, &error));
  MUST(boomi_request_set_account_id(request, account, &error));
  MUST(boomi_client_send(client, request, NULL, &response, &error));
  MUST(boomi_response_check(response, &error));
  CHECK(strstr((const char *)boomi_response_body(response, NULL), account) != NULL);
  boomi_response_free(response);
  boomi_request_free(request);
}

static void work(const boomi_client *client, const char *account) {
  boomi_token *token = NULL;
  int i;
  for (i = 0; i < 5; i++) fetch(client, account);
  MUST(boomi_jwt_generate(client, account, NULL, &token, &error));
  CHECK(strcmp(boomi_token_account_id(token), account) == 0);
  boomi_token_free(token);
}

int main(void) {
  boomi_config *config = emulator_config();
  boomi_client *client = NULL;
  pid_t child;
  int status = -1;
  /* Rather than hang, if the two wait for each other. */
  alarm(120);
  MUST(boomi_config_set_credentials(config, BOOMI_CREDENTIAL_PASSWORD, REGULAR, REGULAR_PASSWORD, &error));
  MUST(boomi_client_new(config, &client, &error));
  boomi_config_free(config);
  fetch(client, "account123");
  child = fork();
  CHECK(child >= 0);
  work(client, child == 0 ? "subaccount456" : "account123");
  boomi_client_free(client);
  if (child == 0) return 0;
  CHECK(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  puts("both sides of the fork signed in");
  return 0;
}
