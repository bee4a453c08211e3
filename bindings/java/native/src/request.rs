//! Sends requests, and writes their responses.

use std::sync::{Mutex, MutexGuard, TryLockError};

use boomi_auth::{AuthScheme, Call, Error, HeaderOptions, Request, Response, Result};

use crate::failure::{Failure, Outcome, write_error};
use crate::objects::{self, Object};
use crate::wire::{Reader, Writer};

/// Reads the limits of a call. Fields: the timeout in milliseconds, a one-time code, and a call's handle; each may be
/// unset.
pub(crate) fn limits(fields: &mut Reader<'_>) -> Result<Call, Failure> {
    let (timeout, otp, call) = (fields.duration()?, fields.text()?, fields.long()?);
    let mut call = if call == 0 { Call::new() } else { objects::get(call)?.call()?.clone() };
    if let Some(timeout) = timeout {
        call.set_timeout(timeout)?;
    }
    if let Some(otp) = otp {
        call.set_otp(otp)?;
    }
    Ok(call)
}

pub(crate) fn scheme(fields: &mut Reader<'_>) -> Result<AuthScheme> {
    Ok(match fields.byte()? {
        0 => AuthScheme::Auto,
        1 => AuthScheme::Basic,
        2 => AuthScheme::Jwt,
        _ => AuthScheme::None,
    })
}

/// Reads a request. Fields: method, path, scheme, account, parameters, headers, body,
/// whether it may be sent again, limits.
fn request(fields: &mut Reader<'_>) -> Result<(Request, Call), Failure> {
    let mut request = Request::new(fields.required()?, fields.required()?)?;
    request.set_auth(scheme(fields)?);
    if let Some(account_id) = fields.text()? {
        request.set_account_id(account_id)?;
    }
    for _ in 0..fields.int()? {
        request.add_query(fields.required()?, fields.required()?)?;
    }
    for _ in 0..fields.int()? {
        let secret = fields.flag()?;
        request.set_header(fields.required()?, fields.required()?, HeaderOptions { secret, add: true })?;
    }
    if let Some(body) = fields.bytes()? {
        request.set_body(body);
    }
    match fields.byte()? {
        0 => request.set_replayable(false),
        1 => request.set_replayable(true),
        _ => {}
    }
    Ok((request, limits(fields)?))
}

/// Sends a request. Fields: a request.
pub(crate) fn send(handle: i64, fields: &mut Reader<'_>, result: Writer) -> Outcome {
    let (object, (request, call)) = (objects::get(handle)?, request(fields)?);
    Ok(write(result, object.client()?.send(&request, Some(&call))?, false))
}

/// Sends a request whose response body is read later. Fields: a request.
pub(crate) fn open(handle: i64, fields: &mut Reader<'_>, result: Writer) -> Outcome {
    let (object, (request, call)) = (objects::get(handle)?, request(fields)?);
    Ok(write(result, object.client()?.open(&request, Some(&call))?, true))
}

/// Sends a request for asynchronous work, and waits for its result. Fields: a request.
pub(crate) fn wait(handle: i64, fields: &mut Reader<'_>, result: Writer) -> Outcome {
    let (object, (request, call)) = (objects::get(handle)?, request(fields)?);
    Ok(write(result, object.client()?.wait(&request, Some(&call))?, false))
}

fn write(result: Writer, response: Response, is_stream: bool) -> Writer {
    // Enough for most responses.
    let result = result.reserve(1024 + response.body().len());
    let mut result = result.int(response.status().into()).text(&*response.url());
    result = result.text(response.message()).int(response.attempts().try_into().unwrap_or(i32::MAX));
    result = result.duration(response.retry_after());
    result = result.int(response.headers().count() as i32);
    for (name, value) in response.headers() {
        result = result.text(name).text(value);
    }
    result = match response.error() {
        Some(error) => write_error(result.flag(true), &error),
        None => result.flag(false),
    };
    match is_stream {
        true => result.int(-1).long(objects::keep(Object::Response(Mutex::new(response)))),
        false => result.bytes(response.body()),
    }
}

/// Reads a piece of a response body; an empty one is the end. Fields: the most bytes to read.
pub(crate) fn read(handle: i64, fields: &mut Reader<'_>, result: Writer) -> Outcome {
    let (object, most) = (objects::get(handle)?, fields.int()?.clamp(1, 1 << 20));
    let mut response = alone(object.response()?, "another thread is reading this response")?;
    let mut piece = vec![0; most as usize];
    let amount = response.read(&mut piece)?;
    Ok(result.bytes(&piece[..amount]))
}

/// Starts a query of several pages. Fields: a request.
pub(crate) fn pages(handle: i64, fields: &mut Reader<'_>, result: Writer) -> Outcome {
    // Limits come with each page.
    let (request, _) = request(fields)?;
    let pages = objects::get(handle)?.client()?.pages(request)?;
    Ok(result.long(objects::keep(Object::Pages(Mutex::new(pages)))))
}

/// Reads the next page: whether there is one, and its response. Fields: limits.
pub(crate) fn next_page(handle: i64, fields: &mut Reader<'_>, result: Writer) -> Outcome {
    let (object, call) = (objects::get(handle)?, limits(fields)?);
    let page = alone(object.pages()?, "another thread is reading this query")?.next_page(Some(&call))?;
    Ok(match page {
        Some(page) => write(result.flag(true), page, false),
        None => result.flag(false),
    })
}

/// Starts a job: the path of its result, or null, and its handle. Fields: a request.
pub(crate) fn start(handle: i64, fields: &mut Reader<'_>, result: Writer) -> Outcome {
    let (object, (request, call)) = (objects::get(handle)?, request(fields)?);
    let job = object.client()?.start(&request, Some(&call))?;
    let result = result.text(job.path());
    Ok(result.long(objects::keep(Object::Job(Mutex::new(job)))))
}

/// Waits for a job. Fields: whether the result's body is read later; limits.
pub(crate) fn wait_for(handle: i64, fields: &mut Reader<'_>, result: Writer) -> Outcome {
    let (object, is_stream) = (objects::get(handle)?, fields.flag()?);
    let call = limits(fields)?;
    let mut job = alone(object.job()?, "another thread is waiting for this job")?;
    let response = if is_stream { job.open(Some(&call))? } else { job.wait(Some(&call))? };
    Ok(write(result, response, is_stream))
}

/// Locks what one thread may use at a time.
fn alone<'a, T>(shared: &'a Mutex<T>, busy: &str) -> Result<MutexGuard<'a, T>> {
    match shared.try_lock() {
        Ok(locked) => Ok(locked),
        Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => Err(Error::other(busy)),
    }
}
