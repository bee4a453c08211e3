//! `boomi_auth._native`: the core as Python classes. No behaviour of its own: convert, call, convert back.

mod authorization;
mod boundary;
mod call;
mod client;
mod convert;
mod credentials;
mod deferred;
mod job;
mod query;
mod request;
mod response;
mod settings;
mod token;

use pyo3::prelude::*;

/// What `boomi_auth` is made of; nothing for users.
#[pymodule(gil_used = false)]
mod _native {
    #[pymodule_export]
    use super::authorization::Authorization;
    #[pymodule_export]
    use super::call::Call;
    #[pymodule_export]
    use super::client::Client;
    #[pymodule_export]
    use super::credentials::{Credentials, auth_header, auth_username, otp_code};
    #[pymodule_export]
    use super::deferred::Deferred;
    #[pymodule_export]
    use super::job::Job;
    #[pymodule_export]
    use super::query::Query;
    #[pymodule_export]
    use super::response::{Chunks, Response};
    #[pymodule_export]
    use super::token::{Token, TokenProvider};

    #[pymodule_export]
    const VERSION: &str = boomi_auth::VERSION;
    #[pymodule_export]
    const BASE_URL_US: &str = boomi_auth::BASE_URL_US;
    #[pymodule_export]
    const BASE_URL_GB: &str = boomi_auth::BASE_URL_GB;
}
