//! Reads a client's settings from its keywords.

use std::path::PathBuf;
use std::sync::Arc;

use boomi_auth::{CaMode, ClientBuilder, Event};
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::boundary::{bad_setting, unless_it_ends_the_call};
use crate::call::duration;
use crate::convert::{from_json, given, named, unexpected, with_name};
use crate::credentials::Credentials;
use crate::token::TokenProvider;

pub(crate) fn apply(
    py: Python<'_>,
    mut builder: ClientBuilder,
    credentials: Option<&Bound<'_, Credentials>>,
    settings: Option<&Bound<'_, PyDict>>,
) -> PyResult<ClientBuilder> {
    if let Some(credentials) = credentials {
        let Credentials { core, otp, .. } = credentials.get();
        builder = builder.credentials(core.clone());
        builder = otp.iter().fold(builder, |builder, otp| otp.put_on(builder));
    }
    let (mut ca_file, mut ca_mode) = (None, CaMode::Only);
    for (name, value) in given(settings) {
        let name = name.cast_into::<PyString>()?;
        let name = name.to_cow()?;
        match &*name {
            "ca_file" => ca_file = Some(named(py, &name, value.extract::<PathBuf>())?),
            "ca_mode" => ca_mode = mode(py, named(py, &name, value.extract())?)?,
            _ => builder = set(py, builder, &name, value).map_err(|raised| with_name(py, &name, raised))?,
        }
    }
    match ca_file {
        Some(path) => Ok(builder.ca_pem(&read(py, &path)?, ca_mode)),
        None => Ok(builder),
    }
}

fn set(py: Python<'_>, builder: ClientBuilder, name: &str, value: Bound<'_, PyAny>) -> PyResult<ClientBuilder> {
    Ok(match name {
        "account_id" => builder.account_id(value.extract()?),
        "base_url" => builder.base_url(value.extract()?),
        "timeout" => builder.timeout(duration(py, name, value.extract()?)?),
        "connect_timeout" => builder.connect_timeout(duration(py, name, value.extract()?)?),
        "proxy" => builder.proxy(value.extract()?),
        "state_dir" => builder.state_dir(value.extract::<PathBuf>()?),
        "store" => builder.store(value.extract()?),
        "user_agent" => builder.user_agent(value.extract()?),
        "max_response_bytes" => builder.max_response_bytes(value.extract()?),
        "requests_per_second" => builder.requests_per_second(value.extract()?),
        "max_retries" => builder.max_retries(value.extract()?),
        "max_sign_ins_in_flight" => builder.max_sign_ins_in_flight(value.extract()?),
        "token_provider" => builder.token_provider(&value.cast::<TokenProvider>()?.get().0),
        "on_event" => builder.on_event(handler(py, value)?),
        _ => return Err(unexpected("Client", name)),
    })
}

fn mode(py: Python<'_>, name: &str) -> PyResult<CaMode> {
    match name {
        "only" => Ok(CaMode::Only),
        "add" => Ok(CaMode::Add),
        _ => Err(bad_setting(py, "ca_mode is neither \"only\" nor \"add\"")),
    }
}

fn read(py: Python<'_>, path: &std::path::Path) -> PyResult<Vec<u8>> {
    std::fs::read(path).map_err(|failed| {
        let error = bad_setting(py, &format!("ca_file: cannot read {}: {failed}", path.display()));
        // With these it becomes a FileNotFoundError and its like, with all attributes.
        let about = (failed.raw_os_error(), failed.to_string(), path.as_os_str().to_owned());
        error.set_cause(py, Some(PyOSError::new_err(about)));
        error
    })
}

/// What it raises is no failure of the call, and goes where Python reports such exceptions; a Ctrl-C ends the call.
fn handler(py: Python<'_>, callback: Bound<'_, PyAny>) -> PyResult<impl Fn(&Event) + Send + Sync + 'static> {
    if !callback.is_callable() {
        return Err(bad_setting(py, "on_event is not callable: give a function of one argument, the event as a dict"));
    }
    let callback = Arc::new(callback.unbind());
    Ok(move |event: &Event| {
        // At the end of the interpreter nobody listens any more.
        Python::try_attach(|py| {
            let callback = callback.bind(py);
            let told = from_json(py, event.to_json()).and_then(|event| callback.call1((event,)));
            if let Some(raised) = told.err().and_then(|raised| unless_it_ends_the_call(py, raised)) {
                raised.write_unraisable(py, Some(callback));
            }
        });
    })
}
