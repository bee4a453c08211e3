//! The histories of a machine: one file for each user, in a directory that its processes share.
//!
//! A process reads, changes and replaces a file under a lock of the operating system, which ends with the process. It
//! replaces the file whole, so that no process reads half of one. It does not sync the file to the disk, which would
//! delay every attempt: after a power cut the file may be older, or empty, which counts as none.
//!
//! A file that cannot be used is an error each time: a new one would forget what is blocked. Only garbage is put aside
//! and replaced, by a history that allows one attempt.
//!
//! Tested on Linux only. On other Unix systems the times are the wall clock's, and a process whose id is reused counts
//! as alive. On other systems permissions are not checked, and all other processes count as ended, like those of
//! containers that share a directory but not their process ids: the guard then blocks more than it must, never less.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::{fs, time::Duration};

use data_encoding::HEXLOWER;

use super::credential::{Millis, Owner, Tag};
use super::memory::{LoginMemory, User};
use super::{history::LoginHistory, secret_tag::Tags};
use crate::sync::{Mutex, Signal, lock};
use crate::{clock::Clock, error::Error, fork::PerProcess};
use file::{FileTime, StateFile, UnusableFile};

pub(crate) mod file;
pub(crate) mod os;
pub(crate) mod process;

/// How long to wait for a file that another process has locked, for which it needs less than a millisecond.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// How long no attempt waits after one waited in vain: a process that is stopped with the lock must not stop all
/// others.
pub(crate) const IMPATIENCE: Duration = Duration::from_secs(30);
pub(crate) const BETWEEN_TRIES: Duration = Duration::from_millis(1);
/// Lets one thread at a time lock files: a lock is the whole process's, and ends when any descriptor of its file is
/// closed. Never held while waiting.
static ONE_THREAD: PerProcess<Mutex<()>> = PerProcess::empty();

/// A directory of histories.
pub(crate) struct StateDir {
    pub(crate) path: PathBuf,
    /// Fails when the call in progress is over.
    check: fn() -> Result<(), Error>,
    /// Until when no attempt waits for a lock: steady milliseconds.
    impatient_until: AtomicU64,
    changed: PerProcess<Signal>,
    pub(crate) tags: PerProcess<Tags>,
}

impl StateDir {
    /// Names a directory. `check` fails when the call in progress is over: it ends a wait for another process.
    pub(crate) fn new(path: PathBuf, check: fn() -> Result<(), Error>) -> Self {
        let (impatient_until, changed, tags) = (AtomicU64::new(0), PerProcess::empty(), PerProcess::empty());
        StateDir { path, check, impatient_until, changed, tags }
    }

    /// The file of a user. Its name is a hash, so that a listing of the directory reveals no user.
    pub(crate) fn file_of(&self, user: &User) -> PathBuf {
        let id = format!("{}\n{}", user.origin, user.name);
        let hash = ring::digest::digest(&ring::digest::SHA256, id.as_bytes());
        self.path.join(HEXLOWER.encode(hash.as_ref())).with_extension("json")
    }

    /// Makes the directory if it is missing, and checks that no other user controls it.
    fn prepare(&self) -> Result<(), String> {
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

    /// Runs `work` on a user's file under its lock. Writes the changes if `work` returns `true`.
    fn transact(
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
            let thread = lock(&threads);
            if let Some(locked) = try_lock(&file.with_extension("lock"))? {
                let done = change(&file, clock, work);
                drop(locked);
                return done;
            }
            drop(thread);
            if clock.now().saturating_duration_since(began) >= longest {
                if !longest.is_zero() {
                    self.impatient_until.store(now() + IMPATIENCE.as_millis() as u64, Ordering::Relaxed);
                }
                let (name, seconds) = (file.display(), LONGEST_WAIT.as_secs());
                return Err(format!(
                    "{name} is locked by another process for more than {seconds} s: look what it does, or end it"
                ));
            }
            if (self.check)().is_err() {
                return Err(format!("the call was over before another process let {} go", file.display()));
            }
            clock.sleep(BETWEEN_TRIES);
        }
    }

    /// The salt of a user's tags. Files are replaced whole, so reading one needs no lock.
    pub(crate) fn salt(&self, user: &User, clock: &dyn Clock) -> Result<String, String> {
        self.prepare()?;
        match file::read(&self.file_of(user)) {
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
        process::this()
    }

    /// One signal for all users: a thread that wakes for another user's change only reads a file.
    fn changed(&self, _: &User) -> Signal {
        (*self.changed.get(Signal::default)).clone()
    }

    fn look_again(&self) -> Option<Duration> {
        Some(Duration::from_millis(50))
    }
}

/// Changes a file, under its lock.
fn change(file: &Path, clock: &dyn Clock, work: &mut dyn FnMut(&mut StateFile, Millis) -> bool) -> Result<(), String> {
    let now = FileTime::now(clock);
    let millis = now.steady_ms;
    let mut state = match file::read(file) {
        Ok(Some(state)) => state,
        Ok(None) => StateFile::new(&now)?,
        Err(UnusableFile::Garbage(problem)) => return Err(put_aside(file, &now, &problem)),
        Err(UnusableFile::Other(problem)) => return Err(problem),
    };
    let expired = state.bring_to(now).then(|| state.clone());
    let kept = if work(&mut state, millis) { Some(state) } else { expired };
    kept.map_or(Ok(()), |state| file::write(file, &state))
}

/// Replaces garbage by a history that allows one attempt, since the lost one was perhaps close to a lock. Returns the
/// error of the current attempt, which goes by the process's table.
fn put_aside(file: &Path, now: &FileTime, problem: &str) -> String {
    let aside = file.with_extension("bad");
    let begun = StateFile::new(now).and_then(|mut state| {
        fs::rename(file, &aside).map_err(|error| format!("it cannot be put aside: {error}"))?;
        state.history = LoginHistory::careful(now.steady_ms);
        file::write(file, &state)
    });
    match begun {
        Ok(()) => {
            format!("{problem}: it was put aside as {}, and another begun that allows one more try", aside.display())
        }
        Err(why) => format!("{problem}, and {why}"),
    }
}

/// Locks a file; `None` if another process has the lock. Dropping the result ends the lock.
fn try_lock(path: &Path) -> Result<Option<fs::File>, String> {
    let unusable = |problem: String| format!("the lock file {} {problem}", path.display());
    let opened = match os::lock_options().read(true).write(true).create(true).truncate(false).open(path) {
        Err(error) if os::is_locked(&error) => return Ok(None),
        opened => opened.and_then(|opened| Ok((opened.metadata()?, opened))),
    };
    let (data, opened) = opened.map_err(|error| unusable(os::cannot_open(&error)))?;
    if let Some(problem) = os::mistrust_file(&data) {
        return Err(unusable(problem));
    }
    match os::try_lock(&opened) {
        Ok(()) => Ok(Some(opened)),
        Err(error) if os::is_locked(&error) => Ok(None),
        Err(error) => Err(unusable(format!("cannot be locked: {error}. Name a directory whose file system has locks"))),
    }
}
