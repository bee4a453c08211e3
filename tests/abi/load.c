/*
 * The library is loaded, used and unloaded by name, 200 times. Each time a thread goes on with it after dlclose, and ends.
 * All that leaves the process as it was: no thread, no signal handler, no changed mask, and after the first
 * rounds no file descriptor and no mapping more. The one argument is the library.
 */
#define _POSIX_C_SOURCE 200809L
#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "boomi_auth.h"

#define CHECK(condition)                                                       \
  do {                                                                         \
    if (!(condition)) {                                                        \
      fprintf(stderr, "line %d: not so: %s\n", __LINE__, #condition);          \
      exit(1);                                                                 \
    }                                                                          \
  } while (0)

struct process {
  int threads;
  sigset_t mask;
  void (*handlers[32])(int);
};

/* The entries of a directory, or the lines of a file. */
static int count_of(const char *path) {
  int count = 0;
  DIR *directory = opendir(path);
  if (directory != NULL) {
    while (readdir(directory) != NULL) count += 1;
    CHECK(closedir(directory) == 0);
  } else {
    FILE *file = fopen(path, "r");
    int byte;
    CHECK(file != NULL);
    while ((byte = fgetc(file)) != EOF) count += byte == '\n';
    CHECK(fclose(file) == 0);
  }
  return count;
}

static void look_at(struct process *process) {
  int i;
  memset(process, 0, sizeof *process);
  process->threads = count_of("/proc/self/task");
  CHECK(sigprocmask(SIG_SETMASK, NULL, &process->mask) == 0);
  for (i = 1; i < 32; i++) {
    struct sigaction action;
    CHECK(sigaction(i, NULL, &action) == 0);
    process->handlers[i] = action.sa_handler;
  }
}

/* A thread that was joined may be seen for a moment yet. */
static void is_as(const struct process *before) {
  struct process after;
  int tries = 0;
  do look_at(&after);
  while (after.threads != before->threads && tries++ < 5000 && nanosleep(&(struct timespec){0, 1000000}, NULL) == 0);
  CHECK(memcmp(before, &after, sizeof after) == 0);
}

static void *load(const char *path) {
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) fprintf(stderr, "%s\n", dlerror());
  CHECK(library != NULL);
  return library;
}

/* The functions, as they are called below: through what dlsym says. */
#define EACH(with)                                                                                                     \
  with(boomi_otp_code) with(boomi_string_free) with(boomi_error_free) with(boomi_config_new) with(boomi_config_free)   \
  with(boomi_config_set_base_url) with(boomi_config_set_credentials) with(boomi_config_set_max_retries)                \
  with(boomi_client_new) with(boomi_client_free) with(boomi_client_send) with(boomi_request_new) with(boomi_request_free)
#define DECLARED(name) __typeof__(&name) name##_;
#define FOUND(name) CHECK((*(void **)&functions->name##_ = dlsym(library, #name)) != NULL);
struct functions {
  EACH(DECLARED)
};

static void find(void *library, struct functions *functions) { EACH(FOUND) }

/* A code, which needs the clock and an allocation; an error; and a request that nobody answers, which needs all the rest. */
static void use(const struct functions *the) {
  char *text = NULL;
  boomi_config *config = the->boomi_config_new_();
  boomi_client *client = NULL;
  boomi_request *request = NULL;
  boomi_response *response = NULL;
  boomi_error *error = NULL;
  CHECK(the->boomi_otp_code_("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", 59, &text, &error) == 0 && strcmp(text, "287082") == 0);
  the->boomi_string_free_(text);
  CHECK(the->boomi_otp_code_(NULL, 59, &text, &error) == BOOMI_ERR_INVALID_ARGUMENT && error != NULL);
  the->boomi_error_free_(error);
  the->boomi_config_set_base_url_(config, "http://127.0.0.1:1", NULL);
  the->boomi_config_set_credentials_(config, BOOMI_CREDENTIAL_API_TOKEN, "user@example.com", "secret", NULL);
  the->boomi_config_set_max_retries_(config, 0, NULL);
  CHECK(the->boomi_client_new_(config, &client, NULL) == 0);
  CHECK(the->boomi_request_new_("GET", "/api", &request, NULL) == 0);
  CHECK(the->boomi_client_send_(client, request, NULL, &response, NULL) == BOOMI_ERR_CONNECT);
  the->boomi_request_free_(request);
  the->boomi_client_free_(client);
  the->boomi_config_free_(config);
}

static pthread_barrier_t closed;

static void *thread(void *functions) {
  pthread_barrier_wait(&closed);
  use(functions);
  return NULL;
}

int main(int count, char **arguments) {
  struct process before;
  int round, descriptors = 0, mappings = 0;
  CHECK(count == 2);
  /* Neither the default nor a handler of the library's may replace what the program chose. */
  CHECK(signal(SIGPIPE, SIG_DFL) != SIG_ERR && signal(SIGUSR1, SIG_IGN) != SIG_ERR);
  CHECK(pthread_barrier_init(&closed, NULL, 2) == 0);
  look_at(&before);
  for (round = 0; round < 200; round++) {
    struct functions functions;
    pthread_t other;
    void *library = load(arguments[1]);
    is_as(&before);
    find(library, &functions);
    CHECK(pthread_create(&other, NULL, thread, &functions) == 0);
    /* Once used by this thread, glibc keeps it anyway: the first time only `nodelete` does. */
    if (round > 0) use(&functions);
    CHECK(dlclose(library) == 0);
    pthread_barrier_wait(&closed);
    CHECK(pthread_join(other, NULL) == 0);
    is_as(&before);
    /* By then each arena of malloc and each kept stack is there. */
    if (round == 20) descriptors = count_of("/proc/self/fd"), mappings = count_of("/proc/self/maps");
  }
  CHECK(count_of("/proc/self/fd") == descriptors);
  /* One or the other may be split; a leak would be 180. */
  CHECK(count_of("/proc/self/maps") < mappings + 10);
  puts("loaded 200 times");
  return 0;
}
