/*
 * boomi-auth for C++11 and later: the C library's handles as classes, in this header alone.
 *
 *   auto client = boomi::Client::from_env();
 *   std::cout << client.get("/api/rest/v1/{accountId}/AuditLog/documentId-321").check().body();
 *
 * Errors     Whatever fails throws boomi::Error; a failed allocation of this header's own throws std::bad_alloc. An
 *            HTTP answer is no failure, whatever its status: Response::check() makes one of it.
 * Ownership  Objects own their handles: movable, not copyable (a Token is; Config has clone()). They may be destroyed
 *            in any order. On one that was moved from, getters give neutral values and the rest throws.
 * Text       std::string in UTF-8; one with a NUL inside is refused. Bodies are std::string, byte for byte.
 * Threads    const member functions may be called by any number of threads at once, the others by one.
 * Callbacks  run on the thread of the call that needs them, perhaps on several at once, and are destroyed
 *            when no settings, client or call uses them any more. They may call getters, but no blocking function of
 *            the same client. What one throws comes out of the call that ran it, unchanged; of several, the first.
 *
 * Constants are those of boomi_auth.h. License: MIT or Apache-2.0.
 */
#ifndef BOOMI_AUTH_HPP
#define BOOMI_AUTH_HPP

#include "boomi_auth.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <functional>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace boomi {

/// A failure: what() says what happened, where, and what to do about it, and never holds a secret.
class Error : public std::runtime_error {
 public:
  /// With a text of your own, for callbacks that want to fail with a code. `code` is one of BOOMI_ERR_*.
  Error(boomi_code code, const std::string &message) : std::runtime_error(message), code_(code) {}

  /// Copies what a C function told, which stays the caller's.
  Error(boomi_code code, const boomi_error *told)
      : std::runtime_error(boomi_error_message(told)),
        code_(code),
        http_status_(boomi_error_http_status(told)),
        retry_after_ms_(boomi_error_retry_after_ms(told)),
        retryable_(boomi_error_retryable(told) != 0),
        sent_(boomi_error_sent(told) != 0),
        attempts_(boomi_error_attempts(told)) {}

  /// One of the BOOMI_ERR_* constants, to which more may be added.
  boomi_code code() const noexcept { return code_; }
  /// The HTTP status of the answer; 0 if no answer arrived.
  int http_status() const noexcept { return http_status_; }
  /// How long to wait before trying again, in milliseconds; -1 if unknown.
  std::int64_t retry_after_ms() const noexcept { return retry_after_ms_; }
  /// Whether the same call, unchanged, may work later.
  bool retryable() const noexcept { return retryable_; }
  /// Whether the request may have taken effect; if not, nothing of it left this machine.
  bool sent() const noexcept { return sent_; }
  /// How many times the request was tried.
  int attempts() const noexcept { return attempts_; }

 private:
  boomi_code code_;
  int http_status_ = 0;
  std::int64_t retry_after_ms_ = -1;
  bool retryable_ = false;
  bool sent_ = false;
  int attempts_ = 0;
};

namespace detail {

struct Free {
  void operator()(char *text) const noexcept { boomi_string_free(text); }  // wiped, then freed
  void operator()(boomi_authorization *handle) const noexcept { boomi_authorization_free(handle); }
  void operator()(boomi_call *handle) const noexcept { boomi_call_free(handle); }
  void operator()(boomi_client *handle) const noexcept { boomi_client_free(handle); }
  void operator()(boomi_config *handle) const noexcept { boomi_config_free(handle); }
  void operator()(boomi_error *handle) const noexcept { boomi_error_free(handle); }
  void operator()(boomi_job *handle) const noexcept { boomi_job_free(handle); }
  void operator()(boomi_pages *handle) const noexcept { boomi_pages_free(handle); }
  void operator()(boomi_request *handle) const noexcept { boomi_request_free(handle); }
  void operator()(boomi_response *handle) const noexcept { boomi_response_free(handle); }
  void operator()(boomi_token *handle) const noexcept { boomi_token_free(handle); }
  void operator()(boomi_token_provider *handle) const noexcept { boomi_token_provider_free(handle); }
};

template <class T>
using Handle = std::unique_ptr<T, Free>;

/// Where callbacks leave what they throw, which must not unwind through the library. Callbacks run on the thread of the
/// call, so the slots of one thread form a stack: each call has its own, on its stack frame, and a call made inside a
/// callback does not disturb the outer one. (A shared library that hides its inline functions has a stack of its own;
/// what a callback set there throws in a call made elsewhere is lost, though the call fails all the same.)
class Slot {
 public:
  Slot() noexcept : outer_(innermost()) { innermost() = this; }
  ~Slot() { innermost() = outer_; }
  Slot(const Slot &) = delete;
  Slot &operator=(const Slot &) = delete;

  void rethrow() {
    if (thrown_) std::rethrow_exception(thrown_);
  }

  /// Keeps the exception in flight, unless there is one already.
  static void keep() noexcept {
    Slot *slot = innermost();
    if (slot != nullptr && !slot->thrown_) slot->thrown_ = std::current_exception();
  }

 private:
  static Slot *&innermost() noexcept {
    static thread_local Slot *slot = nullptr;
    return slot;
  }

  Slot *outer_;
  std::exception_ptr thrown_;
};

/// Calls a C function whose last parameter is the error, and throws what it or a callback of it says.
template <class... P, class... A>
void run(boomi_code (*function)(P...), A... arguments) {
  Slot slot;
  boomi_error *told = nullptr;
  const boomi_code code = function(arguments..., &told);
  const Handle<boomi_error> error(told);
  slot.rethrow();
  if (code != BOOMI_OK) throw Error(code, error.get());
}

/// The same for one that makes a handle or text, its last parameter but one.
template <class T, class... P, class... A>
Handle<T> make(boomi_code (*function)(P...), A... arguments) {
  Slot slot;
  T *made = nullptr;
  boomi_error *told = nullptr;
  const boomi_code code = function(arguments..., &made, &told);
  Handle<T> handle(made);  // owned before anything throws
  const Handle<boomi_error> error(told);
  slot.rethrow();
  if (code != BOOMI_OK) throw Error(code, error.get());
  return handle;
}

/// A text for C, which would not see what follows a NUL.
inline const char *text(const std::string &text) {
  if (text.find('\0') != std::string::npos)
    throw Error(BOOMI_ERR_INVALID_ARGUMENT, "a text has a NUL character inside, which is not allowed");
  return text.c_str();
}

/// A text from C; NULL is empty.
inline std::string string(const char *text) { return text == nullptr ? std::string() : std::string(text); }

/// Overwrites a text, and what a move may have left in its buffer, in a way that no compiler leaves out.
inline void wipe(std::string &text) noexcept {
  text.resize(text.capacity());
  volatile char *bytes = &text[0];
  for (std::size_t i = 0; i < text.size(); ++i) bytes[i] = 0;
  text.clear();
}

}  // namespace detail

/// The version of the library, such as "0.1.0".
inline std::string version() { return boomi_version(); }

/// The user name as it goes into a tool's user field: with "BOOMI_TOKEN." before it, once, for an API token. `kind` is
/// BOOMI_CREDENTIAL_API_TOKEN or BOOMI_CREDENTIAL_PASSWORD. No I/O.
inline std::string auth_username(std::uint32_t kind, const std::string &username) {
  return detail::make<char>(boomi_auth_username, kind, detail::text(username)).get();
}

/// The value of the Authorization header, "Basic ...", a secret. No I/O.
inline std::string auth_header(std::uint32_t kind, const std::string &username, const std::string &secret) {
  return detail::make<char>(boomi_auth_header, kind, detail::text(username), detail::text(secret)).get();
}

/// The one-time code of `secret`, base32 or an `otpauth://totp/` URI, at `unix_time` in seconds; below 0 means now.
/// No I/O.
inline std::string otp_code(const std::string &secret, std::int64_t unix_time = -1) {
  return detail::make<char>(boomi_otp_code, detail::text(secret), unix_time).get();
}

/// Who signs in. The secret is wiped when this is destroyed.
class Credentials {
 public:
  /// An API token. `username` is the e-mail address that Boomi shows, with or without "BOOMI_TOKEN.".
  static Credentials api_token(const std::string &username, const std::string &token) {
    return Credentials(BOOMI_CREDENTIAL_API_TOKEN, username, token);
  }
  /// The user's own password.
  static Credentials password(const std::string &username, const std::string &password) {
    return Credentials(BOOMI_CREDENTIAL_PASSWORD, username, password);
  }

  Credentials(const Credentials &) = default;
  Credentials &operator=(const Credentials &) = delete;  // would leave what it replaces in memory
  ~Credentials() { detail::wipe(secret_); }

 private:
  friend class Config;
  Credentials(std::uint32_t kind, const std::string &username, const std::string &secret)
      : kind_(kind), username_(username), secret_(secret) {}

  std::uint32_t kind_;
  std::string username_;
  std::string secret_;
};

class TokenProvider;

/// Something that happened in a client, without secrets. Borrowed for the callback that gets it.
class Event {
 public:
  explicit Event(const boomi_event *event) noexcept : event_(event) {}
  /// One of the BOOMI_EVENT_* constants, to which more may be added.
  std::uint32_t kind() const noexcept { return boomi_event_kind(event_); }
  /// The event as a JSON object: {"event": name, ...fields}.
  std::string json() const { return detail::string(boomi_event_json(event_)); }

 private:
  const boomi_event *event_;
};

/// Settings for a client. Setters may be chained:
///
///   boomi::Config config;
///   config.credentials(boomi::Credentials::api_token("user@example.com", token)).account_id("account123");
///   boomi::Client client(config);
///
/// A setter that fails throws, and leaves its error behind, so that a Client of these settings is not made either.
class Config {
 public:
  /// Defaults. Nothing is read from the environment until load_env().
  Config() : handle_(boomi_config_new()) {}

  /// A copy, which shares callbacks with the original.
  Config clone() const { return Config(boomi_config_clone(handle_.get())); }

  /// Who signs in.
  Config &credentials(const Credentials &who) {
    return set(boomi_config_set_credentials, who.kind_, detail::text(who.username_), detail::text(who.secret_));
  }
  /// A function that gives the credentials: before the first sign-in, and, with `rejected`, before the next one after
  /// the server rejected what it gave.
  Config &credentials(std::function<Credentials(bool rejected)> give) {
    const boomi_credentials_callback callback = give_credentials;
    return call_back(boomi_config_set_credentials_callback, callback, std::move(give));
  }
  /// The account that {accountId} in a path and a JWT without its own account stand for.
  Config &account_id(const std::string &account_id) {
    return set(boomi_config_set_account_id, detail::text(account_id));
  }
  /// The platform's address without a path; the default is BOOMI_BASE_URL_US. https; http to loopback addresses only.
  Config &base_url(const std::string &url) { return set(boomi_config_set_base_url, detail::text(url)); }
  /// The secret for one-time codes: base32 as people paste it, or an `otpauth://totp/` URI.
  Config &otp_secret(const std::string &base32_or_otpauth_uri) {
    return set(boomi_config_set_otp_secret, detail::text(base32_or_otpauth_uri));
  }
  /// A function that gives one-time codes instead. Its time counts against the call's deadline.
  Config &otp_from_fn(std::function<std::string()> give) {
    return call_back(boomi_config_set_otp_callback, boomi_otp_callback(give_code), std::move(give));
  }
  /// How long a new connection may take, in milliseconds, above 0: name, TCP, proxy and TLS together. Default 5000.
  Config &connect_timeout_ms(std::uint32_t timeout) { return set(boomi_config_set_connect_timeout_ms, timeout); }
  /// How long one call may take, all told, in milliseconds, above 0. Default 60000.
  Config &timeout_ms(std::uint32_t timeout) { return set(boomi_config_set_timeout_ms, timeout); }
  /// A PEM bundle of certificate authorities. `mode` is BOOMI_CA_ONLY or BOOMI_CA_ADD.
  Config &ca_pem(const std::string &pem, std::uint32_t mode) {
    return set(boomi_config_set_ca_pem, pem.data(), pem.size(), mode);
  }
  /// The proxy, "http://user:password@host:port"; "" for none, not even the environment's.
  Config &proxy(const std::string &url) { return set(boomi_config_set_proxy, detail::text(url)); }
  /// Put before our own product in the User-Agent header: "my-tool/1.0".
  Config &user_agent(const std::string &product) { return set(boomi_config_set_user_agent, detail::text(product)); }
  /// The largest body of an answer, in bytes, above 0. Default 64 MiB.
  Config &max_response_bytes(std::uint64_t bytes) { return set(boomi_config_set_max_response_bytes, bytes); }
  /// How many sign-ins of credentials that were accepted lately may wait for their answers at once: 1 to 5, default 3.
  Config &max_sign_ins_in_flight(std::uint32_t count) { return set(boomi_config_set_max_sign_ins_in_flight, count); }
  /// How many requests of one account may go out in any second, from all threads of the client: Boomi's 10 unless set, up
  /// to 10000, 0 for as many as come. Others wait; one whose turn would come after its deadline gets
  /// BOOMI_ERR_RATE_LIMITED at once.
  Config &requests_per_second(std::uint32_t requests) { return set(boomi_config_set_requests_per_second, requests); }
  /// How often a request is sent again, where that helps and can do no harm: 4 unless set, up to 100, 0 for never. See
  /// Client::send().
  Config &max_retries(std::uint32_t retries) { return set(boomi_config_set_max_retries, retries); }
  /// Credentials from a program; `username` may be empty. See boomi_config_set_credential_process().
  Config &credential_process(const std::string &command, const std::string &username = std::string()) {
    return set(boomi_config_set_credential_process, detail::text(command), username.empty() ? nullptr : detail::text(username));
  }
  /// Credentials of the operating system's keychain; `username` may be empty. See boomi_config_set_keychain().
  Config &keychain(const std::string &entry, const std::string &username = std::string()) {
    return set(boomi_config_set_keychain, detail::text(entry), username.empty() ? nullptr : detail::text(username));
  }
  /// A directory in which the guard remembers rejected sign-ins, so that programs that start often, or many at once, do
  /// not lock the user together. Off by default. If it cannot be used, an event says so, and no call fails.
  Config &state_dir(const std::string &path) { return set(boomi_config_set_state_dir, detail::text(path)); }
  Config &store(const std::string &url) { return set(boomi_config_set_store, detail::text(url)); }
  /// The provider whose JWT goes with this client's requests, for another host that takes the platform's bearer.
  /// BOOMI_AUTH_AUTO then means a JWT for every request. It may be destroyed afterwards.
  Config &token_provider(const TokenProvider &provider);
  /// A function that is told what the client does. What it throws comes out when the call is over, instead of the
  /// call's result: to watch only, do not throw.
  Config &on_event(std::function<void(const Event &)> handler) {
    return call_back(boomi_config_set_event_callback, boomi_event_callback(tell), std::move(handler));
  }
  /// A function that is asked at least every 100 ms while a call waits: true ends the call with BOOMI_ERR_CANCELED.
  Config &wait_hook(std::function<bool()> hook) {
    return call_back(boomi_config_set_wait_callback, boomi_wait_callback(ask), std::move(hook));
  }
  /// Fills what is unset from the BOOMI_* variables of the environment: all of it or, on failure, nothing.
  Config &load_env() { return set(boomi_config_load_env); }

  /// The C handle, still owned by this; NULL if it was moved from.
  const boomi_config *handle() const noexcept { return handle_.get(); }

 private:
  explicit Config(boomi_config *handle) noexcept : handle_(handle) {}

  template <class... P, class... A>
  Config &set(boomi_code (*setter)(P...), A... arguments) {
    detail::run(setter, handle_.get(), arguments...);
    return *this;
  }

  /// The setter takes the function with it, also if it fails. An empty one is refused as a NULL callback is in C.
  template <class C, class... P, class F>
  Config &call_back(boomi_code (*setter)(P...), C callback, std::function<F> function) {
    const bool is_empty = !function;
    void *data = new std::function<F>(std::move(function));
    return set(setter, is_empty ? C(nullptr) : callback, data, &release<std::function<F>>);
  }

  // What the library calls. Nothing may leave these but by their results.

  template <class F>
  static void release(void *data) {
    delete static_cast<F *>(data);
  }

  static std::int32_t give_credentials(void *data, std::int32_t rejected, boomi_credentials *out) {
    try {
      const Credentials who = (*static_cast<std::function<Credentials(bool)> *>(data))(rejected != 0);
      const char *username = detail::text(who.username_), *secret = detail::text(who.secret_);
      detail::run(boomi_credentials_set, out, who.kind_, username, secret);
      return 0;
    } catch (...) {
      detail::Slot::keep();
      return 1;
    }
  }

  static std::int32_t give_code(void *data, char *out, std::size_t size) {
    try {
      std::string code = (*static_cast<std::function<std::string()> *>(data))();
      const std::size_t length = code.size();
      const bool fits = length < size && code.find('\0') == std::string::npos;
      if (fits) std::memcpy(out, code.c_str(), length + 1);
      detail::wipe(code);
      if (!fits) throw Error(BOOMI_ERR_OTP, "the one-time code is too long, or has a NUL character inside");
      return 0;
    } catch (...) {
      detail::Slot::keep();
      return 1;
    }
  }

  static void tell(void *data, const boomi_event *event) {
    try {
      (*static_cast<std::function<void(const Event &)> *>(data))(Event(event));
    } catch (...) {
      detail::Slot::keep();
    }
  }

  static std::int32_t ask(void *data) {
    try {
      return (*static_cast<std::function<bool()> *>(data))() ? 1 : 0;
    } catch (...) {
      detail::Slot::keep();
      return 1;
    }
  }

  detail::Handle<boomi_config> handle_;
};

/// One call's own limits, and the means to cancel it. It may be in use by several calls at once.
class Call {
 public:
  /// The client's limits.
  Call() : handle_(boomi_call_new()) {}

  /// How long the whole call may take, in milliseconds, above 0, instead of the client's timeout.
  Call &timeout_ms(std::uint32_t timeout) {
    detail::run(boomi_call_set_timeout_ms, handle_.get(), timeout);
    return *this;
  }
  /// A one-time code that the user typed: sent with the first password sign-in, once, and forgotten.
  Call &otp(const std::string &code) {
    detail::run(boomi_call_set_otp, handle_.get(), detail::text(code));
    return *this;
  }
  /// Ends what runs with this within 100 ms, with BOOMI_ERR_CANCELED, and every later call with it at once. From any
  /// thread.
  void cancel() const noexcept { boomi_call_cancel(handle_.get()); }

  /// What is used where no call is given: the client's limits, and nothing to cancel.
  static Call none() noexcept { return Call(nullptr); }
  /// The C handle, still owned by this; NULL if it is none() or was moved from.
  const boomi_call *handle() const noexcept { return handle_.get(); }

 private:
  explicit Call(std::nullptr_t) noexcept {}

  detail::Handle<boomi_call> handle_;
};

/// A header, borrowed from the answer or authorization that it belongs to.
struct Header {
  const char *name;  ///< In lower case.
  const char *value;
};

namespace detail {

/// The headers of a handle, one after the other.
template <class T, const char *(*Name)(const T *, std::size_t), const char *(*Value)(const T *, std::size_t)>
class HeaderIterator {
 public:
  typedef std::input_iterator_tag iterator_category;
  typedef Header value_type;
  typedef std::ptrdiff_t difference_type;
  typedef const Header *pointer;
  typedef Header reference;

  HeaderIterator(const T *handle, std::size_t index) noexcept : handle_(handle), index_(index) {}
  Header operator*() const noexcept { return Header{Name(handle_, index_), Value(handle_, index_)}; }
  HeaderIterator &operator++() noexcept {
    ++index_;
    return *this;
  }
  HeaderIterator operator++(int) noexcept { return HeaderIterator(handle_, index_++); }
  friend bool operator==(const HeaderIterator &a, const HeaderIterator &b) noexcept { return a.index_ == b.index_; }
  friend bool operator!=(const HeaderIterator &a, const HeaderIterator &b) noexcept { return a.index_ != b.index_; }

 private:
  const T *handle_;
  std::size_t index_;
};

}  // namespace detail

/// One request to a client's origin, which may be sent any number of times, by several threads at once. Setters may be
/// chained; one that fails throws, and leaves its error behind, so that the request is not sent either:
///
///   client.send(boomi::Request("GET", path).query("overrideAccount", "subaccount456"))
class Request {
 public:
  /// `path_or_url` is a path, in which {accountId} is filled in when it is sent, or a URL of the client's origin.
  /// Special characters in it must be percent-encoded.
  Request(const std::string &method, const std::string &path_or_url)
      : handle_(detail::make<boomi_request>(boomi_request_new, detail::text(method), detail::text(path_or_url))) {}

  /// How the request is signed in: one of the BOOMI_AUTH_* constants.
  Request &auth(std::uint32_t scheme) { return set(boomi_request_set_auth, scheme); }
  /// The account that {accountId} and a JWT stand for, instead of the client's.
  Request &account_id(const std::string &account_id) {
    return set(boomi_request_set_account_id, detail::text(account_id));
  }
  /// Adds `name=value` to the query, percent-encoded.
  Request &query(const std::string &name, const std::string &value) {
    return set(boomi_request_add_query, detail::text(name), detail::text(value));
  }
  /// Sets a header. `flags` is 0, BOOMI_HEADER_SECRET, BOOMI_HEADER_ADD or both. Authorization needs BOOMI_AUTH_NONE.
  Request &header(const std::string &name, const std::string &value, std::uint32_t flags = 0) {
    return set(boomi_request_set_header, detail::text(name), detail::text(value), flags);
  }
  /// The body, copied. Sent as JSON unless a Content-Type is set.
  Request &body(const std::string &bytes) { return set(boomi_request_set_body, bytes.data(), bytes.size()); }
  /// Whether it may be sent again after a failure, although it may have taken effect the first time. See Client::send().
  Request &replayable(bool replayable = true) {
    return set(boomi_request_set_replayable, std::int32_t(replayable ? 1 : 0));
  }

  /// The C handle, still owned by this; NULL if it was moved from.
  const boomi_request *handle() const noexcept { return handle_.get(); }

 private:
  template <class... P, class... A>
  Request &set(boomi_code (*setter)(P...), A... arguments) {
    detail::run(setter, handle_.get(), arguments...);
    return *this;
  }

  detail::Handle<boomi_request> handle_;
};

/// An HTTP answer, whatever its status.
class Response {
 public:
  typedef detail::HeaderIterator<boomi_response, boomi_response_header_name, boomi_response_header_value> iterator;

  /// Its headers, for a range-based for loop. Borrowed from the answer.
  class Headers {
   public:
    iterator begin() const noexcept { return iterator(handle_, 0); }
    iterator end() const noexcept { return iterator(handle_, boomi_response_header_count(handle_)); }

   private:
    friend class Response;
    explicit Headers(const boomi_response *handle) noexcept : handle_(handle) {}
    const boomi_response *handle_;
  };

  /// The HTTP status; 0 if this was moved from.
  int status() const noexcept { return boomi_response_status(handle_.get()); }

  /// Throws what a bad answer means, with Boomi's own message and what to do; gives a good one back. GraphQL's errors
  /// in an answer with status 200 count. Errors: BOOMI_ERR_CREDENTIALS_REJECTED, _PERMISSION_DENIED, _RATE_LIMITED,
  /// _HTTP_STATUS.
  const Response &check() const & {
    detail::run(boomi_response_check, handle_.get());
    return *this;
  }
  Response &check() & {
    detail::run(boomi_response_check, handle());
    return *this;
  }
  Response check() && {  // by value, so that no reference outlives a temporary
    detail::run(boomi_response_check, handle());
    return std::move(*this);
  }

  /// The body, byte for byte, copied; data() and size() copy nothing. Throws if it is still to be read, after open().
  std::string body() const {
    std::size_t size = 0;
    const std::uint8_t *data = boomi_response_body(handle_.get(), &size);
    if (data == nullptr)
      throw Error(BOOMI_ERR_INVALID_ARGUMENT, "there is no body here: that of an opened answer is had with read()");
    return std::string(reinterpret_cast<const char *>(data), size);
  }
  /// The body, borrowed. A 0 byte follows the last. NULL if it is still to be read, after open().
  const char *data() const noexcept {
    return reinterpret_cast<const char *>(boomi_response_body(handle_.get(), nullptr));
  }
  /// How many bytes data() has.
  std::size_t size() const noexcept {
    std::size_t size = 0;
    boomi_response_body(handle_.get(), &size);
    return size;
  }

  /// Reads some of the body of an answer from Client::open() or Job::open() into `buffer`, which has room for `size` bytes. Gives how
  /// many; 0 at the end. A read that nothing arrives for ends after the call's timeout.
  std::size_t read(void *buffer, std::size_t size) {
    std::size_t amount = 0;
    detail::run(boomi_response_read, handle_.get(), buffer, size, &amount);
    return amount;
  }
  /// Reads the rest, and gives each piece to `take(const char *data, std::size_t size)`, in constant memory.
  template <class F>
  void for_each_chunk(F take) {
    std::vector<char> buffer(64 * 1024);
    while (const std::size_t amount = read(buffer.data(), buffer.size())) take(buffer.data(), amount);
  }
  /// Reads the rest, however large it is.
  std::string read_all() {
    std::string all;
    for_each_chunk([&all](const char *data, std::size_t size) { all.append(data, size); });
    return all;
  }

  /// The value of the first header of that name, in whatever case; empty if there is none.
  std::string header(const std::string &name) const {
    return detail::string(boomi_response_header(handle_.get(), detail::text(name)));
  }
  /// All headers: `for (const boomi::Header header : response.headers())`.
  Headers headers() const & noexcept { return Headers(handle_.get()); }
  Headers headers() && = delete;  // would outlive what it borrows from
  /// Boomi's own text about an error, out of JSON, XML, HTML or GraphQL; empty if there is none.
  std::string message() const { return detail::string(boomi_response_message(handle_.get())); }
  /// How many times the request was tried: 1 if it was sent once.
  int attempts() const noexcept { return boomi_response_attempts(handle_.get()); }
  /// What the server said to wait before trying again, in milliseconds; -1 if it did not say.
  std::int64_t retry_after_ms() const noexcept { return boomi_response_retry_after_ms(handle_.get()); }

  /// The C handle, still owned by this; NULL if it was moved from.
  const boomi_response *handle() const noexcept { return handle_.get(); }

 private:
  friend class Client;
  friend class Job;
  friend class Pages;
  explicit Response(detail::Handle<boomi_response> handle) noexcept : handle_(std::move(handle)) {}

  detail::Handle<boomi_response> handle_;
};

/// A JWT for one account: immutable. Copies share it; the last one wipes it.
class Token {
 public:
  Token(const Token &other) : handle_(boomi_token_clone(other.handle_.get())) {}
  Token(Token &&) noexcept = default;
  Token &operator=(Token other) noexcept {
    handle_ = std::move(other.handle_);
    return *this;
  }
  ~Token() = default;

  /// The JWT itself, a secret.
  std::string jwt() const { return detail::string(boomi_token_jwt(handle_.get())); }
  /// The value of the Authorization header, "Bearer ...", a secret.
  std::string header() const { return detail::string(boomi_token_header(handle_.get())); }
  /// The account that it is for.
  std::string account_id() const { return detail::string(boomi_token_account_id(handle_.get())); }
  /// When it was asked for: Unix seconds, by this machine's clock.
  std::int64_t issued_at() const noexcept { return boomi_token_issued_at(handle_.get()); }
  /// When it dies: Unix seconds, by this machine's clock, whatever the server's says.
  std::int64_t expires_at() const noexcept { return boomi_token_expires_at(handle_.get()); }

  /// The C handle, still owned by this; NULL if it was moved from.
  const boomi_token *handle() const noexcept { return handle_.get(); }

 private:
  friend class Client;
  friend class TokenProvider;
  explicit Token(detail::Handle<boomi_token> handle) noexcept : handle_(std::move(handle)) {}

  detail::Handle<boomi_token> handle_;
};

/// Hands out a JWT for one account: a kept one, renewed before it dies. From Client::token_provider(). All providers of
/// one client and account, and the client's own requests, share one token. It keeps its client alive, has no thread,
/// and may be used by any number of threads at once.
class TokenProvider {
 public:
  /// A JWT with at least `min_validity_s` seconds left, as far as the server gives one; 0 is right for a request that
  /// is sent at once. Without I/O while the kept one is fresh. If the server cannot be reached, one with less left is
  /// given as long as it lives. Errors: with no living token those of Client::jwt_generate().
  Token get(std::uint32_t min_validity_s = 0, const Call &call = Call::none()) const {
    return Token(detail::make<boomi_token>(boomi_token_provider_get, handle(), min_validity_s, call.handle()));
  }
  /// Asks the server for a new JWT now, or joins whoever does; for callers with a timer of their own. If it fails, what
  /// is kept stays. Errors: those of Client::jwt_generate().
  void refresh(const Call &call = Call::none()) const {
    detail::run(boomi_token_provider_refresh, handle(), call.handle());
  }
  /// Says that an API refused `rejected` with 401, so that the next get() has another. One that was replaced since, or
  /// comes from elsewhere, changes nothing.
  void invalidate(const Token &rejected) const {
    detail::Slot slot;
    boomi_token_provider_invalidate(handle(), rejected.handle());
    slot.rethrow();
  }
  /// The token's times and what happened so far as a JSON object; never a secret. No I/O.
  std::string describe() const { return detail::make<char>(boomi_token_provider_describe, handle()).get(); }

  /// The C handle, still owned by this; NULL if it was moved from.
  const boomi_token_provider *handle() const noexcept { return handle_.get(); }

 private:
  friend class Client;
  explicit TokenProvider(detail::Handle<boomi_token_provider> handle) noexcept : handle_(std::move(handle)) {}

  detail::Handle<boomi_token_provider> handle_;
};

inline Config &Config::token_provider(const TokenProvider &provider) {
  return set(boomi_config_set_token_provider, provider.handle());
}

/// The headers that sign in one request of another HTTP library, which must not follow redirects with them:
///
///   auto authorization = client.authorize(BOOMI_AUTH_BASIC, url);
///   for (const boomi::Header header : authorization) ...
///   if (authorization.observe(status, body)) ...  // authorize anew and send once more
class Authorization {
 public:
  typedef detail::HeaderIterator<boomi_authorization, boomi_authorization_name, boomi_authorization_value> iterator;

  iterator begin() const noexcept { return iterator(handle_.get(), 0); }
  iterator end() const noexcept { return iterator(handle_.get(), size()); }
  /// How many headers there are.
  std::size_t size() const noexcept { return boomi_authorization_count(handle_.get()); }

  /// Learns from the answer, whose body may be left out if it is not at hand. True if it helps to authorize anew and
  /// send once more: a refused JWT has been replaced, or can be. The first call counts. To be called for every Basic
  /// authorization: one that is destroyed without that or withdraw() counts as a sign-in without an answer, and after
  /// five of those in a row nothing is sent any more until Client::reset_guard().
  bool observe(int status, const std::string &body = std::string()) {
    std::int32_t send_again = 0;
    detail::run(boomi_authorization_observe, handle_.get(), status, body.data(), body.size(), &send_again);
    return send_again != 0;
  }

  /// Says that no byte of the request was sent, because there was no connection: then it counts as nothing.
  void withdraw() noexcept { boomi_authorization_withdraw(handle_.get()); }

  /// The C handle, still owned by this; NULL if it was moved from.
  const boomi_authorization *handle() const noexcept { return handle_.get(); }

 private:
  friend class Client;
  explicit Authorization(detail::Handle<boomi_authorization> handle) noexcept : handle_(std::move(handle)) {}

  detail::Handle<boomi_authorization> handle_;
};

/// The pages of a query, one after another, each with up to a hundred results. From Client::pages(). It keeps its client
/// alive. Each page is a call of its own, with its own deadline and tries.
///
///   for (const boomi::Response &page : client.pages(boomi::Request("POST", path).body(filter))) ...
///
/// An error loses nothing: next(), or a loop over the same object, goes on with the page that failed.
class Pages {
 public:
  /// Asks for each page when it gets there.
  class iterator {
   public:
    typedef std::input_iterator_tag iterator_category;
    typedef Response value_type;
    typedef std::ptrdiff_t difference_type;
    typedef Response *pointer;
    typedef Response &reference;

    Response &operator*() const noexcept { return pages_->page_; }
    Response *operator->() const noexcept { return &pages_->page_; }
    iterator &operator++() {
      if (!pages_->next()) pages_ = nullptr;
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator &a, const iterator &b) noexcept { return a.pages_ == b.pages_; }
    friend bool operator!=(const iterator &a, const iterator &b) noexcept { return a.pages_ != b.pages_; }

   private:
    friend class Pages;
    explicit iterator(Pages *pages) noexcept : pages_(pages) {}
    Pages *pages_;
  };

  /// Asks for the next page, which page() is then; false after the last one. Errors: those of Client::send(); those of
  /// Response::check() for an answer of another status than 200; BOOMI_ERR_PROTOCOL if it is no page.
  bool next(const Call &call = Call::none()) {
    page_ = Response(detail::make<boomi_response>(boomi_pages_next, handle_.get(), call.handle()));
    return page_.handle() != nullptr;
  }
  /// The page that next() asked for, which may be moved from. Replaced by the following one.
  Response &page() & noexcept { return page_; }
  Response &page() && = delete;  // would outlive what it belongs to

  /// Asks for the next page, the first one if there was none yet.
  iterator begin() & { return next() ? iterator(this) : end(); }
  iterator begin() && = delete;
  iterator end() const noexcept { return iterator(nullptr); }

  /// The C handle, still owned by this; NULL if it was moved from.
  const boomi_pages *handle() const noexcept { return handle_.get(); }

 private:
  friend class Client;
  explicit Pages(detail::Handle<boomi_pages> handle) noexcept
      : handle_(std::move(handle)), page_(detail::Handle<boomi_response>()) {}

  detail::Handle<boomi_pages> handle_;
  Response page_;
};

/// Work that the server does in its own time, and whose result it gives when it is asked often enough. From
/// Client::start(). It keeps its client alive; the work goes on without it.
class Job {
 public:
  /// Waits for the result, and gives it whatever its status. After an error, BOOMI_ERR_TIMEOUT among them, the work goes
  /// on, and this can be called again; but what came at once, and what Boomi keeps under an asyncToken, is given once.
  /// Errors: those of Client::send(); BOOMI_ERR_HTTP_STATUS with the status 204 for a result that is gone.
  Response wait(const Call &call = Call::none()) {
    return Response(detail::make<boomi_response>(boomi_job_wait, handle_.get(), call.handle()));
  }
  /// The same, and leaves the body to be had with Response::read(): for downloads of any size.
  Response open(const Call &call = Call::none()) {
    return Response(detail::make<boomi_response>(boomi_job_open, handle_.get(), call.handle()));
  }
  /// Where the result is asked for with a GET: a path, in which {accountId} is still to be filled in, or a URL; empty if
  /// it came at once. What Request::query() added is not in it.
  std::string path() const { return detail::string(boomi_job_path(handle_.get())); }

  /// The C handle, still owned by this; NULL if it was moved from.
  const boomi_job *handle() const noexcept { return handle_.get(); }

 private:
  friend class Client;
  explicit Job(detail::Handle<boomi_job> handle) noexcept : handle_(std::move(handle)) {}

  detail::Handle<boomi_job> handle_;
};

/// A client for one origin and one user: immutable, used by any number of threads at once, owner of its connections.
/// Calls block until their answer is there, and throw Error: BOOMI_ERR_INVALID_ARGUMENT, _CONFIG, _OTP, _CONNECT,
/// _PROXY, _TLS, _TIMEOUT, _PROTOCOL, _TOO_LARGE, _CANCELED; those that sign in also BOOMI_ERR_HELD; where a JWT is
/// needed also those of jwt_generate().
class Client {
 public:
  /// A client with these settings, which may be changed or destroyed afterwards. No I/O.
  explicit Client(const Config &config) : Client(detail::make<boomi_client>(boomi_client_new, config.handle())) {}

  /// A client from the environment's BOOMI_* variables alone; credentials must be there. Errors: BOOMI_ERR_CONFIG, with
  /// what is missing and where Boomi shows it.
  static Client from_env() { return Client(detail::make<boomi_client>(boomi_client_from_env)); }

  /// Sends a GET for a path, in which {accountId} is filled in, or a URL of the client's origin. More than a path, a
  /// method and a body is set on a Request, and sent with send().
  Response get(const std::string &path_or_url, const Call &call = Call::none()) const {
    return request("GET", path_or_url, call);
  }
  /// Sends a DELETE.
  Response del(const std::string &path_or_url, const Call &call = Call::none()) const {
    return request("DELETE", path_or_url, call);
  }
  /// Sends a POST, as JSON.
  Response post(const std::string &path_or_url, const std::string &body, const Call &call = Call::none()) const {
    return request("POST", path_or_url, body, call);
  }
  /// Sends a request of any method, without a body.
  Response request(const std::string &method, const std::string &path_or_url, const Call &call = Call::none()) const {
    return send(Request(method, path_or_url), call);
  }
  /// Sends a request of any method, with a body, as JSON.
  Response request(const std::string &method, const std::string &path_or_url, const std::string &body,
                   const Call &call = Call::none()) const {
    return send(Request(method, path_or_url).body(body), call);
  }

  /// Sends a request, and gives the answer whatever its status: the last one, if it was sent several times. Redirects are
  /// not followed.
  ///
  /// It waits for its turn (Config::requests_per_second()), and is sent again (Config::max_retries()) after a connection
  /// that failed or was lost and after 429, 502, 503 or 504, if it may be repeated: GET, HEAD, DELETE, OPTIONS, the POSTs
  /// that read, and what Request::replayable() marks. Any other only if it certainly had no effect: after an error with
  /// Error::sent() it may have had one. The details are with boomi_client_send(). Errors: also BOOMI_ERR_RATE_LIMITED, if
  /// the turn would come after the deadline.
  Response send(const Request &request, const Call &call = Call::none()) const {
    return Response(detail::make<boomi_response>(boomi_client_send, handle(), request.handle(), call.handle()));
  }
  /// Sends a request, and returns when status and headers are there. The body is then had with Response::read(), in
  /// constant memory however large it is. Only that of a status of 400 or more is read at once, and had with body().
  Response open(const Request &request, const Call &call = Call::none()) const {
    return Response(detail::make<boomi_response>(boomi_client_open, handle(), request.handle(), call.handle()));
  }

  /// The pages of a query: `request`, which is copied, is a POST to a path that ends in /query. No I/O.
  Pages pages(const Request &request) const {
    return Pages(detail::make<boomi_pages>(boomi_pages_new, handle(), request.handle()));
  }
  /// Sends a request for work that the server does in its own time (under /async/, an ExecutionRequest, a download such as
  /// ProcessLog), and reads where its result will be. Errors: also those of Response::check(); BOOMI_ERR_PROTOCOL if that is
  /// of another origin.
  Job start(const Request &request, const Call &call = Call::none()) const {
    return Job(detail::make<boomi_job>(boomi_job_start, handle(), request.handle(), call.handle()));
  }
  /// Starts such work and waits for its result, all within one deadline. After an error the work may go on, and where its
  /// result will be is lost: start() gives a Job, which keeps it.
  Response wait(const Request &request, const Call &call = Call::none()) const {
    return Response(detail::make<boomi_response>(boomi_client_wait, handle(), request.handle(), call.handle()));
  }

  /// Asks the server for a JWT for the client's own account, always. Errors: also BOOMI_ERR_CREDENTIALS_REJECTED,
  /// _PERMISSION_DENIED, _RATE_LIMITED, _HTTP_STATUS.
  Token jwt_generate(const Call &call = Call::none()) const { return jwt(nullptr, call); }
  /// The same for another account.
  Token jwt_generate(const std::string &account_id, const Call &call = Call::none()) const {
    return jwt(detail::text(account_id), call);
  }

  /// A provider of JWTs for the client's own account: kept, and renewed before they die. No I/O. Errors:
  /// BOOMI_ERR_CONFIG if there is no account id.
  TokenProvider token_provider() const { return provider(nullptr); }
  /// The same for another account.
  TokenProvider token_provider(const std::string &account_id) const { return provider(detail::text(account_id)); }

  /// Headers for one request of another HTTP library to `url`, which must be on the client's origin. `scheme` is one of
  /// the BOOMI_AUTH_* constants; with a JWT this may ask the server for one. With Basic it takes a place in the guard,
  /// which Authorization::observe() gives back.
  Authorization authorize(std::uint32_t scheme, const std::string &url, const Call &call = Call::none()) const {
    return Authorization(
        detail::make<boomi_authorization>(boomi_client_authorize, handle(), scheme, detail::text(url), call.handle()));
  }

  /// The settings in force as a JSON object; secrets are "***". No I/O.
  std::string describe() const { return detail::make<char>(boomi_client_describe, handle()).get(); }
  /// What the guard knows of this client's user, as JSON. See boomi_client_describe_guard().
  std::string describe_guard() const { return detail::make<char>(boomi_client_describe_guard, handle()).get(); }
  /// Ends every call that has begun, within 100 ms, with BOOMI_ERR_CANCELED. Later calls work. From any thread.
  void cancel() const noexcept { boomi_client_cancel(handle()); }
  /// Lets one more sign-in of this client's user through, whatever the guard holds back: for when the credentials were
  /// corrected, or the user was unlocked, where the library cannot see it.
  void reset_guard() const {
    detail::Slot slot;
    boomi_client_reset_guard(handle());
    slot.rethrow();
  }

  /// The C handle, still owned by this; NULL if it was moved from.
  const boomi_client *handle() const noexcept { return handle_.get(); }

 private:
  explicit Client(detail::Handle<boomi_client> handle) noexcept : handle_(std::move(handle)) {}
  Token jwt(const char *account_id, const Call &call) const {
    return Token(detail::make<boomi_token>(boomi_jwt_generate, handle(), account_id, call.handle()));
  }
  TokenProvider provider(const char *account_id) const {
    return TokenProvider(detail::make<boomi_token_provider>(boomi_token_provider_new, handle(), account_id));
  }

  detail::Handle<boomi_client> handle_;
};

}  // namespace boomi

#endif  // BOOMI_AUTH_HPP
