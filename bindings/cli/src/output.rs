//! What is printed, and where to.

use std::fs::File;
use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::failure::{Failure, LOCAL, Result};

const STDOUT: &str = "to standard output";

/// Prints what is no secret.
pub(crate) fn print(text: &str) -> Result<()> {
    write(&[text.as_bytes(), b"\n"])
}

/// Prints a secret that was asked for: to a terminal only if that was asked for too.
pub(crate) fn print_secret(secret: &str, show: bool) -> Result<()> {
    check_terminal(show)?;
    write(&[secret.as_bytes(), b"\n"])
}

/// Refuses to show a secret on a terminal, before anything is done to get it.
pub(crate) fn check_terminal(show: bool) -> Result<()> {
    if !show && io::stdout().is_terminal() {
        return Err(Failure::usage(
            "not shown, because standard output is a terminal, and this is a secret: send it to a file or a program, or say --show",
        ));
    }
    Ok(())
}

pub(crate) fn write(parts: &[&[u8]]) -> Result<()> {
    // Each goes out at once: a buffer would keep a copy, and its errors for later.
    let mut stdout = Sink::stdout()?;
    parts.iter().try_for_each(|part| stdout.write(part))?;
    stdout.finish()
}

/// Where the body of an answer goes.
pub(crate) enum Sink {
    Stdout(File),
    /// Something that is no file: a device, a pipe.
    Special(File, PathBuf),
    /// A file that is not there yet: it takes the place of `path` when it is whole, and is gone if that never happens.
    Unfinished(NamedTempFile, PathBuf),
}

impl Sink {
    /// Standard output, unbuffered: an error shows when it happens.
    pub(crate) fn stdout() -> Result<Self> {
        let copied = duplicate_stdout().map_err(|error| Failure::writing(STDOUT, &error))?;
        Ok(Sink::Stdout(copied))
    }

    pub(crate) fn file(path: &Path) -> Result<Self> {
        let failed = |error: io::Error| Failure::new(LOCAL, format!("cannot write {}: {error}", path.display()));
        match path.metadata() {
            Ok(data) if data.is_dir() => return Err(Failure::usage(format!("{} is a directory", path.display()))),
            Ok(data) if !data.is_file() => {
                let file = File::options().write(true).open(path).map_err(failed)?;
                return Ok(Sink::Special(file, path.to_owned()));
            }
            _ => {}
        }
        // What a symbolic link means is replaced, not the link.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        builder.prefix(".boomi-auth-").suffix(".part");
        // As any file that a program makes; the user's umask says who may read it.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.tempfile_in(folder).map_err(failed)?;
        Ok(Sink::Unfinished(file, path))
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let written = match self {
            Sink::Stdout(file) | Sink::Special(file, _) => file.write_all(bytes),
            Sink::Unfinished(file, _) => file.as_file_mut().write_all(bytes),
        };
        written.map_err(|error| Failure::writing(&self.name(), &error))
    }

    /// All of it was written.
    pub(crate) fn finish(self) -> Result<()> {
        match self {
            Sink::Stdout(_) | Sink::Special(..) => Ok(()),
            Sink::Unfinished(file, path) => {
                let kept = file.persist(&path).map(drop);
                kept.map_err(|error| Failure::writing(&path.display().to_string(), &error.error))
            }
        }
    }

    fn name(&self) -> String {
        match self {
            Sink::Stdout(_) => STDOUT.into(),
            Sink::Special(_, path) | Sink::Unfinished(_, path) => path.display().to_string(),
        }
    }
}

#[cfg(unix)]
fn duplicate_stdout() -> io::Result<File> {
    use std::os::fd::AsFd as _;
    Ok(File::from(io::stdout().as_fd().try_clone_to_owned()?))
}

#[cfg(windows)]
fn duplicate_stdout() -> io::Result<File> {
    use std::os::windows::io::AsHandle as _;
    Ok(File::from(io::stdout().as_handle().try_clone_to_owned()?))
}
