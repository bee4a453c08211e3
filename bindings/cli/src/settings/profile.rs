//! config.toml: a table for each profile.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use toml::{Table, Value};
use zeroize::Zeroizing;

use crate::failure::{Failure, Result};
use crate::settings::folders::folder;
use crate::settings::table::{Layer, PROXY, SETTINGS, Setting};

/// The path of config.toml, whether it exists or not.
pub(super) fn path() -> Option<PathBuf> {
    folder("XDG_CONFIG_HOME", ".config").map(|folder| folder.join("config.toml"))
}

/// The settings of a profile, if there are any.
pub(super) fn load(profile: &str) -> Result<Option<Layer>> {
    let Some((path, text)) = path().and_then(|path| read(&path).transpose().map(|text| (path, text))) else {
        return Ok(None);
    };
    let text = text?;
    let bad = |what: &str| Failure::usage(format!("{}: {what}", path.display()));
    // The parser's own message could quote a secret.
    let file: Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        bad(&line.map_or("it is no TOML".into(), |line| format!("line {line} is no TOML, or says something twice")))
    })?;
    check_access(&path, &file)?;
    for (name, value) in &file {
        let Value::Table(table) = value else {
            return Err(bad(&format!("{name:?} stands outside a profile: put it below [default]")));
        };
        if let Some(key) = table.keys().find(|key| known(key).is_none()) {
            let keys: Vec<_> = SETTINGS.iter().chain([&PROXY]).map(|setting| setting.key).collect();
            return Err(bad(&format!(
                "[{}] has {key:?}, which is no setting: there are {}",
                name.escape_debug(),
                keys.join(", ")
            )));
        }
    }
    let Some(Value::Table(table)) = file.get(profile) else { return Ok(None) };
    let mut layer = Layer::new(format!("[{profile}] of {}", path.display()));
    for (key, value) in table {
        let variable = known(key).expect("it was looked up before").variable;
        let value = match value {
            Value::String(text) => text.clone(),
            Value::Integer(number) if is_time(variable) => number.to_string(),
            Value::Float(number) if is_time(variable) => number.to_string(),
            _ => return Err(bad(&format!("{key} of [{profile}] is no text in quotes"))),
        };
        layer.set(variable, Some(value));
    }
    Ok(Some(layer))
}

/// Whether a setting is a number of seconds, which TOML may write without quotes.
fn is_time(variable: &str) -> bool {
    matches!(variable, "BOOMI_TIMEOUT" | "BOOMI_CONNECT_TIMEOUT")
}

fn known(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().chain([&PROXY]).find(|setting| setting.key == key)
}

/// `None` if there is no file.
fn read(path: &Path) -> Result<Option<Zeroizing<String>>> {
    const LARGEST: u64 = 1024 * 1024;
    let failed = |what: &str| Failure::usage(format!("cannot read {}: {what}", path.display()));
    match std::fs::metadata(path) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(error) => return Err(failed(&error.to_string())),
        // Opening a pipe could block for ever.
        Ok(data) if !data.is_file() => return Err(failed("it is no regular file")),
        Ok(data) if data.len() > LARGEST => return Err(failed("it is larger than 1 MiB")),
        Ok(_) => {}
    }
    std::fs::read_to_string(path).map(|text| Some(Zeroizing::new(text))).map_err(|error| failed(&error.to_string()))
}

/// Refuses a file whose secrets others can read, and one that others can change: it names programs and a CA file.
#[cfg(unix)]
fn check_access(path: &Path, file: &Table) -> Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    let data = std::fs::metadata(path);
    let data = data.map_err(|error| Failure::usage(format!("cannot read {}: {error}", path.display())))?;
    let (mode, owner) = (data.mode() & 0o777, data.uid());
    let problem = match mode {
        _ if owner != rustix::process::geteuid().as_raw() && owner != 0 => {
            return Err(Failure::usage(format!("{} belongs to another user ({owner})", path.display())));
        }
        _ if mode & 0o022 != 0 => "others can change it",
        _ if mode & 0o044 != 0 && file.values().any(has_secret) => "others can read it, and it holds a secret",
        _ => return Ok(()),
    };
    Err(Failure::usage(format!("{}: {problem} (mode {mode:o}): chmod it to 600", path.display())))
}

#[cfg(not(unix))]
fn check_access(_: &Path, _: &Table) -> Result<()> {
    Ok(())
}

fn has_secret(profile: &Value) -> bool {
    let is_secret = |(key, value): (&String, &Value)| {
        known(key).is_some_and(|setting| setting.has_secret(value.as_str().unwrap_or_default()))
    };
    profile.as_table().is_some_and(|table| table.iter().any(is_secret))
}
