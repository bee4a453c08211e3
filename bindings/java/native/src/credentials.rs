//! Credentials, and what is computed from them without a network.

use boomi_auth::{Client, ClientBuilder, CredentialKind, Error, Result};

use crate::failure::{Failure, Outcome};
use crate::objects::{self, Credentials, Object, Otp};
use crate::upcall;
use crate::wire::{Reader, Writer};

impl Credentials {
    pub(crate) fn put_on(&self, builder: ClientBuilder) -> ClientBuilder {
        let builder = builder.credentials(self.core.clone());
        match &self.otp {
            Otp::None => builder,
            Otp::Secret(secret) => builder.otp_secret(secret.expose()),
            Otp::Function(function) => {
                let function = *function;
                builder.otp_from_fn(move || {
                    let code = |fields: &mut Reader<'_>| fields.required().map(str::to_owned);
                    upcall::call(function, Writer::default(), code).map_err(|error| error.to_string().into())
                })
            }
        }
    }
}

/// Makes credentials. Fields: their source and what it needs; the source of one-time codes.
pub(crate) fn new(fields: &mut Reader<'_>, result: Writer) -> Outcome {
    let core = match fields.byte()? {
        0 => {
            let (kind, username) = (kind(fields)?, fields.required()?);
            let secret = fields.required()?;
            match kind {
                CredentialKind::ApiToken => boomi_auth::Credentials::api_token(username, secret)?,
                _ => boomi_auth::Credentials::password(username, secret)?,
            }
        }
        1 => {
            let (kind, username) = (kind(fields)?, fields.required()?);
            boomi_auth::Credentials::file(kind, username, fields.required()?)?
        }
        2 => {
            let command = fields.required()?;
            boomi_auth::Credentials::process(command, fields.text()?)?
        }
        _ => {
            let function = fields.long()?;
            boomi_auth::Credentials::from_fn(move |rejected| ask(function, rejected))
        }
    };
    Ok(result.long(keep(core, fields)?))
}

/// Copies credentials, with another source of one-time codes. Fields: that source.
pub(crate) fn with_otp(handle: i64, fields: &mut Reader<'_>, result: Writer) -> Outcome {
    let core = objects::get(handle)?.credentials()?.core.clone();
    Ok(result.long(keep(core, fields)?))
}

fn keep(core: boomi_auth::Credentials, fields: &mut Reader<'_>) -> Result<i64> {
    let otp = match fields.byte()? {
        0 => Otp::None,
        1 => {
            let secret = fields.required()?;
            // A bad secret fails here, and not in the first client.
            boomi_auth::otp_code(secret, 0)?;
            Otp::Secret(boomi_auth::Secret::new(secret))
        }
        _ => Otp::Function(fields.long()?),
    };
    Ok(objects::keep(Object::Credentials(Credentials { core, otp })))
}

fn kind(fields: &mut Reader<'_>) -> Result<CredentialKind> {
    Ok(if fields.byte()? == 0 { CredentialKind::ApiToken } else { CredentialKind::Password })
}

fn ask(function: i64, rejected: bool) -> Result<boomi_auth::Credentials> {
    let handle = upcall::call(function, Writer::default().flag(rejected), |fields| fields.long())?;
    let given = objects::get(handle).map_err(|_| Error::other("the credentials that were supplied are destroyed"))?;
    let Ok(Credentials { core, otp }) = given.credentials() else {
        return Err(Error::other("the supplier returned something else than credentials"));
    };
    match otp {
        Otp::None => Ok(core.clone()),
        _ => Err(Error::other(
            "supplied credentials have a source of one-time codes: set it on Credentials.from(...) instead",
        )),
    }
}

/// The value of the Authorization header.
pub(crate) fn header(handle: i64, result: Writer) -> Outcome {
    Ok(result.text(signing_in(handle)?.auth_header()?.expose()))
}

/// The user name as it is sent.
pub(crate) fn username(handle: i64, result: Writer) -> Outcome {
    Ok(result.text(&*signing_in(handle)?.auth_username()?))
}

fn signing_in(handle: i64) -> Result<Client, Failure> {
    let object = objects::get(handle)?;
    let builder = object.credentials()?.put_on(Client::builder());
    Ok(builder.wait_hook(upcall::interrupted).build()?)
}

/// Computes a one-time code. Fields: a secret, and Unix seconds.
pub(crate) fn otp_code(fields: &mut Reader<'_>, result: Writer) -> Outcome {
    let secret = fields.required()?;
    Ok(result.text(boomi_auth::otp_code(secret, fields.long()?)?.expose()))
}
