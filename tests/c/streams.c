/*
 * Bodies read as streams: to the end, in pieces of any size, cancelled in the middle, stalled, cut off, and given up.
 * The server is a thread of this program, which says byte for byte what comes.
 */
#define _POSIX_C_SOURCE 200809L
#include "check.h"

#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

static boomi_error *error;
static int listener;
static char url[64];

static void listen_on_loopback(void) {
  struct sockaddr_in address;
  socklen_t length = sizeof address;
  listener = socket(AF_INET, SOCK_STREAM, 0);
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(listener >= 0 && bind(listener, (struct sockaddr *)&address, sizeof address) == 0);
  CHECK(listen(listener, 8) == 0 && getsockname(listener, (struct sockaddr *)&address, &length) == 0);
  snprintf(url, sizeof url, "http://127.0.0.1:%d", (int)ntohs(address.sin_port));
}

static int connection = -1;

/* Reads one request on a connection that is there, or on a new one. */
static void read_request(void) {
  char last[4] = "";
  if (connection < 0) connection = accept(listener, NULL, NULL);
  CHECK(connection >= 0);
  while (memcmp(last, "\r\n\r\n", 4) != 0) {
    memmove(last, last + 1, 3);
    CHECK(read(connection, last + 3, 1) == 1);
  }
}

static void say(const char *text) {
  size_t length = strlen(text);
  CHECK(send(connection, text, length, MSG_NOSIGNAL) == (ssize_t)length);
}

/* The server's answer is in the socket before the client asks to read it: none of these is larger than its buffers. */
static void *answer(void *text) {
  read_request();
  say(text);
  return NULL;
}

static void hang_up(void) {
  CHECK(close(connection) == 0);
  connection = -1;
}

static boomi_client *client_with_timeout(uint32_t timeout_ms) {
  boomi_config *config = boomi_config_new();
  boomi_client *client = NULL;
  MUST(boomi_config_set_base_url(config, url, &error));
  MUST(boomi_config_set_proxy(config, "", &error));
  MUST(boomi_config_set_connect_timeout_ms(config, 60000, &error));
  MUST(boomi_config_set_timeout_ms(config, timeout_ms, &error));
  MUST(boomi_client_new(config, &client, &error));
  boomi_config_free(config);
  return client;
}

static boomi_response *open_stream(const boomi_client *client, const boomi_call *call, const char *text) {
  boomi_request *request = NULL;
  boomi_response *response = NULL;
  pthread_t server;
  CHECK(pthread_create(&server, NULL, answer, (void *)(size_t)text) == 0);
  MUST(boomi_request_new("GET", "/", &request, &error));
  MUST(boomi_request_set_auth(request, BOOMI_AUTH_NONE, &error));
  MUST(boomi_client_open(client, request, call, &response, &error));
  boomi_request_free(request);
  CHECK(pthread_join(server, NULL) == 0);
  return response;
}

/* Reads in pieces of `size` bytes until `wanted` came or the end. */
static size_t read_up_to(boomi_response *response, char *into, size_t wanted, size_t size) {
  size_t total = 0, amount = 1;
  while (amount > 0 && total < wanted) {
    size_t room = wanted - total < size ? wanted - total : size;
    amount = SIZE_MAX;
    MUST(boomi_response_read(response, into + total, room, &amount, &error));
    CHECK(amount <= room);
    total += amount;
  }
  return total;
}

#define BODY "0123456789abcdef"
#define WITH_LENGTH "HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n" BODY
#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n0123\r\nc\r\n456789abcdef\r\n0\r\n\r\n"

static void read_to_the_end_and_kept_alive(const boomi_client *client) {
  static const char *const answers[] = {WITH_LENGTH, CHUNKED};
  size_t way, size;
  for (way = 0; way < 2; way++) {
    for (size = 1; size <= 32; size += 5) {
      char body[64] = "";
      size_t amount = 7;
      boomi_response *response = open_stream(client, NULL, answers[way]);
      CHECK(boomi_response_status(response) == 200);
      MUST(boomi_response_check(response, &error));
      /* It is on its way, so it is not here. */
      CHECK(boomi_response_body(response, &amount) == NULL && amount == 0);
      CHECK(read_up_to(response, body, sizeof body, size) == 16 && strcmp(body, BODY) == 0);
      MUST(boomi_response_read(response, body, sizeof body, &amount, &error));
      CHECK(amount == 0);
      /* No room is no end. */
      MUST(boomi_response_read(response, NULL, 0, &amount, &error));
      CHECK(amount == 0);
      boomi_response_free(response);
      /* The server never accepts a second connection: all this came on one. */
    }
  }
  hang_up();
}

/* A response that is freed before its end closes its connection, and the client works on. */
static void freed_in_the_middle(const boomi_client *client) {
  char body[64] = "";
  boomi_response *response = open_stream(client, NULL, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" BODY);
  CHECK(read_up_to(response, body, 10, 10) == 10);
  boomi_response_free(response);
  CHECK(recv(connection, body, sizeof body, 0) == 0);
  hang_up();
  response = open_stream(client, NULL, WITH_LENGTH);
  CHECK(read_up_to(response, body, sizeof body, 64) == 16);
  boomi_response_free(response);
  hang_up();
}

static void cut_off(const boomi_client *client) {
  char body[64];
  size_t amount;
  boomi_response *response = open_stream(client, NULL, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" BODY);
  CHECK(read_up_to(response, body, 16, 64) == 16);
  hang_up();
  amount = 7;
  EXPECT(boomi_response_read(response, body, sizeof body, &amount, &error), BOOMI_ERR_CONNECT, "in the middle");
  CHECK(amount == 0);
  /* Whoever reads on must not take what came for all there is. */
  EXPECT(boomi_response_read(response, body, sizeof body, &amount, &error), BOOMI_ERR_CONNECT, "in the middle");
  boomi_response_free(response);
}

static void stalled(void) {
  boomi_client *client = client_with_timeout(60000);
  boomi_call *call = boomi_call_new();
  boomi_response *response;
  char body[64];
  size_t amount = 7;
  MUST(boomi_call_set_timeout_ms(call, 2000, &error));
  response = open_stream(client, call, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" BODY);
  CHECK(read_up_to(response, body, 16, 64) == 16);
  EXPECT(boomi_response_read(response, body, sizeof body, &amount, &error), BOOMI_ERR_TIMEOUT, "2000 ms");
  CHECK(amount == 0);
  boomi_response_free(response);
  boomi_call_free(call);
  boomi_client_free(client);
  hang_up();
}

struct reader {
  boomi_response *response;
};

static void *read_until_canceled(void *argument) {
  struct reader *reader = argument;
  boomi_error *error = NULL;
  char body[64];
  size_t amount = 7;
  EXPECT(boomi_response_read(reader->response, body, sizeof body, &amount, &error), BOOMI_ERR_CANCELED, "127.0.0.1");
  CHECK(amount == 0);
  return NULL;
}

/* By the call or by the client; before the read or while it waits; and the handles may be gone by then. */
static void canceled_in_the_middle(void) {
  int way;
  for (way = 0; way < 4; way++) {
    boomi_client *client = client_with_timeout(600000);
    boomi_call *call = boomi_call_new();
    struct reader reader;
    pthread_t thread;
    char body[16];
    reader.response = open_stream(client, call, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" BODY);
    CHECK(read_up_to(reader.response, body, 16, 16) == 16);
    if (way < 2) CHECK(pthread_create(&thread, NULL, read_until_canceled, &reader) == 0);
    if (way % 2 == 0) boomi_call_cancel(call);
    if (way % 2 == 1) boomi_client_cancel(client);
    boomi_call_free(call);
    boomi_client_free(client);
    if (way < 2) CHECK(pthread_join(thread, NULL) == 0);
    if (way >= 2) read_until_canceled(&reader);
    boomi_response_free(reader.response);
    hang_up();
  }
}

static void an_error_is_here_at_once(const boomi_client *client) {
  static const char not_found[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 18\r\n\r\n{\"message\":\"none\"}";
  char body[64] = "";
  size_t length = 0;
  boomi_response *response = open_stream(client, NULL, not_found);
  CHECK(boomi_response_status(response) == 404 && strcmp(boomi_response_message(response), "none") == 0);
  CHECK(boomi_response_body(response, &length) != NULL && length == 18);
  CHECK(read_up_to(response, body, sizeof body, 5) == 18 && strcmp(body, "{\"message\":\"none\"}") == 0);
  EXPECT(boomi_response_check(response, &error), BOOMI_ERR_HTTP_STATUS, "none");
  boomi_response_free(response);
  hang_up();
}

/* Refused, with nothing read and nothing lost. */
static void bad_arguments(const boomi_client *client) {
  static const char *const answers[] = {WITH_LENGTH, "HTTP/1.1 404 Not Found\r\nContent-Length: 16\r\n\r\n" BODY};
  int way;
  for (way = 0; way < 2; way++) {
    boomi_response *response = open_stream(client, NULL, answers[way]);
    char body[64] = "";
    size_t amount = 7;
    EXPECT(boomi_response_read(response, NULL, 1, &amount, &error), BOOMI_ERR_INVALID_ARGUMENT, "buffer is NULL");
    CHECK(amount == 0);
    amount = 7;
    EXPECT(boomi_response_read(response, body, SIZE_MAX, &amount, &error), BOOMI_ERR_INVALID_ARGUMENT, "buffer");
    CHECK(amount == 0);
    EXPECT(boomi_response_read(response, body, 1, NULL, &error), BOOMI_ERR_INVALID_ARGUMENT, "read_out is NULL");
    CHECK(boomi_response_read(response, NULL, 1, NULL, NULL) == BOOMI_ERR_INVALID_ARGUMENT);
    CHECK(read_up_to(response, body, sizeof body, 64) == 16 && strcmp(body, BODY) == 0);
    boomi_response_free(response);
  }
  hang_up();
}

int main(void) {
  boomi_client *client;
  /* A read that nothing ends must fail the test, not hang it. */
  alarm(120);
  listen_on_loopback();
  client = client_with_timeout(60000);
  read_to_the_end_and_kept_alive(client);
  freed_in_the_middle(client);
  cut_off(client);
  an_error_is_here_at_once(client);
  bad_arguments(client);
  boomi_client_free(client);
  stalled();
  canceled_in_the_middle();
  CHECK(close(listener) == 0);
  puts("streams end as they should");
  return 0;
}
