/*
 * A name look-up that hangs. The program brings its own getaddrinfo(), which comes before libc's, and which blocks for
 * names that begin with "slow". A deadline, either cancel and the wait callback end such a call all the same, while
 * the look-up goes on hanging: if one did not, the program would never end.
 */
#define _GNU_SOURCE
#include "check.h"

#include <dirent.h>
#include <dlfcn.h>
#include <netdb.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

static boomi_error *error;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int gate_is_open, look_ups, look_ups_with_signals;

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **result) {
  int (*libc)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
  sigset_t mask;
  pthread_mutex_lock(&lock);
  look_ups += 1;
  pthread_sigmask(SIG_SETMASK, NULL, &mask);
  if (!sigismember(&mask, SIGINT) || !sigismember(&mask, SIGTERM) || !sigismember(&mask, SIGUSR1)) {
    look_ups_with_signals += 1;
  }
  pthread_cond_broadcast(&changed);
  while (strncmp(node, "slow", 4) == 0 && !gate_is_open) pthread_cond_wait(&changed, &lock);
  pthread_mutex_unlock(&lock);
  if (strncmp(node, "slow", 4) == 0) return EAI_NONAME;
  *(void **)&libc = dlsym(RTLD_NEXT, "getaddrinfo");
  /* The emulator's certificate has Boomi's own names. */
  return libc(strcmp(node, "api.boomi.com") == 0 ? "127.0.0.1" : node, service, hints, result);
}

static void await_look_up(int number) {
  pthread_mutex_lock(&lock);
  while (look_ups < number) pthread_cond_wait(&changed, &lock);
  pthread_mutex_unlock(&lock);
}

static boomi_config *config_for(const char *url) {
  boomi_config *config = emulator_config();
  MUST(boomi_config_set_base_url(config, url, &error));
  MUST(boomi_config_set_credentials(config, BOOMI_CREDENTIAL_API_TOKEN, REGULAR, REGULAR_TOKEN, &error));
  return config;
}

static boomi_client *client_of(boomi_config *config) {
  boomi_client *client = NULL;
  MUST(boomi_client_new(config, &client, &error));
  boomi_config_free(config);
  return client;
}

/* That the library asks this program's function at all. */
static void the_look_up_is_ours(void) {
  char url[64];
  boomi_client *client;
  boomi_token *token = NULL;
  snprintf(url, sizeof url, "https://api.boomi.com%s", strrchr(setting("BOOMI_API_URL"), ':'));
  client = client_of(config_for(url));
  MUST(boomi_jwt_generate(client, NULL, NULL, &token, &error));
  CHECK(look_ups == 1);
  boomi_token_free(token);
  boomi_client_free(client);
}

static void deadlines_end_it(void) {
  boomi_config *config = config_for("https://slow-1.test");
  boomi_client *client;
  boomi_call *call = boomi_call_new();
  boomi_token *token = NULL;
  MUST(boomi_config_set_connect_timeout_ms(config, 80, &error));
  client = client_of(config);
  EXPECT(boomi_jwt_generate(client, NULL, NULL, &token, &error), BOOMI_ERR_TIMEOUT, "looking up the host name");
  MUST(boomi_call_set_timeout_ms(call, 60, &error));
  EXPECT(boomi_jwt_generate(client, NULL, call, &token, &error), BOOMI_ERR_TIMEOUT, "60 ms");
  /* The second joined the first's look-up. */
  CHECK(look_ups == 2);
  boomi_call_free(call);
  boomi_client_free(client);
}

/* Asks for an end once the look-up hangs. */
static int32_t stop(void *user_data) {
  int hangs;
  pthread_mutex_lock(&lock);
  hangs = look_ups == *(int *)user_data;
  pthread_mutex_unlock(&lock);
  return hangs;
}

static void the_wait_callback_ends_it(void) {
  int number = 3;
  boomi_config *config = config_for("https://slow-2.test");
  boomi_client *client;
  boomi_token *token = NULL;
  MUST(boomi_config_set_connect_timeout_ms(config, 600000, &error));
  MUST(boomi_config_set_wait_callback(config, stop, &number, NULL, &error));
  client = client_of(config);
  EXPECT(boomi_jwt_generate(client, NULL, NULL, &token, &error), BOOMI_ERR_CANCELED, "looking up the host name");
  CHECK(look_ups == number);
  boomi_client_free(client);
}

struct caller {
  boomi_client *client;
  boomi_call *call;
};

static void *call_the_slow_name(void *argument) {
  struct caller *caller = argument;
  boomi_token *token = NULL;
  boomi_error *error = NULL;
  EXPECT(boomi_jwt_generate(caller->client, NULL, caller->call, &token, &error), BOOMI_ERR_CANCELED,
         "looking up the host name");
  return NULL;
}

static void start(struct caller *caller, pthread_t *thread, const char *url, int number) {
  boomi_config *config = config_for(url);
  MUST(boomi_config_set_connect_timeout_ms(config, 600000, &error));
  MUST(boomi_config_set_timeout_ms(config, 600000, &error));
  caller->client = client_of(config);
  caller->call = boomi_call_new();
  CHECK(pthread_create(thread, NULL, call_the_slow_name, caller) == 0);
  await_look_up(number);
}

static void end(struct caller *caller, pthread_t thread) {
  CHECK(pthread_join(thread, NULL) == 0);
  boomi_call_free(caller->call);
  boomi_client_free(caller->client);
}

static volatile sig_atomic_t signals;
static void count_signal(int number) {
  (void)number;
  signals += 1;
}

static void either_cancel_ends_it_and_no_signal_goes_to_it(void) {
  struct caller caller;
  pthread_t thread;
  struct sigaction action;
  sigset_t ours, pending;
  start(&caller, &thread, "https://slow-3.test", 4);
  boomi_call_cancel(caller.call);
  end(&caller, thread);

  /* With the signal blocked in every thread of the program, only the library's could take it. */
  memset(&action, 0, sizeof action);
  action.sa_handler = count_signal;
  CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
  CHECK(sigemptyset(&ours) == 0 && sigaddset(&ours, SIGUSR1) == 0);
  CHECK(pthread_sigmask(SIG_BLOCK, &ours, NULL) == 0);
  start(&caller, &thread, "https://slow-4.test", 5);
  CHECK(kill(getpid(), SIGUSR1) == 0);
  boomi_client_cancel(caller.client);
  end(&caller, thread);
  CHECK(sigpending(&pending) == 0 && sigismember(&pending, SIGUSR1) && signals == 0);
  CHECK(pthread_sigmask(SIG_UNBLOCK, &ours, NULL) == 0 && signals == 1);
  CHECK(look_ups_with_signals == 0);
}

static int threads(void) {
  int count = 0;
  DIR *tasks = opendir("/proc/self/task");
  CHECK(tasks != NULL);
  while (readdir(tasks) != NULL) count += 1;
  CHECK(closedir(tasks) == 0);
  return count - 2;
}

/* At the start: one, and those of a processor's emulator. */
static int own_threads;

/* Each name's look-up is left behind, one thread for each, and ends by itself when the system answers. */
static void the_look_ups_end_by_themselves(void) {
  /* What ended long ago may still be on its way out. */
  while (threads() > own_threads + 4) sched_yield();
  CHECK(threads() == own_threads + 4);
  pthread_mutex_lock(&lock);
  gate_is_open = 1;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
  while (threads() > own_threads) sched_yield();
}

int main(void) {
  /* A call that nothing ends must fail the test, not hang it. */
  alarm(120);
  own_threads = threads();
  the_look_up_is_ours();
  deadlines_end_it();
  the_wait_callback_ends_it();
  either_cancel_ends_it_and_no_signal_goes_to_it();
  the_look_ups_end_by_themselves();
  puts("no look-up held a call");
  return 0;
}
