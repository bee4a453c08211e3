//! JWTs, and where they come from.

use std::time::Duration;

use boomi_auth::{Error, Result, Token};

use crate::boundary::Answer;
use crate::objects::{self, Object};
use crate::request::limits;
use crate::wire::{Reader, Writer};

fn write(answer: Writer, token: Token) -> Writer {
    let times = answer.text(token.account_id()).long(token.issued_at()).long(token.expires_at());
    times.long(objects::keep(Object::Token(token)))
}

/// The value of its Authorization header.
pub(crate) fn header(handle: i64, answer: Writer) -> Answer {
    Ok(answer.text(objects::get(handle)?.token()?.header()))
}

/// Fields: the account, or null for the client's own; limits.
pub(crate) fn generate(handle: i64, fields: &mut Reader<'_>, answer: Writer) -> Answer {
    let (object, account_id) = (objects::get(handle)?, fields.text()?);
    let call = limits(fields)?;
    Ok(write(answer, object.client()?.generate_jwt(account_id, Some(&call))?))
}

/// Fields: the account, or null for the client's own.
pub(crate) fn provider(handle: i64, fields: &mut Reader<'_>, answer: Writer) -> Answer {
    let provider = objects::get(handle)?.client()?.token_provider(fields.text()?)?;
    let answer = answer.text(provider.account_id());
    Ok(answer.long(objects::keep(Object::TokenProvider(provider))))
}

/// Fields: what must be left of its life, in milliseconds; limits.
pub(crate) fn get(handle: i64, fields: &mut Reader<'_>, answer: Writer) -> Answer {
    let (object, min_validity) = (objects::get(handle)?, fields.duration()?);
    let min_validity = min_validity.ok_or_else(|| Error::other("minValidity is negative"))?;
    let call = limits(fields)?;
    Ok(write(answer, object.token_provider()?.get_with(min_validity, Some(&call))?))
}

/// Whether a token is the one that its provider would hand out now, without any waiting: 1, or 0.
pub(crate) fn is_current(provider: i64, token: i64, min_validity_ms: i64) -> bool {
    let (Ok(provider), Ok(token)) = (objects::get(provider), objects::get(token)) else { return false };
    let (Ok(provider), Ok(token)) = (provider.token_provider(), token.token()) else { return false };
    let min_validity = Duration::from_millis(min_validity_ms.try_into().unwrap_or(0));
    provider.peek(min_validity).is_some_and(|kept| std::ptr::eq(kept.jwt(), token.jwt()))
}

/// Fields: limits.
pub(crate) fn refresh(handle: i64, fields: &mut Reader<'_>, answer: Writer) -> Answer {
    let (object, call) = (objects::get(handle)?, limits(fields)?);
    object.token_provider()?.refresh(Some(&call))?;
    Ok(answer)
}

/// Fields: the token, of this provider or client.
pub(crate) fn invalidate(handle: i64, fields: &mut Reader<'_>, answer: Writer) -> Answer {
    let (object, token) = (objects::get(handle)?, objects::get(fields.long()?)?);
    let token = token.token()?;
    match &*object {
        Object::TokenProvider(provider) => provider.invalidate(token),
        object => object.client()?.token_provider(token.account_id())?.invalidate(token),
    }
    Ok(answer)
}

/// What there is to tell of a provider.
pub(crate) fn describe(handle: i64, answer: Writer) -> Answer {
    let about: Result<String> = Ok(objects::get(handle)?.token_provider()?.describe());
    Ok(answer.text(&*about?))
}
