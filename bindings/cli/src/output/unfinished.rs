//! A file that appears when it is complete, and leaves nothing behind otherwise.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempPath;

/// A file that is being written.
pub(crate) struct Unfinished {
    /// The final path.
    path: PathBuf,
    /// The temporary name, if it has one.
    name: Option<TempPath>,
}

/// Creates the file. It gets the mode of the file that it replaces, or that of the user's umask.
pub(crate) fn begin(path: &Path) -> io::Result<(File, Unfinished)> {
    let path = behind_links(path)?;
    let (file, name) = match nameless(folder_of(&path)) {
        Some(file) => (file, None),
        None => {
            let mut builder = tempfile::Builder::new();
            builder.prefix(".boomi-auth-").suffix(".part");
            #[cfg(unix)]
            builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
            let (file, name) = builder.tempfile_in(folder_of(&path))?.into_parts();
            (file, Some(name))
        }
    };
    if let Ok(data) = path.metadata() {
        file.set_permissions(data.permissions())?;
    }
    Ok((file, Unfinished { path, name }))
}

impl Unfinished {
    /// Gives the complete file its name.
    pub(crate) fn finish(self, file: &File) -> io::Result<()> {
        let name = match self.name {
            Some(name) => name,
            None => give_name(file, folder_of(&self.path))?,
        };
        name.persist(&self.path).map_err(|error| error.error)
    }
}

/// Follows symbolic links: their target is replaced, even if it does not exist yet.
fn behind_links(path: &Path) -> io::Result<PathBuf> {
    const MOST: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..MOST {
        match path.read_link() {
            Ok(target) => path = folder_of(&path).join(target),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Opens a file without a name, which is gone when its process ends. Not every file system supports it.
#[cfg(target_os = "linux")]
fn nameless(folder: &Path) -> Option<File> {
    use rustix::fs::{Mode, OFlags, open};
    let mode = Mode::from_raw_mode(0o666);
    open(folder, OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC, mode).ok().map(File::from)
}

#[cfg(not(target_os = "linux"))]
fn nameless(_: &Path) -> Option<File> {
    None
}

#[cfg(target_os = "linux")]
fn give_name(file: &File, folder: &Path) -> io::Result<TempPath> {
    use rustix::fs::{AtFlags, CWD, linkat};
    use std::os::fd::AsRawFd as _;
    let nameless = format!("/proc/self/fd/{}", file.as_raw_fd());
    let made = tempfile::Builder::new()
        .prefix(".boomi-auth-")
        .suffix(".part")
        .make_in(folder, |name| Ok(linkat(CWD, &nameless, CWD, name, AtFlags::SYMLINK_FOLLOW)?))?;
    Ok(made.into_parts().1)
}

#[cfg(not(target_os = "linux"))]
fn give_name(_: &File, _: &Path) -> io::Result<TempPath> {
    unreachable!("it has a name from the start")
}
