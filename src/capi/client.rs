//! Clients.

use std::ffi::c_char;

use super::boundary::{Out, borrow, optional_text, run};
use super::call::boomi_call;
use super::config::boomi_config;
use super::error::{boomi_code, boomi_error};
use super::handle::Handle;
use super::library::give_text;
use super::request::boomi_request;
use super::response::boomi_response;
use super::token::{self, boomi_token};
use crate::client::{Call, Client, Request, Response};
use crate::error::Result;

/// A client for one origin and one user: immutable, used by any number of threads at once, owner of its connections. One
/// that was made before a fork() works in the child: see "Fork" above. Freed with boomi_client_free().
pub struct boomi_client {
    client: Client,
}

impl Handle for boomi_client {}

/// A client with these settings, which may be freed or changed afterwards. No I/O.
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
    let out = unsafe { Out::cleared(client_out) };
    run(error_out, || {
        out.check("client_out")?;
        // SAFETY: see the module's contract.
        let config = unsafe { borrow(config, "config") }?.config.clone();
        out.set(boomi_client { client: Client::new(config)? }.give());
        Ok(())
    })
}

/// A client from the environment alone: boomi_config_new(), boomi_config_load_env() and boomi_client_new(). Credentials
/// must be there.
///
/// `*client_out` is freed with boomi_client_free(); NULL on failure.
/// Errors: BOOMI_ERR_CONFIG, with what is missing and where Boomi shows it; those of boomi_client_new().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_client_from_env(
    client_out: *mut *mut boomi_client,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    let out = unsafe { Out::cleared(client_out) };
    run(error_out, || {
        out.check("client_out")?;
        out.set(boomi_client { client: Client::from_env()? }.give());
        Ok(())
    })
}

/// Frees a client. Calls in progress, tokens and responses live on. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_client_free(client: *mut boomi_client) {
    // SAFETY: see the module's contract.
    unsafe { Handle::release(client) }
}

/// Ends every call of this client that has begun, within 100 ms, with BOOMI_ERR_CANCELED. Later calls work. From any thread.
/// NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_client_cancel(client: *const boomi_client) {
    // SAFETY: see the module's contract.
    if let Some(handle) = unsafe { client.as_ref() } {
        handle.client.cancel();
    }
}

/// Lets one more sign-in of this client's user through, whatever the guard holds back: for when the credentials were corrected,
/// or the user was unlocked, where the library cannot see it. If that one is accepted, everything is as before the first
/// rejection; if not, it is held as before. No I/O but the state directory's. NULL is fine.
///
/// Holds are shared by all clients of this process with the same user and base URL, and, with boomi_config_set_state_dir(), by all
/// processes with the same directory; so is this.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_client_reset_guard(client: *const boomi_client) {
    // There is no code to give back: a panic leaves everything held.
    run(std::ptr::null_mut(), || {
        // SAFETY: see the module's contract.
        if let Some(handle) = unsafe { client.as_ref() } {
            // A reference of the call's own: an event callback may free the handle.
            handle.client.clone().reset_guard();
        }
        Ok(())
    });
}

/// The settings in force as a JSON object for people and logs, to which keys may be added; secrets are "***". No I/O.
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
    let out = unsafe { Out::cleared(json_out) };
    run(error_out, || {
        out.check("json_out")?;
        // SAFETY: see the module's contract.
        let text = unsafe { borrow(client, "client") }?.client.describe();
        out.set(give_text(&text));
        Ok(())
    })
}

/// What the guard knows of this client's user, and what it would say to a sign-in now, as a JSON object without secrets:
/// {"username", "host", "memory", "problem", "rejections", "unanswered", "in_flight", "held"}. "memory" is the store or
/// the state directory, or null if only this process knows, and "problem" why one of them cannot be used. The counts are since the last acceptance.
/// "held" is null if a sign-in would be sent; else {"reason", "wait_ms"}: "rejected", "unanswered" or "budget", and
/// null milliseconds if only other credentials or boomi_client_reset_guard() end it. Nothing is sent; a program or keychain
/// that gives the credentials is asked.
///
/// `*json_out` is freed with boomi_string_free(); NULL on failure.
/// Errors: BOOMI_ERR_INVALID_ARGUMENT; BOOMI_ERR_CONFIG, if there are no credentials; BOOMI_ERR_TIMEOUT, BOOMI_ERR_CANCELED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_client_describe_guard(
    client: *const boomi_client,
    json_out: *mut *mut c_char,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    let out = unsafe { Out::cleared(json_out) };
    run(error_out, || {
        out.check("json_out")?;
        // What a callback frees meanwhile is still there.
        // SAFETY: see the module's contract.
        let client = unsafe { borrow(client, "client") }?.client.clone();
        out.set(give_text(&client.describe_guard()?));
        Ok(())
    })
}

/// Asks the server for a JWT, always. For one that is kept and renewed see boomi_token_provider_new(); a request with
/// BOOMI_AUTH_JWT or to /graphql uses such a one.
/// `account_id` may be NULL for the client's own, `call` for the client's limits.
///
/// `*token_out` is freed with boomi_token_free(); NULL on failure.
/// Errors: BOOMI_ERR_CREDENTIALS_REJECTED, BOOMI_ERR_PERMISSION_DENIED (the token belongs to another account, or a privilege
/// is missing), BOOMI_ERR_HELD, BOOMI_ERR_PROTOCOL (the answer is no JWT), BOOMI_ERR_OTP, BOOMI_ERR_RATE_LIMITED,
/// BOOMI_ERR_HTTP_STATUS, BOOMI_ERR_CONFIG, and those of the transport.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_jwt_generate(
    client: *const boomi_client,
    account_id: *const c_char,
    call: *const boomi_call,
    token_out: *mut *mut boomi_token,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    let out = unsafe { Out::cleared(token_out) };
    run(error_out, || {
        out.check("token_out")?;
        // SAFETY: see the module's contract.
        let (client, account_id, call) = unsafe {
            (in_use(client)?, optional_text(account_id, "account_id")?.map(str::to_owned), in_use_call(call))
        };
        out.set(token::give(client.generate_jwt(account_id.as_deref(), call.as_ref())?));
        Ok(())
    })
}

/// Sends a request, and gives the answer whatever its status; see boomi_response_check(). JSON is asked for unless an Accept header
/// is set. Redirects are not followed. `call` may be NULL for the client's limits.
///
/// It waits for its turn, since an account has so many requests a second: see boomi_config_set_requests_per_second(). If the turn
/// would come after the deadline, it is BOOMI_ERR_RATE_LIMITED at once, and boomi_error_retry_after_ms() says how long it takes at
/// least.
///
/// It is sent again, within the deadline and at most as often as boomi_config_set_max_retries() says, after a connection that failed
/// or was lost and after 429, 502, 503 or 504, if it may be repeated: GET, HEAD, DELETE and OPTIONS; POSTs that end in /query,
/// /queryMore, or /bulk of type GET, below /api/rest/v1/ and /mdm/, and to /graphql without a mutation; and what
/// boomi_request_set_replayable() marks.
/// Any other only if it certainly had no effect: no byte of it left, or the answer was Boomi's 503 for too many requests. Waits are
/// drawn by chance, the first below half a second, each later one below twice as much, and none above 20 s; a Retry-After is waited
/// for in full, or not at all if it outlasts the deadline. A kept JWT that the server refuses is replaced once, and the request sent
/// with the new one, apart from that: a refusal comes before any effect (but for a GraphQL mutation's with "data": null), and is no
/// answer then. With a code of boomi_call_set_otp() there is no other try once the code is gone. After a lost answer with Basic, a
/// GET of the same path without credentials goes before the next try.
///
/// The last answer is the response, also if a later try got none, and boomi_response_attempts() says how many tries there were. An
/// error all the same are a later answer that cannot be used (BOOMI_ERR_PROTOCOL, _TOO_LARGE), a cancellation, and the loss of what
/// may not be repeated. After an error with boomi_error_sent() 1 such a request may have taken effect: look, before you send it again.
///
/// `*response_out` is freed with boomi_response_free(); NULL on failure.
/// Errors: the first one of the request's or call's setters; BOOMI_ERR_INVALID_ARGUMENT (a URL of another origin);
/// BOOMI_ERR_CONFIG (no credentials or account id); BOOMI_ERR_HELD; BOOMI_ERR_OTP; BOOMI_ERR_RATE_LIMITED (its turn would come too
/// late); BOOMI_ERR_CONNECT, _PROXY, _TLS, _TIMEOUT, _PROTOCOL, _TOO_LARGE, _CANCELED; with a JWT also those of
/// boomi_jwt_generate().
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

/// Sends a request like boomi_client_send(), and returns when status and headers of the answer are there. The body is then
/// read with boomi_response_read(), in constant memory however large it is. Only the body of a status of 400 or more is read
/// at once, for its message, and is had from boomi_response_body().
///
/// `*response_out` is freed with boomi_response_free(); NULL on failure. An answer that is freed before its end closes its
/// connection.
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

/// Starts work that the server does in its own time, as boomi_job_start() does, and waits for its result, as boomi_job_wait() does,
/// all within one deadline: that of `call`, or, if it is NULL, the client's. What came at once is the result.
///
/// After BOOMI_ERR_TIMEOUT or another error the work may go on, and where its result will be is lost: boomi_job_start() gives a job,
/// which keeps it.
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

/// What boomi_client_send(), boomi_client_open() and boomi_client_wait() share.
unsafe fn ask(
    client: *const boomi_client,
    request: *const boomi_request,
    call: *const boomi_call,
    response_out: *mut *mut boomi_response,
    error_out: *mut *mut boomi_error,
    send: fn(&Client, &Request, Option<&Call>) -> Result<Response>,
) -> boomi_code {
    // SAFETY: see the module's contract.
    let out = unsafe { Out::cleared(response_out) };
    run(error_out, || {
        out.check("response_out")?;
        // SAFETY: see the module's contract.
        let (client, request, call) =
            unsafe { (in_use(client)?, borrow(request, "request")?.request.clone(), in_use_call(call)) };
        let response = send(&client, &request, call.as_ref())?;
        out.set(boomi_response::from(response).give());
        Ok(())
    })
}

/// A reference of the call's own: its handle may be freed meanwhile, even inside a callback.
pub(crate) unsafe fn in_use(client: *const boomi_client) -> Result<Client> {
    // SAFETY: the same contract.
    Ok(unsafe { borrow(client, "client") }?.client.clone())
}

/// The same for the call's limits.
pub(crate) unsafe fn in_use_call(call: *const boomi_call) -> Option<Call> {
    // SAFETY: the same contract.
    unsafe { call.as_ref() }.map(|handle| handle.call.clone())
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
    fn a_panic_inside_the_core_is_an_error_and_the_handles_stay_good() {
        let mut config = crate::config::Config::default();
        config.set_credentials(crate::Credentials::password("user@example.com", "p")).unwrap();
        config.set_account_id("account123").unwrap();
        config.transport = Some(Arc::new(Panicking));
        // The guard waits after a sign-in that nobody knows the end of.
        config.clock = Some(Sim::new(1_800_000_000, 1));
        let client = boomi_client { client: Client::new(config).unwrap() }.give();
        for _ in 0..2 {
            let (mut token, mut error) = (null_mut(), null_mut());
            // SAFETY: all pointers are ours, and valid.
            unsafe {
                let code = boomi_jwt_generate(client, null(), null(), &mut token, &mut error);
                assert_eq!(code, ErrorKind::Internal.code());
                assert!(token.is_null());
                super::super::boomi_error_free(error);
            }
        }
        // SAFETY: given out above.
        unsafe { boomi_client_free(client) };
    }
}
