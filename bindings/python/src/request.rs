//! Builds a request from a method's arguments.

use boomi_auth::{HeaderOptions, Request};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::boundary::{at_once, bad_setting};
use crate::call::Limits;
use crate::convert::{body, pairs, query_values, scheme, text, to_json, unexpected, with_name};

/// The keywords of the methods that send.
pub(crate) struct Options<'py> {
    pub(crate) json: Option<Bound<'py, PyAny>>,
    pub(crate) stream: bool,
    params: Option<Bound<'py, PyAny>>,
    data: Option<Bound<'py, PyAny>>,
    headers: Option<Bound<'py, PyAny>>,
    secret_headers: Option<Bound<'py, PyAny>>,
    auth: boomi_auth::AuthScheme,
    account_id: Option<Bound<'py, PyString>>,
    replayable: Option<bool>,
    limits: Limits<'py>,
    given: Vec<String>,
}

impl<'py> Options<'py> {
    pub(crate) fn read(py: Python<'py>, method: &str, options: Option<&Bound<'py, PyDict>>) -> PyResult<Self> {
        let mut read = Options {
            json: None,
            stream: false,
            params: None,
            data: None,
            headers: None,
            secret_headers: None,
            auth: boomi_auth::AuthScheme::Auto,
            account_id: None,
            replayable: None,
            limits: Limits::default(),
            given: Vec::new(),
        };
        for (name, value) in options.into_iter().flatten() {
            let name = name.cast_into::<PyString>()?;
            let name = name.to_cow()?;
            // None is what an option has that is not given; but of this one it is a value.
            if !value.is_none() || name == "auth" {
                read.set(py, method, &name, value).map_err(|raised| with_name(py, &name, raised))?;
                read.given.push(name.into_owned());
            }
        }
        Ok(read)
    }

    fn set(&mut self, py: Python<'py>, method: &str, name: &str, value: Bound<'py, PyAny>) -> PyResult<()> {
        match name {
            "params" => self.params = Some(value),
            "json" => self.json = Some(value),
            "data" => self.data = Some(value),
            "headers" => self.headers = Some(value),
            "secret_headers" => self.secret_headers = Some(value),
            "auth" => self.auth = scheme(py, value.extract()?)?,
            "account_id" => self.account_id = Some(value.cast_into()?),
            "otp" => self.limits.otp = Some(value.cast_into()?),
            "timeout" => self.limits.timeout = Some(value.extract()?),
            "stream" => self.stream = value.extract()?,
            "replayable" => self.replayable = Some(value.extract()?),
            "call" => self.limits.call = Some(value.cast_into()?),
            _ => return Err(unexpected(method, name)),
        }
        Ok(())
    }

    /// What makes no sense for one method.
    pub(crate) fn refuse(&self, method: &str, names: &[&str]) -> PyResult<()> {
        let refused = self.given.iter().find(|name| names.contains(&name.as_str()));
        refused.map_or(Ok(()), |name| Err(unexpected(method, name)))
    }

    pub(crate) fn request(self, py: Python<'_>, method: &str, path: &str) -> PyResult<(Request, boomi_auth::Call)> {
        let mut request = at_once(py, Request::new(method, path))?;
        request.set_auth(self.auth);
        if let Some(account_id) = self.account_id {
            at_once(py, request.set_account_id(&text("account_id", &account_id)?))?;
        }
        for (name, value) in pairs(py, "params", self.params.as_ref())? {
            let name = text("the name of a parameter", &name)?;
            for value in query_values(&name, &value)? {
                at_once(py, request.add_query(&name, &value))?;
            }
        }
        for (what, headers, secret) in [("headers", self.headers, false), ("secret_headers", self.secret_headers, true)]
        {
            for (name, value) in pairs(py, what, headers.as_ref())? {
                let name = text("the name of a header", &name)?;
                let value = value
                    .cast::<PyString>()
                    .map_err(|_| bad_setting(py, &format!("the value of the header {name} is not a str")))?;
                let value = text(&format!("the value of the header {name}"), value)?;
                at_once(py, request.set_header(&name, &value, HeaderOptions { secret, add: false }))?;
            }
        }
        match (self.json, self.data) {
            (Some(_), Some(_)) => return Err(bad_setting(py, "json and data are both given: give one")),
            (Some(json), None) => request.set_body(to_json(py, &json)?),
            (None, Some(data)) => request.set_body(body(py, &data)?),
            (None, None) => {}
        }
        if let Some(replayable) = self.replayable {
            request.set_replayable(replayable);
        }
        Ok((request, self.limits.call(py)?))
    }
}
