//! The settings, and the values that one source has for them.

use std::ffi::OsString;

/// A setting: its variable, its key in config.toml, and whether its value is a secret.
pub(crate) struct Setting {
    pub(crate) variable: &'static str,
    pub(crate) key: &'static str,
    pub(crate) is_secret: bool,
    /// Of the settings of one group, only those of the first source count.
    pub(crate) group: Option<Group>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    Secret,
    Otp,
}

const fn plain(variable: &'static str, key: &'static str) -> Setting {
    Setting { variable, key, is_secret: false, group: None }
}

const fn one_of(group: Group, variable: &'static str, key: &'static str, is_secret: bool) -> Setting {
    Setting { variable, key, is_secret, group: Some(group) }
}

/// All settings, in the order in which they are listed.
pub(crate) const SETTINGS: [Setting; 16] = [
    plain("BOOMI_USERNAME", "username"),
    one_of(Group::Secret, "BOOMI_API_TOKEN", "api_token", true),
    one_of(Group::Secret, "BOOMI_API_TOKEN_FILE", "api_token_file", false),
    one_of(Group::Secret, "BOOMI_PASSWORD", "password", true),
    one_of(Group::Secret, "BOOMI_PASSWORD_FILE", "password_file", false),
    one_of(Group::Secret, "BOOMI_CREDENTIAL_PROCESS", "credential_process", false),
    one_of(Group::Secret, "BOOMI_KEYCHAIN", "keychain", false),
    one_of(Group::Otp, "BOOMI_OTP_SECRET", "otp_secret", true),
    one_of(Group::Otp, "BOOMI_OTP_SECRET_FILE", "otp_secret_file", false),
    plain("BOOMI_ACCOUNT_ID", "account_id"),
    plain("BOOMI_API_URL", "api_url"),
    plain("BOOMI_CA_FILE", "ca_file"),
    plain("BOOMI_STATE_DIR", "state_dir"),
    STORE,
    plain("BOOMI_TIMEOUT", "timeout"),
    plain("BOOMI_CONNECT_TIMEOUT", "connect_timeout"),
];

/// The proxy of flags and config.toml; the library reads the proxy variables of the environment.
pub(crate) const PROXY: Setting = plain("proxy", "proxy");

pub(crate) const STORE: Setting = plain("BOOMI_STORE", "store");

impl Setting {
    /// Whether this value of the setting holds a secret.
    pub(crate) fn has_secret(&self, value: &str) -> bool {
        let is_url = [PROXY.variable, STORE.variable].contains(&self.variable);
        self.is_secret || is_url && value.contains('@')
    }
}

pub(crate) fn setting(variable: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.variable == variable)
}

/// The values of one source.
#[derive(Default)]
pub(crate) struct Layer {
    /// Its name for messages: "the environment".
    pub(crate) name: String,
    pub(crate) values: Vec<(&'static str, OsString)>,
}

impl Layer {
    pub(crate) fn new(name: impl Into<String>) -> Self {
        Layer { name: name.into(), values: Vec::new() }
    }

    pub(crate) fn set(&mut self, variable: &'static str, value: Option<impl Into<OsString>>) {
        self.values.extend(value.map(|value| (variable, value.into())));
    }

    pub(crate) fn get(&self, variable: &str) -> Option<&OsString> {
        // An empty value counts as unset, but for a proxy, where it means none.
        let found = self.values.iter().find(|(name, _)| *name == variable).map(|(_, value)| value);
        found.filter(|value| !value.is_empty() || variable == PROXY.variable)
    }

    pub(crate) fn has(&self, group: Group) -> bool {
        SETTINGS.iter().any(|setting| setting.group == Some(group) && self.get(setting.variable).is_some())
    }
}
