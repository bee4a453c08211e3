//! JWTs and token providers.

use std::time::Duration;

use boomi_auth::{Error, Result, Token};

use crate::failure::Outcome;
use crate::objects::{self, Object};
use crate::request::limits;
use crate::wire::{Reader, Writer};

fn write(result: Writer, token: Token) -> Writer {
    let times = result.text(token.account_id()).long(token.issued_at()).long(token.expires_at());
    times.long(objects::keep(Object::Token(token)))
}

/// The value of a token's Authorization header.
pub(crate) fn header(handle: i64, result: Writer) -> Outcome {
    Ok(result.text(objects::get(handle)?.token()?.header()))
}

/// Requests a JWT. Fields: the account, or null for the client's own; limits.
pub(crate) fn generate(handle: i64, fields: &mut Reader<'_>, result: Writer) -> Outcome {
    let (object, account_id) = (objects::get(handle)?, fields.text()?);
    let call = limits(fields)?;
    Ok(write(result, object.client()?.generate_jwt(account_id, Some(&call))?))
}

/// Makes a token provider. Fields: the account, or null for the client's own.
pub(crate) fn provider(handle: i64, fields: &mut Reader<'_>, result: Writer) -> Outcome {
    let provider = objects::get(handle)?.client()?.token_provider(fields.text()?)?;
    let result = result.text(provider.account_id());
    Ok(result.long(objects::keep(Object::TokenProvider(provider))))
}

/// Gets a token. Fields: the shortest validity left, in milliseconds; limits.
pub(crate) fn get(handle: i64, fields: &mut Reader<'_>, result: Writer) -> Outcome {
    let (object, min_validity) = (objects::get(handle)?, fields.duration()?);
    let min_validity = min_validity.ok_or_else(|| Error::other("minValidity is negative"))?;
    let call = limits(fields)?;
    Ok(write(result, object.token_provider()?.get_with(min_validity, Some(&call))?))
}

/// Whether a token is its provider's cached token and has that validity left. Never waits.
pub(crate) fn is_current(provider: i64, token: i64, min_validity_ms: i64) -> bool {
    let (Ok(provider), Ok(token)) = (objects::get(provider), objects::get(token)) else { return false };
    let (Ok(provider), Ok(token)) = (provider.token_provider(), token.token()) else { return false };
    let min_validity = Duration::from_millis(min_validity_ms.try_into().unwrap_or(0));
    provider.peek(min_validity).is_some_and(|cached| std::ptr::eq(cached.jwt(), token.jwt()))
}

/// Replaces the cached token. Fields: limits.
pub(crate) fn refresh(handle: i64, fields: &mut Reader<'_>, result: Writer) -> Outcome {
    let (object, call) = (objects::get(handle)?, limits(fields)?);
    object.token_provider()?.refresh(Some(&call))?;
    Ok(result)
}

/// Reports that an API refused a token. Fields: the token, of this provider or client.
pub(crate) fn invalidate(handle: i64, fields: &mut Reader<'_>, result: Writer) -> Outcome {
    let (object, token) = (objects::get(handle)?, objects::get(fields.long()?)?);
    let token = token.token()?;
    match &*object {
        Object::TokenProvider(provider) => provider.invalidate(token),
        object => object.client()?.token_provider(token.account_id())?.invalidate(token),
    }
    Ok(result)
}

/// A provider's settings and state, as JSON.
pub(crate) fn describe(handle: i64, result: Writer) -> Outcome {
    let about: Result<String> = Ok(objects::get(handle)?.token_provider()?.describe());
    Ok(result.text(&*about?))
}
