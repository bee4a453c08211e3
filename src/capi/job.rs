//! The functions of a job on the server: start it, and wait for its result.

use std::ffi::{CStr, CString, c_char};
use std::ptr::null;

use super::boundary::{OneAtATime, borrow, create};
use super::client::{boomi_client, in_use, in_use_call};
use super::error::{boomi_code, boomi_error};
use super::handle::{c_string, get, give, release};
use super::{call::boomi_call, request::boomi_request, response::boomi_response};
use crate::client::{Call, Response};
use crate::{client::job::Job, error::Result};

/// A job on the server, whose result is polled. Used by one thread at a time.
///
/// It keeps its client alive. Freed with boomi_job_free(), in any order with its client, request and result, even
/// inside a callback of its own call, which then runs to its end. The job on the server continues without it.
pub struct boomi_job {
    job: OneAtATime<Job>,
    path: Option<CString>,
}

/// Starts a job with a request, and reads from the response where the result will be.
///
/// The request is sent as by boomi_client_send(). The result is under /async/ with an `asyncToken`; for an
/// ExecutionRequest with its `requestId`; for a download (ProcessLog, AtomLog, ConnectorDocument) at its `url`; a
/// GET with the response 202 is polled. Any other response is the result. JSON or XML. `call` may be NULL for the
/// client's limits.
///
/// A URL from a response is requested only if it is of the client's own origin, with the credentials and headers of
/// the request.
///
/// `*job_out` is freed with boomi_job_free(); NULL on failure.
/// Errors: those of boomi_client_send(), and, for a response with a status other than 2xx, those of
/// boomi_response_check(); BOOMI_ERR_PROTOCOL if the response names no place to poll: boomi_error_sent() is 1 then,
/// as the job was started.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_job_start(
    client: *const boomi_client,
    request: *const boomi_request,
    call: *const boomi_call,
    job_out: *mut *mut boomi_job,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe {
        create(job_out, "job_out", error_out, || {
            let (client, call) = (in_use(client)?, in_use_call(call));
            let request = borrow(request, "request")?.request.clone();
            let job = client.start(&request, call.as_ref())?;
            Ok(give(boomi_job { path: job.path().map(c_string), job: OneAtATime::new(job) }))
        })
    }
}

/// Waits for the result, and returns it whatever its status; see boomi_response_check().
///
/// The server is polled at once, after half a second, and at growing intervals up to 5 s, or when it says. `call`
/// may be NULL for the client's limits.
///
/// After an error, BOOMI_ERR_TIMEOUT among them, the job continues, and this can be called again. But Boomi returns
/// the result of an `asyncToken` once: after that, and after 30 minutes, this is BOOMI_ERR_HTTP_STATUS with the
/// status 204. A result that came at once is returned once too. From another thread at the same time, or inside a
/// callback of its own call, this is BOOMI_ERR_INVALID_ARGUMENT.
///
/// `*response_out` is freed with boomi_response_free(); NULL on failure.
/// Errors: those of boomi_client_send(); BOOMI_ERR_HTTP_STATUS; BOOMI_ERR_PROTOCOL if the result is at another
/// origin: a client with that base URL can request it, at boomi_job_path().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_job_wait(
    job: *mut boomi_job,
    call: *const boomi_call,
    response_out: *mut *mut boomi_response,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe { ask(job, call, response_out, error_out, Job::wait) }
}

/// Waits like boomi_job_wait(), and returns when status and headers of the result have arrived.
///
/// Read the body with boomi_response_read(), as after boomi_client_open(): for downloads of any size. A result that
/// came at once is read the same way.
///
/// `*response_out` is freed with boomi_response_free(); NULL on failure.
/// Errors: those of boomi_job_wait().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_job_open(
    job: *mut boomi_job,
    call: *const boomi_call,
    response_out: *mut *mut boomi_response,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe { ask(job, call, response_out, error_out, Job::open) }
}

unsafe fn ask(
    job: *mut boomi_job,
    call: *const boomi_call,
    response_out: *mut *mut boomi_response,
    error_out: *mut *mut boomi_error,
    ask: fn(&mut Job, Option<&Call>) -> Result<Response>,
) -> boomi_code {
    // SAFETY: see the module's contract.
    unsafe {
        create(response_out, "response_out", error_out, || {
            let (job, call) = (borrow(job, "job")?.job.share(), in_use_call(call));
            let response = job.with("job", |job| ask(job, call.as_ref()))?;
            Ok(give(boomi_response::from(response)))
        })
    }
}

/// Returns where a GET finds the result, now or from another process, for boomi_request_new().
///
/// It is a path, in which {accountId} is not filled in, or a URL, without the parameters of
/// boomi_request_add_query(). Borrowed from `job`. NULL if the result came at once, and if `job` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_job_path(job: *const boomi_job) -> *const c_char {
    get(job).and_then(|handle| handle.path.as_deref()).map_or(null(), CStr::as_ptr)
}

/// Frees a job. The job on the server continues, and results stay valid. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_job_free(job: *mut boomi_job) {
    // SAFETY: see the module's contract.
    unsafe { release(job) }
}
