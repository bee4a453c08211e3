// Callbacks: what they give; that what they throw comes out of the call that ran them; that they are destroyed once.
#include "check.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

using boomi::Client;
using boomi::Config;
using boomi::Credentials;

/// No std::exception: anything may be thrown.
struct Thrown {
  int number;
};

static Credentials regular() { return Credentials::password(REGULAR, REGULAR_PASSWORD); }

static void they_give_what_is_asked() {
  std::vector<bool> asked;
  std::vector<std::uint32_t> kinds;
  int codes = 0;
  Config config = emulator_settings();
  config.credentials([&](bool rejected) {
    asked.push_back(rejected);
    return Credentials::password(TWOFA, rejected ? TWOFA_PASSWORD : "old");
  });
  // A code is good once, so the sign-in that fails anyway must not use it up.
  config.otp_from_fn([&] { return codes++ == 0 ? std::string("000000") : boomi::otp_code(TWOFA_SECRET); });
  config.on_event([&](const boomi::Event &event) {
    CHECK(has(event.json(), "{\"") && !has(event.json(), TWOFA_PASSWORD));
    kinds.push_back(event.kind());
  });
  config.wait_hook([] { return false; });
  const Client client(config);
  FAILS(BOOMI_ERR_CREDENTIALS_REJECTED, "one-time code", client.jwt_generate());
  CHECK(client.jwt_generate().account_id() == "account123");
  CHECK(asked.size() == 2 && !asked[0] && asked[1] && codes == 2);
  CHECK((kinds == std::vector<std::uint32_t>{BOOMI_EVENT_CREDENTIALS_LOADED, BOOMI_EVENT_SIGN_IN_REJECTED,
                                             BOOMI_EVENT_CREDENTIALS_LOADED, BOOMI_EVENT_TOKEN_ISSUED}));
}

static void what_credentials_throw_comes_out() {
  bool fail = true;
  Config config = emulator_settings();
  config.credentials([&](bool) -> Credentials {
    if (fail) throw Thrown{7};
    return regular();
  });
  const Client client(config);
  CHECK(THROWN_BY(Thrown, client.jwt_generate()).number == 7);
  CHECK(THROWN_BY(Thrown, client.get(AUDIT_LOG)).number == 7);
  CHECK(THROWN_BY(Thrown, client.open(boomi::Request("GET", AUDIT_LOG))).number == 7);
  CHECK(THROWN_BY(Thrown, body_of(client, AUDIT_LOG)).number == 7);
  const std::string url = setting("BOOMI_API_URL");
  CHECK(THROWN_BY(Thrown, client.authorize(BOOMI_AUTH_BASIC, url + "/api")).number == 7);
  fail = false;
  CHECK(client.get(AUDIT_LOG).status() == 200); // and it leaves nothing behind

  Config bad = emulator_settings();
  bad.credentials([](bool) { return Credentials::password("a:b", "p"); });
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, "colon", Client(bad).jwt_generate());
  bad.credentials([](bool) { return Credentials::password(REGULAR, std::string("p\0q", 3)); });
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, "NUL", Client(bad).jwt_generate());
}

static void what_codes_throw_comes_out() {
  std::string code;
  Config config = emulator_settings();
  config.credentials(Credentials::password(TWOFA, TWOFA_PASSWORD)).otp_from_fn([&]() -> std::string {
    if (code.empty()) throw std::runtime_error("the phone is off");
    return code;
  });
  const Client client(config);
  CHECK(std::string(THROWN_BY(std::runtime_error, client.jwt_generate()).what()) == "the phone is off");
  code = std::string(4096, '1');
  FAILS(BOOMI_ERR_OTP, "too long", client.jwt_generate());
  code = std::string("12\0" "3456", 7);
  FAILS(BOOMI_ERR_OTP, "NUL", client.jwt_generate());
  code = "12 34";
  FAILS(BOOMI_ERR_OTP, "bad code", client.jwt_generate());
}

static void what_an_event_throws_comes_out_after_the_call() {
  bool fail = true;
  Config config = emulator_settings();
  config.credentials(regular()).on_event([&](const boomi::Event &event) {
    if (fail) throw Thrown{int(event.kind())};
  });
  const Client client(config);
  CHECK(THROWN_BY(Thrown, client.jwt_generate()).number == BOOMI_EVENT_TOKEN_ISSUED);
  fail = false;
  client.jwt_generate();

  // The call fails too, and the first exception is the one that comes out.
  Config both = emulator_settings();
  both.credentials([](bool) { return Credentials::password(REGULAR, "wrong"); });
  both.on_event([](const boomi::Event &event) { throw Thrown{int(event.kind())}; });
  CHECK(THROWN_BY(Thrown, Client(both).jwt_generate()).number == BOOMI_EVENT_CREDENTIALS_LOADED);
}

/// A server that takes connections and says nothing.
struct Silent {
  int socket;
  std::string url;

  Silent() : socket(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = sockaddr_in();
    socklen_t size = sizeof address;
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sockaddr *any = reinterpret_cast<sockaddr *>(&address);
    CHECK(bind(socket, any, size) == 0 && listen(socket, 8) == 0 && getsockname(socket, any, &size) == 0);
    url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  ~Silent() { close(socket); }
};

static void what_a_wait_hook_throws_comes_out() {
  const Silent silent;
  std::atomic<int> asked(0);
  bool fail = true;
  Config config;
  config.base_url(silent.url).proxy("").account_id("account123").credentials(regular()).wait_hook([&] {
    if (++asked == 2 && fail) throw Thrown{asked};
    return asked == 3;
  });
  const Client client(config);
  CHECK(THROWN_BY(Thrown, client.get(AUDIT_LOG)).number == 2);
  fail = false;
  asked = 0;
  FAILS(BOOMI_ERR_CANCELED, "", client.jwt_generate());
  CHECK(asked == 3);
}

static void each_thread_gets_its_own() {
  static thread_local int number = 0;
  Config config = emulator_settings();
  config.credentials([](bool) -> Credentials {
    std::this_thread::sleep_for(std::chrono::milliseconds(1)); // so that others are in theirs
    throw Thrown{number};
  });
  const Client client(config);
  std::vector<std::thread> threads;
  for (int i = 1; i <= 8; ++i)
    threads.emplace_back([&client, i] {
      number = i;
      for (int times = 0; times < 10; ++times) CHECK(THROWN_BY(Thrown, client.get(AUDIT_LOG)).number == i);
    });
  for (std::thread &thread : threads) thread.join();
}

static void a_call_inside_a_callback_keeps_its_own() {
  Config inner_config = emulator_settings(), config = emulator_settings();
  inner_config.credentials([](bool) -> Credentials { throw Thrown{1}; });
  const Client inner(inner_config);
  bool let_out = false;
  config.credentials([&](bool) {
    if (let_out) inner.get(AUDIT_LOG);
    CHECK(THROWN_BY(Thrown, inner.get(AUDIT_LOG)).number == 1);
    return regular();
  });
  CHECK(Client(config).get(AUDIT_LOG).status() == 200);
  let_out = true;
  CHECK(THROWN_BY(Thrown, Client(config).get(AUDIT_LOG)).number == 1);
}

/// Counts its copies that live.
struct Counted {
  static std::atomic<int> alive;
  Counted() { ++alive; }
  Counted(const Counted &) { ++alive; }
  ~Counted() { --alive; }
};
std::atomic<int> Counted::alive(0);

static void set_all(Config &config) {
  const Counted counted;
  config.credentials([counted](bool) { return regular(); }).otp_from_fn([counted] { return std::string("123456"); });
  config.on_event([counted](const boomi::Event &) {}).wait_hook([counted] { return false; });
}

static void they_are_destroyed_once() {
  {
    Config config = emulator_settings();
    set_all(config);
    CHECK(Counted::alive == 4);
    set_all(config); // replaces them
    CHECK(Counted::alive == 4);
    const Config copy = config.clone(); // shares them
    Client client(copy);
    CHECK(Counted::alive == 4);
    config = Config();
    CHECK(Counted::alive == 4 && client.jwt_generate().account_id() == "account123");
  }
  CHECK(Counted::alive == 0);

  // Refused with the settings moved from, and still destroyed.
  Config config;
  const Config taken = std::move(config);
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, "NULL", set_all(config));
  CHECK(Counted::alive == 0);
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, "NULL", Config().wait_hook(nullptr));
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, "NULL", Config().on_event(std::function<void(const boomi::Event &)>()));
}

int main() {
  they_give_what_is_asked();
  what_credentials_throw_comes_out();
  what_codes_throw_comes_out();
  what_an_event_throws_comes_out_after_the_call();
  what_a_wait_hook_throws_comes_out();
  each_thread_gets_its_own();
  a_call_inside_a_callback_keeps_its_own();
  they_are_destroyed_once();
  puts("callbacks hold");
}
