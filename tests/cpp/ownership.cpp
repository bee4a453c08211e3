// Objects that were moved from, outlive each other, or were never finished. Leaks are valgrind's to find.
#include "check.hpp"

#include <memory>
#include <type_traits>

using boomi::Client;
using boomi::Config;
using boomi::Request;

template <class T>
constexpr bool only_moves() {
  return !std::is_copy_constructible<T>::value && !std::is_copy_assignable<T>::value &&
         std::is_nothrow_move_constructible<T>::value && std::is_nothrow_move_assignable<T>::value;
}

static_assert(only_moves<Config>() && only_moves<Client>() && only_moves<boomi::Call>(), "");
static_assert(only_moves<Request>() && only_moves<boomi::Response>() && only_moves<boomi::Authorization>(), "");
static_assert(only_moves<boomi::TokenProvider>() && only_moves<boomi::Pages>() && only_moves<boomi::Job>(), "");
static_assert(std::is_copy_constructible<boomi::Token>::value && std::is_copy_assignable<boomi::Token>::value, "");
static_assert(std::is_nothrow_copy_constructible<boomi::Error>::value, "thrown objects are copied");

static void moved_from_objects_are_safe() {
  const std::string null = "NULL";
  Client client = client_of(REGULAR, REGULAR_PASSWORD), other = std::move(client);
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, null, client.get(AUDIT_LOG));
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, null, client.jwt_generate());
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, null, client.authorize(BOOMI_AUTH_BASIC, "https://example.com"));
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, null, client.describe());
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, null, client.describe_guard());
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, null, client.token_provider());
  client.cancel();
  client.reset_guard();
  CHECK(client.handle() == nullptr);
  client = std::move(other);

  Request request("GET", AUDIT_LOG), taken = std::move(request);
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, null, request.body("{}"));
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, null, client.send(request));

  boomi::Response response = client.send(taken), kept = std::move(response);
  char byte;
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, null, response.check());
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, null, response.read(&byte, 1));
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, "no body", response.body());
  CHECK(response.status() == 0 && response.size() == 0 && response.message().empty() && response.header("a").empty());
  CHECK(response.headers().begin() == response.headers().end());
  response = std::move(kept);
  CHECK(response.check().status() == 200);

  boomi::Token token = client.jwt_generate(), moved = std::move(token), copy_of_none = token;
  CHECK(token.jwt().empty() && copy_of_none.header().empty() && token.expires_at() == 0 && !moved.jwt().empty());
  moved = *&moved;
  CHECK(!moved.jwt().empty());

  boomi::TokenProvider provider = client.token_provider(), holder = std::move(provider);
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, null, provider.get());
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, null, provider.refresh());
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, null, provider.describe());
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, null, emulator_settings().token_provider(provider));
  provider.invalidate(moved);
  holder.invalidate(token); // one that was moved from
  CHECK(provider.handle() == nullptr && !holder.get().jwt().empty());
  provider = std::move(holder);
  CHECK(!provider.describe().empty());

  boomi::Pages pages = client.pages(Request("POST", QUERY)), read = std::move(pages);
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, null, pages.next());
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, null, pages.begin());
  CHECK(pages.handle() == nullptr && pages.page().status() == 0 && read.next());
  const boomi::Response page = std::move(read.page()); // the page may be kept
  CHECK(page.status() == 200 && read.page().status() == 0 && read.next() && read.page().status() == 200);
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, null, client.pages(request));

  boomi::Job job = client.start(Request("GET", ASYNC)), waiting = std::move(job);
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, null, job.wait());
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, null, job.open());
  CHECK(job.path().empty() && job.handle() == nullptr && waiting.handle() != nullptr);
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, null, client.start(request));
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, null, client.wait(request));

  boomi::Authorization authorization = client.authorize(BOOMI_AUTH_BASIC, setting("BOOMI_API_URL"));
  const boomi::Authorization headers = std::move(authorization);
  CHECK(authorization.begin() == authorization.end() && headers.size() == 1);
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, null, authorization.observe(200));
  authorization.withdraw();

  boomi::Call call, used = std::move(call);
  call.cancel();
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, null, call.timeout_ms(1));
  CHECK(client.get(AUDIT_LOG, call).status() == 200);

  Config config = emulator_settings(), mine = std::move(config);
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, null, Client{config});
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, null, config.credential_process("true"));
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, null, config.keychain("default"));
  CHECK(config.clone().handle() == nullptr && mine.handle() != nullptr);
}

static void everything_outlives_everything() {
  std::unique_ptr<Config> config(new Config(emulator_settings()));
  config->credentials(boomi::Credentials::password(REGULAR, REGULAR_PASSWORD));
  std::unique_ptr<Client> client(new Client(*config));
  config.reset();
  boomi::Response opened = client->open(Request("GET", AUDIT_LOG));
  const boomi::Token token = client->jwt_generate();
  boomi::Authorization authorization = client->authorize(BOOMI_AUTH_JWT, setting("BOOMI_API_URL"));
  std::unique_ptr<boomi::TokenProvider> provider(new boomi::TokenProvider(client->token_provider()));
  Config using_it = emulator_settings();
  using_it.token_provider(*provider);
  const Client elsewhere(using_it);
  boomi::Pages pages = client->pages(Request("POST", QUERY));
  boomi::Job job = client->start(Request("GET", ASYNC));
  client.reset();
  CHECK(pages.next() && has(pages.page().body(), "QueryResult") && has(job.wait().check().body(), "AtomCounters"));
  const boomi::Token provided = provider->get();
  provider.reset();
  CHECK(has(provided.header(), "Bearer ") && elsewhere.get(DEPLOYMENT).status() == 200);
  CHECK(has(opened.read_all(), "documentId-321") && has(token.header(), "Bearer "));
  CHECK(has((*authorization.begin()).value, "Bearer ") && !authorization.observe(200));
}

/// Half of it is there when the other half fails.
struct Both {
  Client client;
  Request request;
  explicit Both(const std::string &method) : client(client_of(REGULAR, REGULAR_PASSWORD)), request(method, AUDIT_LOG) {}
};

static void constructors_that_throw_leave_nothing() {
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, "", Both("no method"));
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, "", Request("", AUDIT_LOG));
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, "NUL", Request("GET", std::string("/\0", 2)));
  FAILS(BOOMI_ERR_CONFIG, "", Client(Config()).get(AUDIT_LOG));
  FAILS(BOOMI_ERR_CONFIG, "BOOMI_", unsetenv("BOOMI_USERNAME"); Client::from_env());
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, "", Config().otp_secret("!"));
  // An error may be kept, copied and thrown on.
  std::exception_ptr kept;
  try {
    Request("", "");
  } catch (...) {
    kept = std::current_exception();
  }
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, "", std::rethrow_exception(kept));
}

int main() {
  moved_from_objects_are_safe();
  everything_outlives_everything();
  constructors_that_throw_leave_nothing();
  puts("ownership holds");
}
