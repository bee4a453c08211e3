//! The setters of a client's settings, and reading them from the environment.

use std::ffi::{c_char, c_void};
use std::{path::Path, time::Duration};

use super::boundary::{borrow_mut, bytes, optional_text, run, text};
use super::callbacks::{
    self, UserData, boomi_credentials_callback, boomi_event_callback, boomi_otp_callback, boomi_release_callback,
    boomi_wait_callback,
};
use super::credentials::fixed;
use super::error::{boomi_code, boomi_error};
use super::handle::{get, give, release};
use crate::config::{CaMode, Config};
use crate::credentials::Credentials;
use crate::error::{Error, Result};

/// The settings of a client. Used by one thread at a time. Freed with boomi_config_free().
///
/// A setter that fails stores its error in the settings, and boomi_client_new() returns the first one: a caller may
/// set everything and check once. Texts are copied.
pub struct boomi_config {
    pub(crate) config: Config,
}

/// Only the bundle is trusted.
pub const BOOMI_CA_ONLY: u32 = 1;
/// The bundle and the operating system's roots are trusted.
pub const BOOMI_CA_ADD: u32 = 2;

/// Creates settings with their defaults. Freed with boomi_config_free().
#[unsafe(no_mangle)]
pub extern "C" fn boomi_config_new() -> *mut boomi_config {
    give(boomi_config { config: Config::default() })
}

/// Copies settings. The copy shares callbacks and their data with the original, and is freed separately. NULL for
/// NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_config_clone(config: *const boomi_config) -> *mut boomi_config {
    get(config).map_or(std::ptr::null_mut(), |handle| give(boomi_config { config: handle.config.clone() }))
}

/// Frees settings. Clients created from them stay valid. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_config_free(config: *mut boomi_config) {
    // SAFETY: see the module's contract.
    unsafe { release(config) }
}

/// Applies one setting, and keeps its error for boomi_client_new().
pub(crate) unsafe fn set(
    config: *mut boomi_config,
    error_out: *mut *mut boomi_error,
    apply: impl FnOnce(&mut Config) -> Result<()>,
) -> boomi_code {
    run(error_out, || {
        // SAFETY: see the module's contract.
        let handle = unsafe { borrow_mut(config, "config") }?;
        let mut next = handle.config.clone();
        let result = apply(&mut next);
        // Keeps argument errors too, which no setter sees.
        let result = next.first_error.keep(result);
        // Dropped last: it may run the caller's release callback, which may use or free the handle.
        let previous = std::mem::replace(&mut handle.config, next);
        drop(previous);
        result
    })
}

/// Sets the credentials. `kind` is BOOMI_CREDENTIAL_API_TOKEN or BOOMI_CREDENTIAL_PASSWORD; `username` the e-mail
/// address that Boomi shows, with or without "BOOMI_TOKEN."; `secret` the token or password, which is copied, and
/// wiped when freed.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_config_set_credentials(
    config: *mut boomi_config,
    kind: u32,
    username: *const c_char,
    secret: *const c_char,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe { set(config, error_out, |config| config.set_credentials(fixed(kind, username, secret))) }
}

/// Takes the credentials from a program, run through /bin/sh. It prints one JSON object: {"version": 1, "username":
/// "...", "api_token": "..."}, or with "password"; `username` may be given here instead, or be NULL. After
/// "expires_at" (Unix seconds), if printed, and after each rejection the program runs again: then BOOMI_REJECTED is
/// 1 in its environment, otherwise 0. It runs within the deadline of the call that needs it; concurrent calls wait
/// for it. In a build without the feature credential-process the first use is BOOMI_ERR_CONFIG.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_config_set_credential_process(
    config: *mut boomi_config,
    command: *const c_char,
    username: *const c_char,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe {
        set(config, error_out, |config| {
            let (command, username) = (text(command, "command")?, optional_text(username, "username")?);
            config.set_credentials(Credentials::process(command, username))
        })
    }
}

/// Takes the credentials from an entry of the operating system's keychain.
///
/// `boomi-auth login` stores them there, as "default" unless another name is given. `username` may be NULL;
/// otherwise the entry must be this user's. The first use may wait for a person to unlock the keychain, whatever
/// the deadline. In a build without the feature keychain it is BOOMI_ERR_CONFIG.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_config_set_keychain(
    config: *mut boomi_config,
    entry: *const c_char,
    username: *const c_char,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe {
        set(config, error_out, |config| {
            let (entry, username) = (text(entry, "entry")?, optional_text(username, "username")?);
            config.set_credentials(Credentials::keychain(entry, username))
        })
    }
}

/// Takes the credentials from a function. `release` receives `user_data` when nothing uses it any more, also if
/// this fails; it may be NULL.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_config_set_credentials_callback(
    config: *mut boomi_config,
    callback: boomi_credentials_callback,
    user_data: *mut c_void,
    release: boomi_release_callback,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    let data = UserData::new(user_data, release);
    let credentials = callbacks::credentials(callback, data.clone());
    // SAFETY: see the module's contract.
    unsafe { set(config, error_out, |config| config.set_credentials(credentials)) }
}

/// Sets the account for {accountId} in a path, and for a JWT without an account of its own. Boomi shows it under
/// Settings > User Information > Account Information.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_config_set_account_id(
    config: *mut boomi_config,
    account_id: *const c_char,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe { set(config, error_out, |config| config.set_account_id(text(account_id, "account_id")?)) }
}

/// Sets the platform's address, without a path. Default: BOOMI_BASE_URL_US. https; http for loopback addresses
/// only.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_config_set_base_url(
    config: *mut boomi_config,
    url: *const c_char,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe { set(config, error_out, |config| config.set_base_url(text(url, "url")?)) }
}

/// Sets the secret for one-time codes: base32 in any case, or an `otpauth://totp/` URI.
///
/// Spaces and hyphens are ignored. Codes are sent with passwords only; with an API token the secret is not used. A
/// client sends each code once: a second authentication attempt within the code's 30 s waits for the next code, or
/// fails with BOOMI_ERR_OTP if its deadline is nearer. Two clients do not coordinate their codes.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_config_set_otp_secret(
    config: *mut boomi_config,
    base32_or_otpauth_uri: *const c_char,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe {
        set(config, error_out, |config| config.set_otp_secret(text(base32_or_otpauth_uri, "base32_or_otpauth_uri")?))
    }
}

/// Takes one-time codes from a function, called once for each password authentication. It should not return a code
/// twice: a code works once, and a used one counts as a failed attempt. About `release` see
/// boomi_config_set_credentials_callback().
/// Errors: BOOMI_ERR_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_config_set_otp_callback(
    config: *mut boomi_config,
    callback: boomi_otp_callback,
    user_data: *mut c_void,
    release: boomi_release_callback,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    let data = UserData::new(user_data, release);
    let otp = callbacks::otp(callback, data.clone());
    // SAFETY: see the module's contract.
    unsafe { set(config, error_out, |config| config.set(otp, |config, otp| config.otp = Some(otp))) }
}

/// Sets the timeout of a new connection in milliseconds, above 0. Default 10000. It bounds the name look-up, and then
/// TCP, proxy and TLS together. Several addresses of one name are tried 250 ms apart.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_config_set_connect_timeout_ms(
    config: *mut boomi_config,
    timeout_ms: u32,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe { set(config, error_out, |config| config.set_connect_timeout(Duration::from_millis(timeout_ms.into()))) }
}

/// Sets the timeout of a whole call in milliseconds, above 0. Default 60000. Accurate to about 50 ms.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_config_set_timeout_ms(
    config: *mut boomi_config,
    timeout_ms: u32,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe { set(config, error_out, |config| config.set_timeout(Duration::from_millis(timeout_ms.into()))) }
}

/// Sets a PEM bundle of certificate authorities: `length` bytes at `pem`, copied. `mode` is BOOMI_CA_ONLY or
/// BOOMI_CA_ADD.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT, also if it contains no certificate.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_config_set_ca_pem(
    config: *mut boomi_config,
    pem: *const c_void,
    length: usize,
    mode: u32,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    let mode = match mode {
        BOOMI_CA_ONLY => Ok(CaMode::Only),
        BOOMI_CA_ADD => Ok(CaMode::Add),
        _ => Err(Error::invalid(format!("the mode is {mode}: use BOOMI_CA_ONLY (1) or BOOMI_CA_ADD (2)"))),
    };
    // SAFETY: see the module's contract.
    unsafe {
        set(config, error_out, |config| mode.and_then(|mode| config.set_ca_pem(bytes(pem, length, "pem")?, mode)))
    }
}

/// Sets the proxy: "http://user:password@host:port", or https; "" for none.
///
/// User and password are percent-encoded, or left out. Unless set, HTTPS_PROXY (HTTP_PROXY for loopback http),
/// ALL_PROXY and NO_PROXY are read, also in lower case, when the client is created.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_config_set_proxy(
    config: *mut boomi_config,
    url: *const c_char,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe { set(config, error_out, |config| config.set_proxy(text(url, "url")?)) }
}

/// Sets the product, such as "my-tool/1.0", that precedes the library's own in the User-Agent header.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_config_set_user_agent(
    config: *mut boomi_config,
    product: *const c_char,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe { set(config, error_out, |config| config.set_user_agent(text(product, "product")?)) }
}

/// Sets the largest response body in bytes, above 0. Default 64 MiB. A larger one is BOOMI_ERR_TOO_LARGE.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_config_set_max_response_bytes(
    config: *mut boomi_config,
    bytes: u64,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe { set(config, error_out, |config| config.set_max_response_bytes(bytes)) }
}

/// Sets the rate limit of one account in requests per second, for all threads of the client. Default 10, Boomi's
/// own.
///
/// Up to 10000; 0 for no limit. Requests wait in the order in which they came. If a request's permit would come
/// after its deadline, it fails with BOOMI_ERR_RATE_LIMITED at once. Each attempt counts; boomi_jwt_generate() and
/// a provider's token requests do not.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_config_set_requests_per_second(
    config: *mut boomi_config,
    requests: u32,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe { set(config, error_out, |config| config.set_requests_per_second(requests)) }
}

/// Sets how often a failed request is retried where that is safe. Default 4, up to 100, 0 for never. See
/// boomi_client_send().
/// Errors: BOOMI_ERR_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_config_set_max_retries(
    config: *mut boomi_config,
    retries: u32,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe { set(config, error_out, |config| config.set_max_retries(retries)) }
}

/// Sets how many authentication attempts may await responses at once: 1 to 5, default 3.
///
/// It applies to credentials that were accepted recently. Others wait for one of the results. All of them may be
/// rejected if the password was just changed, and six rejections lock a user. Credentials that were not accepted
/// recently are sent one at a time, whatever is set here.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_config_set_max_sign_ins_in_flight(
    config: *mut boomi_config,
    count: u32,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe { set(config, error_out, |config| config.set_max_sign_ins_in_flight(count)) }
}

/// Sets a directory in which the processes of this machine share the guard's state.
///
/// It keeps short-lived or concurrent processes from locking the user together. Off by default: then each process
/// has its own state. The directory is created when first needed, for this user alone, and must be on a local file
/// system. Its files contain counts, times and a few bits of a slow hash of the secret, never a secret. If it
/// cannot be used, no call fails: BOOMI_EVENT_STATE_UNAVAILABLE reports it, and the process's own state is used.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_config_set_state_dir(
    config: *mut boomi_config,
    path: *const c_char,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe { set(config, error_out, |config| config.set_state_dir(Path::new(text(path, "path")?))) }
}

/// Sets a Valkey or Redis server as the shared store of several machines. Off by default.
///
/// The machines then share the guard's state, one-time codes, tokens and the rate limit. `url` is
/// "rediss://user:password@host:6379/0?prefix=...", or redis:// without TLS; valkey may replace redis.
/// "redis+sentinel://host1:26379,host2:26379/name/0" and "redis+cluster://host1:7000,host2:7001" are accepted, too.
/// `ca_file=` is a PEM bundle, and the only one trusted for TLS. JWTs are encrypted in the store: only holders of
/// the credentials can read them. A client begins to connect when it is created. While the server cannot be used no
/// call fails for that, nor waits for it for more than 50 ms: BOOMI_EVENT_STATE_UNAVAILABLE reports it, and the
/// client uses its state directory, or its own state.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT; BOOMI_ERR_CONFIG if the library was built without the feature `redis`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_config_set_store(
    config: *mut boomi_config,
    url: *const c_char,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe { set(config, error_out, |config| config.set_store(text(url, "url")?)) }
}

/// Sets a function that receives the client's events. About `release` see boomi_config_set_credentials_callback().
/// Errors: BOOMI_ERR_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_config_set_event_callback(
    config: *mut boomi_config,
    callback: boomi_event_callback,
    user_data: *mut c_void,
    release: boomi_release_callback,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    let data = UserData::new(user_data, release);
    let handler = callbacks::event(callback, data.clone());
    // SAFETY: see the module's contract.
    unsafe { set(config, error_out, |config| config.set(handler, |config, on| config.on_event = Some(on))) }
}

/// Sets a function that is called while a call waits, and may cancel it. About `release` see
/// boomi_config_set_credentials_callback().
/// Errors: BOOMI_ERR_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_config_set_wait_callback(
    config: *mut boomi_config,
    callback: boomi_wait_callback,
    user_data: *mut c_void,
    release: boomi_release_callback,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    let data = UserData::new(user_data, release);
    let hook = callbacks::wait(callback, data.clone());
    // SAFETY: see the module's contract.
    unsafe { set(config, error_out, |config| config.set(hook, |config, hook| config.wait_hook = Some(hook))) }
}

/// Fills unset settings from the environment. On failure nothing is changed; an empty variable is unset.
///
/// BOOMI_ACCOUNT_ID, BOOMI_USERNAME, BOOMI_API_TOKEN or BOOMI_PASSWORD, BOOMI_OTP_SECRET (each of the three secrets
/// also as BOOMI_..._FILE, read again after a rejection), BOOMI_API_URL, BOOMI_CA_FILE (trusted alone),
/// BOOMI_STATE_DIR, BOOMI_STORE, BOOMI_TIMEOUT and BOOMI_CONNECT_TIMEOUT (seconds). The files must exist now; they are
/// read when needed. A set-user-ID program, or one with file capabilities, reads no environment: that is an error, and
/// proxies and SSL_CERT_FILE are ignored.
/// Errors: BOOMI_ERR_CONFIG, with the variable's name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_config_load_env(
    config: *mut boomi_config,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe { set(config, error_out, |config| config.load_env(&crate::config::env::variable)) }
}
