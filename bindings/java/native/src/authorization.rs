//! Headers for a request that another HTTP library sends.

use std::sync::PoisonError;

use boomi_auth::Authorization;

use crate::failure::{Failure, Outcome};
use crate::objects::{self, Object};
use crate::request::{limits, scheme};
use crate::wire::{Reader, Writer};

/// Signs a request that another library sends. Fields: the scheme, the URL, limits.
pub(crate) fn authorize(handle: i64, fields: &mut Reader<'_>, result: Writer) -> Outcome {
    let (object, scheme, url) = (objects::get(handle)?, scheme(fields)?, fields.required()?);
    let call = limits(fields)?;
    let made = object.client()?.authorize(scheme, url, Some(&call))?;
    let mut headers = Writer::default().int(made.headers().count() as i32);
    for (name, value) in made.headers() {
        let name = match name {
            "authorization" => "Authorization",
            "x-boomi-otp" => "X-Boomi-OTP",
            other => other,
        };
        headers = headers.text(name).text(value.expose());
    }
    Ok(result.long(objects::keep(Object::Authorization(Some(made).into()))).then(&headers))
}

/// Reports the response: whether to sign and send once more. Fields: the status, the body or null.
pub(crate) fn observe(handle: i64, fields: &mut Reader<'_>, result: Writer) -> Outcome {
    let status = fields.int()?.clamp(0, 999) as u16;
    let body = fields.bytes()?.unwrap_or_default();
    Ok(result.flag(take(handle)?.is_some_and(|mut core| core.observe(status, body))))
}

/// Reports that the request was not sent.
pub(crate) fn withdraw(handle: i64, result: Writer) -> Outcome {
    if let Some(mut core) = take(handle)? {
        core.withdraw();
    }
    Ok(result)
}

fn take(handle: i64) -> Result<Option<Authorization>, Failure> {
    Ok(objects::get(handle)?.authorization()?.lock().unwrap_or_else(PoisonError::into_inner).take())
}
