//! A client and its settings.

use boomi_auth::{CaMode, Client, ClientBuilder, Error, Event, Result};

use crate::failure::{Failure, Outcome};
use crate::objects::{self, Object};
use crate::upcall;
use crate::wire::{Reader, Writer};

/// Builds a client. Fields: the settings, each null or negative if it is not set.
pub(crate) fn new(fields: &mut Reader<'_>, result: Writer) -> Outcome {
    let mut builder = Client::builder();
    let credentials = fields.long()?;
    if credentials != 0 {
        builder = objects::get(credentials)?.credentials()?.put_on(builder);
    }
    builder = settings(builder, fields)?;
    let provider = fields.long()?;
    if provider != 0 {
        builder = builder.token_provider(objects::get(provider)?.token_provider()?);
    }
    let listener = fields.long()?;
    if listener != 0 {
        builder = builder.on_event(move |event: &Event| {
            // An exception of the listener does not fail the call; Java reports it.
            let _ =
                upcall::call(listener, Writer::default().text(event.kind().name()).text(&*event.to_json()), |_| Ok(()));
        });
    }
    let from_env = fields.flag()?;
    if from_env {
        builder = builder.load_env();
    }
    let client = builder.wait_hook(upcall::interrupted).build()?;
    if from_env && client.credentials().is_none() {
        // Its error says which variables are missing.
        Client::from_env()?;
    }
    let shown = shown(&client);
    Ok(result.long(objects::keep(Object::Client(client))).text(&*shown))
}

/// The user and the base URL, for `toString`.
fn shown(client: &Client) -> String {
    let about: serde_json::Value = serde_json::from_str(&client.describe()).unwrap_or_default();
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let who = text(&about["credentials"]["username"]);
    let who = match about["credentials"].is_null() {
        true => "no user".to_owned(),
        false => who.unwrap_or_else(|| "a user that is looked up".to_owned()),
    };
    format!("{who} at {}", text(&about["base_url"]).unwrap_or_default())
}

fn settings(mut builder: ClientBuilder, fields: &mut Reader<'_>) -> Result<ClientBuilder> {
    builder = fields.text()?.into_iter().fold(builder, ClientBuilder::account_id);
    builder = fields.text()?.into_iter().fold(builder, ClientBuilder::base_url);
    builder = fields.duration()?.into_iter().fold(builder, ClientBuilder::timeout);
    builder = fields.duration()?.into_iter().fold(builder, ClientBuilder::connect_timeout);
    let (ca_file, mode) = (fields.text()?, if fields.flag()? { CaMode::Add } else { CaMode::Only });
    if let Some(path) = ca_file {
        let pem =
            std::fs::read(path).map_err(|failed| Error::other(format!("caFile: cannot read {path}: {failed}")))?;
        builder = builder.ca_pem(&pem, mode);
    }
    builder = fields.text()?.into_iter().fold(builder, ClientBuilder::proxy);
    builder = fields.text()?.into_iter().fold(builder, |builder, path| builder.state_dir(path));
    builder = fields.text()?.into_iter().fold(builder, ClientBuilder::store);
    builder = fields.text()?.into_iter().fold(builder, ClientBuilder::user_agent);
    builder = fields.number()?.into_iter().fold(builder, ClientBuilder::max_response_bytes);
    builder = fields.number()?.into_iter().fold(builder, ClientBuilder::requests_per_second);
    builder = fields.number()?.into_iter().fold(builder, ClientBuilder::max_retries);
    Ok(fields.number()?.into_iter().fold(builder, ClientBuilder::max_sign_ins_in_flight))
}

/// Does something with a client that has no result fields.
pub(crate) fn act(handle: i64, result: Writer, act: impl FnOnce(&Client)) -> Outcome {
    act(objects::get(handle)?.client()?);
    Ok(result)
}

/// Text about a client.
pub(crate) fn describe(handle: i64, result: Writer, about: impl FnOnce(&Client) -> Result<String, Failure>) -> Outcome {
    Ok(result.text(&*about(objects::get(handle)?.client()?)?))
}
