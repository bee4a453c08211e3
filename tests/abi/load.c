/*
 * The library is loaded, unloaded and loaded again by name. Loading it, and having used it, leaves the process as it
 * was: no thread, no signal handler, no changed mask. The one argument is the library.
 */
#define _POSIX_C_SOURCE 200809L
#include <dirent.h>
#include <dlfcn.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static void look_at(struct process *process) {
  DIR *tasks = opendir("/proc/self/task");
  int i;
  memset(process, 0, sizeof *process);
  CHECK(tasks != NULL);
  while (readdir(tasks) != NULL) process->threads += 1;
  CHECK(closedir(tasks) == 0);
  CHECK(sigprocmask(SIG_SETMASK, NULL, &process->mask) == 0);
  for (i = 1; i < 32; i++) {
    struct sigaction action;
    CHECK(sigaction(i, NULL, &action) == 0);
    process->handlers[i] = action.sa_handler;
  }
}

static void *load(const char *path) {
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) fprintf(stderr, "%s\n", dlerror());
  CHECK(library != NULL);
  return library;
}

/* Uses it: a code, which needs the clock and an allocation, and an error. */
static void use(void *library) {
  int32_t (*otp_code)(const char *, int64_t, char **, void **);
  void (*string_free)(char *), (*error_free)(void *);
  char *text = NULL;
  void *error = NULL;
  *(void **)&otp_code = dlsym(library, "boomi_otp_code");
  *(void **)&string_free = dlsym(library, "boomi_string_free");
  *(void **)&error_free = dlsym(library, "boomi_error_free");
  CHECK(otp_code != NULL && string_free != NULL && error_free != NULL);
  CHECK(otp_code("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", 59, &text, &error) == 0 && strcmp(text, "287082") == 0);
  string_free(text);
  CHECK(otp_code(NULL, 59, &text, &error) == 1 && error != NULL);
  error_free(error);
}

int main(int count, char **arguments) {
  struct process before, after;
  int round;
  CHECK(count == 2);
  /* Neither the default nor a handler of the library's may replace what the program chose. */
  CHECK(signal(SIGPIPE, SIG_DFL) != SIG_ERR && signal(SIGUSR1, SIG_IGN) != SIG_ERR);
  look_at(&before);
  for (round = 0; round < 2; round++) {
    void *library = load(arguments[1]);
    look_at(&after);
    CHECK(memcmp(&before, &after, sizeof before) == 0);
    use(library);
    CHECK(dlclose(library) == 0);
    look_at(&after);
    CHECK(memcmp(&before, &after, sizeof before) == 0);
  }
  puts("loaded twice");
  return 0;
}
