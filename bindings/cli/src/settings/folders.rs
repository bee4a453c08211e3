//! The user's folders of this command, as the XDG base directories name them.

use std::path::{Path, PathBuf};

/// The default state directory of the guard. For a user without a home, as services often are, it lasts until the next
/// boot.
pub(crate) fn default_state_dir() -> PathBuf {
    let usual = folder("XDG_STATE_HOME", ".local/state").filter(|path| path.is_dir() || make_folder(path).is_ok());
    usual.unwrap_or_else(|| {
        #[cfg(unix)]
        let user = rustix::process::geteuid().as_raw().to_string();
        #[cfg(not(unix))]
        let user = "user";
        std::env::temp_dir().join(format!("boomi-auth-{user}"))
    })
}

fn make_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(path)
}

/// This command's folder in an XDG base directory of the user.
pub(crate) fn folder(variable: &str, otherwise: &str) -> Option<PathBuf> {
    let set = std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || std::env::home_dir().filter(|home| home.is_absolute()).map(|home| home.join(otherwise));
    set.or_else(home).map(|path| path.join("boomi-auth"))
}
