//! Requests, and what comes of them.

use std::sync::{Mutex, MutexGuard, TryLockError};

use boomi_auth::{AuthScheme, Call, Error, HeaderOptions, Request, Response, Result};

use crate::boundary::{Answer, Failure, write_error};
use crate::objects::{self, Object};
use crate::wire::{Reader, Writer};

/// Fields: the timeout in milliseconds, a one-time code, and a call's handle; each may be unset.
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

/// Fields: method, path, scheme, account, parameters, headers, body, whether it may be sent again, limits.
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

/// Fields: a request.
pub(crate) fn send(handle: i64, fields: &mut Reader<'_>, answer: Writer) -> Answer {
    let (object, (request, call)) = (objects::get(handle)?, request(fields)?);
    Ok(write(answer, object.client()?.send(&request, Some(&call))?, false))
}

/// The same; the answer's body is read later.
pub(crate) fn open(handle: i64, fields: &mut Reader<'_>, answer: Writer) -> Answer {
    let (object, (request, call)) = (objects::get(handle)?, request(fields)?);
    Ok(write(answer, object.client()?.open(&request, Some(&call))?, true))
}

/// The same, of work that the server does in its own time.
pub(crate) fn wait(handle: i64, fields: &mut Reader<'_>, answer: Writer) -> Answer {
    let (object, (request, call)) = (objects::get(handle)?, request(fields)?);
    Ok(write(answer, object.client()?.wait(&request, Some(&call))?, false))
}

fn write(answer: Writer, response: Response, is_stream: bool) -> Writer {
    // As much as there is of most answers.
    let answer = answer.reserve(1024 + response.body().len());
    let mut answer = answer.int(response.status().into()).text(&*response.url());
    answer = answer.text(response.message()).int(response.attempts().try_into().unwrap_or(i32::MAX));
    answer = answer.duration(response.retry_after());
    answer = answer.int(response.headers().count() as i32);
    for (name, value) in response.headers() {
        answer = answer.text(name).text(value);
    }
    answer = match response.error() {
        Some(error) => write_error(answer.flag(true), &error),
        None => answer.flag(false),
    };
    match is_stream {
        true => answer.int(-1).long(objects::keep(Object::Response(Mutex::new(response)))),
        false => answer.bytes(response.body()),
    }
}

/// Fields: how much to read at most. Nothing is the end.
pub(crate) fn read(handle: i64, fields: &mut Reader<'_>, answer: Writer) -> Answer {
    let (object, most) = (objects::get(handle)?, fields.int()?.clamp(1, 1 << 20));
    let mut response = alone(object.response()?, "another thread is reading this answer")?;
    let mut piece = vec![0; most as usize];
    let amount = response.read(&mut piece)?;
    Ok(answer.bytes(&piece[..amount]))
}

/// Fields: a request.
pub(crate) fn pages(handle: i64, fields: &mut Reader<'_>, answer: Writer) -> Answer {
    // What limits each page goes with each.
    let (request, _) = request(fields)?;
    let pages = objects::get(handle)?.client()?.pages(request)?;
    Ok(answer.long(objects::keep(Object::Pages(Mutex::new(pages)))))
}

/// Fields: limits. Whether there is one, and it.
pub(crate) fn next_page(handle: i64, fields: &mut Reader<'_>, answer: Writer) -> Answer {
    let (object, call) = (objects::get(handle)?, limits(fields)?);
    let page = alone(object.pages()?, "another thread is reading this query")?.next_page(Some(&call))?;
    Ok(match page {
        Some(page) => write(answer.flag(true), page, false),
        None => answer.flag(false),
    })
}

/// Fields: a request. Where the result will be, or null.
pub(crate) fn start(handle: i64, fields: &mut Reader<'_>, answer: Writer) -> Answer {
    let (object, (request, call)) = (objects::get(handle)?, request(fields)?);
    let job = object.client()?.start(&request, Some(&call))?;
    let answer = answer.text(job.path());
    Ok(answer.long(objects::keep(Object::Job(Mutex::new(job)))))
}

/// Fields: whether the result's body is read later; limits.
pub(crate) fn wait_for(handle: i64, fields: &mut Reader<'_>, answer: Writer) -> Answer {
    let (object, is_stream) = (objects::get(handle)?, fields.flag()?);
    let call = limits(fields)?;
    let mut job = alone(object.job()?, "another thread is waiting for this job")?;
    let result = if is_stream { job.open(Some(&call))? } else { job.wait(Some(&call))? };
    Ok(write(answer, result, is_stream))
}

/// What one thread uses at a time.
fn alone<'a, T>(shared: &'a Mutex<T>, busy: &str) -> Result<MutexGuard<'a, T>> {
    match shared.try_lock() {
        Ok(locked) => Ok(locked),
        Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => Err(Error::other(busy)),
    }
}
