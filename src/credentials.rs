//! Who a user is: a name with a password or an API token, and where the two come from.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwapOption;
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::secret::Secret;
#[cfg(feature = "capi")]
use crate::secret::{base64_length, push_base64};
use crate::text;

/// Stands before the user name when the password is an API token.
pub(crate) const TOKEN_PREFIX: &str = "BOOMI_TOKEN.";
/// Stands before the base64 in the header.
const BASIC: &str = "Basic ";

/// Which secret a user signs in with. The numbers are those of the C API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum CredentialKind {
    /// An API token, made in Boomi under Settings > Account Information and Setup > Boomi Enterprise Platform API
    /// Tokens. It needs no one-time code and belongs to the account it was made in.
    ApiToken = 1,
    /// The user's own password. Single sign-on users who are not administrators cannot use theirs.
    Password = 2,
}

/// The user name as it goes into the user field of a tool: with `BOOMI_TOKEN.` before it, once, for an API token.
///
/// A name that already has the prefix means an API token, whatever `kind` says.
pub fn auth_username(kind: CredentialKind, username: &str) -> Result<String> {
    auth_name(kind, username).map(|parts| parts.concat())
}

/// [`auth_username`] in its two parts: the prefix, if it has to be there, and the bare name.
fn auth_name(kind: CredentialKind, username: &str) -> Result<[&str; 2]> {
    text::check("the user name", username)?;
    if username.contains(':') {
        return Err(Error::invalid(
            "the user name has a colon, which HTTP Basic cannot carry: give the bare name, and the secret separately",
        ));
    }
    let mut bare = username;
    while let Some(rest) = bare.strip_prefix(TOKEN_PREFIX) {
        bare = rest;
    }
    if bare.is_empty() {
        return Err(Error::invalid(format!(
            "the user name is only the prefix \"{TOKEN_PREFIX}\": the name is missing"
        )));
    }
    let is_token = kind == CredentialKind::ApiToken || bare.len() < username.len();
    Ok([if is_token { TOKEN_PREFIX } else { "" }, bare])
}

/// The value of the `Authorization` header, `Basic ...`. No I/O.
pub fn auth_header(kind: CredentialKind, username: &str, secret: &str) -> Result<Secret> {
    let pair = auth_pair(auth_name(kind, username)?, secret)?;
    Ok(Secret::base64(BASIC, pair.as_bytes()))
}

/// [`auth_header`] put behind what is in a buffer, which `make` makes for a text of the length it is told.
#[cfg(feature = "capi")]
pub(crate) fn write_auth_header(
    kind: CredentialKind,
    username: &str,
    secret: &str,
    make: impl FnOnce(usize) -> Vec<u8>,
) -> Result<Vec<u8>> {
    let pair = auth_pair(auth_name(kind, username)?, secret)?;
    let mut buffer = make(base64_length(BASIC, pair.as_bytes()));
    push_base64(&mut buffer, BASIC, pair.as_bytes());
    Ok(buffer)
}

/// What goes into the header: a checked user name and a secret.
fn auth_pair([prefix, name]: [&str; 2], secret: &str) -> Result<Secret> {
    text::check(if prefix.is_empty() { "the password" } else { "the API token" }, secret)?;
    Ok(Secret::concat(&[prefix, name, ":", secret]))
}

/// Checked credentials, ready to be sent.
#[derive(Debug)]
pub(crate) struct Basic {
    /// With the prefix, where it has to be.
    pub(crate) username: String,
    /// `Basic ...`
    pub(crate) header: Secret,
    /// Kept to cut it out of texts that a server sends back.
    pub(crate) secret: Secret,
}

impl Basic {
    pub(crate) fn new(kind: CredentialKind, username: &str, secret: &str) -> Result<Self> {
        let username = auth_name(kind, username)?;
        let pair = auth_pair(username, secret)?;
        let header = Secret::base64(BASIC, pair.as_bytes());
        Ok(Basic { header, username: username.concat(), secret: Secret::new(secret) })
    }

    pub(crate) fn kind(&self) -> CredentialKind {
        if self.username.starts_with(TOKEN_PREFIX) { CredentialKind::ApiToken } else { CredentialKind::Password }
    }
}

type Ask = dyn Fn(bool) -> Result<Credentials> + Send + Sync;

/// A user's credentials, or where to get them.
///
/// Cloning shares them. Credentials from a file or a function are read before the first sign-in, and again before the
/// next sign-in after the server rejected them.
#[derive(Clone)]
pub struct Credentials {
    source: Source,
}

#[derive(Clone)]
enum Source {
    Fixed(Arc<Basic>),
    File { kind: CredentialKind, username: String, path: PathBuf },
    Function(Arc<Ask>),
}

impl Credentials {
    /// A user and one of the user's API tokens. `BOOMI_TOKEN.` is put before the name unless it is there.
    pub fn api_token(username: &str, token: &str) -> Result<Self> {
        Self::fixed(CredentialKind::ApiToken, username, token)
    }

    /// A user and the user's own password.
    pub fn password(username: &str, password: &str) -> Result<Self> {
        Self::fixed(CredentialKind::Password, username, password)
    }

    pub(crate) fn fixed(kind: CredentialKind, username: &str, secret: &str) -> Result<Self> {
        Ok(Credentials { source: Source::Fixed(Arc::new(Basic::new(kind, username, secret)?)) })
    }

    /// A user whose secret is the content of a file, less the line end after it. The file is read again after a
    /// rejection, so that a secret that something else rotates is picked up.
    pub fn file(kind: CredentialKind, username: &str, path: impl Into<PathBuf>) -> Result<Self> {
        let username = auth_username(kind, username)?;
        Ok(Credentials { source: Source::File { kind, username, path: path.into() } })
    }

    /// Credentials from a function: a vault, a keychain, a prompt.
    ///
    /// It is asked before the first sign-in with `false`, and before the next one after a rejection with `true`. It
    /// runs on the calling thread, perhaps on several at once, and must return fixed credentials. Its error is the
    /// call's error; [`Error::other`] makes one of another library's.
    pub fn from_fn(ask: impl Fn(bool) -> Result<Credentials> + Send + Sync + 'static) -> Self {
        Credentials { source: Source::Function(Arc::new(ask)) }
    }

    /// The user name as it is sent, where it is known without asking.
    pub(crate) fn username(&self) -> Option<&str> {
        match &self.source {
            Source::Fixed(basic) => Some(&basic.username),
            Source::File { username, .. } => Some(username),
            Source::Function(_) => None,
        }
    }

    /// "fixed", "file" or "callback".
    pub(crate) fn source_name(&self) -> &'static str {
        match self.source {
            Source::Fixed(_) => "fixed",
            Source::File { .. } => "file",
            Source::Function(_) => "callback",
        }
    }

    fn load(&self, rejected: bool) -> Result<Arc<Basic>> {
        match &self.source {
            Source::Fixed(basic) => Ok(basic.clone()),
            Source::File { kind, username, path } => {
                let secret = read_secret_file(path)?;
                Basic::new(*kind, username, &secret).map(Arc::new).map_err(|error| {
                    Error::new(error.kind(), format!("{}, in the file {}", error.message(), path.display()))
                })
            }
            Source::Function(ask) => match ask(rejected)?.source {
                Source::Fixed(basic) => Ok(basic),
                _ => Err(Error::config("the credentials function must return fixed credentials")),
            },
        }
    }
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

/// A secret out of a file, without the line end that editors put there.
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

/// Credentials as a client keeps them: loaded once, and again after a rejection.
pub(crate) struct Keeper {
    credentials: Credentials,
    current: ArcSwapOption<Loaded>,
    /// The highest generation that the server rejected.
    rejected: AtomicU64,
}

/// Credentials and how many times they had been loaded before.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) basic: Arc<Basic>,
    generation: u64,
}

impl Loaded {
    /// Whether these replace credentials that the server rejected.
    pub(crate) fn is_reloaded(&self) -> bool {
        self.generation > 1
    }
}

impl Keeper {
    pub(crate) fn new(credentials: Credentials) -> Self {
        Keeper { credentials, current: ArcSwapOption::empty(), rejected: AtomicU64::new(0) }
    }

    pub(crate) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// The name of the user, where it is known by now.
    pub(crate) fn username(&self) -> Option<String> {
        let loaded = self.current.load();
        let loaded = loaded.as_ref().map(|loaded| loaded.basic.username.as_str());
        loaded.or_else(|| self.credentials.username()).map(str::to_owned)
    }

    /// The credentials to sign in with, and whether they were loaded just now. No lock is held while they are.
    pub(crate) fn get(&self) -> Result<(Arc<Loaded>, bool)> {
        let current = self.current.load_full();
        let rejected = self.rejected.load(Ordering::Acquire);
        if let Some(current) = &current
            && current.generation > rejected
        {
            return Ok((current.clone(), false));
        }
        let basic = self.credentials.load(current.is_some())?;
        let generation = current.as_ref().map_or(0, |loaded| loaded.generation) + 1;
        let loaded = Arc::new(Loaded { basic, generation });
        // Two threads may have loaded at once. Either's are as new; one generation must not have two secrets.
        let previous = self.current.compare_and_swap(&current, Some(loaded.clone()));
        let unchanged = match (&*previous, &current) {
            (Some(previous), Some(current)) => Arc::ptr_eq(previous, current),
            (None, None) => true,
            _ => false,
        };
        match previous.as_ref() {
            Some(other) if !unchanged => Ok((other.clone(), false)),
            _ => Ok((loaded, true)),
        }
    }

    /// The server rejected `loaded`: the next sign-in loads anew.
    pub(crate) fn reject(&self, loaded: &Loaded) {
        self.rejected.fetch_max(loaded.generation, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use std::sync::Mutex;

    #[test]
    fn documented_vectors() {
        let cases = [
            (
                CredentialKind::ApiToken,
                "user@example.com",
                "api-tok",
                "Basic Qk9PTUlfVE9LRU4udXNlckBleGFtcGxlLmNvbTphcGktdG9r",
            ),
            (
                CredentialKind::ApiToken,
                "user@boomi.com",
                "123aab45-67b8-9012-3a45-67c8e9e01e23",
                "Basic Qk9PTUlfVE9LRU4udXNlckBib29taS5jb206MTIzYWFiNDUtNjdiOC05MDEyLTNhNDUtNjdjOGU5ZTAxZTIz",
            ),
            // RFC 7617, section 2.1: UTF-8.
            (CredentialKind::Password, "test", "123£", "Basic dGVzdDoxMjPCow=="),
            (CredentialKind::Password, "user", "a:b", "Basic dXNlcjphOmI="),
        ];
        for (kind, username, secret, header) in cases {
            assert_eq!(auth_header(kind, username, secret).unwrap().expose(), header);
        }
    }

    #[test]
    fn the_prefix_is_there_once_whoever_wrote_it() {
        let plain = auth_header(CredentialKind::ApiToken, "user@example.com", "t").unwrap();
        for kind in [CredentialKind::ApiToken, CredentialKind::Password] {
            for name in ["BOOMI_TOKEN.user@example.com", "BOOMI_TOKEN.BOOMI_TOKEN.user@example.com"] {
                assert_eq!(auth_username(kind, name).unwrap(), "BOOMI_TOKEN.user@example.com");
                assert_eq!(auth_header(kind, name, "t").unwrap(), plain);
            }
        }
        // The prefix is case-sensitive: this is a user of that name.
        assert_eq!(auth_username(CredentialKind::Password, "boomi_token.user").unwrap(), "boomi_token.user");
    }

    #[test]
    fn bad_fields_are_named() {
        let cases = [
            ("", "s", "the user name is empty"),
            ("BOOMI_TOKEN.", "s", "only the prefix"),
            ("a:b", "s", "the user name has a colon"),
            ("a\r\n", "s", "the user name has a control character"),
            ("a", "", "the password is empty"),
            ("a", "x\n", "the password has a control character"),
            ("BOOMI_TOKEN.a", "x\u{1}", "the API token has a control character"),
        ];
        for (username, secret, text) in cases {
            let error = auth_header(CredentialKind::Password, username, secret).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
            assert!(error.message().contains(text), "{error}");
        }
    }

    #[test]
    fn a_function_is_asked_again_only_after_a_rejection() {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = asked.clone();
        let keeper = Keeper::new(Credentials::from_fn(move |rejected| {
            let mut log = log.lock().unwrap();
            log.push(rejected);
            Credentials::password("user", &format!("secret {}", log.len()))
        }));
        let (first, fresh) = keeper.get().unwrap();
        assert!(fresh);
        assert!(!keeper.get().unwrap().1);
        keeper.reject(&first);
        let (second, fresh) = keeper.get().unwrap();
        assert!(fresh);
        assert_ne!(first.basic.header, second.basic.header);
        keeper.reject(&first); // an old verdict, arriving late
        assert!(!keeper.get().unwrap().1);
        assert_eq!(*asked.lock().unwrap(), [false, true]);
    }

    #[test]
    fn a_file_loses_its_line_end_and_nothing_else() {
        let path = std::env::temp_dir().join(format!("boomi-auth-secret-{}", std::process::id()));
        for (content, secret) in [("a b \r\n", Some("a b ")), ("a\n", Some("a")), ("\n", None), ("a\nb", Some("a\nb"))]
        {
            std::fs::write(&path, content).unwrap();
            assert_eq!(read_secret_file(&path).ok().as_deref().map(String::as_str), secret);
        }
        let keeper = Keeper::new(Credentials::file(CredentialKind::Password, "user", &path).unwrap());
        let error = keeper.get().unwrap_err();
        assert!(error.message().contains("control character") && error.message().contains("in the file"), "{error}");
        std::fs::remove_file(path).unwrap();
    }
}
