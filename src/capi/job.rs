//! Work that the server does in its own time.

use std::ffi::{CStr, CString, c_char};
use std::ptr::null;

use super::boundary::{OneAtATime, Out, borrow, run};
use super::call::boomi_call;
use super::client::{boomi_client, in_use, in_use_call};
use super::error::{boomi_code, boomi_error};
use super::handle::{Handle, c_string};
use super::request::boomi_request;
use super::response::boomi_response;
use crate::client::job::Job;
use crate::client::{Call, Response};
use crate::error::Result;

/// Work that the server does in its own time, and whose result it gives when it is asked often enough. Used by one thread at a
/// time. It keeps its client alive; freed with boomi_job_free(), in any order with its client, request and result, even inside a
/// callback of its own call, which then goes on to its end. The work goes on without it.
pub struct boomi_job {
    job: OneAtATime<Job>,
    path: Option<CString>,
}

impl Handle for boomi_job {}

/// Starts work with a request, which is sent as by boomi_client_send(), and reads out of the answer where its result will be:
/// under /async/ by an `asyncToken`, for an ExecutionRequest by its `requestId`, for a download (ProcessLog, AtomLog,
/// ConnectorDocument) by its `url`; a GET that is answered 202 is asked again. What is none of these is the result itself. JSON or
/// XML. `call` may be NULL for the client's limits.
///
/// A URL out of an answer is asked only if it is of the client's own origin, with the sign-in and headers of the request.
///
/// `*job_out` is freed with boomi_job_free(); NULL on failure.
/// Errors: those of boomi_client_send(), and, for an answer of another status than 2xx, those of boomi_response_check();
/// BOOMI_ERR_PROTOCOL if the answer names no place that could be asked: boomi_error_sent() is 1 then, as the work was started.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_job_start(
    client: *const boomi_client,
    request: *const boomi_request,
    call: *const boomi_call,
    job_out: *mut *mut boomi_job,
    error_out: *mut *mut boomi_error,
) -> boomi_code {
    // SAFETY: see the module's contract.
    let out = unsafe { Out::cleared(job_out) };
    run(error_out, || {
        out.check("job_out")?;
        // SAFETY: see the module's contract.
        let (client, request, call) =
            unsafe { (in_use(client)?, borrow(request, "request")?.request.clone(), in_use_call(call)) };
        let job = client.start(&request, call.as_ref())?;
        out.set(boomi_job { path: job.path().map(c_string), job: OneAtATime::new(job) }.give());
        Ok(())
    })
}

/// Waits for the result, and gives it whatever its status; see boomi_response_check(). The server is asked at once, then
/// after half a second, and at growing intervals up to 5 s, or when it says. `call` may be NULL for the client's limits.
///
/// After an error, BOOMI_ERR_TIMEOUT among them, the work goes on, and this can be called again. But what Boomi keeps under an
/// `asyncToken` it gives once: after that, and after 30 minutes, it is BOOMI_ERR_HTTP_STATUS with the status 204. What came at once
/// is given once too. From another thread at the same time, or inside a callback of its own call, this is
/// BOOMI_ERR_INVALID_ARGUMENT.
///
/// `*response_out` is freed with boomi_response_free(); NULL on failure.
/// Errors: those of boomi_client_send(); BOOMI_ERR_HTTP_STATUS; BOOMI_ERR_PROTOCOL if the result is at another origin: a client with
/// that for its base URL can ask for it, at boomi_job_path().
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

/// Waits like boomi_job_wait(), and returns when status and headers of the result are there. The body is then read with
/// boomi_response_read(), as after boomi_client_open(): for downloads of any size. What came at once is here already, and is read
/// the same way.
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

/// What boomi_job_wait() and boomi_job_open() share.
unsafe fn ask(
    job: *mut boomi_job,
    call: *const boomi_call,
    response_out: *mut *mut boomi_response,
    error_out: *mut *mut boomi_error,
    ask: fn(&mut Job, Option<&Call>) -> Result<Response>,
) -> boomi_code {
    // SAFETY: see the module's contract.
    let out = unsafe { Out::cleared(response_out) };
    run(error_out, || {
        out.check("response_out")?;
        // SAFETY: see the module's contract.
        let (job, call) = unsafe { (borrow(job, "job")?.job.share(), in_use_call(call)) };
        let response = job.with("job", |job| ask(job, call.as_ref()))?;
        out.set(boomi_response::from(response).give());
        Ok(())
    })
}

/// Where the result is asked for with a GET, now or by another process: a path, in which {accountId} is still to be filled in, or a
/// URL, for boomi_request_new(). What boomi_request_add_query() added is not in it. Borrowed from `job`. NULL if the result came at
/// once, and if `job` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_job_path(job: *const boomi_job) -> *const c_char {
    // SAFETY: see the module's contract.
    unsafe { job.as_ref() }.and_then(|handle| handle.path.as_deref()).map_or(null(), CStr::as_ptr)
}

/// Frees a job. The work goes on, and results that were given out live on. NULL is fine.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn boomi_job_free(job: *mut boomi_job) {
    // SAFETY: see the module's contract.
    unsafe { Handle::release(job) }
}
