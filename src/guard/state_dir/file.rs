//! One user's file: its format, and how it is read and replaced.

use std::io::{ErrorKind, Read as _, Write as _};
use std::{fs, path::Path};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_path_to_error::Segment;

use super::{os, process::is_gone};
use crate::clock::Clock;
use crate::guard::{credential::Millis, history::LoginHistory, secret_tag};

const VERSION: u32 = 1;
/// A larger file is no history: five attempts in flight and sixteen credentials are a few KiB.
pub(crate) const LARGEST: u64 = 256 * 1024;
/// Added to the machine's time, which starts with each boot, so that earlier times are not below zero.
const ERA: Millis = 1 << 40;

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct StateFile {
    version: u32,
    /// For tags; kept as long as the file.
    pub(crate) salt: String,
    written: FileTime,
    #[serde(rename = "ledger")]
    pub(crate) history: LoginHistory,
}

/// When a file was written: the boot whose clock tells its times, and both clocks then.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct FileTime {
    pub(crate) boot: String,
    pub(crate) steady_ms: Millis,
    pub(crate) wall_ms: Millis,
}

/// Why a file cannot be used.
#[derive(Debug)]
pub(crate) enum UnusableFile {
    /// It is this user's, and holds no history.
    Garbage(String),
    Other(String),
}

impl StateFile {
    pub(crate) fn new(now: &FileTime) -> Result<Self, String> {
        let (salt, history) = (secret_tag::new_salt()?, LoginHistory::default());
        Ok(StateFile { version: VERSION, salt, written: now.clone(), history })
    }

    /// Converts its times to the clock of `now`, and ends the attempts of ended processes; returns whether there were
    /// any.
    pub(crate) fn bring_to(&mut self, now: FileTime) -> bool {
        let rebooted = self.written.boot != now.boot;
        // Only the wall clock can tell how long the machine was off.
        let off = if rebooted { now.wall_ms.saturating_sub(self.written.wall_ms) } else { 0 };
        let steady_ms = self.written.steady_ms.saturating_add(off);
        // Within one boot only a steady time that was set back, where it is the wall clock's.
        if rebooted || steady_ms > now.steady_ms {
            self.history.shift(now.steady_ms.wrapping_sub(steady_ms) as i64);
        }
        let unanswered = self.history.unanswered;
        self.history.expire(|owner| rebooted || is_gone(owner), now.steady_ms);
        self.written = now;
        self.history.unanswered != unanswered
    }

    pub(crate) fn text(&self) -> String {
        serde_json::to_string(self).expect("its keys are texts")
    }
}

impl FileTime {
    pub(crate) fn now(clock: &dyn Clock) -> Self {
        let ((boot, steady), wall) = (clock.boot_id(), clock.wall());
        FileTime { boot, steady_ms: ERA + steady.as_millis() as Millis, wall_ms: wall.as_millis() as Millis }
    }
}

/// Reads a file; `None` if it does not exist or is empty.
pub(crate) fn read(file: &Path) -> Result<Option<StateFile>, UnusableFile> {
    let named = |problem: String| format!("the file {} {problem}", file.display());
    let unusable = |problem: String| UnusableFile::Other(named(problem));
    let opened = match os::options().read(true).open(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.and_then(|opened| Ok((opened.metadata()?, opened))),
    };
    let (data, opened) = opened.map_err(|error| unusable(os::cannot_open(&error)))?;
    if let Some(problem) = os::mistrust_file(&data) {
        return Err(unusable(problem));
    }
    if data.len() > LARGEST {
        return Err(UnusableFile::Garbage(named(format!("is not a login history, but larger than {LARGEST} bytes"))));
    }
    let mut bytes = Vec::with_capacity(data.len() as usize + 1);
    opened.take(LARGEST).read_to_end(&mut bytes).map_err(|error| unusable(format!("cannot be read: {error}")))?;
    if bytes.is_empty() {
        return Ok(None);
    }
    parse(&bytes).map(Some).map_err(|error| match error {
        UnusableFile::Garbage(problem) => UnusableFile::Garbage(named(problem)),
        UnusableFile::Other(problem) => unusable(problem),
    })
}

pub(crate) fn parse(bytes: &[u8]) -> Result<StateFile, UnusableFile> {
    let garbage = |problem: String| UnusableFile::Garbage(format!("is not a login history ({problem})"));
    // The position only: the text of an error may quote the file.
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|error| garbage(format!("line {}, column {}", error.line(), error.column())))?;
    let wrong = |field: &str| garbage(format!("its `{field}` is missing, or something else"));
    let version = value.get("version").and_then(Value::as_u64).and_then(|version| u32::try_from(version).ok());
    match version {
        Some(VERSION) => serde_path_to_error::deserialize(value).map_err(|error| wrong(&wrong_field(&error))),
        Some(version) => Err(UnusableFile::Other(format!(
            "has format {version}, and this library knows {VERSION}: use the same version of it in all programs, or \
             name another directory"
        ))),
        None => Err(wrong("version")),
    }
}

/// The field that is missing or has another type. The rest of the error's text may quote the file.
fn wrong_field(error: &serde_path_to_error::Error<serde_json::Error>) -> String {
    let text = error.inner().to_string();
    if let Some(missing) = text.strip_prefix("missing field `").and_then(|text| text.strip_suffix('`')) {
        return missing.to_owned();
    }
    let field = error.path().iter().rev().find_map(|segment| match segment {
        Segment::Map { key } => Some(key.clone()),
        _ => None,
    });
    field.unwrap_or_default()
}

/// Replaces a file whole. The caller holds its lock, so that a `.tmp` file is left from a process that ended.
pub(crate) fn write(file: &Path, state: &StateFile) -> Result<(), String> {
    let new = file.with_extension("tmp");
    let _ = fs::remove_file(&new);
    let written = os::options()
        .write(true)
        .create_new(true)
        .open(&new)
        .and_then(|mut opened| opened.write_all(state.text().as_bytes()))
        .and_then(|()| fs::rename(&new, file));
    written.map_err(|error| {
        let _ = fs::remove_file(&new);
        format!(
            "the file {} cannot be written: {error}. See that there is room, and that the directory can be written",
            file.display()
        )
    })
}
