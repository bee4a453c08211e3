/*
 * What is secret is gone from memory that was freed. The program is linked with the static library and with free() and
 * realloc() replaced (--wrap), so that it can look at each block before it goes back.
 */
#define _GNU_SOURCE
#include "check.h"

#include <malloc.h>

static boomi_error *error;

/* A text whose block is looked at when it is freed: all of its length must be zero by then. */
static struct {
  const char *text;
  size_t length;
  int freed, wiped;
} watched;

/* Texts that no freed block may hold. Looking at every byte is for plain runs: memcheck minds bytes never written. */
static const char *hidden[8];
static int found, looked;

static void look(const char *block) {
  size_t size, i;
  if (block == NULL) return;
  size = malloc_usable_size((void *)block);
  if (watched.text != NULL && block <= watched.text && watched.text < block + size) {
    watched.freed += 1;
    watched.wiped = 1;
    for (i = 0; i < watched.length; i++) watched.wiped = watched.wiped && watched.text[i] == 0;
    watched.text = NULL;
  }
  for (i = 0; hidden[i] != NULL; i++) {
    if (memmem(block, size, hidden[i], strlen(hidden[i])) != NULL) {
      fprintf(stderr, "a freed block of %zu bytes holds \"%s\"\n", size, hidden[i]);
      found += 1;
    }
    looked += 1;
  }
}

void __real_free(void *block);
void *__real_realloc(void *block, size_t size);
void __wrap_free(void *block);
void *__wrap_realloc(void *block, size_t size);

void __wrap_free(void *block) {
  look(block);
  __real_free(block);
}

/* A block that grows may leave its old place as it was: so here it always moves, and the old place is looked at. */
void *__wrap_realloc(void *block, size_t size) {
  size_t old = block == NULL ? 0 : malloc_usable_size(block);
  void *moved;
  if (block == NULL) return __real_realloc(NULL, size);
  moved = malloc(size);
  if (moved == NULL) return NULL;
  memcpy(moved, block, old < size ? old : size);
  __wrap_free(block);
  return moved;
}

static void watch(const char *text) {
  watched.text = text;
  watched.length = strlen(text);
  watched.freed = watched.wiped = 0;
  CHECK(watched.length > 0);
}

#define CHECK_WIPED() CHECK(watched.freed == 1 && watched.wiped == 1)

/* That the look itself works: a block freed as it is does not pass. */
static void the_look_sees_what_is_left(void) {
  char *text = malloc(8);
  CHECK(text != NULL);
  strcpy(text, "secret");
  watch(text);
  free(text);
  CHECK(watched.freed == 1 && watched.wiped == 0);
}

static void texts_given_out_are_wiped_to_their_true_length(void) {
  int overwrite;
  for (overwrite = 0; overwrite < 3; overwrite++) {
    char *texts[3] = {NULL, NULL, NULL};
    int i;
    MUST(boomi_auth_header(BOOMI_CREDENTIAL_PASSWORD, REGULAR, REGULAR_PASSWORD, &texts[0], &error));
    MUST(boomi_otp_code(TWOFA_SECRET, 59, &texts[1], &error));
    MUST(boomi_auth_username(BOOMI_CREDENTIAL_API_TOKEN, REGULAR, &texts[2], &error));
    for (i = 0; i < 3; i++) {
      watch(texts[i]);
      /* Callers cut texts short: the first byte, one in the middle, even the NUL may be something else by now. */
      if (overwrite == 1) texts[i][0] = 0;
      if (overwrite == 2) texts[i][3] = 0, texts[i][watched.length] = 'x';
      boomi_string_free(texts[i]);
      CHECK_WIPED();
    }
  }
}

static void a_token_is_wiped_by_its_last_reference(const boomi_client *client) {
  boomi_token *token = NULL, *other;
  MUST(boomi_jwt_generate(client, NULL, NULL, &token, &error));
  other = boomi_token_clone(token);
  watch(boomi_token_jwt(token));
  boomi_token_free(token);
  CHECK(watched.freed == 0);
  boomi_token_free(other);
  CHECK_WIPED();
}

static boomi_client *sign_in_as_twofa(void) {
  boomi_config *config = emulator_config(), *copy;
  boomi_client *client = NULL;
  MUST(boomi_config_set_credentials(config, BOOMI_CREDENTIAL_PASSWORD, TWOFA, TWOFA_PASSWORD, &error));
  MUST(boomi_config_set_otp_secret(config, TWOFA_SECRET, &error));
  copy = boomi_config_clone(config);
  boomi_config_free(config);
  MUST(boomi_client_new(copy, &client, &error));
  boomi_config_free(copy);
  return client;
}

/* What a program prints, put together by it so that the command holds no secret: read, and refused for one thing or another. */
static void a_program_prints(void) {
  static const char *const printed[] = {
      "{\"version\":1,\"username\":\"a\",\"password\":\"mark%s-secret\"}",
      "{\"version\":1,\"username\":\"a\",\"password\":\"m\\\\u0061rk%s-secret\"}",
      "{\"version\":2,\"username\":\"a\",\"password\":\"mark%s-secret\"}",
      "{\"version\":1,\"username\":\"a\",\"password\":\"mark%s-secret\",\"Password\":\"x\"}",
      "{\"version\":1,\"username\":\"a\",\"password\":[\"mark%s-secret\"]}",
      "{\"version\":1,\"username\":\"a\",\"password\":\"mark%s-secret\"} and more",
      "[\"mark%s-secret\"]",
      "mark%s-secret",
  };
  size_t i;
  for (i = 0; i < sizeof printed / sizeof *printed; i++) {
    boomi_config *config = emulator_config();
    boomi_client *client = NULL;
    char command[256], *json = NULL;
    snprintf(command, sizeof command, "printf '%s' ed", printed[i]);
    MUST(boomi_config_set_credential_process(config, command, NULL, &error));
    MUST(boomi_client_new(config, &client, &error));
    boomi_config_free(config);
    if (i < 2) {
      MUST(boomi_client_describe_guard(client, &json, &error));
      boomi_string_free(json);
    } else {
      EXPECT(boomi_client_describe_guard(client, &json, &error), BOOMI_ERR_CONFIG, "BOOMI_CREDENTIAL_PROCESS");
    }
    boomi_client_free(client);
    if (found > 0) fprintf(stderr, "after %s\n", printed[i]);
  }
}

static void nothing_freed_holds_a_secret(void) {
  boomi_request *request = NULL;
  boomi_response *response = NULL;
  boomi_client *client;
  char *header = NULL;
  static char encoded[256];
  MUST(boomi_auth_header(BOOMI_CREDENTIAL_PASSWORD, TWOFA, TWOFA_PASSWORD, &header, &error));
  CHECK(strlen(header) < sizeof encoded);
  strcpy(encoded, header + strlen("Basic "));
  boomi_string_free(header);
  if (getenv("BOOMI_TEST_LOOK_EVERYWHERE") != NULL) {
    hidden[0] = TWOFA_PASSWORD, hidden[1] = TWOFA_SECRET, hidden[2] = encoded, hidden[3] = "marked-secret";
  }
  client = sign_in_as_twofa();
  a_token_is_wiped_by_its_last_reference(client);
  MUST(boomi_request_new("GET", DEPLOYMENT, &request, &error));
  MUST(boomi_request_set_auth(request, BOOMI_AUTH_NONE, &error));
  MUST(boomi_request_set_header(request, "Authorization", "Bearer marked-secret", 0, &error));
  MUST(boomi_client_send(client, request, NULL, &response, &error));
  EXPECT(boomi_response_check(response, &error), BOOMI_ERR_CREDENTIALS_REJECTED, "own Authorization");
  boomi_response_free(response);
  boomi_request_free(request);
  boomi_client_free(client);
  a_program_prints();
  CHECK(found == 0);
  CHECK(looked > 100 || hidden[0] == NULL);
}

int main(void) {
  the_look_sees_what_is_left();
  texts_given_out_are_wiped_to_their_true_length();
  nothing_freed_holds_a_secret();
  puts("wiped");
  return 0;
}
