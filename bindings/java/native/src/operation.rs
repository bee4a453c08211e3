//! Runs an operation by its number, which `Operation.java` has too.

use boomi_auth::{Call, Client, Error};

use crate::failure::Outcome;
use crate::objects::{self, Object};
use crate::wire::{Reader, Writer};
use crate::{authorization, client, credentials, request, token};

pub(crate) fn perform(operation: i32, handle: i64, fields: &mut Reader<'_>, result: Writer) -> Outcome {
    match operation {
        0 => Ok(result.text(boomi_auth::VERSION)),
        1 => {
            objects::free(handle);
            Ok(result)
        }
        2 => Ok(result.long(objects::count() as i64)),
        3 => panic!("{}", fields.required()?),
        10 => credentials::new(fields, result),
        11 => credentials::with_otp(handle, fields, result),
        12 => credentials::header(handle, result),
        13 => credentials::username(handle, result),
        14 => credentials::otp_code(fields, result),
        20 => client::new(fields, result),
        21 => client::act(handle, result, Client::cancel),
        22 => client::act(handle, result, Client::reset_guard),
        23 => client::act(handle, result, Client::close_connections),
        24 => client::describe(handle, result, |client| Ok(client.describe())),
        25 => client::describe(handle, result, |client| Ok(client.describe_guard()?)),
        30 => request::send(handle, fields, result),
        31 => request::open(handle, fields, result),
        32 => request::wait(handle, fields, result),
        33 => request::read(handle, fields, result),
        34 => request::pages(handle, fields, result),
        35 => request::next_page(handle, fields, result),
        36 => request::start(handle, fields, result),
        37 => request::wait_for(handle, fields, result),
        38 => Ok(result.long(objects::keep(Object::Call(Call::new())))),
        39 => {
            objects::get(handle)?.call()?.cancel();
            Ok(result)
        }
        40 => token::generate(handle, fields, result),
        41 => token::provider(handle, fields, result),
        42 => token::get(handle, fields, result),
        43 => token::refresh(handle, fields, result),
        44 => token::invalidate(handle, fields, result),
        45 => token::describe(handle, result),
        46 => token::header(handle, result),
        50 => authorization::authorize(handle, fields, result),
        51 => authorization::observe(handle, fields, result),
        52 => authorization::withdraw(handle, result),
        _ => Err(Error::other(format!("operation {operation} is of another version of the library")).into()),
    }
}
