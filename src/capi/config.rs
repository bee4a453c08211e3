//! Settings.

use std::ffi::{c_char, c_void};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::boundary::{borrow_mut, bytes, optional_text, run, text};
use super::callbacks::{
    self, UserData, boomi_credentials_callback, boomi_event_callback, boomi_otp_callback, boomi_release_callback,
    boomi_wait_callback,
};
use super::credentials::fixed;
use super::error::{boomi_code, boomi_error};
use super::handle::Handle;
use crate::config::{CaMode, Config};
use crate::credentials::Credentials;
use crate::error::{Error, Result};

/// Settings for a client, used by one thread at a time. Freed with boomi_config_free().
///
/// A setter that fails leaves its error in the settings: boomi_client_new() returns the first one, so that a caller may
/// set everything and look once. Texts are copied.
pub struct boomi_config {
    pub(crate) config: Config,
}

impl Handle for boomi_config {}

/// The bundle alone is trusted.
pub const BOOMI_CA_ONLY: u32 = 1;
/// The bundle is trusted besides the operating system's roots.
pub const BOOMI_CA_ADD: u32 = 2;

/// Settings with their defaults. Freed with boomi_config_free().
#[unsafe(no_mangle)]
pub extern "C" fn boomi_config_new() -> *mut boomi_config {
    boomi_config { config: Config::default() }.give()
}

/// A copy, which shares callbacks and their data with the original. Freed on its own; NULL if `config` is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_config_clone(config: *const boomi_config) -> *mut boomi_config {
    // SAFETY: see the module's contract.
    let config = unsafe { config.as_ref() };
    config.map_or(std::ptr::null_mut(), |handle| boomi_config { config: handle.config.clone() }.give())
}

/// Frees settings. Clients made of them live on. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_config_free(config: *mut boomi_config) {
    // SAFETY: see the module's contract.
    unsafe { Handle::release(config) }
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
        // Also an error that was found before the value reached a setter.
        let result = next.first_error.keep(result);
        // What was there goes last: it may run the caller's release callback, which may do anything to the handle.
        let previous = std::mem::replace(&mut handle.config, next);
        drop(previous);
        result
    })
}

/// [`set`] for a setting with the caller's data, which is released after all else if the setter fails.
unsafe fn set_callback(
    config: *mut boomi_config,
    error_out: *mut *mut boomi_error,
    data: &Arc<UserData>,
    apply: impl FnOnce(&mut Config, Arc<UserData>) -> Result<()>,
) -> boomi_code {
    // SAFETY: the same contract.
    unsafe { set(config, error_out, |config| apply(config, data.clone())) }
}

/// Who signs in. `kind` is BOOMI_CREDENTIAL_API_TOKEN or BOOMI_CREDENTIAL_PASSWORD; `username` the e-mail address that
/// Boomi shows, with or without "BOOMI_TOKEN."; `secret` the token or password, which is copied and wiped when freed.
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

/// Credentials from a program, run through /bin/sh, instead of boomi_config_set_credentials(). It prints one JSON object:
/// {"version": 1, "username": "...", "api_token": "..."}, or with "password"; `username` may be given here instead, or be NULL.
/// With "expires_at" (Unix seconds) it is run again when that time is over, and always after a rejection: then BOOMI_REJECTED
/// is 1 in its environment, else 0. It runs within the deadline of the call that needs it; calls that come meanwhile wait for it.
/// In a build without the feature credential-process the first use is BOOMI_ERR_CONFIG.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_config_set_credential_process(
    config: *mut boomi_config,
    command: *const c_char,
    username: *const c_char,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    let apply = |config: &mut Config| {
        // SAFETY: see the module's contract.
        let (command, username) = unsafe { (text(command, "command")?, optional_text(username, "username")?) };
        config.set_credentials(Credentials::process(command, username))
    };
    // SAFETY: see the module's contract.
    unsafe { set(config, error_out, apply) }
}

/// Credentials that the operating system's keychain keeps under `entry`, where `boomi-auth login` puts them ("default" unless
/// it is told another name). `username` may be NULL; if not, the entry must be this user's. The first use may wait for a
/// person to unlock the keychain, whatever the deadline. In a build without the feature keychain it is BOOMI_ERR_CONFIG.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_config_set_keychain(
    config: *mut boomi_config,
    entry: *const c_char,
    username: *const c_char,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    let apply = |config: &mut Config| {
        // SAFETY: see the module's contract.
        let (entry, username) = unsafe { (text(entry, "entry")?, optional_text(username, "username")?) };
        config.set_credentials(Credentials::keychain(entry, username))
    };
    // SAFETY: see the module's contract.
    unsafe { set(config, error_out, apply) }
}

/// A function that gives the credentials, instead of boomi_config_set_credentials(). `release` gets `user_data` when
/// nothing uses it any more, also if this fails; it may be NULL.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_config_set_credentials_callback(
    config: *mut boomi_config,
    callback: boomi_credentials_callback,
    user_data: *mut c_void,
    release: boomi_release_callback,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    let apply = |config: &mut Config, data| config.set_credentials(callbacks::credentials(callback, data));
    // SAFETY: see the module's contract.
    unsafe { set_callback(config, error_out, &UserData::new(user_data, release), apply) }
}

/// The account that {accountId} in a path and a JWT without its own account stand for. Boomi shows it under Settings >
/// User Information > Account Information.
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

/// The platform's address without a path; the default is BOOMI_BASE_URL_US. https; http to loopback addresses only.
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

/// The secret for one-time codes: base32 as people paste it, or an `otpauth://totp/` URI. Codes go with password sign-ins
/// only (with an API token the secret is not used), and a client sends each once: a second sign-in within the code's 30 s
/// waits for the next, or fails with BOOMI_ERR_OTP if its deadline is nearer. Two clients do not know of each other's codes.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_config_set_otp_secret(
    config: *mut boomi_config,
    base32_or_otpauth_uri: *const c_char,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    let apply =
        // SAFETY: see the module's contract.
        |config: &mut Config| config.set_otp_secret(unsafe { text(base32_or_otpauth_uri, "base32_or_otpauth_uri") }?);
    // SAFETY: see the module's contract.
    unsafe { set(config, error_out, apply) }
}

/// A function that gives one-time codes, instead of boomi_config_set_otp_secret(): asked once for each password sign-in. It
/// should not give a code twice, because a code works once and a used one counts as a bad sign-in. About `release` see
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
    let apply =
        |config: &mut Config, data| config.set(callbacks::otp(callback, data), |config, otp| config.otp = Some(otp));
    // SAFETY: see the module's contract.
    unsafe { set_callback(config, error_out, &UserData::new(user_data, release), apply) }
}

/// How long a new connection may take, in milliseconds, above 0: name, TCP, proxy and TLS together. Default 5000.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_config_set_connect_timeout_ms(
    config: *mut boomi_config,
    timeout_ms: u32,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    let timeout = Duration::from_millis(timeout_ms.into());
    // SAFETY: see the module's contract.
    unsafe { set(config, error_out, |config| config.set_connect_timeout(timeout)) }
}

/// How long one call may take, all told, in milliseconds, above 0. Default 60000. CachedToken to within about
/// 50 ms.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_config_set_timeout_ms(
    config: *mut boomi_config,
    timeout_ms: u32,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    let timeout = Duration::from_millis(timeout_ms.into());
    // SAFETY: see the module's contract.
    unsafe { set(config, error_out, |config| config.set_timeout(timeout)) }
}

/// A PEM bundle of certificate authorities, `length` bytes at `pem`, copied. `mode` is BOOMI_CA_ONLY or BOOMI_CA_ADD.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT, also if there is no certificate in it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_config_set_ca_pem(
    config: *mut boomi_config,
    pem: *const c_void,
    length: usize,
    mode: u32,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    let apply = |config: &mut Config| {
        let mode = match mode {
            BOOMI_CA_ONLY => CaMode::Only,
            BOOMI_CA_ADD => CaMode::Add,
            _ => return Err(Error::invalid(format!("the mode is {mode}: use BOOMI_CA_ONLY (1) or BOOMI_CA_ADD (2)"))),
        };
        // SAFETY: see the module's contract.
        config.set_ca_pem(unsafe { bytes(pem, length, "pem") }?, mode)
    };
    // SAFETY: see the module's contract.
    unsafe { set(config, error_out, apply) }
}

/// The proxy, "http://user:password@host:port" or the same with https (user and password percent-encoded, or left out); ""
/// for none, not even the environment's. Unless set, HTTPS_PROXY (HTTP_PROXY for loopback http), ALL_PROXY and NO_PROXY are read, also in lower
/// case, when the client is made.
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

/// Put before our own product in the User-Agent header: "my-tool/1.0".
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

/// The largest body of an answer, in bytes, above 0. Default 64 MiB. A larger one is BOOMI_ERR_TOO_LARGE.
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

/// How many requests of one account may go out in any second, from all threads of the client: Boomi's 10 unless set, up to 10000,
/// 0 for as many as come.
///
/// Others wait for their turn, in the order in which they came; one whose turn would come after its deadline gets
/// BOOMI_ERR_RATE_LIMITED at once. Each try of a request counts; boomi_jwt_generate() and what a provider asks for do not.
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

/// How often a request is sent again after the first time, where that helps and can do no harm: 4 unless set, up to 100, 0 for
/// never. See boomi_client_send().
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

/// How many sign-ins of credentials that were accepted lately may wait for their answers at once: 1 to 5, default 3. Others wait
/// for one of their verdicts. All of them may be rejected if the password was just changed, and six bad sign-ins lock a user.
/// Credentials that were not accepted lately sign in one at a time whatever is set here.
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

/// A directory in which the guard remembers rejected sign-ins, so that programs that start often, or many at once, do not lock
/// the user together. Off by default: then each process has a memory of its own.
///
/// It is made if it is missing, for this user alone, when it is first needed. It must be on a file system of this machine. Its
/// files hold counts, times and a few bits of a slow hash of the secret, never a secret. If it cannot be used, no call fails:
/// BOOMI_EVENT_STATE_UNAVAILABLE says so, and the process's own memory is used.
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

/// A Valkey or Redis server that a store of machines shares, so that it signs in as one: the guard's memory, one-time codes, tokens
/// and the pace are then the store's. Off by default.
///
/// `url` is "rediss://user:password@host:6379/0?prefix=...", or redis:// without TLS; valkey may stand in place of redis.
/// "redis+sentinel://host1:26379,host2:26379/name/0" and "redis+cluster://host1:7000,host2:7001" are taken, too. `ca_file=` is a PEM
/// bundle that is trusted alone for TLS. JWTs are sealed there: only who has the credentials can read them. A client begins to connect
/// when it is made. While the server cannot be used no call fails for that, nor waits for it for more than 50 ms: BOOMI_EVENT_STATE_UNAVAILABLE
/// says so, and the client goes on by its state directory, or by itself.
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

/// A function that is told what the client does. About `release` see boomi_config_set_credentials_callback().
/// Errors: BOOMI_ERR_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_config_set_event_callback(
    config: *mut boomi_config,
    callback: boomi_event_callback,
    user_data: *mut c_void,
    release: boomi_release_callback,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    let apply = |config: &mut Config, data| {
        config.set(callbacks::event(callback, data), |config, on| config.on_event = Some(on))
    };
    // SAFETY: see the module's contract.
    unsafe { set_callback(config, error_out, &UserData::new(user_data, release), apply) }
}

/// A function that is asked while a call waits, and may cancel it. About `release` see
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
    let apply = |config: &mut Config, data| {
        config.set(callbacks::wait(callback, data), |config, hook| config.wait_hook = Some(hook))
    };
    // SAFETY: see the module's contract.
    unsafe { set_callback(config, error_out, &UserData::new(user_data, release), apply) }
}

/// Fills what is unset from the environment; an empty variable is unset. All of it or, on failure, nothing:
/// BOOMI_ACCOUNT_ID, BOOMI_USERNAME, BOOMI_API_TOKEN or BOOMI_PASSWORD, BOOMI_OTP_SECRET (each of the three secrets also as
/// BOOMI_..._FILE, read again after a rejection), BOOMI_API_URL, BOOMI_CA_FILE (trusted alone), BOOMI_STATE_DIR, BOOMI_STORE,
/// BOOMI_TIMEOUT (seconds).
/// The files must be there now; they are read when they are needed.
/// Errors: BOOMI_ERR_CONFIG, with the variable's name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_config_load_env(
    config: *mut boomi_config,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe { set(config, error_out, |config| config.load_env(&crate::config::env::variable)) }
}
