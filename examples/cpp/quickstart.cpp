// The main job: sign in to Boomi in every way it knows, get a JWT, and fetch records. The same as ../c/quickstart.c,
// and with the same variables: BOOMI_USERNAME, BOOMI_API_TOKEN, BOOMI_ACCOUNT_ID and BOOMI_API_URL say who and where,
// QUICKSTART_RECORD, _2FA_USERNAME, _2FA_PASSWORD, _2FA_OTP_SECRET and _SUB_ACCOUNT what else there is.
//
// Link it with -lboomi_auth.
#include <boomi_auth.hpp>

#include <cstdlib>
#include <ctime>
#include <functional>
#include <iomanip>
#include <iostream>

static int failures = 0;

static std::string variable(const char *name, const char *otherwise = "") {
  const char *value = std::getenv(name);
  return value == nullptr ? otherwise : value;
}

static void show(const std::string &step, const std::function<std::string()> &work) {
  std::cout << std::left << std::setw(34) << step << " ";
  try {
    std::cout << work() << std::endl;
  } catch (const boomi::Error &error) {
    std::cout << "FAILED: " << error.what() << std::endl;
    ++failures;
  }
}

/// No I/O: the values that any HTTP client can use.
static std::string header(std::uint32_t kind, const std::string &user, const std::string &secret) {
  return "Authorization: " + boomi::auth_header(kind, user, secret).substr(0, 6) + "***  (user " +
         boomi::auth_username(kind, user) + ")";
}

/// The JWT, and a GraphQL answer fetched with it.
static void use_jwt(const boomi::Client &client) {
  boomi::Request request("POST", "/graphql");
  show("JWT", [&] {
    const boomi::Token token = client.jwt_generate();
    // The caller's own header. Without it and BOOMI_AUTH_NONE, the client would put its JWT on by itself.
    request.auth(BOOMI_AUTH_NONE).header("Authorization", token.header(), BOOMI_HEADER_SECRET);
    return token.header().substr(0, 7) + "***  (for " + token.account_id() + ", expires in " +
           std::to_string(token.expires_at() - std::time(nullptr)) + " s)";
  });
  request.body("{\"query\":\"{ organizations { name } }\"}");
  show("GraphQL, with the JWT", [&] { return client.send(request).check().body(); });
}

/// The same record for a user with two-factor authentication: the code goes along by itself.
static std::string with_one_time_code(const std::string &user, const std::string &path) {
  boomi::Config config;
  config.credentials(boomi::Credentials::password(user, variable("QUICKSTART_2FA_PASSWORD")));
  config.otp_secret(variable("QUICKSTART_2FA_OTP_SECRET")).load_env(); // what is still unset: account, URL, CA
  return boomi::Client(config).get(path).check().body();
}

int main() {
  const std::string record = variable("QUICKSTART_RECORD", "documentId-321");
  const std::string audit_log = "/api/rest/v1/{accountId}/AuditLog/" + record;
  const std::string user = variable("QUICKSTART_2FA_USERNAME"), sub_account = variable("QUICKSTART_SUB_ACCOUNT");

  std::cout << "boomi-auth " << boomi::version() << "\n\n";
  show("Basic header, password", [] { return header(BOOMI_CREDENTIAL_PASSWORD, "user@example.com", "my password"); });
  show("Basic header, API token", [] { return header(BOOMI_CREDENTIAL_API_TOKEN, "user@example.com", "my-token"); });
  // The secret and time of RFC 6238's own example. A real code would not be shown.
  show("one-time code (RFC 6238, at 59 s)",
       [] { return boomi::otp_code("GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ", 59); });

  try {
    const auto client = boomi::Client::from_env();
    use_jwt(client);
    show("AuditLog, with the API token", [&] { return client.get(audit_log).check().body(); });
    show("Deployment, with the API token",
         [&] { return client.get("/api/rest/v1/{accountId}/Deployment/" + record).check().body(); });
    show("AuditLog, with X-Boomi-OTP",
         [&] { return user.empty() ? "(QUICKSTART_2FA_USERNAME is not set)" : with_one_time_code(user, audit_log); });
    show("AuditLog, Partner API", [&]() -> std::string {
      if (sub_account.empty()) return "(QUICKSTART_SUB_ACCOUNT is not set)";
      boomi::Request request("GET", "/partner" + audit_log);
      return client.send(request.query("overrideAccount", sub_account)).check().body();
    });
  } catch (const boomi::Error &error) {
    std::cout << "client: " << error.what() << std::endl;
    ++failures;
  }
  return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
