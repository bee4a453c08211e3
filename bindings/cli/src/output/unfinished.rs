//! A file that is there when it is whole, and of which nothing is left if that never happens.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempPath;

/// What becomes of it.
pub(crate) struct Unfinished {
    /// Where it will be.
    path: PathBuf,
    /// The name it has until then, if it has one.
    name: Option<TempPath>,
}

/// Begins one. It gets the mode of the file whose place it takes; a new one, as any, what the user's umask says.
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
    /// It is whole.
    pub(crate) fn finish(self, file: &File) -> io::Result<()> {
        let name = match self.name {
            Some(name) => name,
            None => give_name(file, folder_of(&self.path))?,
        };
        name.persist(&self.path).map_err(|error| error.error)
    }
}

/// What a symbolic link means is replaced, not the link, also if there is nothing yet.
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

/// A file without a name is gone with its process, however that ends. Not every file system has such.
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
