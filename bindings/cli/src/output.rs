//! Prints to standard output, standard error and files.

use std::fs::File;
use std::io::{self, IsTerminal as _, Write};
use std::path::Path;

use crate::failure::{Failure, LOCAL, Result, check_interrupt};

mod unfinished;

const STDOUT: &str = "to standard output";

/// Prints a text that is not a secret.
pub(crate) fn print(text: &str) -> Result<()> {
    write(&[text.as_bytes(), b"\n"])
}

/// Prints a secret: to a terminal only with --show.
pub(crate) fn print_secret(secret: &str, show: bool) -> Result<()> {
    check_terminal(show)?;
    write(&[secret.as_bytes(), b"\n"])
}

/// Refuses to show a secret on a terminal, before it is fetched.
pub(crate) fn check_terminal(show: bool) -> Result<()> {
    if !show && io::stdout().is_terminal() {
        return Err(Failure::usage(
            "not shown, because standard output is a terminal, and this is a secret: send it to a file or a program, \
             or say --show",
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

/// Prints a message to standard error. A failure to print it is ignored.
pub(crate) fn tell(message: &str) {
    let _ = writeln!(io::stderr(), "boomi-auth: {message}");
}

/// The destination of a response body.
pub(crate) struct Sink {
    /// For messages.
    name: String,
    file: File,
    kind: Kind,
    /// The last byte that was written.
    last: Option<u8>,
}

enum Kind {
    /// Standard output, a device, a pipe. Unbuffered: an error shows when it happens.
    Stream {
        /// Whether a write may block, because another program reads the output.
        waits: bool,
    },
    /// A file that is not there yet: it takes the place of the path when it is whole.
    Unfinished(unfinished::Unfinished),
}

impl Sink {
    /// Standard output.
    pub(crate) fn stdout() -> Result<Self> {
        let copied = duplicate_stdout().map_err(|error| Failure::writing(STDOUT, &error))?;
        Ok(Sink::stream(STDOUT.into(), copied))
    }

    fn stream(name: String, file: File) -> Self {
        let waits = file.metadata().map_or(true, |data| !data.is_file());
        Sink { name, file, kind: Kind::Stream { waits }, last: None }
    }

    /// A file; "-" is standard output.
    pub(crate) fn file(path: &Path) -> Result<Self> {
        if ["-", "/dev/stdout", "/dev/fd/1"].iter().any(|stdout| path == Path::new(stdout)) {
            return Sink::stdout();
        }
        let name = path.display().to_string();
        let failed = |error: io::Error| Failure::new(LOCAL, format!("cannot write {name}: {error}"));
        match path.metadata() {
            Ok(data) if data.is_dir() => return Err(Failure::usage(format!("{name} is a directory"))),
            Ok(data) if !data.is_file() => {
                let file = File::options().write(true).open(path).map_err(failed)?;
                return Ok(Sink::stream(name, file));
            }
            _ => {}
        }
        let (file, unfinished) = unfinished::begin(path).map_err(failed)?;
        Ok(Sink { name, file, kind: Kind::Unfinished(unfinished), last: None })
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.last = bytes.last().copied().or(self.last);
        let written = match self.kind {
            Kind::Stream { waits: true } => return self.write_slowly(bytes),
            _ => self.file.write_all(bytes),
        };
        written.map_err(|error| Failure::writing(&self.name, &error))
    }

    /// In pieces that a pipe takes at once when it says that it takes any, so that Ctrl-C is seen between them.
    #[cfg(unix)]
    fn write_slowly(&mut self, bytes: &[u8]) -> Result<()> {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        const PIECE: usize = 4096;
        let slice = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
        for piece in bytes.chunks(PIECE) {
            loop {
                check_interrupt()?;
                match poll(&mut [PollFd::new(&self.file, PollFlags::OUT)], Some(&slice)) {
                    Ok(0) | Err(rustix::io::Errno::INTR) => {}
                    _ => break,
                }
            }
            self.file.write_all(piece).map_err(|error| Failure::writing(&self.name, &error))?;
        }
        Ok(())
    }

    #[cfg(not(unix))]
    fn write_slowly(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(|error| Failure::writing(&self.name, &error))
    }

    /// On a terminal, what comes next begins a line.
    pub(crate) fn end_line(&mut self) -> Result<()> {
        if self.is_terminal() && self.last.is_some_and(|last| last != b'\n') { self.write(b"\n") } else { Ok(()) }
    }

    pub(crate) fn is_terminal(&self) -> bool {
        self.file.is_terminal()
    }

    /// All of it was written.
    pub(crate) fn finish(self) -> Result<()> {
        match self.kind {
            Kind::Stream { .. } => Ok(()),
            Kind::Unfinished(unfinished) => {
                unfinished.finish(&self.file).map_err(|error| Failure::writing(&self.name, &error))
            }
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
