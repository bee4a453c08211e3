//! The C functions as C calls them, beside a scripted Boomi in process: no socket and no other library, so that Miri can watch
//! every pointer (`make harden PART=miri`). What they promise is tested elsewhere.

use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use crate::capi::*;
use crate::event::EventKind;
use crate::tests::sim::clock::Sim;
use crate::tests::sim::server::{Issuer, PASSWORD};

const OK: boomi_code = 0;
// The header's constants equal the core's.
const _: () = {
    assert!(BOOMI_EVENT_CREDENTIALS_LOADED == EventKind::CredentialsLoaded as u32);
    assert!(BOOMI_EVENT_SIGN_IN_REJECTED == EventKind::SignInRejected as u32);
    assert!(BOOMI_EVENT_TOKEN_ISSUED == EventKind::TokenIssued as u32);
    assert!(BOOMI_EVENT_OTP_AWAITED == EventKind::OtpAwaited as u32);
    assert!(BOOMI_EVENT_TOKEN_REFRESHED == EventKind::TokenRefreshed as u32);
    assert!(BOOMI_EVENT_REFRESH_FAILED == EventKind::RefreshFailed as u32);
    assert!(BOOMI_EVENT_TOKEN_REFUSED == EventKind::TokenRefused as u32);
    assert!(BOOMI_EVENT_SIGN_IN_HELD == EventKind::SignInHeld as u32);
    assert!(BOOMI_EVENT_STATE_UNAVAILABLE == EventKind::StateUnavailable as u32);
    assert!(BOOMI_EVENT_REQUEST_RETRIED == EventKind::RequestRetried as u32);
};

const RECORD: &CStr = c"/api/rest/v1/{accountId}/AuditLog/1";

/// What a callback is given: counts its calls, and its end.
#[derive(Default)]
struct Seen {
    /// Whose password is asked for.
    user: OnceLock<CString>,
    calls: AtomicUsize,
    releases: AtomicUsize,
}

impl Seen {
    fn data(&self) -> *mut c_void {
        std::ptr::from_ref(self).cast_mut().cast()
    }

    fn of<'a>(data: *mut c_void) -> &'a Seen {
        // SAFETY: each test keeps it until all handles are freed.
        unsafe { &*data.cast::<Seen>() }
    }
}

unsafe extern "C" fn release(data: *mut c_void) {
    Seen::of(data).releases.fetch_add(1, Ordering::Relaxed);
}

unsafe extern "C" fn on_event(data: *mut c_void, event: *const boomi_event) {
    // SAFETY: it lives during the callback.
    let json = unsafe { CStr::from_ptr(boomi_event_json(event)) };
    assert!(json.to_str().unwrap().starts_with('{'));
    Seen::of(data).calls.fetch_add(1, Ordering::Relaxed);
}

unsafe extern "C" fn credentials(data: *mut c_void, _rejected: i32, out: *mut boomi_credentials) -> i32 {
    Seen::of(data).calls.fetch_add(1, Ordering::Relaxed);
    let (user, password) = (Seen::of(data).user.get().unwrap(), CString::new(PASSWORD).unwrap());
    // SAFETY: both are valid until it returns.
    unsafe { boomi_credentials_set(out, BOOMI_CREDENTIAL_PASSWORD, user.as_ptr(), password.as_ptr(), null_mut()) }
}

/// A client whose handles are all there is of it, and what its callbacks saw.
unsafe fn client(seen: &Seen) -> *mut boomi_client {
    let sim = Sim::new(1_800_000_000, 1);
    let issuer = Issuer::new(sim.clone(), 1);
    seen.user.set(CString::new(issuer.user_name()).unwrap()).unwrap();
    let (mut client, no_error) = (null_mut(), null_mut());
    // SAFETY: what is given is valid, and freed once.
    unsafe {
        let config = boomi_config_new();
        (*config).config.transport = Some(issuer);
        (*config).config.clock = Some(sim as Arc<dyn crate::clock::Clock>);
        assert_eq!(boomi_config_set_account_id(config, c"account123".as_ptr(), no_error), OK);
        assert_eq!(boomi_config_set_proxy(config, c"".as_ptr(), no_error), OK);
        let data = seen.data();
        assert_eq!(boomi_config_set_credentials_callback(config, Some(credentials), data, Some(release), no_error), OK);
        assert_eq!(boomi_config_set_event_callback(config, Some(on_event), data, Some(release), no_error), OK);
        let copy = boomi_config_clone(config);
        boomi_config_free(config);
        assert_eq!(boomi_client_new(copy, &raw mut client, no_error), OK);
        boomi_config_free(copy);
    }
    client
}

/// Copied, and freed.
unsafe fn taken(text: *mut c_char) -> String {
    // SAFETY: the library has just given it.
    let copy = unsafe { CStr::from_ptr(text) }.to_str().unwrap().to_owned();
    // SAFETY: as above.
    unsafe { boomi_string_free(text) };
    copy
}

#[test]
fn tokens_and_provider_are_freed_in_any_order() {
    let seen = Seen::default();
    // SAFETY: each handle is valid until it is freed, once.
    unsafe {
        let client = client(&seen);
        let (mut provider, mut token, mut json) = (null_mut(), null_mut(), null_mut());
        assert_eq!(boomi_token_provider_new(client, null(), &raw mut provider, null_mut()), OK);
        boomi_client_free(client);
        let mut kept = Vec::new();
        for _ in 0..40 {
            assert_eq!(boomi_token_provider_get(provider, 0, null(), &raw mut token, null_mut()), OK);
            kept.push(boomi_token_clone(token));
            boomi_token_free(token);
        }
        assert_eq!(boomi_token_provider_get(provider, 30, null(), &raw mut token, null_mut()), OK);
        boomi_token_provider_invalidate(provider, token);
        boomi_token_free(token);
        assert_eq!(boomi_token_provider_refresh(provider, null(), null_mut()), OK);
        assert_eq!(boomi_token_provider_get(provider, 0, null(), &raw mut token, null_mut()), OK);
        assert_eq!(boomi_token_provider_describe(provider, &raw mut json, null_mut()), OK);
        assert!(taken(json).contains("\"refused\":1"));
        boomi_token_provider_free(provider);
        for old in kept {
            assert!(CStr::from_ptr(boomi_token_header(old)).to_bytes().starts_with(b"Bearer "));
            assert_eq!(CStr::from_ptr(boomi_token_account_id(old)), c"account123");
            assert!(boomi_token_expires_at(old) > boomi_token_issued_at(old));
            boomi_token_free(old);
        }
        assert!(CStr::from_ptr(boomi_token_jwt(token)).count_bytes() > 20);
        boomi_token_free(token);
    }
    assert!(seen.calls.into_inner() > 0);
    assert_eq!(seen.releases.into_inner(), 2);
}

#[test]
fn requests_responses_and_errors_are_sound() {
    let seen = Seen::default();
    // SAFETY: as above.
    unsafe {
        let client = client(&seen);
        let (mut request, mut response, mut error) = (null_mut(), null_mut(), null_mut());
        assert_eq!(boomi_request_new(c"POST".as_ptr(), RECORD.as_ptr(), &raw mut request, null_mut()), OK);
        assert_eq!(boomi_request_add_query(request, c"a".as_ptr(), c"b c".as_ptr(), null_mut()), OK);
        assert_eq!(boomi_request_set_header(request, c"X-One".as_ptr(), c"1".as_ptr(), 0, null_mut()), OK);
        assert_eq!(boomi_request_set_body(request, c"{}".as_ptr().cast(), 2, null_mut()), OK);
        let call = boomi_call_new();
        assert_eq!(boomi_call_set_timeout_ms(call, 60_000, null_mut()), OK);
        for open in [false, true] {
            let code = if open {
                boomi_client_open(client, request, call, &raw mut response, &raw mut error)
            } else {
                boomi_client_send(client, request, call, &raw mut response, &raw mut error)
            };
            assert_eq!(code, OK);
            assert!(error.is_null());
            assert_eq!((boomi_response_status(response), boomi_response_attempts(response)), (200, 1));
            assert_eq!(boomi_response_check(response, null_mut()), OK);
            let (mut length, mut read, mut room) = (0, 0, [0_u8; 8]);
            if open {
                assert_eq!(boomi_response_read(response, room.as_mut_ptr().cast(), 8, &raw mut read, null_mut()), OK);
                assert!(read > 0 && room[0] == b'{');
            } else {
                let body = boomi_response_body(response, &raw mut length);
                assert_eq!(*body, b'{');
                assert_eq!(*body.add(length), 0);
            }
            for index in 0..=boomi_response_header_count(response) {
                let name = boomi_response_header_name(response, index);
                assert_eq!(boomi_response_header(response, name).is_null(), name.is_null());
            }
            boomi_response_free(response);
        }
        boomi_call_cancel(call);
        assert_ne!(boomi_client_send(client, request, call, &raw mut response, &raw mut error), OK);
        boomi_call_free(call);
        boomi_request_free(request);
        boomi_client_free(client);
        assert!(response.is_null() && !CStr::from_ptr(boomi_error_message(error)).is_empty());
        assert_eq!((boomi_error_sent(error), boomi_error_code(error)), (0, 15));
        boomi_error_free(error);
    }
    assert_eq!(seen.releases.into_inner(), 2);
}

#[test]
fn authorizations_end_observed_withdrawn_or_freed() {
    let seen = Seen::default();
    // SAFETY: as above.
    unsafe {
        let client = client(&seen);
        for end in 0..3 {
            let (mut authorization, mut again) = (null_mut(), 7);
            let url = c"https://api.boomi.com/api/rest/v1/account123/AuditLog/1".as_ptr();
            assert_eq!(
                boomi_client_authorize(client, BOOMI_AUTH_BASIC, url, null(), &raw mut authorization, null_mut()),
                OK
            );
            for index in 0..boomi_authorization_count(authorization) {
                assert!(!boomi_authorization_name(authorization, index).is_null());
                assert!(!boomi_authorization_value(authorization, index).is_null());
            }
            match end {
                0 => {
                    let code = boomi_authorization_observe(authorization, 200, null(), 0, &raw mut again, null_mut());
                    assert_eq!((code, again), (OK, 0));
                }
                1 => boomi_authorization_withdraw(authorization),
                _ => {}
            }
            boomi_authorization_free(authorization);
        }
        let mut json = null_mut();
        assert_eq!(boomi_client_describe(client, &raw mut json, null_mut()), OK);
        assert!(!taken(json).contains(PASSWORD));
        assert_eq!(boomi_client_describe_guard(client, &raw mut json, null_mut()), OK);
        taken(json);
        boomi_client_free(client);
    }
}

#[test]
fn texts_and_null_are_sound() {
    // SAFETY: NULL is fine everywhere, and texts are valid.
    unsafe {
        let (mut text, mut error) = (null_mut(), null_mut());
        let (user, secret) = (c"user@example.com".as_ptr(), c"secret".as_ptr());
        assert_eq!(boomi_auth_header(BOOMI_CREDENTIAL_PASSWORD, user, secret, &raw mut text, null_mut()), OK);
        assert!(taken(text).starts_with("Basic "));
        // Its hash is ring's, which is C where Miri cannot follow.
        if !cfg!(miri) {
            assert_eq!(boomi_otp_code(c"GEZDGNBVGY3TQOJQ".as_ptr(), 59, &raw mut text, null_mut()), OK);
            assert_eq!(taken(text).len(), 6);
        }
        assert_ne!(boomi_auth_header(BOOMI_CREDENTIAL_PASSWORD, null(), secret, &raw mut text, &raw mut error), OK);
        assert!(text.is_null());
        boomi_error_free(error);
        boomi_config_free(null_mut());
        boomi_client_free(null_mut());
        boomi_token_free(null_mut());
        boomi_request_free(null_mut());
        boomi_response_free(null_mut());
        boomi_string_free(null_mut());
        assert!(boomi_token_clone(null()).is_null() && boomi_token_header(null()).is_null());
        assert_eq!(boomi_response_status(null()), 0);
    }
}
