//! The sources of credentials: the caller, a file, a function, a program, or the keychain.

use std::{path::PathBuf, sync::Arc};

use zeroize::Zeroizing;

use super::basic::{Basic, CredentialKind, LoadResult, auth_name, auth_username};
#[cfg(any(feature = "keychain", all(unix, feature = "credential-process")))]
use super::document;
#[cfg(feature = "keychain")]
use super::keychain;
#[cfg(all(unix, feature = "credential-process"))]
use super::process;
use crate::error::{Error, Result};
use crate::validate;

type LoadFn = dyn Fn(bool) -> Result<Credentials> + Send + Sync;

/// A user's credentials, or their source.
///
/// Clones share them. A client loads credentials from a source before its first authentication attempt, and again
/// before the next attempt after the server rejected them.
#[derive(Clone)]
pub struct Credentials(CredentialSource);

#[derive(Clone)]
enum CredentialSource {
    Fixed(Arc<Basic>),
    File { kind: CredentialKind, username: String, path: PathBuf },
    Function(Arc<LoadFn>),
    Process { command: String, username: Option<String> },
    Keychain { entry: String, username: Option<String> },
}

impl Credentials {
    /// Returns the credentials of a user with an API token. `BOOMI_TOKEN.` is added to the name where it is missing.
    pub fn api_token(username: &str, token: &str) -> Result<Self> {
        Self::fixed(CredentialKind::ApiToken, username, token)
    }

    /// Returns the credentials of a user with the user's own password.
    pub fn password(username: &str, password: &str) -> Result<Self> {
        Self::fixed(CredentialKind::Password, username, password)
    }

    pub(crate) fn fixed(kind: CredentialKind, username: &str, secret: &str) -> Result<Self> {
        Ok(Credentials(CredentialSource::Fixed(Arc::new(Basic::new(kind, username, secret)?))))
    }

    /// Returns credentials whose secret is the content of a file without its last line end.
    ///
    /// The file is read again after a rejection, so a rotated secret is picked up.
    pub fn file(kind: CredentialKind, username: &str, path: impl Into<PathBuf>) -> Result<Self> {
        let username = auth_username(kind, username)?;
        Ok(Credentials(CredentialSource::File { kind, username, path: path.into() }))
    }

    /// Returns credentials that a function supplies, for example from a vault or a prompt.
    ///
    /// The client calls it with `false` before the first authentication attempt, and with `true` before the next
    /// attempt after a rejection. It runs on the calling thread, perhaps on several threads at once, and must return
    /// fixed credentials. Its error becomes the call's error; [`Error::other`] converts one of another library.
    pub fn from_fn(load: impl Fn(bool) -> Result<Credentials> + Send + Sync + 'static) -> Self {
        Credentials(CredentialSource::Function(Arc::new(load)))
    }

    /// Returns credentials that a program prints. The shell runs it.
    ///
    /// It prints one JSON object: `{"version": 1, "username": "...", "api_token": "..."}`, or `password` instead of
    /// `api_token`. `username` may be given here instead. With `expires_at` (Unix seconds) the program runs again after
    /// that time.
    ///
    /// It inherits this process's environment and has an empty standard input. The variable `BOOMI_REJECTED` is 1 if
    /// the server rejected the last credentials, else 0. It runs within the deadline of the call that needs it, and is
    /// killed when that call ends early, with the programs that it started; where this process has a terminal, it alone
    /// is killed. Concurrent calls wait for it. Without the feature `credential-process`, and on systems other than
    /// Unix, the first use is an error.
    pub fn process(command: &str, username: Option<&str>) -> Result<Self> {
        validate::check("the credential process", command)?;
        Ok(Credentials(CredentialSource::Process { command: command.to_owned(), username: check_username(username)? }))
    }

    /// Returns credentials from an entry of the operating system's keychain.
    ///
    /// `keychain::store` and the command `boomi-auth login` write such entries. The first call that needs them waits
    /// for the keychain, which may ask the user to unlock it; no deadline ends that wait. Without the feature
    /// `keychain`, the first use is an error.
    pub fn keychain(entry: &str, username: Option<&str>) -> Result<Self> {
        validate::check("the name of the keychain entry", entry)?;
        Ok(Credentials(CredentialSource::Keychain { entry: entry.to_owned(), username: check_username(username)? }))
    }

    /// Returns the user name as it is sent, where it is known before loading.
    pub(crate) fn username(&self) -> Option<&str> {
        match &self.0 {
            CredentialSource::Fixed(basic) => Some(&basic.username),
            CredentialSource::File { username, .. } => Some(username),
            CredentialSource::Process { username, .. } | CredentialSource::Keychain { username, .. } => {
                username.as_deref()
            }
            CredentialSource::Function(_) => None,
        }
    }

    pub(crate) fn source_name(&self) -> &'static str {
        match self.0 {
            CredentialSource::Fixed(_) => "fixed",
            CredentialSource::File { .. } => "file",
            CredentialSource::Function(_) => "callback",
            CredentialSource::Process { .. } => "process",
            CredentialSource::Keychain { .. } => "keychain",
        }
    }

    /// Returns whether loading again may give other credentials.
    pub(crate) fn can_change(&self) -> bool {
        !matches!(self.0, CredentialSource::Fixed(_))
    }

    /// Returns whether loading may take long or involve the user. One call then loads for all.
    pub(crate) fn asks_others(&self) -> bool {
        matches!(self.0, CredentialSource::Process { .. } | CredentialSource::Keychain { .. })
    }

    /// Loads the credentials. `check` fails when the call that needs them has ended.
    pub(super) fn load(&self, rejected: bool, check: &dyn Fn() -> Result<()>) -> Result<LoadResult> {
        match &self.0 {
            CredentialSource::Fixed(basic) => Ok(LoadResult { basic: basic.clone(), expires_at: None }),
            CredentialSource::File { kind, username, path } => {
                let secret = read_secret_file(path)?;
                let basic = Basic::new(*kind, username, &secret).map_err(|error| {
                    Error::new(error.kind(), format!("{}, in the file {}", error.message(), path.display()))
                })?;
                Ok(LoadResult { basic: Arc::new(basic), expires_at: None })
            }
            CredentialSource::Function(load) => match load(rejected)?.0 {
                CredentialSource::Fixed(basic) => Ok(LoadResult { basic, expires_at: None }),
                _ => Err(Error::config("the credentials function must return fixed credentials")),
            },
            CredentialSource::Process { command, username } => {
                from_process(command, username.as_deref(), rejected, check)
            }
            CredentialSource::Keychain { entry, username } => from_keychain(entry, username.as_deref()),
        }
    }
}

/// Checks a user name for credentials of a source, which decides on the prefix.
fn check_username(username: Option<&str>) -> Result<Option<String>> {
    username.map(|name| auth_name(CredentialKind::Password, name).map(|_| name.to_owned())).transpose()
}

#[cfg(all(unix, feature = "credential-process"))]
fn from_process(
    command: &str,
    username: Option<&str>,
    rejected: bool,
    check: &dyn Fn() -> Result<()>,
) -> Result<LoadResult> {
    let printed = process::run(command, rejected, check)?;
    document::read(&printed, username).map_err(|error| {
        let what = error.message();
        Error::config(format!("what the credential process (BOOMI_CREDENTIAL_PROCESS) printed {what}"))
    })
}

#[cfg(not(all(unix, feature = "credential-process")))]
fn from_process(_: &str, _: Option<&str>, _: bool, _: &dyn Fn() -> Result<()>) -> Result<LoadResult> {
    Err(Error::config(
        "a credential process is set, and this build of boomi-auth runs none: build it, for Unix, with the feature \
         credential-process",
    ))
}

#[cfg(feature = "keychain")]
fn from_keychain(entry: &str, username: Option<&str>) -> Result<LoadResult> {
    let stored = keychain::read(entry)?.ok_or_else(|| {
        Error::config(format!(
            "the operating system's keychain has no entry \"{entry}\" of boomi-auth: store one with `boomi-auth login`"
        ))
    })?;
    document::read(&stored, username)
        .map_err(|error| Error::config(format!("the keychain's entry \"{entry}\" {}", error.message())))
}

#[cfg(not(feature = "keychain"))]
fn from_keychain(_: &str, _: Option<&str>) -> Result<LoadResult> {
    Err(Error::config(
        "credentials of the operating system's keychain are set, and this build of boomi-auth reads none: build it \
         with the feature keychain",
    ))
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials")
            .field("source", &self.source_name())
            .field("username", &self.username())
            .field("secret", &"***")
            .finish()
    }
}

/// Reads a secret from a file, without its last line end.
pub(crate) fn read_secret_file(path: &std::path::Path) -> Result<Zeroizing<String>> {
    let failed = |what: &str| Error::config(format!("cannot read the secret from the file {}: {what}", path.display()));
    let bytes = crate::file::read(path).map_err(|what| failed(&what))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| failed("it is not UTF-8"))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(failed("it is empty"));
    }
    Ok(Zeroizing::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_text_has_source_and_user_and_no_secret() {
        let file = Credentials::file(CredentialKind::ApiToken, "user", "/nowhere").unwrap();
        let function = Credentials::from_fn(|_| Credentials::password("other", "marked-secret"));
        let process = Credentials::process("vault read", Some("user")).unwrap();
        let keychain = Credentials::keychain("work", None).unwrap();
        let fixed = Credentials::password("user", "marked-secret").unwrap();
        for (credentials, username, asks_others, text) in [
            (&fixed, Some("user"), false, r#"Credentials { source: "fixed", username: Some("user"), secret: "***" }"#),
            (
                &file,
                Some("BOOMI_TOKEN.user"),
                false,
                r#"Credentials { source: "file", username: Some("BOOMI_TOKEN.user"), secret: "***" }"#,
            ),
            (&function, None, false, r#"Credentials { source: "callback", username: None, secret: "***" }"#),
            (
                &process,
                Some("user"),
                true,
                r#"Credentials { source: "process", username: Some("user"), secret: "***" }"#,
            ),
            (&keychain, None, true, r#"Credentials { source: "keychain", username: None, secret: "***" }"#),
        ] {
            assert_eq!(format!("{credentials:?}"), text);
            assert_eq!(credentials.asks_others(), asks_others, "{text}");
            assert_eq!(credentials.username(), username);
            assert_eq!(credentials.can_change(), credentials.source_name() != "fixed");
        }
    }

    #[test]
    fn secret_file_loses_its_line_end_only() {
        let path = std::env::temp_dir().join(format!("boomi-auth-secret-{}", std::process::id()));
        for (content, secret) in [("a b \r\n", Some("a b ")), ("a\n", Some("a")), ("\n", None), ("a\nb", Some("a\nb"))]
        {
            std::fs::write(&path, content).unwrap();
            assert_eq!(read_secret_file(&path).ok().as_deref().map(String::as_str), secret);
        }
        let credentials = Credentials::file(CredentialKind::Password, "user", &path).unwrap();
        let error = credentials.load(false, &|| Ok(())).unwrap_err();
        assert!(error.message().contains("control character") && error.message().contains("in the file"), "{error}");
        std::fs::remove_file(path).unwrap();
    }
}
