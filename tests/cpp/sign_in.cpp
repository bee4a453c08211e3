// The main job, with every class, against the emulator.
#include "check.hpp"

using boomi::Client;
using boomi::Config;
using boomi::Credentials;
using boomi::Request;
using boomi::Response;

static const std::string query = "{\"query\":\"{ organizations { id } }\"}";

static void headers_and_codes() {
  CHECK(boomi::auth_header(BOOMI_CREDENTIAL_API_TOKEN, REGULAR, "api-tok") ==
        "Basic Qk9PTUlfVE9LRU4udXNlckBleGFtcGxlLmNvbTphcGktdG9r");
  CHECK(boomi::auth_username(BOOMI_CREDENTIAL_API_TOKEN, REGULAR) == "BOOMI_TOKEN." REGULAR);
  CHECK(boomi::otp_code(TWOFA_SECRET, 59) == "287082" && boomi::otp_code(TWOFA_SECRET).size() == 6);
  CHECK(boomi::version() == boomi_version());
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, "colon", boomi::auth_header(BOOMI_CREDENTIAL_PASSWORD, "a:b", "p"));
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, "NUL", boomi::auth_username(BOOMI_CREDENTIAL_PASSWORD, std::string("a\0b", 3)));
}

static void records() {
  const Client client = client_of(REGULAR, REGULAR_PASSWORD);
  CHECK(has(body_of(client, AUDIT_LOG), "\"documentId\":\"documentId-321\""));
  Request partner("GET", "/partner" AUDIT_LOG);
  partner.query("overrideAccount", "subaccount456");
  CHECK(has(client.send(partner).check().body(), "\"accountId\":\"subaccount456\""));
  CHECK(has(client.send(Request("GET", DEPLOYMENT).header("Accept", "application/xml")).body(), "&lt;last&gt;"));
  CHECK(client.request("GET", AUDIT_LOG).status() == 200);

  const Response response = client.send(Request("GET", AUDIT_LOG).account_id("subaccount456"));
  CHECK(response.check().status() == 200 && response.message().empty());
  CHECK(has(response.body(), "subaccount456") && response.body() == std::string(response.data(), response.size()));
  CHECK(response.header("Content-TYPE") == "application/json" && response.header("X-None").empty());
  CHECK(response.attempts() == 1 && response.retry_after_ms() == -1);
  std::size_t count = 0;
  for (const boomi::Header header : response.headers()) {
    CHECK(!response.header(header.name).empty() && std::strlen(header.value) > 0);
    ++count;
  }
  CHECK(count == boomi_response_header_count(response.handle()));
}

static void methods_and_bodies() {
  const Client client = client_of(REGULAR, REGULAR_PASSWORD);
  CHECK(client.del(AUDIT_LOG).status() == 405);
  CHECK(client.request("PUT", AUDIT_LOG, std::string("\0{}", 3)).status() == 405);
  CHECK(has(client.post("/graphql", query).check().body(), "organization-1"));
}

static void what_goes_wrong_is_told() {
  const Client client = client_of(REGULAR, "wrong");
  const Response response = client.get(AUDIT_LOG);
  CHECK(response.status() == 401 && response.message() == "Username or password is incorrect");
  FAILS(BOOMI_ERR_CREDENTIALS_REJECTED, "Six rejected", response.check());
  client.reset_guard(); // the guard would hold it back for a minute
  FAILS(BOOMI_ERR_CREDENTIALS_REJECTED, "Six rejected", client.get(AUDIT_LOG).check().body());
  client.reset_guard();
  const boomi::Error error = FAILS(BOOMI_ERR_CREDENTIALS_REJECTED, "need an API token", client.jwt_generate());
  CHECK(error.http_status() == 401 && error.sent() && error.attempts() == 1 && !error.retryable());
  CHECK(error.retry_after_ms() == -1);
  const boomi::Error mine(BOOMI_ERR_OTP, "no code");
  CHECK(mine.code() == BOOMI_ERR_OTP && std::string(mine.what()) == "no code" && mine.http_status() == 0);
  CHECK(!mine.sent() && mine.retry_after_ms() == -1);
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, "not sent elsewhere", client.get("https://example.com/"));
}

static void a_jwt() {
  const Client client = client_of(REGULAR, REGULAR_PASSWORD);
  boomi::Token token = client.jwt_generate();
  CHECK(token.account_id() == "account123" && token.header() == "Bearer " + token.jwt());
  CHECK(token.expires_at() - token.issued_at() >= 299 && token.expires_at() - token.issued_at() <= 301);
  const boomi::Token copy = token;
  token = client.jwt_generate("subaccount456");
  CHECK(token.account_id() == "subaccount456" && copy.account_id() == "account123");
  Request by_hand("POST", "/graphql");
  by_hand.auth(BOOMI_AUTH_NONE).header("Authorization", copy.header(), BOOMI_HEADER_SECRET).body(query);
  CHECK(has(client.send(by_hand).check().body(), "organization-1"));
}

static void a_kept_jwt() {
  const Client client = client_of(REGULAR, REGULAR_PASSWORD);
  const boomi::TokenProvider provider = client.token_provider(), same = client.token_provider("account123");
  const boomi::Token token = provider.get();
  CHECK(token.account_id() == "account123" && same.get(60).jwt() == token.jwt());
  provider.refresh();
  const boomi::Token newer = provider.get(0, boomi::Call());
  CHECK(newer.jwt() != token.jwt() && same.get().jwt() == newer.jwt());
  provider.invalidate(token); // it is not the one that is kept any more
  CHECK(provider.get().jwt() == newer.jwt());
  provider.invalidate(newer);
  CHECK(provider.get().jwt() != newer.jwt());
  CHECK(has(provider.describe(), "\"account_id\":\"account123\"") && !has(provider.describe(), newer.jwt()));
  CHECK(client.token_provider("subaccount456").get().account_id() == "subaccount456");
  boomi::Call call;
  call.cancel();
  FAILS(BOOMI_ERR_CANCELED, "", provider.get(0, call));
  FAILS(BOOMI_ERR_CANCELED, "", provider.refresh(call));
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, "NUL", client.token_provider(std::string("a\0b", 3)));

  // Another origin, without credentials of its own.
  Config config = emulator_settings();
  std::string url = setting("BOOMI_API_URL");
  config.base_url(url.replace(url.find("localhost"), 9, "127.0.0.1")).token_provider(provider);
  CHECK(has(Client(config).get(DEPLOYMENT).check().body(), "\"@type\":\"Deployment\""));
}

static void the_guard_is_reset() {
  const Client client = client_of(REGULAR, "another password");
  FAILS(BOOMI_ERR_CREDENTIALS_REJECTED, "", client.jwt_generate());
  FAILS(BOOMI_ERR_HELD, "", client.jwt_generate());
  const std::string held = client.describe_guard();
  CHECK(has(held, "\"rejections\":1") && has(held, "\"reason\":\"rejected\"") && !has(held, "another password"));
  client.reset_guard();
  FAILS(BOOMI_ERR_CREDENTIALS_REJECTED, "", client.jwt_generate());
  client_of(REGULAR, REGULAR_PASSWORD).jwt_generate(); // others may sign in, and the user is not locked
}

static void a_program_gives_the_credentials() {
  const std::string secret = "\"api_token\":\"" REGULAR_TOKEN "\"}'";
  Config config = emulator_settings();
  config.credential_process("echo '{\"version\":1," + secret, REGULAR);
  const Client client(config);
  CHECK(has(client.describe(), "\"source\":\"process\"") && !has(client.describe(), REGULAR_TOKEN));
  CHECK(client.jwt_generate().account_id() == "account123");
  CHECK(has(client.describe_guard(), "\"username\":\"BOOMI_TOKEN." REGULAR "\"") && has(client.describe_guard(), "\"held\":null"));
  // Without a name here it is the program that names the user.
  config.credential_process("echo '{\"version\":1,\"username\":\"" REGULAR "\"," + secret);
  CHECK(body_of(Client(config), AUDIT_LOG) == body_of(client, AUDIT_LOG));
  config.credential_process("exit 3");
  FAILS(BOOMI_ERR_CONFIG, "exit status 3", Client(config).jwt_generate());
  FAILS(BOOMI_ERR_CONFIG, "exit status 3", Client(config).describe_guard());

  config.keychain("an entry of boomi-auth's tests", REGULAR);
  CHECK(has(Client(config).describe(), "\"source\":\"keychain\",\"username\":\"" REGULAR "\""));
  config.keychain("an entry of boomi-auth's tests");
  FAILS(BOOMI_ERR_CONFIG, "keychain", Client(config).jwt_generate());

  FAILS(BOOMI_ERR_INVALID_ARGUMENT, "credential process is empty", Config().credential_process(""));
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, "colon", Config().credential_process("true", "a:b"));
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, "NUL", Config().credential_process(std::string("a\0b", 3)));
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, "keychain entry is empty", Config().keychain(""));
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, "NUL", Config().keychain("a", std::string("a\0b", 3)));
}

static void one_call() {
  boomi::Call call;
  call.timeout_ms(60000).otp(boomi::otp_code(TWOFA_SECRET));
  const Client client = client_of(TWOFA, TWOFA_PASSWORD);
  CHECK(client.get(AUDIT_LOG, call).check().status() == 200);
  call.cancel();
  FAILS(BOOMI_ERR_CANCELED, "", client.get(AUDIT_LOG, call));
  FAILS(BOOMI_ERR_CANCELED, "", client.jwt_generate("account123", call));
  client.cancel(); // nothing runs
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, "", call.timeout_ms(0));
}

static void streams() {
  const Client client = client_of(REGULAR, REGULAR_PASSWORD);
  const Request request("GET", AUDIT_LOG);
  const std::string whole = client.send(request).body();
  CHECK(client.open(request).check().read_all() == whole);
  Response opened = client.open(request);
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, "read()", opened.check().body());
  CHECK(opened.data() == nullptr && opened.size() == 0);
  char start[5];
  CHECK(opened.check().read(start, 5) == 5 && std::string(start, 5) == whole.substr(0, 5));
  std::string rest;
  opened.for_each_chunk([&](const char *data, std::size_t size) { rest.append(data, size); });
  CHECK(rest == whole.substr(5) && opened.read(start, 5) == 0);
  CHECK(!client.open(Request("GET", "/api/rest/v1/{accountId}/AuditLog/none")).body().empty());
}

static void requests_arrive() {
  const Client client = client_of(REGULAR, REGULAR_PASSWORD);
  std::size_t rows = 0;
  for (const boomi::Response &page : client.pages(Request("POST", QUERY).body("{}").replayable())) {
    const std::string body = page.check().body();
    for (std::size_t at = 0; (at = body.find("\"id\":\"row-", at)) != std::string::npos; ++at) ++rows;
  }
  CHECK(rows == 250);

  // An error leaves the page where it is, and the one before at hand.
  boomi::Pages pages = client.pages(Request("POST", QUERY));
  boomi::Call canceled;
  canceled.cancel();
  CHECK(pages.next() && has(pages.page().body(), "row-100\""));
  FAILS(BOOMI_ERR_CANCELED, "", pages.next(canceled));
  CHECK(has(pages.page().body(), "row-100\""));
  boomi::Pages::iterator page = pages.begin();
  CHECK(page != pages.end() && has(page->body(), "row-101\""));
  ++page;
  CHECK(has((*page).body(), "row-250\""));
  page++;
  CHECK(page == pages.end() && !pages.next() && pages.begin() == pages.end());
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, "ends in /query", client.pages(Request("POST", AUDIT_LOG)));

  boomi::Job job = client.start(Request("GET", ASYNC));
  CHECK(has(job.path(), "/async/AtomCounters/response/"));
  boomi::Call soon;
  soon.timeout_ms(100);
  FAILS(BOOMI_ERR_TIMEOUT, "", job.wait(soon));
  CHECK(has(job.open().check().read_all(), "AtomCounters"));
  CHECK(FAILS(BOOMI_ERR_HTTP_STATUS, "once", job.wait()).http_status() == 204);
  boomi::Job at_once = client.start(Request("GET", AUDIT_LOG));
  CHECK(at_once.path().empty() && has(at_once.wait().body(), "documentId-321"));
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, "given already", at_once.wait());
  const Request execute = std::move(Request("POST", "/api/rest/v1/{accountId}/ExecutionRequest").body("{}"));
  CHECK(has(client.wait(execute).check().body(), "COMPLETE"));
  FAILS(BOOMI_ERR_CANCELED, "", client.start(execute, canceled));
}

static void headers_for_another_library() {
  const Client client = client_of(REGULAR, REGULAR_PASSWORD);
  boomi::Authorization authorization =
      client.authorize(BOOMI_AUTH_BASIC, setting("BOOMI_API_URL") + std::string("/api/rest/v1/account123/AuditLog/1"));
  Request request("GET", AUDIT_LOG);
  request.auth(BOOMI_AUTH_NONE);
  std::size_t count = 0;
  for (const boomi::Header header : authorization) {
    request.header(header.name, header.value, BOOMI_HEADER_SECRET);
    ++count;
  }
  CHECK(count == 1 && authorization.size() == 1);
  const Response response = client.send(request);
  CHECK(!authorization.observe(response.status(), response.body()) && response.status() == 200);
  for (int i = 0; i < 10; ++i) client.authorize(BOOMI_AUTH_BASIC, setting("BOOMI_API_URL")).withdraw();
  CHECK(has(client.describe_guard(), "\"unanswered\":0"));
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, "not sent elsewhere", client.authorize(BOOMI_AUTH_BASIC, "https://example.com/"));
}

static void settings() {
  Config config = emulator_settings();
  config.credentials(Credentials::api_token(REGULAR, REGULAR_TOKEN)).otp_secret(TWOFA_SECRET);
  config.user_agent("my-tool/1.0").max_response_bytes(1 << 20).max_sign_ins_in_flight(2).load_env();
  config.requests_per_second(7).max_retries(2);
  const std::string json = Client(config).describe();
  CHECK(has(json, "\"requests_per_second\":7") && has(json, "\"max_retries\":2"));
  CHECK(has(json, "\"***\"") && has(json, "my-tool/1.0") && !has(json, REGULAR_TOKEN) && !has(json, TWOFA_SECRET));
  Config other = config.clone();
  other.account_id("subaccount456");
  CHECK(has(Client(other).describe(), "subaccount456") && !has(Client(config).describe(), "subaccount456"));
  config.max_response_bytes(8);
  FAILS(BOOMI_ERR_TOO_LARGE, "", Client(config).get(AUDIT_LOG));
  // What a setter threw is thrown again, so that nothing goes out with half of the settings.
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, "https", other.base_url("http://example.com"));
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, "https", Client{other});
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, "6 sign-ins", Config().max_sign_ins_in_flight(6));
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, "empty", Config().state_dir(""));
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, "10001", Config().requests_per_second(10001));
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, "101 retries", Config().max_retries(101));
  FAILS(BOOMI_ERR_INVALID_ARGUMENT, "NUL", Config().state_dir(std::string("/\0", 2)));
  Config().state_dir("/nowhere/yet"); // nothing is looked at before it is needed
}

int main() {
  headers_and_codes();
  records();
  methods_and_bodies();
  what_goes_wrong_is_told();
  a_jwt();
  a_kept_jwt();
  the_guard_is_reset();
  a_program_gives_the_credentials();
  one_call();
  streams();
  requests_arrive();
  headers_for_another_library();
  settings();
  puts("signed in");
}
