//! The way in through the functions of the C API, called as C calls them.
//!
//! Every handle has an owner here that frees it once; every out-parameter starts out as rubbish, so that one that is
//! not written shows.

#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "one reason for all: each pointer is a live handle of an owner below, a CString that outlives the call, \
              or the address of a local"
)]

mod callbacks;

use std::ffi::{CStr, CString, c_char};
use std::ptr::{dangling_mut, null, null_mut};
use std::sync::Arc;

use boomi_auth::capi::*;
use boomi_auth::{AuthScheme, CredentialKind};

use crate::api::{self, Api, Failure, Header, Setting};

pub struct C;

/// Owns one handle.
pub struct Owned<T> {
    handle: *mut T,
    free: unsafe extern "C" fn(*mut T),
}

// SAFETY: the header allows every handle on any thread.
unsafe impl<T> Send for Owned<T> {}
// SAFETY: the suite shares only what the header takes through const pointers.
unsafe impl<T> Sync for Owned<T> {}

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        unsafe { (self.free)(self.handle) }
    }
}

fn text(text: &str) -> CString {
    CString::new(text).expect("the suite has no NUL in its texts")
}

/// A text that a handle lends.
fn borrowed(pointer: *const c_char) -> Option<String> {
    let text = (!pointer.is_null()).then(|| unsafe { CStr::from_ptr(pointer) })?;
    Some(text.to_str().expect("the C API speaks UTF-8").to_owned())
}

/// Takes an error out of a function, and checks that its code is the one that was returned.
fn taken(call: impl FnOnce(*mut *mut boomi_error) -> boomi_code) -> Result<(), Failure> {
    let mut error = dangling_mut();
    let code = call(&mut error);
    if code == BOOMI_OK {
        assert!(error.is_null(), "an error beside BOOMI_OK");
        return Ok(());
    }
    assert!(!error.is_null(), "code {code} without an error");
    let error = Owned { handle: error, free: boomi_error_free };
    let failure = unsafe {
        Failure {
            code: boomi_error_code(error.handle),
            message: borrowed(boomi_error_message(error.handle)).expect("a message"),
            status: boomi_error_http_status(error.handle),
            retry_after_ms: boomi_error_retry_after_ms(error.handle),
            retryable: boomi_error_retryable(error.handle) == 1,
            sent: boomi_error_sent(error.handle) == 1,
            attempts: boomi_error_attempts(error.handle),
        }
    };
    assert_eq!(failure.code, code, "{failure:?}");
    Err(failure)
}

/// Takes a handle out of a function; after a failure it must be NULL.
fn handle<T>(
    free: unsafe extern "C" fn(*mut T),
    call: impl FnOnce(*mut *mut T, *mut *mut boomi_error) -> boomi_code,
) -> Result<Owned<T>, Failure> {
    handle_or_none(free, call).map(|handle| handle.expect("a handle beside BOOMI_OK"))
}

/// The same of a function that may give none.
fn handle_or_none<T>(
    free: unsafe extern "C" fn(*mut T),
    call: impl FnOnce(*mut *mut T, *mut *mut boomi_error) -> boomi_code,
) -> Result<Option<Owned<T>>, Failure> {
    let mut out = dangling_mut();
    let result = taken(|error| call(&mut out, error));
    assert!(out.is_null() || result.is_ok(), "{result:?}");
    result.map(|()| (!out.is_null()).then(|| Owned { handle: out, free }))
}

/// Takes a text out of a function, and frees it.
fn given(call: impl FnOnce(*mut *mut c_char, *mut *mut boomi_error) -> boomi_code) -> Result<String, Failure> {
    let owned = handle(boomi_string_free, call)?;
    Ok(borrowed(owned.handle).expect("checked for NULL"))
}

type Provider = Arc<Owned<boomi_token_provider>>;

impl Api for C {
    type Client = Arc<Owned<boomi_client>>;
    type Request = Owned<boomi_request>;
    type Call = Arc<Owned<boomi_call>>;
    type Response = Owned<boomi_response>;
    type Token = Owned<boomi_token>;
    type Authorization = Owned<boomi_authorization>;
    type TokenProvider = Provider;
    type Pages = Owned<boomi_pages>;
    type Job = Owned<boomi_job>;

    fn auth_username(kind: CredentialKind, username: &str) -> Result<String, Failure> {
        let username = text(username);
        given(|out, error| unsafe { boomi_auth_username(kind as u32, username.as_ptr(), out, error) })
    }

    fn auth_header(kind: CredentialKind, username: &str, secret: &str) -> Result<String, Failure> {
        let (username, secret) = (text(username), text(secret));
        given(|out, error| unsafe { boomi_auth_header(kind as u32, username.as_ptr(), secret.as_ptr(), out, error) })
    }

    fn otp_code(secret: &str, unix_time: i64) -> Result<String, Failure> {
        let secret = text(secret);
        given(|out, error| unsafe { boomi_otp_code(secret.as_ptr(), unix_time, out, error) })
    }

    fn client(settings: Vec<Setting>) -> Result<Self::Client, Failure> {
        let config = Owned { handle: boomi_config_new(), free: boomi_config_free };
        let mut first = Ok(());
        for setting in settings {
            let result = taken(|error| unsafe { set(config.handle, setting, error) });
            first = first.and(result);
        }
        // A client must not notice what becomes of the settings it was made of, nor of their copies.
        let copy = Owned { handle: unsafe { boomi_config_clone(config.handle) }, free: boomi_config_free };
        let client = handle(boomi_client_free, |out, error| unsafe { boomi_client_new(copy.handle, out, error) });
        if let Err(first) = first {
            assert_eq!(client.as_ref().err(), Some(&first), "the first error sticks");
        }
        client.map(Arc::new)
    }

    fn describe(client: &Self::Client) -> String {
        given(|out, error| unsafe { boomi_client_describe(client.handle, out, error) }).expect("a description")
    }

    fn describe_guard(client: &Self::Client) -> Result<String, Failure> {
        given(|out, error| unsafe { boomi_client_describe_guard(client.handle, out, error) })
    }

    fn cancel_client(client: &Self::Client) {
        unsafe { boomi_client_cancel(client.handle) }
    }

    fn reset_guard(client: &Self::Client) {
        unsafe { boomi_client_reset_guard(client.handle) }
    }

    fn request(method: &str, path_or_url: &str) -> Result<Self::Request, Failure> {
        let (method, path) = (text(method), text(path_or_url));
        let new = |out: *mut _, error: *mut _| unsafe { boomi_request_new(method.as_ptr(), path.as_ptr(), out, error) };
        handle(boomi_request_free, new)
    }

    fn set_auth(request: &mut Self::Request, scheme: AuthScheme) {
        taken(|error| unsafe { boomi_request_set_auth(request.handle, scheme as u32, error) }).expect("a good scheme");
    }

    fn set_account_id(request: &mut Self::Request, account_id: &str) -> Result<(), Failure> {
        let account_id = text(account_id);
        taken(|error| unsafe { boomi_request_set_account_id(request.handle, account_id.as_ptr(), error) })
    }

    fn add_query(request: &mut Self::Request, name: &str, value: &str) -> Result<(), Failure> {
        let (name, value) = (text(name), text(value));
        taken(|error| unsafe { boomi_request_add_query(request.handle, name.as_ptr(), value.as_ptr(), error) })
    }

    fn set_header(request: &mut Self::Request, header: Header<'_>) -> Result<(), Failure> {
        let (name, value) = (text(header.name), text(header.value));
        let secret = if header.secret { BOOMI_HEADER_SECRET } else { 0 };
        let flags = secret | if header.add { BOOMI_HEADER_ADD } else { 0 };
        taken(|error| unsafe { boomi_request_set_header(request.handle, name.as_ptr(), value.as_ptr(), flags, error) })
    }

    fn set_body(request: &mut Self::Request, body: &[u8]) {
        let set =
            |error: *mut _| unsafe { boomi_request_set_body(request.handle, body.as_ptr().cast(), body.len(), error) };
        taken(set).expect("any body is fine");
    }

    fn set_replayable(request: &mut Self::Request, replayable: bool) {
        taken(|error| unsafe { boomi_request_set_replayable(request.handle, replayable.into(), error) })
            .expect("both are fine");
    }

    fn call() -> Self::Call {
        Arc::new(Owned { handle: boomi_call_new(), free: boomi_call_free })
    }

    fn set_timeout_ms(call: &mut Self::Call, timeout_ms: u32) -> Result<(), Failure> {
        taken(|error| unsafe { boomi_call_set_timeout_ms(call.handle, timeout_ms, error) })
    }

    fn set_otp(call: &mut Self::Call, code: &str) -> Result<(), Failure> {
        let code = text(code);
        taken(|error| unsafe { boomi_call_set_otp(call.handle, code.as_ptr(), error) })
    }

    fn cancel_call(call: &Self::Call) {
        unsafe { boomi_call_cancel(call.handle) }
    }

    fn send(
        client: &Self::Client,
        request: &Self::Request,
        call: Option<&Self::Call>,
    ) -> Result<Self::Response, Failure> {
        let call = call.map_or(null(), |call| call.handle.cast_const());
        handle(boomi_response_free, |out, error| unsafe {
            boomi_client_send(client.handle, request.handle, call, out, error)
        })
    }

    fn open(
        client: &Self::Client,
        request: &Self::Request,
        call: Option<&Self::Call>,
    ) -> Result<Self::Response, Failure> {
        let call = call.map_or(null(), |call| call.handle.cast_const());
        handle(boomi_response_free, |out, error| unsafe {
            boomi_client_open(client.handle, request.handle, call, out, error)
        })
    }

    fn wait(
        client: &Self::Client,
        request: &Self::Request,
        call: Option<&Self::Call>,
    ) -> Result<Self::Response, Failure> {
        let call = call.map_or(null(), |call| call.handle.cast_const());
        handle(boomi_response_free, |out, error| unsafe {
            boomi_client_wait(client.handle, request.handle, call, out, error)
        })
    }

    fn generate_jwt(
        client: &Self::Client,
        account_id: Option<&str>,
        call: Option<&Self::Call>,
    ) -> Result<Self::Token, Failure> {
        let account_id = account_id.map(text);
        let account_id = account_id.as_deref().map_or(null(), CStr::as_ptr);
        let call = call.map_or(null(), |call| call.handle.cast_const());
        handle(boomi_token_free, |out, error| unsafe {
            boomi_jwt_generate(client.handle, account_id, call, out, error)
        })
    }

    fn authorize(
        client: &Self::Client,
        scheme: AuthScheme,
        url: &str,
        call: Option<&Self::Call>,
    ) -> Result<Self::Authorization, Failure> {
        let url = text(url);
        let call = call.map_or(null(), |call| call.handle.cast_const());
        handle(boomi_authorization_free, |out, error| unsafe {
            boomi_client_authorize(client.handle, scheme as u32, url.as_ptr(), call, out, error)
        })
    }

    fn token_provider(client: &Self::Client, account_id: Option<&str>) -> Result<Provider, Failure> {
        let account_id = account_id.map(text);
        let account_id = account_id.as_deref().map_or(null(), CStr::as_ptr);
        let new =
            |out: *mut _, error: *mut _| unsafe { boomi_token_provider_new(client.handle, account_id, out, error) };
        handle(boomi_token_provider_free, new).map(Arc::new)
    }

    fn get_token(provider: &Provider, min_validity_s: u32, call: Option<&Self::Call>) -> Result<Self::Token, Failure> {
        let call = call.map_or(null(), |call| call.handle.cast_const());
        handle(boomi_token_free, |out, error| unsafe {
            boomi_token_provider_get(provider.handle, min_validity_s, call, out, error)
        })
    }

    fn refresh(provider: &Provider, call: Option<&Self::Call>) -> Result<(), Failure> {
        let call = call.map_or(null(), |call| call.handle.cast_const());
        taken(|error| unsafe { boomi_token_provider_refresh(provider.handle, call, error) })
    }

    fn invalidate(provider: &Provider, rejected: &Self::Token) {
        unsafe { boomi_token_provider_invalidate(provider.handle, rejected.handle) }
    }

    fn describe_provider(provider: &Provider) -> String {
        given(|out, error| unsafe { boomi_token_provider_describe(provider.handle, out, error) })
            .expect("a description")
    }

    fn pages(client: &Self::Client, request: &Self::Request) -> Result<Self::Pages, Failure> {
        handle(boomi_pages_free, |out, error| unsafe { boomi_pages_new(client.handle, request.handle, out, error) })
    }

    fn next_page(pages: &mut Self::Pages, call: Option<&Self::Call>) -> Result<Option<Self::Response>, Failure> {
        let call = call.map_or(null(), |call| call.handle.cast_const());
        handle_or_none(boomi_response_free, |out, error| unsafe { boomi_pages_next(pages.handle, call, out, error) })
    }

    fn start(client: &Self::Client, request: &Self::Request, call: Option<&Self::Call>) -> Result<Self::Job, Failure> {
        let call = call.map_or(null(), |call| call.handle.cast_const());
        handle(boomi_job_free, |out, error| unsafe { boomi_job_start(client.handle, request.handle, call, out, error) })
    }

    fn wait_for(job: &mut Self::Job, call: Option<&Self::Call>) -> Result<Self::Response, Failure> {
        let call = call.map_or(null(), |call| call.handle.cast_const());
        handle(boomi_response_free, |out, error| unsafe { boomi_job_wait(job.handle, call, out, error) })
    }

    fn open_job(job: &mut Self::Job, call: Option<&Self::Call>) -> Result<Self::Response, Failure> {
        let call = call.map_or(null(), |call| call.handle.cast_const());
        handle(boomi_response_free, |out, error| unsafe { boomi_job_open(job.handle, call, out, error) })
    }

    fn job_path(job: &Self::Job) -> Option<String> {
        borrowed(unsafe { boomi_job_path(job.handle) })
    }
}

/// Calls the setter of one setting.
unsafe fn set(config: *mut boomi_config, setting: Setting, error: *mut *mut boomi_error) -> boomi_code {
    use callbacks::{ask_credentials, ask_otp, ask_wait, give, release, tell_event};
    unsafe {
        match setting {
            Setting::Credentials(kind, username, secret) => {
                let (username, secret) = (text(username), text(secret));
                boomi_config_set_credentials(config, kind as u32, username.as_ptr(), secret.as_ptr(), error)
            }
            Setting::CredentialsFn(ask) => boomi_config_set_credentials_callback(
                config,
                Some(ask_credentials),
                give(ask),
                Some(release::<api::CredentialsFn>),
                error,
            ),
            Setting::CredentialProcess(command, username) => {
                let (command, username) = (text(&command), username.map(text));
                let username = username.as_deref().map_or(null(), CStr::as_ptr);
                boomi_config_set_credential_process(config, command.as_ptr(), username, error)
            }
            Setting::Keychain(entry, username) => {
                let (entry, username) = (text(entry), username.map(text));
                let username = username.as_deref().map_or(null(), CStr::as_ptr);
                boomi_config_set_keychain(config, entry.as_ptr(), username, error)
            }
            Setting::OtpFn(ask) => {
                boomi_config_set_otp_callback(config, Some(ask_otp), give(ask), Some(release::<api::OtpFn>), error)
            }
            Setting::OnEvent(tell) => {
                let release = Some(release::<api::EventFn> as unsafe extern "C" fn(_));
                boomi_config_set_event_callback(config, Some(tell_event), give(tell), release, error)
            }
            Setting::WaitHook(ask) => {
                boomi_config_set_wait_callback(config, Some(ask_wait), give(ask), Some(release::<api::WaitFn>), error)
            }
            Setting::AccountId(value) => boomi_config_set_account_id(config, text(&value).as_ptr(), error),
            Setting::BaseUrl(value) => boomi_config_set_base_url(config, text(&value).as_ptr(), error),
            Setting::OtpSecret(value) => boomi_config_set_otp_secret(config, text(&value).as_ptr(), error),
            Setting::Proxy(value) => boomi_config_set_proxy(config, text(&value).as_ptr(), error),
            Setting::UserAgent(value) => boomi_config_set_user_agent(config, text(&value).as_ptr(), error),
            Setting::ConnectTimeoutMs(value) => boomi_config_set_connect_timeout_ms(config, value, error),
            Setting::TimeoutMs(value) => boomi_config_set_timeout_ms(config, value, error),
            Setting::MaxResponseBytes(value) => boomi_config_set_max_response_bytes(config, value, error),
            Setting::MaxSignInsInFlight(count) => boomi_config_set_max_sign_ins_in_flight(config, count, error),
            Setting::RequestsPerSecond(count) => boomi_config_set_requests_per_second(config, count, error),
            Setting::MaxRetries(count) => boomi_config_set_max_retries(config, count, error),
            Setting::StateDir(path) => boomi_config_set_state_dir(config, text(&path).as_ptr(), error),
            Setting::TokenProviderOf(provider) => {
                let provider: &Provider = provider.downcast_ref().expect("one of this way");
                boomi_config_set_token_provider(config, provider.handle, error)
            }
            Setting::CaPem(pem, mode) => {
                boomi_config_set_ca_pem(config, pem.as_ptr().cast(), pem.len(), mode as u32, error)
            }
        }
    }
}

impl api::Response for Owned<boomi_response> {
    fn status(&self) -> i32 {
        unsafe { boomi_response_status(self.handle) }
    }

    fn check(&self) -> Result<(), Failure> {
        taken(|error| unsafe { boomi_response_check(self.handle, error) })
    }

    fn message(&self) -> Option<String> {
        borrowed(unsafe { boomi_response_message(self.handle) })
    }

    fn header(&self, name: &str) -> Option<String> {
        let name = text(name);
        borrowed(unsafe { boomi_response_header(self.handle, name.as_ptr()) })
    }

    fn headers(&self) -> Vec<(String, String)> {
        let count = unsafe { boomi_response_header_count(self.handle) };
        let name = |index| borrowed(unsafe { boomi_response_header_name(self.handle, index) });
        let value = |index| borrowed(unsafe { boomi_response_header_value(self.handle, index) });
        assert_eq!((name(count), value(count)), (None, None), "nothing behind the last");
        (0..count).map(|index| (name(index).unwrap(), value(index).unwrap())).collect()
    }

    fn whole_body(&self) -> Option<Vec<u8>> {
        let mut length = usize::MAX;
        let body = unsafe { boomi_response_body(self.handle, &mut length) };
        assert_eq!(body, unsafe { boomi_response_body(self.handle, null_mut()) }, "the length is optional");
        if body.is_null() {
            assert_eq!(length, 0);
            return None;
        }
        let with_end = unsafe { std::slice::from_raw_parts(body, length + 1) };
        assert_eq!(with_end[length], 0, "a 0 byte follows the last");
        Some(with_end[..length].to_vec())
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Failure> {
        let mut amount = usize::MAX;
        let (place, room) = (buffer.as_mut_ptr().cast(), buffer.len());
        let result = taken(|error| unsafe { boomi_response_read(self.handle, place, room, &mut amount, error) });
        assert!(amount <= if result.is_ok() { room } else { 0 }, "{amount}: {result:?}");
        result.map(|()| amount)
    }

    fn attempts(&self) -> i32 {
        unsafe { boomi_response_attempts(self.handle) }
    }

    fn retry_after_ms(&self) -> i64 {
        unsafe { boomi_response_retry_after_ms(self.handle) }
    }
}

impl api::Token for Owned<boomi_token> {
    fn jwt(&self) -> String {
        borrowed(unsafe { boomi_token_jwt(self.handle) }).unwrap()
    }

    fn header(&self) -> String {
        borrowed(unsafe { boomi_token_header(self.handle) }).unwrap()
    }

    fn account_id(&self) -> String {
        borrowed(unsafe { boomi_token_account_id(self.handle) }).unwrap()
    }

    fn issued_at(&self) -> i64 {
        unsafe { boomi_token_issued_at(self.handle) }
    }

    fn expires_at(&self) -> i64 {
        unsafe { boomi_token_expires_at(self.handle) }
    }

    fn another_reference(&self) -> Self {
        Owned { handle: unsafe { boomi_token_clone(self.handle) }, free: boomi_token_free }
    }
}

impl api::Authorization for Owned<boomi_authorization> {
    fn headers(&self) -> Vec<(String, String)> {
        let count = unsafe { boomi_authorization_count(self.handle) };
        let name = |index| borrowed(unsafe { boomi_authorization_name(self.handle, index) });
        let value = |index| borrowed(unsafe { boomi_authorization_value(self.handle, index) });
        assert_eq!((name(count), value(count)), (None, None), "nothing behind the last");
        (0..count).map(|index| (name(index).unwrap(), value(index).unwrap())).collect()
    }

    fn observe(&mut self, status: i32, body: &[u8]) -> Result<bool, Failure> {
        let mut again = i32::MAX;
        let (data, length) = (body.as_ptr().cast(), body.len());
        let observe = |again: *mut i32, error: *mut *mut boomi_error| unsafe {
            boomi_authorization_observe(self.handle, status, data, length, again, error)
        };
        let result = taken(|error| observe(&mut again, error));
        assert!(matches!(again, 0 | 1) && (result.is_ok() || again == 0), "{again}: {result:?}");
        // Only the first counts, and who wants no answer gets none.
        assert_eq!(taken(|error| observe(null_mut(), error)), result);
        result.map(|()| again == 1)
    }

    fn withdraw(&mut self) {
        unsafe { boomi_authorization_withdraw(self.handle) };
    }
}
