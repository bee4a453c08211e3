//! Who a user is: a name with a password or an API token, and where the two come from.

#[cfg(any(feature = "keychain", all(unix, feature = "credential-process")))]
pub(crate) mod document;
#[cfg(feature = "keychain")]
pub mod keychain;
#[cfg(all(unix, feature = "credential-process"))]
mod process;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

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
    /// CachedToken to cut it out of texts that a server sends back.
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

type LoadFn = dyn Fn(bool) -> Result<Credentials> + Send + Sync;

/// A user's credentials, or where to get them.
///
/// Cloning shares them. Credentials from anywhere but the program itself are read before the first sign-in, and again before
/// the next sign-in after the server rejected them.
#[derive(Clone)]
pub struct Credentials {
    source: CredentialSource,
}

#[derive(Clone)]
enum CredentialSource {
    Fixed(Arc<Basic>),
    File { kind: CredentialKind, username: String, path: PathBuf },
    Function(Arc<LoadFn>),
    Process { command: String, username: Option<String> },
    Keychain { entry: String, username: Option<String> },
}

/// Credentials out of their source.
struct LoadResult {
    basic: Arc<Basic>,
    /// When they die: wall clock, since 1970.
    expires_at: Option<Duration>,
}

impl LoadResult {
    fn for_good(basic: Basic) -> Self {
        LoadResult { basic: Arc::new(basic), expires_at: None }
    }
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
        Ok(Credentials { source: CredentialSource::Fixed(Arc::new(Basic::new(kind, username, secret)?)) })
    }

    /// A user whose secret is the content of a file, less the line end after it. The file is read again after a
    /// rejection, so that a secret that something else rotates is picked up.
    pub fn file(kind: CredentialKind, username: &str, path: impl Into<PathBuf>) -> Result<Self> {
        let username = auth_username(kind, username)?;
        Ok(Credentials { source: CredentialSource::File { kind, username, path: path.into() } })
    }

    /// Credentials from a function: a vault, a keychain, a prompt.
    ///
    /// It is asked before the first sign-in with `false`, and before the next one after a rejection with `true`. It
    /// runs on the calling thread, perhaps on several at once, and must return fixed credentials. Its error is the
    /// call's error; [`Error::other`] makes one of another library's.
    pub fn from_fn(ask: impl Fn(bool) -> Result<Credentials> + Send + Sync + 'static) -> Self {
        Credentials { source: CredentialSource::Function(Arc::new(ask)) }
    }

    /// Credentials from a program, run through the shell, which prints one JSON object:
    /// `{"version": 1, "username": "...", "api_token": "..."}`, or with `password`. `username` may be given here instead. With
    /// `expires_at` (Unix seconds) the program is run again when that time is over.
    ///
    /// It sees this process's environment and nothing on its standard input; `BOOMI_REJECTED` is 1 in the environment if what it
    /// printed before was rejected, else 0. It runs within the deadline of the call that needs it, and is killed when
    /// the call is over; calls that come meanwhile wait for it. Without the feature `credential-process`, and on other
    /// systems than Unix, the first use is an error.
    pub fn process(command: &str, username: Option<&str>) -> Result<Self> {
        text::check("the credential process", command)?;
        let username = check_username(username)?;
        Ok(Credentials { source: CredentialSource::Process { command: command.to_owned(), username } })
    }

    /// Credentials that the operating system's keychain keeps under `entry`: see `keychain::store`, and the command
    /// `boomi-auth login`. Whoever needs them first waits for the keychain, which may ask a person to unlock it; no deadline
    /// ends that. Without the feature `keychain`, the first use is an error.
    pub fn keychain(entry: &str, username: Option<&str>) -> Result<Self> {
        text::check("the name of the keychain entry", entry)?;
        let username = check_username(username)?;
        Ok(Credentials { source: CredentialSource::Keychain { entry: entry.to_owned(), username } })
    }

    /// The user name as it is sent, where it is known without asking.
    pub(crate) fn username(&self) -> Option<&str> {
        match &self.source {
            CredentialSource::Fixed(basic) => Some(&basic.username),
            CredentialSource::File { username, .. } => Some(username),
            CredentialSource::Process { username, .. } | CredentialSource::Keychain { username, .. } => {
                username.as_deref()
            }
            CredentialSource::Function(_) => None,
        }
    }

    /// "fixed", "file", "callback", "process" or "keychain".
    pub(crate) fn source_name(&self) -> &'static str {
        match self.source {
            CredentialSource::Fixed(_) => "fixed",
            CredentialSource::File { .. } => "file",
            CredentialSource::Function(_) => "callback",
            CredentialSource::Process { .. } => "process",
            CredentialSource::Keychain { .. } => "keychain",
        }
    }

    /// Whether another load may give other credentials.
    pub(crate) fn can_change(&self) -> bool {
        !matches!(self.source, CredentialSource::Fixed(_))
    }

    /// Whether to ask takes long, or asks a person: then one call asks, and the others wait for it.
    pub(crate) fn asks_others(&self) -> bool {
        matches!(self.source, CredentialSource::Process { .. } | CredentialSource::Keychain { .. })
    }

    /// `check` fails when the call that wants them is over.
    fn load(&self, rejected: bool, check: &dyn Fn() -> Result<()>) -> Result<LoadResult> {
        match &self.source {
            CredentialSource::Fixed(basic) => Ok(LoadResult { basic: basic.clone(), expires_at: None }),
            CredentialSource::File { kind, username, path } => {
                let secret = read_secret_file(path)?;
                Basic::new(*kind, username, &secret).map(LoadResult::for_good).map_err(|error| {
                    Error::new(error.kind(), format!("{}, in the file {}", error.message(), path.display()))
                })
            }
            CredentialSource::Function(ask) => match ask(rejected)?.source {
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

/// A name for credentials that come from elsewhere.
fn check_username(username: Option<&str>) -> Result<Option<String>> {
    // The prefix, if it has to be there, comes with the kind of the secret.
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
    document::read(&printed, username)
        .map(|document| LoadResult { basic: Arc::new(document.basic), expires_at: document.expires_at })
        .map_err(|error| {
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
    let kept = keychain::read(entry)?.ok_or_else(|| {
        Error::config(format!(
            "the operating system's keychain has no entry \"{entry}\" of boomi-auth: store one with `boomi-auth login`"
        ))
    })?;
    document::read(&kept, username)
        .map(|document| LoadResult { basic: Arc::new(document.basic), expires_at: document.expires_at })
        .map_err(|error| Error::config(format!("the keychain's entry \"{entry}\" {}", error.message())))
}

#[cfg(not(feature = "keychain"))]
fn from_keychain(_: &str, _: Option<&str>) -> Result<LoadResult> {
    Err(Error::config(
        "credentials of the operating system's keychain are set, and this build of boomi-auth reads none: build it with the \
         feature keychain",
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
pub(crate) struct CredentialCache {
    credentials: Credentials,
    current: ArcSwapOption<Loaded>,
    /// The highest generation that the server rejected.
    rejected: AtomicU64,
}

/// Credentials and how many times they had been loaded before.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) basic: Arc<Basic>,
    /// Whether these replace credentials that the server rejected.
    pub(crate) after_rejection: bool,
    generation: u64,
    expires_at: Option<Duration>,
}

impl CredentialCache {
    pub(crate) fn new(credentials: Credentials) -> Self {
        CredentialCache { credentials, current: ArcSwapOption::empty(), rejected: AtomicU64::new(0) }
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

    /// The credentials to sign in with, if those at hand are good at `wall`.
    pub(crate) fn current(&self, wall: Duration) -> Option<Arc<Loaded>> {
        let rejected = self.rejected.load(Ordering::Acquire);
        let is_good = |loaded: &Loaded| loaded.generation > rejected && loaded.expires_at.is_none_or(|end| wall < end);
        self.current.load_full().filter(|loaded| is_good(loaded))
    }

    /// Asks for credentials, and says whether what is returned was loaded by this call. No lock is held meanwhile. `check` fails
    /// when the call that wants them is over.
    pub(crate) fn load(&self, check: &dyn Fn() -> Result<()>) -> Result<(Arc<Loaded>, bool)> {
        let current = self.current.load_full();
        let rejected = self.rejected.load(Ordering::Acquire);
        let was_rejected = current.as_ref().is_some_and(|loaded| loaded.generation <= rejected);
        let LoadResult { basic, expires_at } = self.credentials.load(was_rejected, check)?;
        let generation = current.as_ref().map_or(0, |loaded| loaded.generation) + 1;
        let loaded = Arc::new(Loaded { basic, after_rejection: was_rejected, generation, expires_at });
        // Two threads may have loaded at once. Either's are as new; one generation must not have two secrets.
        let previous = self.current.compare_and_swap(&current, Some(loaded.clone()));
        match &*previous {
            Some(other) if !current.is_some_and(|current| Arc::ptr_eq(&current, other)) => Ok((other.clone(), false)),
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

    /// As calls do, at the time 100 s.
    fn get(cache: &CredentialCache) -> Result<(Arc<Loaded>, bool)> {
        let current = cache.current(Duration::from_secs(100));
        current.map_or_else(|| cache.load(&|| Ok(())), |current| Ok((current, false)))
    }

    #[test]
    fn a_function_is_asked_again_only_after_a_rejection() {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = asked.clone();
        let cache = CredentialCache::new(Credentials::from_fn(move |rejected| {
            let mut log = log.lock().unwrap();
            log.push(rejected);
            Credentials::password("user", &format!("secret {}", log.len()))
        }));
        let (first, fresh) = get(&cache).unwrap();
        assert!(fresh);
        assert!(!get(&cache).unwrap().1);
        cache.reject(&first);
        let (second, fresh) = get(&cache).unwrap();
        assert!(fresh);
        assert_ne!(first.basic.header, second.basic.header);
        cache.reject(&first); // an old verdict, arriving late
        assert!(!get(&cache).unwrap().1);
        assert_eq!(*asked.lock().unwrap(), [false, true]);
    }

    #[test]
    #[cfg(all(unix, feature = "credential-process"))]
    fn a_program_is_run_again_after_a_rejection_and_when_its_secret_is_over() {
        let print = |expires_at: u64| {
            let fields = r#"\"version\":1,\"username\":\"user@example.com\",\"api_token\":\"t$BOOMI_REJECTED\""#;
            Credentials::process(&format!("echo \"{{{fields},\\\"expires_at\\\":{expires_at}}}\""), None).unwrap()
        };
        let cache = CredentialCache::new(print(101));
        let (first, fresh) = get(&cache).unwrap();
        assert!(fresh && !get(&cache).unwrap().1);
        assert_eq!(first.basic.secret.expose(), "t0");
        cache.reject(&first);
        assert_eq!(get(&cache).unwrap().0.basic.secret.expose(), "t1");

        let cache = CredentialCache::new(print(100));
        let (first, fresh) = get(&cache).unwrap();
        assert!(fresh && get(&cache).unwrap().1);
        assert_eq!(first.basic.secret.expose(), "t0");
        assert_eq!(get(&cache).unwrap().0.basic.secret.expose(), "t0", "nothing was rejected");

        let error = get(&CredentialCache::new(Credentials::process("echo hunter2", None).unwrap())).unwrap_err();
        assert!(error.message().contains("printed is not one JSON object"), "{error}");
    }

    #[test]
    fn of_two_that_load_at_once_both_have_the_same() {
        // While it is asked, somebody else asks and is done first: at the first load, and at the one after a rejection.
        let cache = Arc::new(std::sync::OnceLock::<CredentialCache>::new());
        let (inside, depth) = (cache.clone(), Mutex::new(0));
        let ask = move |_: bool| {
            *depth.lock().unwrap() += 1;
            let count = *depth.lock().unwrap();
            if count % 2 == 1 {
                let (other, fresh) = inside.get().unwrap().load(&|| Ok(())).unwrap();
                assert!(fresh);
                assert_eq!(other.basic.secret.expose(), format!("secret {}", count + 1));
            }
            Credentials::password("user", &format!("secret {count}"))
        };
        assert!(cache.set(CredentialCache::new(Credentials::from_fn(ask))).is_ok());
        let cache = cache.get().unwrap();
        for secret in ["secret 2", "secret 4"] {
            let (loaded, fresh) = get(cache).unwrap();
            assert!(!fresh);
            assert_eq!(loaded.basic.secret.expose(), secret);
            assert_eq!(get(cache).unwrap().0.basic.secret.expose(), secret);
            cache.reject(&loaded);
        }
    }

    #[test]
    fn what_is_known_of_a_source_is_told_and_no_secret() {
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
            assert_eq!(CredentialCache::new(credentials.clone()).username().as_deref(), username);
        }
        let cache = CredentialCache::new(function);
        get(&cache).unwrap();
        assert_eq!(cache.username().as_deref(), Some("other"), "it is known by now");
    }

    #[test]
    fn a_file_loses_its_line_end_and_nothing_else() {
        let path = std::env::temp_dir().join(format!("boomi-auth-secret-{}", std::process::id()));
        for (content, secret) in [("a b \r\n", Some("a b ")), ("a\n", Some("a")), ("\n", None), ("a\nb", Some("a\nb"))]
        {
            std::fs::write(&path, content).unwrap();
            assert_eq!(read_secret_file(&path).ok().as_deref().map(String::as_str), secret);
        }
        let cache = CredentialCache::new(Credentials::file(CredentialKind::Password, "user", &path).unwrap());
        let error = get(&cache).unwrap_err();
        assert!(error.message().contains("control character") && error.message().contains("in the file"), "{error}");
        std::fs::remove_file(path).unwrap();
    }
}
