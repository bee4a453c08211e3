//! The functions of a client: create it, send requests, read its settings and the guard's state.

use std::ffi::c_char;

use super::boundary::{borrow, create, optional_text, run};
use super::error::{boomi_code, boomi_error};
use super::handle::{get, give, release};
use super::token::{self, boomi_token};
use super::{
    call::boomi_call, config::boomi_config, request::boomi_request, response::boomi_response, text::give_text,
};
use crate::client::{Call, Client, Request, Response};
use crate::error::Result;

/// A client for one origin and one user. Immutable; any number of threads may use it at once. It owns its
/// connections.
///
/// A client that was created before fork() works in the child: see "Fork" above. Freed with boomi_client_free().
pub struct boomi_client {
    client: Client,
}

/// Creates a client with these settings, which may be freed or changed afterwards. No I/O.
///
/// `*client_out` is freed with boomi_client_free(); NULL on failure.
/// Errors: the first one of a setter; BOOMI_ERR_INVALID_ARGUMENT; BOOMI_ERR_PROXY if a proxy variable is invalid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_client_new(
    config: *const boomi_config,
    client_out: *mut *mut boomi_client,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe {
        create(client_out, "client_out", error_out, || {
            let config = borrow(config, "config")?.config.clone();
            Ok(give(boomi_client { client: Client::new(config)? }))
        })
    }
}

/// Creates a client from the environment, which must provide credentials.
///
/// Short for boomi_config_new(), boomi_config_load_env() and boomi_client_new().
///
/// `*client_out` is freed with boomi_client_free(); NULL on failure.
/// Errors: BOOMI_ERR_CONFIG, with what is missing and where Boomi shows it; those of boomi_client_new().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_client_from_env(
    client_out: *mut *mut boomi_client,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe { create(client_out, "client_out", error_out, || Ok(give(boomi_client { client: Client::from_env()? }))) }
}

/// Frees a client. Calls in progress, tokens and responses stay valid. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_client_free(client: *mut boomi_client) {
    // SAFETY: see the module's contract.
    unsafe { release(client) }
}

/// Cancels every running call of this client within 100 ms, with BOOMI_ERR_CANCELED. Later calls work. From any
/// thread.
///
/// NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_client_cancel(client: *const boomi_client) {
    if let Some(handle) = get(client) {
        handle.client.cancel();
    }
}

/// Allows one more authentication attempt of this client's user, whatever the guard blocks.
///
/// Use it when the credentials were corrected, or the user was unlocked, outside of the library. If the attempt is
/// accepted, the guard forgets the rejections; if not, it blocks as before. No I/O but the state directory's. NULL
/// is allowed.
///
/// All clients of this process with the same user and base URL share the guard's state, and with
/// boomi_config_set_state_dir() all processes with the same directory: the reset is for all of them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_client_reset_guard(client: *const boomi_client) {
    // There is no code to return. A panic changes nothing.
    run(std::ptr::null_mut(), || {
        if let Some(handle) = get(client) {
            // A reference for this call: an event callback may free the handle.
            handle.client.clone().reset_guard();
        }
        Ok(())
    });
}

/// Returns the settings in force as a JSON object for people and logs. Secrets are "***"; later versions may add
/// keys. No I/O.
///
/// `*json_out` is freed with boomi_string_free(); NULL on failure.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_client_describe(
    client: *const boomi_client,
    json_out: *mut *mut c_char,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe { create(json_out, "json_out", error_out, || Ok(give_text(&borrow(client, "client")?.client.describe()))) }
}

/// Returns the guard's state for this client's user as a JSON object without secrets.
///
/// {"username", "host", "memory", "problem", "rejections", "unanswered", "in_flight", "held"}. "memory" is the
/// store or the state directory, or null if the state is this process's alone, and "problem" says why one of them
/// cannot be used. The counts start at the last acceptance. "held" is null if an authentication attempt would be
/// sent; otherwise it is {"reason", "wait_ms"}: "rejected", "unanswered" or "budget", and null milliseconds if only
/// other credentials or boomi_client_reset_guard() end it. Nothing is sent; a program or keychain that provides the
/// credentials is called.
///
/// `*json_out` is freed with boomi_string_free(); NULL on failure.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT; BOOMI_ERR_CONFIG, if there are no credentials; BOOMI_ERR_TIMEOUT,
/// BOOMI_ERR_CANCELED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_client_describe_guard(
    client: *const boomi_client,
    json_out: *mut *mut c_char,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe { create(json_out, "json_out", error_out, || Ok(give_text(&in_use(client)?.describe_guard()?))) }
}

/// Requests a new JWT from the server, always. boomi_token_provider_new() caches one.
///
/// `account_id` may be NULL for the client's own, `call` for the client's limits.
///
/// `*token_out` is freed with boomi_token_free(); NULL on failure.
/// Errors: BOOMI_ERR_CREDENTIALS_REJECTED, BOOMI_ERR_PERMISSION_DENIED (the token belongs to another account, or a
/// privilege is missing), BOOMI_ERR_HELD, BOOMI_ERR_PROTOCOL (the response is no JWT), BOOMI_ERR_OTP,
/// BOOMI_ERR_RATE_LIMITED, BOOMI_ERR_HTTP_STATUS, BOOMI_ERR_CONFIG, and those of the transport.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_jwt_generate(
    client: *const boomi_client,
    account_id: *const c_char,
    call: *const boomi_call,
    token_out: *mut *mut boomi_token,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe {
        create(token_out, "token_out", error_out, || {
            let (client, call) = (in_use(client)?, in_use_call(call));
            let account_id = optional_text(account_id, "account_id")?.map(str::to_owned);
            Ok(token::give(client.generate_jwt(account_id.as_deref(), call.as_ref())?))
        })
    }
}

/// Sends a request and returns the response, whatever its status; see boomi_response_check().
///
/// The Accept header is JSON unless one is set. Redirects are not followed. `call` may be NULL for the client's
/// limits.
///
/// Requests are rate-limited for each account; see boomi_config_set_requests_per_second(). If the permit would come
/// after the deadline, this returns BOOMI_ERR_RATE_LIMITED at once, and boomi_error_retry_after_ms() gives the
/// shortest wait.
///
/// Failed requests are retried within the deadline, at most as often as boomi_config_set_max_retries() allows:
/// after a connection that failed or was lost, and after 429, 502, 503 or 504. Idempotent requests are always
/// retried: GET, HEAD, DELETE and OPTIONS; POSTs that end in /query, /queryMore, or /bulk of type GET, below
/// /api/rest/v1/ and /mdm/, and to /graphql without a mutation; and those that boomi_request_set_replayable()
/// marks. Non-idempotent requests are retried only if no bytes were sent, or the response was Boomi's 503 for too
/// many requests. Between attempts: exponential backoff with full jitter, base 500 ms, cap 20 s. A Retry-After is
/// waited for in full, or not at all if it exceeds the deadline. A cached JWT that the server refuses is replaced
/// once, and the request is sent with the new one; this is no retry, because a refusal comes before any effect
/// (except a GraphQL mutation's with "data": null). With a code of boomi_call_set_otp() there is no retry after the
/// code was sent. After a lost response with Basic, a GET of the same path without credentials precedes the next
/// attempt.
///
/// The last response is returned, also if a later attempt got none; boomi_response_attempts() gives the number of
/// attempts. The call fails after a later response that cannot be used (BOOMI_ERR_PROTOCOL, _TOO_LARGE), a
/// cancellation, and the loss of a request that may not be retried. After an error with boomi_error_sent() 1 such a
/// request may have taken effect: check before you send it again.
///
/// `*response_out` is freed with boomi_response_free(); NULL on failure.
/// Errors: the first one of the request's or call's setters; BOOMI_ERR_INVALID_ARGUMENT (a URL of another origin);
/// BOOMI_ERR_CONFIG (no credentials or account id); BOOMI_ERR_HELD; BOOMI_ERR_OTP; BOOMI_ERR_RATE_LIMITED (the
/// permit would come too late); BOOMI_ERR_CONNECT, _PROXY, _TLS, _TIMEOUT, _PROTOCOL, _TOO_LARGE, _CANCELED; with a
/// JWT also those of boomi_jwt_generate().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_client_send(
    client: *const boomi_client,
    request: *const boomi_request,
    call: *const boomi_call,
    response_out: *mut *mut boomi_response,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe { ask(client, request, call, response_out, error_out, Client::send) }
}

/// Sends a request, and returns when status and headers of the response have arrived.
///
/// Like boomi_client_send(), but the body is read with boomi_response_read(), in constant memory whatever its size.
/// Only the body of a status of 400 or more is read at once, for its message, and is available from
/// boomi_response_body().
///
/// `*response_out` is freed with boomi_response_free(); NULL on failure. Freeing a response before its end closes
/// its connection.
/// Errors: those of boomi_client_send().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_client_open(
    client: *const boomi_client,
    request: *const boomi_request,
    call: *const boomi_call,
    response_out: *mut *mut boomi_response,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe { ask(client, request, call, response_out, error_out, Client::open) }
}

/// Starts a job on the server, and waits for its result, within one deadline.
///
/// Short for boomi_job_start() and boomi_job_wait(). The deadline is that of `call`, or, if it is NULL, the
/// client's. A result that the server returns at once is returned.
///
/// After BOOMI_ERR_TIMEOUT or another error the job may continue, and the place of its result is lost:
/// boomi_job_start() returns a job that keeps it.
///
/// `*response_out` is freed with boomi_response_free(); NULL on failure.
/// Errors: those of boomi_job_start() and boomi_job_wait().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_client_wait(
    client: *const boomi_client,
    request: *const boomi_request,
    call: *const boomi_call,
    response_out: *mut *mut boomi_response,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe { ask(client, request, call, response_out, error_out, Client::wait) }
}

unsafe fn ask(
    client: *const boomi_client,
    request: *const boomi_request,
    call: *const boomi_call,
    response_out: *mut *mut boomi_response,
    error_out: *mut *mut boomi_error,
    send: fn(&Client, &Request, Option<&Call>) -> Result<Response>,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe {
        create(response_out, "response_out", error_out, || {
            let (client, call) = (in_use(client)?, in_use_call(call));
            let request = borrow(request, "request")?.request.clone();
            Ok(give(boomi_response::from(send(&client, &request, call.as_ref())?)))
        })
    }
}

/// A reference for one call: the handle may be freed meanwhile, even inside a callback.
pub(crate) unsafe fn in_use(client: *const boomi_client) -> Result<Client> {
    // SAFETY: by this function's contract.
    Ok(unsafe { borrow(client, "client") }?.client.clone())
}

/// [`in_use`] for the limits of a call.
pub(crate) unsafe fn in_use_call(call: *const boomi_call) -> Option<Call> {
    get(call).map(|handle| handle.call.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, ErrorKind};
    use crate::tests::sim::clock::Sim;
    use crate::transport::deadline::Deadline;
    use crate::transport::{Incoming, Outgoing, Transport};
    use std::ptr::{null, null_mut};
    use std::rc::Rc;
    use std::sync::Arc;

    struct Panicking;

    impl Transport for Panicking {
        fn round_trip(&self, _: Outgoing<'_>, _: &Rc<Deadline>) -> Result<Incoming, Error> {
            panic!("forced inside the core")
        }
    }

    #[test]
    fn core_panic_is_internal_error_and_handles_stay_usable() {
        let mut config = crate::config::Config::default();
        config.set_credentials(crate::Credentials::password("user@example.com", "p")).unwrap();
        config.set_account_id("account123").unwrap();
        config.transport = Some(Arc::new(Panicking));
        // The guard waits after an attempt without a result.
        config.clock = Some(Sim::new(1_800_000_000, 1));
        let client = give(boomi_client { client: Client::new(config).unwrap() });
        for _ in 0..2 {
            let (mut token, mut error) = (null_mut(), null_mut());
            // SAFETY: all pointers are valid.
            unsafe {
                let code = boomi_jwt_generate(client, null(), null(), &mut token, &mut error);
                assert_eq!(code, ErrorKind::Internal.code());
                assert!(token.is_null());
                super::super::boomi_error_free(error);
            }
        }
        // SAFETY: created above.
        unsafe { boomi_client_free(client) };
    }
}
