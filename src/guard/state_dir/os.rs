//! Files, locks and processes, as the operating systems differ in them.

use std::io;

pub(crate) use system::*;

/// What to tell of a file that cannot be opened.
pub(crate) fn cannot_open(error: &io::Error) -> String {
    match is_link(error) {
        true => "is a symbolic link: remove it".to_owned(),
        false => format!("cannot be opened: {error}. See to its permissions, or name another directory"),
    }
}

#[cfg(unix)]
mod system {
    use std::fs::{DirBuilder, File, Metadata, OpenOptions};
    use std::io;
    use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
    use std::path::Path;

    use rustix::fs::{FlockOperation, OFlags, fcntl_lock};
    use rustix::io::Errno;
    use rustix::process::{Pid, geteuid, test_kill_process};

    pub(crate) fn create_dir(path: &Path) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(path)
    }

    pub(crate) fn options() -> OpenOptions {
        let mut options = OpenOptions::new();
        // Without NONBLOCK, opening a pipe of this name would wait.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        options.mode(0o600).custom_flags(flags.bits() as i32);
        options
    }

    /// Why another user controls a directory; `None` if none does.
    pub(crate) fn mistrust_dir(data: &Metadata) -> Option<String> {
        match data.mode() & 0o7777 {
            _ if data.uid() != geteuid().as_raw() && data.uid() != 0 => Some(whose(data)),
            mode if mode & 0o002 != 0 => {
                Some(format!("can be written by everybody (mode {mode:o}): chmod it to 700, or name another one"))
            }
            _ => None,
        }
    }

    /// Why another user can use a file; `None` if none can.
    pub(crate) fn mistrust_file(data: &Metadata) -> Option<String> {
        match data.mode() & 0o7777 {
            _ if !data.is_file() => Some("is not a regular file: remove it".into()),
            _ if data.uid() != geteuid().as_raw() => Some(whose(data)),
            mode if mode & 0o077 != 0 => Some(format!("is open to others (mode {mode:o}): chmod it to 600")),
            _ => None,
        }
    }

    fn whose(data: &Metadata) -> String {
        let (owner, own) = (data.uid(), geteuid().as_raw());
        format!("belongs to user {owner}, and this process runs as {own}: name a directory of this user's own")
    }

    pub(crate) fn lock_options() -> OpenOptions {
        options()
    }

    /// Takes a record lock. A child of `fork` inherits other locks, and would keep them.
    pub(crate) fn try_lock(file: &File) -> io::Result<()> {
        Ok(fcntl_lock(file, FlockOperation::NonBlockingLockExclusive)?)
    }

    pub(crate) fn is_locked(error: &io::Error) -> bool {
        error.raw_os_error() == Some(Errno::AGAIN.raw_os_error())
    }

    pub(crate) fn is_link(error: &io::Error) -> bool {
        error.raw_os_error() == Some(Errno::LOOP.raw_os_error())
    }

    pub(crate) fn exists(process: u32) -> bool {
        let process = i32::try_from(process).ok().and_then(Pid::from_raw);
        process.is_some_and(|process| test_kill_process(process) != Err(Errno::SRCH))
    }
}

#[cfg(not(unix))]
mod system {
    use std::fs::{File, Metadata, OpenOptions};
    use std::io;
    use std::path::Path;

    pub(crate) fn create_dir(path: &Path) -> io::Result<()> {
        std::fs::create_dir_all(path)
    }

    pub(crate) fn options() -> OpenOptions {
        OpenOptions::new()
    }

    pub(crate) fn mistrust_dir(_: &Metadata) -> Option<String> {
        None
    }

    pub(crate) fn mistrust_file(data: &Metadata) -> Option<String> {
        (!data.is_file()).then(|| "is not a regular file: remove it".into())
    }

    /// Windows lets no other process open a file that is open with these options.
    pub(crate) fn lock_options() -> OpenOptions {
        let mut options = OpenOptions::new();
        #[cfg(windows)]
        std::os::windows::fs::OpenOptionsExt::share_mode(&mut options, 0);
        options
    }

    pub(crate) fn try_lock(_: &File) -> io::Result<()> {
        Ok(())
    }

    pub(crate) fn is_locked(error: &io::Error) -> bool {
        const SHARING_VIOLATION: i32 = 32;
        error.raw_os_error() == Some(SHARING_VIOLATION)
    }

    pub(crate) fn is_link(_: &io::Error) -> bool {
        false
    }

    pub(crate) fn exists(process: u32) -> bool {
        process == std::process::id()
    }
}
