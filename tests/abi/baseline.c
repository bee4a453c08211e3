// libboomi_auth.so.0.1, as tests/abi.sh makes it of the header.
#include <stddef.h>
#include <stdint.h>
char value_of_BOOMI_CREDENTIAL_API_TOKEN[1 + 1];
char value_of_BOOMI_CREDENTIAL_PASSWORD[2 + 1];
char value_of_BOOMI_CA_ONLY[1 + 1];
char value_of_BOOMI_CA_ADD[2 + 1];
char value_of_BOOMI_EVENT_CREDENTIALS_LOADED[1 + 1];
char value_of_BOOMI_EVENT_SIGN_IN_REJECTED[2 + 1];
char value_of_BOOMI_EVENT_TOKEN_ISSUED[3 + 1];
char value_of_BOOMI_EVENT_OTP_AWAITED[4 + 1];
char value_of_BOOMI_EVENT_TOKEN_REFRESHED[5 + 1];
char value_of_BOOMI_EVENT_REFRESH_FAILED[6 + 1];
char value_of_BOOMI_EVENT_TOKEN_REFUSED[7 + 1];
char value_of_BOOMI_EVENT_SIGN_IN_HELD[8 + 1];
char value_of_BOOMI_EVENT_STATE_UNAVAILABLE[9 + 1];
char value_of_BOOMI_EVENT_REQUEST_RETRIED[10 + 1];
char value_of_BOOMI_AUTH_NONE[0 + 1];
char value_of_BOOMI_AUTH_BASIC[1 + 1];
char value_of_BOOMI_AUTH_JWT[2 + 1];
char value_of_BOOMI_AUTH_AUTO[3 + 1];
char value_of_BOOMI_HEADER_SECRET[1 + 1];
char value_of_BOOMI_HEADER_ADD[2 + 1];
char value_of_BOOMI_OK[0 + 1];
char value_of_BOOMI_ERR_INVALID_ARGUMENT[1 + 1];
char value_of_BOOMI_ERR_CONFIG[2 + 1];
char value_of_BOOMI_ERR_CREDENTIALS_REJECTED[3 + 1];
char value_of_BOOMI_ERR_PERMISSION_DENIED[4 + 1];
char value_of_BOOMI_ERR_HELD[5 + 1];
char value_of_BOOMI_ERR_OTP[6 + 1];
char value_of_BOOMI_ERR_RATE_LIMITED[7 + 1];
char value_of_BOOMI_ERR_HTTP_STATUS[8 + 1];
char value_of_BOOMI_ERR_CONNECT[9 + 1];
char value_of_BOOMI_ERR_PROXY[10 + 1];
char value_of_BOOMI_ERR_TLS[11 + 1];
char value_of_BOOMI_ERR_TIMEOUT[12 + 1];
char value_of_BOOMI_ERR_PROTOCOL[13 + 1];
char value_of_BOOMI_ERR_TOO_LARGE[14 + 1];
char value_of_BOOMI_ERR_CANCELED[15 + 1];
char value_of_BOOMI_ERR_INTERNAL[16 + 1];
typedef struct boomi_authorization boomi_authorization;
typedef struct boomi_call boomi_call;
typedef struct boomi_client boomi_client;
typedef struct boomi_config boomi_config;
typedef struct boomi_credentials boomi_credentials;
typedef struct boomi_error boomi_error;
typedef struct boomi_event boomi_event;
typedef struct boomi_job boomi_job;
typedef struct boomi_pages boomi_pages;
typedef struct boomi_request boomi_request;
typedef struct boomi_response boomi_response;
typedef struct boomi_token boomi_token;
typedef struct boomi_token_provider boomi_token_provider;
typedef int32_t boomi_code;
typedef int32_t (*boomi_credentials_callback)(void *user_data, int32_t rejected, boomi_credentials *credentials_out);
typedef void (*boomi_release_callback)(void *user_data);
typedef int32_t (*boomi_otp_callback)(void *user_data, char *code_out, size_t code_size);
typedef void (*boomi_event_callback)(void *user_data, const boomi_event *event);
typedef int32_t (*boomi_wait_callback)(void *user_data);
uint32_t boomi_version_number(void) { __builtin_trap(); }
const char *boomi_version(void) { __builtin_trap(); }
void boomi_string_free(char *text) { __builtin_trap(); }
boomi_code boomi_auth_username(uint32_t kind, const char *username, char **username_out, boomi_error **error_out) { __builtin_trap(); }
boomi_code boomi_auth_header(uint32_t kind, const char *username, const char *secret, char **header_out, boomi_error **error_out) { __builtin_trap(); }
boomi_code boomi_otp_code(const char *secret, int64_t unix_time, char **code_out, boomi_error **error_out) { __builtin_trap(); }
const char *boomi_strerror(boomi_code code) { __builtin_trap(); }
boomi_code boomi_error_code(const boomi_error *error) { __builtin_trap(); }
const char *boomi_error_message(const boomi_error *error) { __builtin_trap(); }
int32_t boomi_error_http_status(const boomi_error *error) { __builtin_trap(); }
int64_t boomi_error_retry_after_ms(const boomi_error *error) { __builtin_trap(); }
int32_t boomi_error_retryable(const boomi_error *error) { __builtin_trap(); }
int32_t boomi_error_sent(const boomi_error *error) { __builtin_trap(); }
int32_t boomi_error_attempts(const boomi_error *error) { __builtin_trap(); }
void boomi_error_free(boomi_error *error) { __builtin_trap(); }
boomi_config *boomi_config_new(void) { __builtin_trap(); }
boomi_config *boomi_config_clone(const boomi_config *config) { __builtin_trap(); }
void boomi_config_free(boomi_config *config) { __builtin_trap(); }
boomi_code boomi_config_set_credentials(boomi_config *config, uint32_t kind, const char *username, const char *secret, boomi_error **error_out) { __builtin_trap(); }
boomi_code boomi_config_set_credential_process(boomi_config *config, const char *command, const char *username, boomi_error **error_out) { __builtin_trap(); }
boomi_code boomi_config_set_keychain(boomi_config *config, const char *entry, const char *username, boomi_error **error_out) { __builtin_trap(); }
boomi_code boomi_config_set_credentials_callback(boomi_config *config, boomi_credentials_callback callback, void *user_data, boomi_release_callback release, boomi_error **error_out) { __builtin_trap(); }
boomi_code boomi_config_set_account_id(boomi_config *config, const char *account_id, boomi_error **error_out) { __builtin_trap(); }
boomi_code boomi_config_set_base_url(boomi_config *config, const char *url, boomi_error **error_out) { __builtin_trap(); }
boomi_code boomi_config_set_otp_secret(boomi_config *config, const char *base32_or_otpauth_uri, boomi_error **error_out) { __builtin_trap(); }
boomi_code boomi_config_set_otp_callback(boomi_config *config, boomi_otp_callback callback, void *user_data, boomi_release_callback release, boomi_error **error_out) { __builtin_trap(); }
boomi_code boomi_config_set_connect_timeout_ms(boomi_config *config, uint32_t timeout_ms, boomi_error **error_out) { __builtin_trap(); }
boomi_code boomi_config_set_timeout_ms(boomi_config *config, uint32_t timeout_ms, boomi_error **error_out) { __builtin_trap(); }
boomi_code boomi_config_set_ca_pem(boomi_config *config, const void *pem, size_t length, uint32_t mode, boomi_error **error_out) { __builtin_trap(); }
boomi_code boomi_config_set_proxy(boomi_config *config, const char *url, boomi_error **error_out) { __builtin_trap(); }
boomi_code boomi_config_set_user_agent(boomi_config *config, const char *product, boomi_error **error_out) { __builtin_trap(); }
boomi_code boomi_config_set_max_response_bytes(boomi_config *config, uint64_t bytes, boomi_error **error_out) { __builtin_trap(); }
boomi_code boomi_config_set_requests_per_second(boomi_config *config, uint32_t requests, boomi_error **error_out) { __builtin_trap(); }
boomi_code boomi_config_set_max_retries(boomi_config *config, uint32_t retries, boomi_error **error_out) { __builtin_trap(); }
boomi_code boomi_config_set_max_sign_ins_in_flight(boomi_config *config, uint32_t count, boomi_error **error_out) { __builtin_trap(); }
boomi_code boomi_config_set_state_dir(boomi_config *config, const char *path, boomi_error **error_out) { __builtin_trap(); }
boomi_code boomi_config_set_store(boomi_config *config, const char *url, boomi_error **error_out) { __builtin_trap(); }
boomi_code boomi_config_set_token_provider(boomi_config *config, const boomi_token_provider *provider, boomi_error **error_out) { __builtin_trap(); }
boomi_code boomi_config_set_event_callback(boomi_config *config, boomi_event_callback callback, void *user_data, boomi_release_callback release, boomi_error **error_out) { __builtin_trap(); }
boomi_code boomi_config_set_wait_callback(boomi_config *config, boomi_wait_callback callback, void *user_data, boomi_release_callback release, boomi_error **error_out) { __builtin_trap(); }
boomi_code boomi_config_load_env(boomi_config *config, boomi_error **error_out) { __builtin_trap(); }
boomi_code boomi_credentials_set(boomi_credentials *credentials, uint32_t kind, const char *username, const char *secret, boomi_error **error_out) { __builtin_trap(); }
uint32_t boomi_event_kind(const boomi_event *event) { __builtin_trap(); }
const char *boomi_event_json(const boomi_event *event) { __builtin_trap(); }
boomi_call *boomi_call_new(void) { __builtin_trap(); }
boomi_code boomi_call_set_timeout_ms(boomi_call *call, uint32_t timeout_ms, boomi_error **error_out) { __builtin_trap(); }
boomi_code boomi_call_set_otp(boomi_call *call, const char *otp, boomi_error **error_out) { __builtin_trap(); }
void boomi_call_cancel(const boomi_call *call) { __builtin_trap(); }
void boomi_call_free(boomi_call *call) { __builtin_trap(); }
boomi_code boomi_client_new(const boomi_config *config, boomi_client **client_out, boomi_error **error_out) { __builtin_trap(); }
boomi_code boomi_client_from_env(boomi_client **client_out, boomi_error **error_out) { __builtin_trap(); }
void boomi_client_free(boomi_client *client) { __builtin_trap(); }
void boomi_client_cancel(const boomi_client *client) { __builtin_trap(); }
void boomi_client_reset_guard(const boomi_client *client) { __builtin_trap(); }
boomi_code boomi_client_describe(const boomi_client *client, char **json_out, boomi_error **error_out) { __builtin_trap(); }
boomi_code boomi_client_describe_guard(const boomi_client *client, char **json_out, boomi_error **error_out) { __builtin_trap(); }
boomi_code boomi_jwt_generate(const boomi_client *client, const char *account_id, const boomi_call *call, boomi_token **token_out, boomi_error **error_out) { __builtin_trap(); }
boomi_code boomi_client_send(const boomi_client *client, const boomi_request *request, const boomi_call *call, boomi_response **response_out, boomi_error **error_out) { __builtin_trap(); }
boomi_code boomi_client_open(const boomi_client *client, const boomi_request *request, const boomi_call *call, boomi_response **response_out, boomi_error **error_out) { __builtin_trap(); }
boomi_code boomi_client_wait(const boomi_client *client, const boomi_request *request, const boomi_call *call, boomi_response **response_out, boomi_error **error_out) { __builtin_trap(); }
boomi_code boomi_client_authorize(const boomi_client *client, uint32_t scheme, const char *url, const boomi_call *call, boomi_authorization **authorization_out, boomi_error **error_out) { __builtin_trap(); }
size_t boomi_authorization_count(const boomi_authorization *authorization) { __builtin_trap(); }
const char *boomi_authorization_name(const boomi_authorization *authorization, size_t index) { __builtin_trap(); }
const char *boomi_authorization_value(const boomi_authorization *authorization, size_t index) { __builtin_trap(); }
boomi_code boomi_authorization_observe(boomi_authorization *authorization, int32_t status, const void *body, size_t length, int32_t *send_again_out, boomi_error **error_out) { __builtin_trap(); }
void boomi_authorization_withdraw(boomi_authorization *authorization) { __builtin_trap(); }
void boomi_authorization_free(boomi_authorization *authorization) { __builtin_trap(); }
const char *boomi_token_jwt(const boomi_token *token) { __builtin_trap(); }
const char *boomi_token_header(const boomi_token *token) { __builtin_trap(); }
const char *boomi_token_account_id(const boomi_token *token) { __builtin_trap(); }
int64_t boomi_token_issued_at(const boomi_token *token) { __builtin_trap(); }
int64_t boomi_token_expires_at(const boomi_token *token) { __builtin_trap(); }
boomi_token *boomi_token_clone(const boomi_token *token) { __builtin_trap(); }
void boomi_token_free(boomi_token *token) { __builtin_trap(); }
boomi_code boomi_token_provider_new(const boomi_client *client, const char *account_id, boomi_token_provider **provider_out, boomi_error **error_out) { __builtin_trap(); }
boomi_code boomi_token_provider_get(const boomi_token_provider *provider, uint32_t min_validity_s, const boomi_call *call, boomi_token **token_out, boomi_error **error_out) { __builtin_trap(); }
boomi_code boomi_token_provider_refresh(const boomi_token_provider *provider, const boomi_call *call, boomi_error **error_out) { __builtin_trap(); }
void boomi_token_provider_invalidate(const boomi_token_provider *provider, const boomi_token *rejected) { __builtin_trap(); }
boomi_code boomi_token_provider_describe(const boomi_token_provider *provider, char **json_out, boomi_error **error_out) { __builtin_trap(); }
void boomi_token_provider_free(boomi_token_provider *provider) { __builtin_trap(); }
boomi_code boomi_request_new(const char *method, const char *path_or_url, boomi_request **request_out, boomi_error **error_out) { __builtin_trap(); }
boomi_code boomi_request_set_auth(boomi_request *request, uint32_t scheme, boomi_error **error_out) { __builtin_trap(); }
boomi_code boomi_request_set_account_id(boomi_request *request, const char *account_id, boomi_error **error_out) { __builtin_trap(); }
boomi_code boomi_request_add_query(boomi_request *request, const char *name, const char *value, boomi_error **error_out) { __builtin_trap(); }
boomi_code boomi_request_set_header(boomi_request *request, const char *name, const char *value, uint32_t flags, boomi_error **error_out) { __builtin_trap(); }
boomi_code boomi_request_set_body(boomi_request *request, const void *data, size_t length, boomi_error **error_out) { __builtin_trap(); }
boomi_code boomi_request_set_replayable(boomi_request *request, int32_t replayable, boomi_error **error_out) { __builtin_trap(); }
void boomi_request_free(boomi_request *request) { __builtin_trap(); }
int32_t boomi_response_status(const boomi_response *response) { __builtin_trap(); }
boomi_code boomi_response_check(const boomi_response *response, boomi_error **error_out) { __builtin_trap(); }
const char *boomi_response_message(const boomi_response *response) { __builtin_trap(); }
const char *boomi_response_header(const boomi_response *response, const char *name) { __builtin_trap(); }
size_t boomi_response_header_count(const boomi_response *response) { __builtin_trap(); }
const char *boomi_response_header_name(const boomi_response *response, size_t index) { __builtin_trap(); }
const char *boomi_response_header_value(const boomi_response *response, size_t index) { __builtin_trap(); }
const uint8_t *boomi_response_body(const boomi_response *response, size_t *length_out) { __builtin_trap(); }
boomi_code boomi_response_read(boomi_response *response, void *buffer, size_t size, size_t *read_out, boomi_error **error_out) { __builtin_trap(); }
int32_t boomi_response_attempts(const boomi_response *response) { __builtin_trap(); }
int64_t boomi_response_retry_after_ms(const boomi_response *response) { __builtin_trap(); }
void boomi_response_free(boomi_response *response) { __builtin_trap(); }
boomi_code boomi_pages_new(const boomi_client *client, const boomi_request *request, boomi_pages **pages_out, boomi_error **error_out) { __builtin_trap(); }
boomi_code boomi_pages_next(boomi_pages *pages, const boomi_call *call, boomi_response **response_out, boomi_error **error_out) { __builtin_trap(); }
void boomi_pages_free(boomi_pages *pages) { __builtin_trap(); }
boomi_code boomi_job_start(const boomi_client *client, const boomi_request *request, const boomi_call *call, boomi_job **job_out, boomi_error **error_out) { __builtin_trap(); }
boomi_code boomi_job_wait(boomi_job *job, const boomi_call *call, boomi_response **response_out, boomi_error **error_out) { __builtin_trap(); }
boomi_code boomi_job_open(boomi_job *job, const boomi_call *call, boomi_response **response_out, boomi_error **error_out) { __builtin_trap(); }
const char *boomi_job_path(const boomi_job *job) { __builtin_trap(); }
void boomi_job_free(boomi_job *job) { __builtin_trap(); }
