// What the C++ programs share: the checks and users of the C programs, and exceptions.
#ifndef CHECK_HPP
#define CHECK_HPP

// Twice, and with the C header between: each may be included however often, in whatever order.
#include "boomi_auth.hpp"
#include "../c/check.h"
#include "boomi_auth.hpp"

#include <fstream>
#include <sstream>
#include <string>

inline boomi::Config emulator_settings() {
  std::ostringstream pem;
  pem << std::ifstream(setting("BOOMI_CA_FILE")).rdbuf();
  boomi::Config config;
  config.base_url(setting("BOOMI_API_URL")).ca_pem(pem.str(), BOOMI_CA_ONLY).account_id("account123").proxy("");
  config.connect_timeout_ms(60000).timeout_ms(120000);
  return config;
}

inline boomi::Client client_of(const std::string &user, const std::string &password) {
  boomi::Config config = emulator_settings();
  config.credentials(boomi::Credentials::password(user, password));
  return boomi::Client(config);
}

/// The exception of type E that `work` throws.
template <class E, class F>
E thrown_by(F work, int line) {
  try {
    work();
  } catch (const E &error) {
    return error;
  } catch (const std::exception &other) {
    fprintf(stderr, "line %d: another exception: %s\n", line, other.what());
    exit(1);
  }
  fprintf(stderr, "line %d: nothing was thrown\n", line);
  exit(1);
}

/// Checks that `work` throws boomi::Error with that code, and with those words in its text.
template <class F>
boomi::Error fails(F work, boomi_code code, const std::string &words, int line) {
  const boomi::Error error = thrown_by<boomi::Error>(work, line);
  if (error.code() != code || std::string(error.what()).find(words) == std::string::npos) {
    fprintf(stderr, "line %d: wanted %d with \"%s\", got %d: %s\n", line, int(code), words.c_str(), int(error.code()),
            error.what());
    exit(1);
  }
  return error;
}

#define THROWN_BY(type, ...) thrown_by<type>([&] { __VA_ARGS__; }, __LINE__)
#define FAILS(code, words, ...) fails([&] { __VA_ARGS__; }, code, words, __LINE__)

inline bool has(const std::string &text, const std::string &words) { return text.find(words) != std::string::npos; }

/// In another translation unit.
std::string body_of(const boomi::Client &client, const std::string &path);

#endif
