//! The histories of a machine: one file for each user, in a directory that its processes share.
//!
//! A file is read, changed and replaced under a lock of the operating system, which ends with its process. It is replaced
//! whole, so nobody sees half of one, however a process ends. It is not forced to the disk, which would cost every sign-in
//! the disk's time: after a power cut it may be an older one, or empty, which is as good as none.
//!
//! A file that cannot be used is an error each time: to begin anew would forget what is held. Only one that holds garbage is put
//! aside, and a careful one begun.
//!
//! Tested on Linux alone. Elsewhere on Unix the times are the wall clock's, and a process whose id is used again is not known
//! to be gone. On other systems it is not checked who may write here, and all other processes count as gone, like those of
//! containers that share a directory but not their process ids: more is held than need be, never less.

use std::fs;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_path_to_error::Segment;

use super::credential::{Millis, Owner, Tag};
use super::history::LoginHistory;
use super::memory::{LoginMemory, User};
use super::secret_tag::{self, Tags};
use crate::clock::Clock;
use crate::fork::PerProcess;
use crate::sync::{Mutex, Signal, lock};
use crate::transport::deadline::Deadline;

pub(crate) mod os;

pub(crate) const VERSION: u32 = 1;
/// Larger files are no histories: five places and sixteen credentials are a few KiB.
pub(crate) const LARGEST: u64 = 256 * 1024;
/// How long another process may keep a file to itself; it takes less than a millisecond.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// How long nobody waits again after one waited in vain: a process that is stopped with the lock must not stop all others.
pub(crate) const IMPATIENCE: Duration = Duration::from_secs(30);
pub(crate) const BETWEEN_TRIES: Duration = Duration::from_millis(1);
/// What is added to the machine's time, which begins with each boot: what happened before lies before, not at, its zero.
pub(crate) const ERA: Millis = 1 << 40;
/// The lock of a file is the whole process's, and given up when any descriptor of the file is closed: so one thread at a
/// time. It is never held while waiting.
pub(crate) static ONE_THREAD: PerProcess<Mutex<()>> = PerProcess::empty();

/// A directory of histories.
pub(crate) struct StateDir {
    pub(crate) path: PathBuf,
    /// Until when nobody waits for a lock, because somebody waited in vain: steady milliseconds.
    pub(crate) impatient_until: AtomicU64,
    pub(crate) changed: PerProcess<Signal>,
    pub(crate) tags: PerProcess<Tags>,
}

/// What is in a file.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct StateFile {
    pub(crate) version: u32,
    /// For tags; kept as long as the file.
    pub(crate) salt: String,
    pub(crate) written: FileTime,
    #[serde(rename = "ledger")]
    pub(crate) history: LoginHistory,
}

/// By which boot's clock the times in a history are told, and what it said when.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct FileTime {
    pub(crate) boot: String,
    pub(crate) steady_ms: Millis,
    pub(crate) wall_ms: Millis,
}

impl StateDir {
    pub(crate) fn new(path: PathBuf) -> Self {
        StateDir { path, impatient_until: AtomicU64::new(0), changed: PerProcess::empty(), tags: PerProcess::empty() }
    }

    /// Where a user's file is. Its name says nothing of the user to those who read over a shoulder.
    pub(crate) fn file_of(&self, user: &User) -> PathBuf {
        let id = format!("{}\n{}", user.origin, user.name);
        let hash = ring::digest::digest(&ring::digest::SHA256, id.as_bytes());
        self.path.join(HEXLOWER.encode(hash.as_ref())).with_extension("json")
    }

    /// Makes the directory if it is missing, and sees that nobody else decides what is in it.
    pub(crate) fn prepare(&self) -> Result<(), String> {
        let name = self.path.display();
        if !self.path.exists() {
            os::create_dir(&self.path).map_err(|error| {
                format!("the state directory {name} cannot be made: {error}. Make it, or name another one")
            })?;
        }
        let data =
            fs::metadata(&self.path).map_err(|error| format!("the state directory {name} cannot be used: {error}"))?;
        let problem =
            if data.is_dir() { os::mistrust_dir(&data) } else { Some("is not a directory: name another one".into()) };
        problem.map_or(Ok(()), |problem| Err(format!("the state directory {name} {problem}")))
    }

    /// Runs `work` on a user's state while nobody else does, and writes what it changed if it returns `true`.
    pub(crate) fn transact(
        &self,
        user: &User,
        clock: &dyn Clock,
        work: &mut dyn FnMut(&mut StateFile, Millis) -> bool,
    ) -> Result<(), String> {
        self.prepare()?;
        let file = self.file_of(user);
        let threads = ONE_THREAD.get(Mutex::default);
        let now = || clock.boottime().as_millis() as u64;
        let began = clock.now();
        let longest = if now() < self.impatient_until.load(Ordering::Relaxed) { Duration::ZERO } else { LONGEST_WAIT };
        loop {
            let turn = lock(&threads);
            if let Some(locked) = try_lock(&file.with_extension("lock"))? {
                let done = change(&file, clock, work);
                drop(locked);
                return done;
            }
            drop(turn);
            if clock.now().saturating_duration_since(began) >= longest {
                if !longest.is_zero() {
                    self.impatient_until.store(now() + IMPATIENCE.as_millis() as u64, Ordering::Relaxed);
                }
                let (name, seconds) = (file.display(), LONGEST_WAIT.as_secs());
                return Err(format!(
                    "{name} is locked by another process for more than {seconds} s: look what it does, or end it"
                ));
            }
            if Deadline::current().is_ok_and(|deadline| deadline.check().is_err()) {
                return Err(format!("the call was over before another process let {} go", file.display()));
            }
            clock.sleep(BETWEEN_TRIES);
        }
    }

    /// The salt of a user's tags. A file is replaced whole, so it can be read without its lock.
    pub(crate) fn salt(&self, user: &User, clock: &dyn Clock) -> Result<String, String> {
        self.prepare()?;
        match read(&self.file_of(user)) {
            Ok(Some(state)) => return Ok(state.salt),
            Err(UnusableFile::Other(problem)) => return Err(problem),
            Ok(None) | Err(UnusableFile::Garbage(_)) => {}
        }
        let mut salt = String::new();
        self.transact(user, clock, &mut |state, _| {
            salt.clone_from(&state.salt);
            true
        })?;
        Ok(salt)
    }
}

impl LoginMemory for StateDir {
    fn with(
        &self,
        user: &User,
        clock: &dyn Clock,
        work: &mut dyn FnMut(&mut LoginHistory, Millis) -> bool,
    ) -> Result<(), String> {
        self.transact(user, clock, &mut |state, now| work(&mut state.history, now))
    }

    fn tag(&self, user: &User, clock: &dyn Clock, secret: &[&[u8]]) -> Result<Tag, String> {
        let salt = self.salt(user, clock)?;
        Ok(self.tags.get(Tags::default).tag(user, &salt, secret))
    }

    fn owner(&self) -> Owner {
        static OWNER: PerProcess<Owner> = PerProcess::empty();
        let process = std::process::id();
        *OWNER.get(|| Owner { process, started: run_of(process).map_or(0, |run| run.started) })
    }

    /// One for all users: whoever wakes for another's change looks again, which is a file read.
    fn changed(&self, _: &User) -> Signal {
        (*self.changed.get(Signal::default)).clone()
    }

    fn look_again(&self) -> Option<Duration> {
        Some(Duration::from_millis(50))
    }
}

impl StateFile {
    pub(crate) fn new(now: &FileTime) -> Result<Self, String> {
        Ok(StateFile {
            version: VERSION,
            salt: secret_tag::new_salt()?,
            written: now.clone(),
            history: LoginHistory::default(),
        })
    }

    pub(crate) fn text(&self) -> String {
        serde_json::to_string(self).expect("its keys are texts")
    }

    /// Tells its times by the clock of `now`, and ends the sign-ins of processes that are gone; `true` if there were any.
    pub(crate) fn bring_to(&mut self, now: FileTime) -> bool {
        let rebooted = self.written.boot != now.boot;
        // Nobody knows better than the wall clock how long the machine was off.
        let off = if rebooted { now.wall_ms.saturating_sub(self.written.wall_ms) } else { 0 };
        let steady_ms = self.written.steady_ms.saturating_add(off);
        // In one boot only the time that was set back, where it is the wall clock's.
        if rebooted || steady_ms > now.steady_ms {
            self.history.shift(now.steady_ms.wrapping_sub(steady_ms) as i64);
        }
        let unanswered = self.history.unanswered();
        self.history.expire(|owner| rebooted || is_gone(owner), now.steady_ms);
        self.written = now;
        self.history.unanswered() != unanswered
    }
}

impl FileTime {
    pub(crate) fn now(clock: &dyn Clock) -> Self {
        let ((boot, steady), wall) = (clock.boot_id(), clock.wall());
        FileTime { boot, steady_ms: ERA + steady.as_millis() as Millis, wall_ms: wall.as_millis() as Millis }
    }
}

/// One transaction, while the file is locked.
pub(crate) fn change(
    file: &Path,
    clock: &dyn Clock,
    work: &mut dyn FnMut(&mut StateFile, Millis) -> bool,
) -> Result<(), String> {
    let now = FileTime::now(clock);
    let millis = now.steady_ms;
    let mut state = match read(file) {
        Ok(Some(state)) => state,
        Ok(None) => StateFile::new(&now)?,
        Err(UnusableFile::Garbage(problem)) => return Err(put_aside(file, &now, &problem)),
        Err(UnusableFile::Other(problem)) => return Err(problem),
    };
    let buried = state.bring_to(now).then(|| state.clone());
    let kept = if work(&mut state, millis) { Some(state) } else { buried };
    kept.map_or(Ok(()), |state| write(file, &state))
}

/// Why a file cannot be used.
#[derive(Debug)]
pub(crate) enum UnusableFile {
    /// It is ours, and holds something else.
    Garbage(String),
    Other(String),
}

/// Begins anew where a file holds garbage, carefully: what it held back is lost, and was perhaps close to a lock. This sign-in goes
/// by the process's own memory, and is told why.
pub(crate) fn put_aside(file: &Path, now: &FileTime, problem: &str) -> String {
    let aside = file.with_extension("bad");
    let begun = StateFile::new(now).and_then(|state| {
        fs::rename(file, &aside).map_err(|error| format!("it cannot be put aside: {error}"))?;
        write(file, &StateFile { history: LoginHistory::careful(now.steady_ms), ..state })
    });
    match begun {
        Ok(()) => {
            format!("{problem}: it was put aside as {}, and another begun that allows one more try", aside.display())
        }
        Err(why) => format!("{problem}, and {why}"),
    }
}

/// `None` if there is no file yet.
pub(crate) fn read(file: &Path) -> Result<Option<StateFile>, UnusableFile> {
    let named = |problem: String| format!("the file {} {problem}", file.display());
    let unusable = |problem: String| UnusableFile::Other(named(problem));
    let opened = match os::options().read(true).open(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.and_then(|opened| Ok((opened.metadata()?, opened))),
    };
    let (data, opened) = opened.map_err(|error| unusable(cannot_open(&error)))?;
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

/// A file that anybody may have written.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn fuzz(bytes: &[u8]) {
    let Ok(mut state) = parse(bytes) else { return };
    state.bring_to(FileTime { boot: "a boot".into(), steady_ms: ERA + 1_000_000, wall_ms: 1_800_000_000_000 });
    state.history.fuzz(ERA + 1_000_000);
    assert!(parse(state.text().as_bytes()).is_ok());
}

pub(crate) fn parse(bytes: &[u8]) -> Result<StateFile, UnusableFile> {
    let garbage = |problem: String| UnusableFile::Garbage(format!("is not a login history ({problem})"));
    // The place alone: the text of an error may quote the file.
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|error| garbage(format!("line {}, column {}", error.line(), error.column())))?;
    let wrong = |field: &str| garbage(format!("its `{field}` is missing, or something else"));
    let version = value.get("version").and_then(Value::as_u64).and_then(|version| u32::try_from(version).ok());
    match version {
        Some(VERSION) => serde_path_to_error::deserialize(value).map_err(|error| wrong(&wrong_field(&error))),
        Some(version) => Err(UnusableFile::Other(format!(
            "has format {version}, and this library knows {VERSION}: use the same version of it in all programs, or name \
             another directory"
        ))),
        None => Err(wrong("version")),
    }
}

/// The field that is missing, or that holds something else. The rest of the error's text may quote the file.
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

/// Replaces a file whole. Only who has its lock writes, so what is left of an earlier try is nobody's.
pub(crate) fn write(file: &Path, state: &StateFile) -> Result<(), String> {
    let new = file.with_extension("tmp");
    let _ = fs::remove_file(&new);
    let content = state.text();
    let written = os::options()
        .write(true)
        .create_new(true)
        .open(&new)
        .and_then(|mut opened| opened.write_all(content.as_bytes()))
        .and_then(|()| fs::rename(&new, file));
    written.map_err(|error| {
        let _ = fs::remove_file(&new);
        format!(
            "the file {} cannot be written: {error}. See that there is room, and that the directory can be written",
            file.display()
        )
    })
}

/// `None` if another process has it. What is returned is the lock.
pub(crate) fn try_lock(path: &Path) -> Result<Option<fs::File>, String> {
    let unusable = |problem: String| format!("the lock file {} {problem}", path.display());
    let opened = match os::lock_options().read(true).write(true).create(true).truncate(false).open(path) {
        Err(error) if os::is_locked(&error) => return Ok(None),
        opened => opened.and_then(|opened| Ok((opened.metadata()?, opened))),
    };
    let (data, opened) = opened.map_err(|error| unusable(cannot_open(&error)))?;
    if let Some(problem) = os::mistrust_file(&data) {
        return Err(unusable(problem));
    }
    match os::try_lock(&opened) {
        Ok(()) => Ok(Some(opened)),
        Err(error) if os::is_locked(&error) => Ok(None),
        Err(error) => Err(unusable(format!("cannot be locked: {error}. Name a directory whose file system has locks"))),
    }
}

pub(crate) fn cannot_open(error: &io::Error) -> String {
    match os::is_link(error) {
        true => "is a symbolic link: remove it".to_owned(),
        false => format!("cannot be opened: {error}. See to its permissions, or name another directory"),
    }
}

pub(crate) fn is_gone(owner: &Owner) -> bool {
    if !os::exists(owner.process) {
        return true;
    }
    let run = run_of(owner.process);
    run.is_some_and(|run| run.ended || (owner.started != 0 && run.started != owner.started))
}

/// One run of a process, whose id is used again after it.
pub(crate) struct Run {
    /// Nobody has asked for its exit status yet, and maybe nobody ever will.
    pub(crate) ended: bool,
    /// In ticks since the boot.
    pub(crate) started: u64,
}

/// `None` where the system has no such file.
pub(crate) fn run_of(process: u32) -> Option<Run> {
    let stat = fs::read(format!("/proc/{process}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    // The second field is the program's name in parentheses, which may itself hold anything. See proc_pid_stat(5).
    let (_, fields) = stat.rsplit_once(')')?;
    let fields: Vec<_> = fields.split_whitespace().collect();
    Some(Run { ended: matches!(*fields.first()?, "Z" | "X"), started: fields.get(19)?.parse().ok()? })
}
