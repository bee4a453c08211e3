//! What the guard knows, and how to go on.

use boomi_auth::Client;
use serde_json::Value;

use crate::failure::{Failure, HELD, NETWORK, Result};
use crate::output;
use crate::settings::Settings;

/// Says whether a sign-in would be sent.
pub(crate) fn status(settings: &mut Settings, json: bool) -> Result<()> {
    let client = settings.client()?;
    let text = client.describe_guard()?;
    let about: Value = serde_json::from_str(&text).expect("the library makes JSON");
    if json {
        output::print(&text)?;
    } else {
        output::print(&describe(&about))?;
        if let Some((store, problem)) = store(&client) {
            output::print(&format!("the store {store}: {}", problem.as_deref().unwrap_or("in use")))?;
        }
    }
    if let Some(problem) = forgetful(&about) {
        return Err(Failure::usage(problem));
    }
    match held(&about) {
        None => Ok(()),
        Some(_) if json => Err(Failure { status: HELD, message: None }),
        Some(why) => Err(Failure::new(HELD, why)),
    }
}

/// Lets one sign-in through.
pub(crate) fn reset(settings: &mut Settings) -> Result<()> {
    let client = settings.client()?;
    // The user decides which state to change.
    let about: Value = serde_json::from_str(&client.describe_guard()?).expect("the library makes JSON");
    if let Some(problem) = forgetful(&about) {
        return Err(Failure::usage(format!("nothing was changed: {problem}")));
    }
    client.reset_guard();
    if let Some(problem) = about["problem"].as_str() {
        return Err(Failure::new(
            NETWORK,
            format!("it is reset on this machine alone: {problem}; do it again when that works"),
        ));
    }
    output::tell(&format!("one sign-in of {} will be sent, whatever is held", word(&about, "username")));
    Ok(())
}

/// Fails if a sign-in would not be sent.
pub(crate) fn check(client: &Client) -> Result<()> {
    let about: Value = serde_json::from_str(&client.describe_guard()?).expect("the library makes JSON");
    if let Some(problem) = forgetful(&about) {
        return Err(Failure::usage(problem));
    }
    held(&about).map_or(Ok(()), |why| Err(Failure::new(HELD, why)))
}

/// Why the guard would remember nothing from one run to the next.
pub(crate) fn forgetful(about: &Value) -> Option<String> {
    let advice = "so no sign-in is sent, as scripts that start often could lock the user: name a directory with \
                  --state-dir or BOOMI_STATE_DIR";
    // While a store is away, the state directory has to do.
    let problem =
        about["memory"].is_null().then(|| about["problem"].as_str().unwrap_or("there is no state directory"))?;
    Some(format!("{problem}; {advice}"))
}

/// Where a fleet's store is, without its password, and why it could not be used, if that was so.
pub(crate) fn store(client: &Client) -> Option<(String, Option<String>)> {
    let about: Value = serde_json::from_str(&client.describe()).expect("the library makes JSON");
    let text = |name: &str| about["store"][name].as_str().map(str::to_owned);
    Some((text("url")?, text("problem")))
}

/// In one line, what is known.
pub(crate) fn describe(about: &Value) -> String {
    format!(
        "{} at {}: {} rejected, {} without a response, {} under way; known {}",
        word(about, "username"),
        word(about, "host"),
        about["rejections"],
        about["unanswered"],
        about["in_flight"],
        about["memory"].as_str().map_or("to this process alone".into(), |place| format!("in {place}")),
    )
}

/// Why no sign-in would be sent, and what to do.
pub(crate) fn held(about: &Value) -> Option<String> {
    let held = about.get("held").filter(|held| !held.is_null())?;
    let why = match held["reason"].as_str() {
        Some("rejected") => "these credentials were rejected",
        Some("unanswered") => "sign-ins had no response, so they may have been rejected",
        _ => "one more bad sign-in could lock the user",
    };
    let end = held["wait_ms"].as_u64().map_or("until then nothing is sent".into(), |wait| {
        format!("nothing is sent for another {} s", wait.div_ceil(1000))
    });
    let how = "correct the user name and secret (others are tried at once), look whether Boomi has locked the user, \
               or allow one more try with `boomi-auth guard reset`";
    Some(format!("held: {why}; {how}; {end}"))
}

fn word<'a>(about: &'a Value, name: &str) -> &'a str {
    about[name].as_str().unwrap_or_default()
}
