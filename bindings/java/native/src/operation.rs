//! The operations, by the numbers that `Operation.java` has too.

use boomi_auth::{Call, Client, Error};

use crate::boundary::Answer;
use crate::objects::{self, Object};
use crate::wire::{Reader, Writer};
use crate::{authorization, client, credentials, request, token};

pub(crate) fn perform(operation: i32, handle: i64, fields: &mut Reader<'_>, answer: Writer) -> Answer {
    match operation {
        0 => Ok(answer.text(boomi_auth::VERSION)),
        1 => {
            objects::free(handle);
            Ok(answer)
        }
        2 => Ok(answer.long(objects::count() as i64)),
        3 => panic!("{}", fields.required()?),
        10 => credentials::new(fields, answer),
        11 => credentials::with_otp(handle, fields, answer),
        12 => credentials::header(handle, answer),
        13 => credentials::username(handle, answer),
        14 => credentials::otp_code(fields, answer),
        20 => client::new(fields, answer),
        21 => client::act(handle, answer, Client::cancel),
        22 => client::act(handle, answer, Client::reset_guard),
        23 => client::act(handle, answer, Client::close_connections),
        24 => client::describe(handle, answer, |client| Ok(client.describe())),
        25 => client::describe(handle, answer, |client| Ok(client.describe_guard()?)),
        30 => request::send(handle, fields, answer),
        31 => request::open(handle, fields, answer),
        32 => request::wait(handle, fields, answer),
        33 => request::read(handle, fields, answer),
        34 => request::pages(handle, fields, answer),
        35 => request::next_page(handle, fields, answer),
        36 => request::start(handle, fields, answer),
        37 => request::wait_for(handle, fields, answer),
        38 => Ok(answer.long(objects::keep(Object::Call(Call::new())))),
        39 => {
            objects::get(handle)?.call()?.cancel();
            Ok(answer)
        }
        40 => token::generate(handle, fields, answer),
        41 => token::provider(handle, fields, answer),
        42 => token::get(handle, fields, answer),
        43 => token::refresh(handle, fields, answer),
        44 => token::invalidate(handle, fields, answer),
        45 => token::describe(handle, answer),
        46 => token::header(handle, answer),
        50 => authorization::authorize(handle, fields, answer),
        51 => authorization::observe(handle, fields, answer),
        52 => authorization::withdraw(handle, answer),
        _ => Err(Error::other(format!("operation {operation} is of another version of the library")).into()),
    }
}
