//! The only reader of the `BOOMI_*` variables.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use zeroize::Zeroizing;

use super::{CaMode, Config, OtpSource};
use crate::credentials::{CredentialKind, Credentials, read_secret_file};
use crate::error::{Error, Result};
use crate::privileged::is_privileged;

/// Looks up a variable; an empty one counts as unset.
pub(crate) type Variable<'a> = &'a dyn Fn(&str) -> Option<OsString>;

const PROCESS: &str = "BOOMI_CREDENTIAL_PROCESS";
const KEYCHAIN: &str = "BOOMI_KEYCHAIN";
const TOKENS_PAGE: &str = "Settings > Account Information and Setup > Boomi Enterprise Platform API Tokens";

/// A variable that is read without a caller's request, such as HTTPS_PROXY. A privileged program reads none.
pub(crate) fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty() && !is_privileged())
}

impl Config {
    /// Fills unset settings from the `BOOMI_*` variables; after an error, none.
    pub(crate) fn load_env(&mut self, variable: Variable<'_>) -> Result<()> {
        if is_privileged() {
            return self.first_error.keep(Err(Error::config(
                "the environment is not read: this program has more rights than its user (it is set-user-ID, \
                 set-group-ID or has file capabilities), who could send its credentials elsewhere; set each value by \
                 its own setting",
            )));
        }
        let mut filled = self.clone();
        let loaded = fill(&mut filled, variable).map(|()| filled);
        self.set(loaded, |config, filled| *config = filled)
    }
}

fn fill(config: &mut Config, variable: Variable<'_>) -> Result<()> {
    let unless = |is_set: bool, name| if is_set { Ok(None) } else { text(name, variable) };
    if let Some(account_id) = unless(config.account_id.is_some(), "BOOMI_ACCOUNT_ID")? {
        config.set_account_id(&account_id).map_err(|error| named("BOOMI_ACCOUNT_ID", &error))?;
    }
    if let Some(url) = unless(config.origin.is_some(), "BOOMI_API_URL")? {
        config.set_base_url(&url).map_err(|error| named("BOOMI_API_URL", &error))?;
    }
    if config.credentials.is_none() {
        config.credentials = credentials(variable)?;
    }
    if config.otp.is_none() {
        match secret("BOOMI_OTP_SECRET", variable)? {
            Some(Given::Text(secret)) => {
                config.set_otp_secret(&secret).map_err(|error| named("BOOMI_OTP_SECRET", &error))?;
            }
            Some(Given::File(path)) => {
                let source = OtpSource::File(path);
                source.secret().map_err(|error| named("BOOMI_OTP_SECRET_FILE", &error))?;
                config.otp = Some(source);
            }
            None => {}
        }
    }
    if config.roots.is_none()
        && let Some(path) = variable("BOOMI_CA_FILE").map(PathBuf::from)
    {
        let pem = crate::file::read(&path)
            .map_err(|what| Error::config(format!("BOOMI_CA_FILE: cannot read {}: {what}", path.display())))?;
        config
            .set_ca_pem(&pem, CaMode::Only)
            .map_err(|error| Error::config(format!("BOOMI_CA_FILE ({}): {}", path.display(), error.message())))?;
    }
    if config.state_dir.is_none()
        && let Some(path) = variable("BOOMI_STATE_DIR").map(PathBuf::from)
    {
        config.set_state_dir(&path).map_err(|error| named("BOOMI_STATE_DIR", &error))?;
    }
    if let Some(url) = unless(config.store.is_some(), "BOOMI_STORE")? {
        config.set_store(&url).map_err(|error| named("BOOMI_STORE", &error))?;
    }
    if let Some(seconds) = unless(config.timeout.is_some(), "BOOMI_TIMEOUT")? {
        config.set_timeout(duration("BOOMI_TIMEOUT", &seconds)?)?;
    }
    if let Some(seconds) = unless(config.connect_timeout.is_some(), "BOOMI_CONNECT_TIMEOUT")? {
        config.set_connect_timeout(duration("BOOMI_CONNECT_TIMEOUT", &seconds)?)?;
    }
    Ok(())
}

fn duration(name: &str, seconds: &str) -> Result<Duration> {
    let duration = seconds.trim().parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    duration.filter(|duration| !duration.is_zero()).ok_or_else(|| {
        let seconds = crate::text::printable(seconds, 40);
        Error::config(format!("{name} is \"{seconds}\", not a number of seconds above zero such as 30 or 2.5"))
    })
}

enum Given {
    Text(Zeroizing<String>),
    File(PathBuf),
}

fn credentials(variable: Variable<'_>) -> Result<Option<Credentials>> {
    let username = text("BOOMI_USERNAME", variable)?;
    let sources = [
        secret("BOOMI_API_TOKEN", variable)?
            .map(|given| ("BOOMI_API_TOKEN", EnvSource::Secret(CredentialKind::ApiToken, given))),
        secret("BOOMI_PASSWORD", variable)?
            .map(|given| ("BOOMI_PASSWORD", EnvSource::Secret(CredentialKind::Password, given))),
        text(PROCESS, variable)?.map(|command| (PROCESS, EnvSource::Process(command))),
        text(KEYCHAIN, variable)?.map(|entry| (KEYCHAIN, EnvSource::Keychain(entry))),
    ];
    let mut sources = sources.into_iter().flatten();
    let (name, source) = match (sources.next(), sources.next()) {
        (Some((one, _)), Some((other, _))) => {
            return Err(Error::config(format!("{one} and {other} are both set: unset one")));
        }
        (Some(source), None) => source,
        (None, _) if username.is_some() => {
            return Err(Error::config(format!(
                "BOOMI_USERNAME is set, and neither BOOMI_API_TOKEN nor BOOMI_PASSWORD, {PROCESS} or {KEYCHAIN}: make \
                 a token under {TOKENS_PAGE}"
            )));
        }
        (None, _) => return Ok(None),
    };
    let needed = |username: Option<String>| {
        username.ok_or_else(|| {
            Error::config(format!(
                "{name} is set, and BOOMI_USERNAME is not: it is the e-mail address of the sign-in, as Boomi shows it \
                 under Settings > User Information"
            ))
        })
    };
    let credentials = match source {
        EnvSource::Secret(kind, Given::Text(secret)) => Credentials::fixed(kind, &needed(username)?, &secret),
        // The file is read again for a sign-in; an error of the path shows now.
        EnvSource::Secret(kind, Given::File(path)) => {
            let username = needed(username)?;
            read_secret_file(&path).and_then(|_| Credentials::file(kind, &username, path))
        }
        EnvSource::Process(command) => Credentials::process(&command, username.as_deref()),
        EnvSource::Keychain(entry) => Credentials::keychain(&entry, username.as_deref()),
    };
    credentials.map(Some).map_err(|error| named(&format!("BOOMI_USERNAME, {name}"), &error))
}

enum EnvSource {
    Secret(CredentialKind, Given),
    Process(String),
    Keychain(String),
}

/// Reads a secret from its variable, or the path in its `..._FILE`.
fn secret(name: &str, variable: Variable<'_>) -> Result<Option<Given>> {
    let file_name = format!("{name}_FILE");
    let value = text(name, variable)?.map(|text| Given::Text(Zeroizing::new(text)));
    let file = variable(&file_name).map(|path| Given::File(path.into()));
    if value.is_some() && file.is_some() {
        return Err(Error::config(format!("{name} and {file_name} are both set: unset one")));
    }
    Ok(value.or(file))
}

fn text(name: &str, variable: Variable<'_>) -> Result<Option<String>> {
    let value = variable(name).map(OsString::into_string).transpose();
    value.map_err(|_| Error::config(format!("{name} is not UTF-8")))
}

/// Adds the name of the variable to the error of a setter.
fn named(name: &str, error: &Error) -> Error {
    Error::config(format!("{name}: {}", error.message()))
}

/// The error if credentials are required and none are set.
pub(crate) fn missing_credentials() -> Error {
    Error::config(format!(
        "no credentials are set: set BOOMI_USERNAME with BOOMI_API_TOKEN or BOOMI_PASSWORD (or either as ..._FILE), or \
         {PROCESS} or {KEYCHAIN}, or give the client its credentials; API tokens are made under {TOKENS_PAGE}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn load(set: &[(&str, &str)]) -> Result<Config> {
        let mut config = Config::default();
        load_into(&mut config, set).map(|()| config)
    }

    fn load_into(config: &mut Config, set: &[(&str, &str)]) -> Result<()> {
        let find = |name: &str| set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).into());
        config.load_env(&find)
    }

    #[test]
    fn every_variable_fills_its_setting() {
        let config = load(&[
            ("BOOMI_ACCOUNT_ID", "account123"),
            ("BOOMI_USERNAME", "user@example.com"),
            ("BOOMI_PASSWORD", "secret"),
            ("BOOMI_OTP_SECRET", "JBSWY3DP"),
            ("BOOMI_API_URL", "https://localhost:8443/"),
            ("BOOMI_TIMEOUT", "2.5"),
            ("BOOMI_CONNECT_TIMEOUT", "7"),
        ])
        .unwrap();
        assert_eq!(config.account_id.as_deref(), Some("account123"));
        assert_eq!(config.credentials.unwrap().username(), Some("user@example.com"));
        assert!(matches!(config.otp, Some(OtpSource::Secret(_))));
        assert_eq!(config.origin.unwrap().to_string(), "https://localhost:8443");
        assert_eq!(config.timeout, Some(Duration::from_millis(2500)));
        assert_eq!(config.connect_timeout, Some(Duration::from_secs(7)));

        let token = load(&[("BOOMI_USERNAME", "BOOMI_TOKEN.user@example.com"), ("BOOMI_API_TOKEN", "t")]).unwrap();
        assert_eq!(token.credentials.unwrap().username(), Some("BOOMI_TOKEN.user@example.com"));
        let path = std::env::temp_dir().join(format!("boomi-auth-env-{}", std::process::id()));
        std::fs::write(&path, "JBSWY3DP\n").unwrap();
        let given = path.to_str().unwrap();
        let file = load(&[("BOOMI_USERNAME", "u"), ("BOOMI_API_TOKEN_FILE", given), ("BOOMI_OTP_SECRET_FILE", given)]);
        std::fs::remove_file(&path).unwrap();
        let file = file.unwrap();
        assert_eq!(file.credentials.unwrap().source_name(), "file");
        assert!(matches!(file.otp, Some(OtpSource::File(_))));
    }

    #[test]
    fn process_or_keychain_replaces_the_secret() {
        let user = ("BOOMI_USERNAME", "user@example.com");
        for (name, source) in [("BOOMI_CREDENTIAL_PROCESS", "process"), ("BOOMI_KEYCHAIN", "keychain")] {
            let one = (name, "show \"boomi\"");
            for (set, username) in [(&[one][..], None), (&[one, user], Some("user@example.com"))] {
                let credentials = load(set).unwrap().credentials.unwrap();
                assert_eq!((credentials.source_name(), credentials.username()), (source, username));
            }
        }
        let mut config = Config::default();
        config.set_credentials(Credentials::password("me", "p")).unwrap();
        load_into(&mut config, &[("BOOMI_CREDENTIAL_PROCESS", "a"), ("BOOMI_KEYCHAIN", "b")]).unwrap();
        assert_eq!(config.credentials.unwrap().source_name(), "fixed");
    }

    #[test]
    fn two_credential_sources_are_both_named() {
        let sources = ["BOOMI_API_TOKEN", "BOOMI_PASSWORD", "BOOMI_CREDENTIAL_PROCESS", "BOOMI_KEYCHAIN"];
        for (index, one) in sources.into_iter().enumerate() {
            for other in sources.into_iter().skip(index + 1) {
                for set in [
                    &[(one, "marked"), (other, "marked")][..],
                    &[(other, "marked"), (one, "marked"), ("BOOMI_USERNAME", "u")],
                ] {
                    let error = load(set).err().expect("one is too many");
                    assert_eq!(error.kind(), ErrorKind::Config);
                    assert_eq!(error.message(), format!("{one} and {other} are both set: unset one"));
                }
            }
        }
    }

    #[test]
    fn variable_of_a_set_setting_is_not_read() {
        let mut config = Config::default();
        config.set_account_id("mine").unwrap();
        config.set_credentials(Credentials::password("me", "p")).unwrap();
        let both = [("BOOMI_ACCOUNT_ID", "other"), ("BOOMI_API_TOKEN", "a"), ("BOOMI_PASSWORD", "b")];
        load_into(&mut config, &both).unwrap();
        assert_eq!(config.account_id.as_deref(), Some("mine"));
        assert_eq!(config.credentials.unwrap().username(), Some("me"));
    }

    #[test]
    fn bad_variable_is_named_and_changes_nothing() {
        let user = ("BOOMI_USERNAME", "user@example.com");
        let cases: [(&[(&str, &str)], &str); 19] = [
            (&[user, ("BOOMI_API_TOKEN_FILE", "/nowhere/token")], "BOOMI_API_TOKEN: cannot read"),
            (&[("BOOMI_OTP_SECRET_FILE", "/nowhere/otp")], "BOOMI_OTP_SECRET_FILE: cannot read"),
            (&[user, ("BOOMI_API_TOKEN", "a"), ("BOOMI_PASSWORD", "b")], "BOOMI_API_TOKEN and BOOMI_PASSWORD are both"),
            (&[user, ("BOOMI_API_TOKEN", "a"), ("BOOMI_API_TOKEN_FILE", "b")], "BOOMI_API_TOKEN_FILE are both"),
            (&[user, ("BOOMI_API_TOKEN_FILE", "a"), ("BOOMI_PASSWORD_FILE", "b")], "BOOMI_PASSWORD are both"),
            (&[user], "Settings > Account Information and Setup > Boomi Enterprise Platform API Tokens"),
            (&[("BOOMI_PASSWORD", "b")], "BOOMI_USERNAME is not"),
            (&[("BOOMI_USERNAME", "a:b"), ("BOOMI_PASSWORD", "b")], "colon"),
            (&[user], "neither BOOMI_API_TOKEN nor BOOMI_PASSWORD, BOOMI_CREDENTIAL_PROCESS or BOOMI_KEYCHAIN"),
            (&[("BOOMI_CREDENTIAL_PROCESS", "a\nb")], "BOOMI_CREDENTIAL_PROCESS: the credential process has a control"),
            (
                &[("BOOMI_USERNAME", "a:b"), ("BOOMI_CREDENTIAL_PROCESS", "a")],
                "BOOMI_USERNAME, BOOMI_CREDENTIAL_PROCESS: ",
            ),
            (&[("BOOMI_KEYCHAIN", "a\tb")], "BOOMI_KEYCHAIN: the name of the keychain entry has a control"),
            (&[("BOOMI_ACCOUNT_ID", "a\n")], "BOOMI_ACCOUNT_ID: "),
            (&[("BOOMI_API_URL", "https://api.boomi.com/api/rest/v1/x")], "BOOMI_API_URL: "),
            (&[("BOOMI_OTP_SECRET", "111")], "BOOMI_OTP_SECRET: "),
            (&[("BOOMI_TIMEOUT", "0")], "BOOMI_TIMEOUT"),
            (&[("BOOMI_TIMEOUT", "soon")], "BOOMI_TIMEOUT"),
            (&[("BOOMI_CONNECT_TIMEOUT", "-1")], "BOOMI_CONNECT_TIMEOUT"),
            (&[("BOOMI_CA_FILE", "/nowhere/ca.pem")], "/nowhere/ca.pem"),
        ];
        for (set, text) in cases {
            let mut set = set.to_vec();
            if !set.iter().any(|(name, _)| *name == "BOOMI_ACCOUNT_ID") {
                set.push(("BOOMI_ACCOUNT_ID", "account123"));
            }
            let mut config = Config::default();
            let error = load_into(&mut config, &set).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{error}");
            assert!(error.message().contains(text), "{text}: {error}");
            assert!(config.account_id.is_none() && config.credentials.is_none(), "all or nothing");
            assert_eq!(config.first_error.check().unwrap_err().message(), error.message(), "the first error stays");
        }
    }
}
