//! Reads settings from flags, the environment, a profile of config.toml and, for a user and its secret, the keychain.
//!
//! The first source that has a setting counts. The library interprets the values, by the names of their variables.

mod folders;
mod profile;
pub(crate) mod table;

use std::ffi::OsString;
use std::io::{IsTerminal as _, Read as _, StdinLock};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use boomi_auth::{Client, ClientBuilder, CredentialKind, Credentials, Event, EventKind, Token};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::args::SettingArgs;
use crate::failure::{Failure, Result, check_interrupt};
use crate::settings::folders::default_state_dir;
use crate::settings::table::{Group, Layer, PROXY, SETTINGS, STORE, setting};
use crate::{interrupt, output};

/// How long a run waits for its connection to the store: longer than a call, since no later run can use the connection.
const LONGEST_CONNECT: Duration = Duration::from_secs(1);
/// The shortest validity left of a shared JWT that is printed: its reader uses it for a while.
const SHORTEST_JWT: Duration = Duration::from_secs(120);

/// Every source, the first one that has a setting being the one that counts.
pub(crate) struct Settings {
    layers: Vec<Layer>,
    profile: String,
    /// Whether it was asked for, and config.toml has none of that name.
    unknown_profile: bool,
    verbose: bool,
    /// Why the keychain had nothing, where no setting named it.
    pub(crate) without_keychain: Option<String>,
}

impl Settings {
    /// Reads them all. What is wrong with a value shows when it is used.
    pub(crate) fn load(args: &SettingArgs) -> Result<Self> {
        let environment = of_environment();
        if args.api_token.is_some() {
            return Err(Failure::usage(
                "a secret is never an argument, which others can see in the list of processes: set BOOMI_API_TOKEN, \
                 use --api-token-stdin or --api-token-file, or run `boomi-auth login`",
            ));
        }
        let by_variable = std::env::var_os("BOOMI_PROFILE").filter(|name| !name.is_empty()).map(OsString::into_string);
        let by_variable = by_variable.transpose().map_err(|_| Failure::usage("BOOMI_PROFILE is not UTF-8"))?;
        let named = args.profile.clone().or(by_variable);
        let profile = named.clone().unwrap_or_else(|| "default".into());
        let of_profile = profile::load(&profile)?;
        let unknown_profile = named.is_some() && of_profile.is_none();
        let mut layers = vec![of_flags(args)?, environment];
        layers.extend(of_profile);
        let mut defaults = Layer::new("the default");
        defaults.set("BOOMI_STATE_DIR", Some(default_state_dir()));
        layers.push(defaults);
        Ok(Settings { layers, profile, unknown_profile, verbose: args.verbose, without_keychain: None })
    }

    /// A setting's value, and the name of its source.
    pub(crate) fn find(&self, variable: &str) -> Option<(&OsString, &str)> {
        let first = |group: Group| self.layers.iter().position(|layer| layer.has(group));
        let layers = match setting(variable).and_then(|setting| setting.group) {
            None => &self.layers[..],
            // Another source may have the secret of another user: that of the first counts, and no code's of one behind
            // it.
            Some(group) => {
                let layer = first(group)?;
                let is_other_user = group == Group::Otp && first(Group::Secret).is_some_and(|secret| secret < layer);
                self.layers.get(layer..=layer).filter(|_| !is_other_user)?
            }
        };
        layers.iter().find_map(|layer| Some((layer.get(variable)?, layer.name.as_str())))
    }

    /// Whether any source but the keychain has a user's secret.
    pub(crate) fn has_secret(&self) -> bool {
        self.layers.iter().any(|layer| layer.has(Group::Secret))
    }

    /// The secret that one-time codes are computed from.
    pub(crate) fn otp_secret(&self) -> Result<Option<Zeroizing<String>>> {
        if let Some((secret, _)) = self.find("BOOMI_OTP_SECRET") {
            return Ok(Some(Zeroizing::new(secret.to_string_lossy().into_owned())));
        }
        let Some((path, _)) = self.find("BOOMI_OTP_SECRET_FILE") else { return Ok(None) };
        secret_of_file(Path::new(path)).map(Some)
    }

    /// A secret that the command line says where to find, and what it is.
    pub(crate) fn secret_of_flags(&self) -> Result<Option<(CredentialKind, Zeroizing<String>)>> {
        let flags = &self.layers[0];
        for (variable, kind) in
            [("BOOMI_API_TOKEN", CredentialKind::ApiToken), ("BOOMI_PASSWORD", CredentialKind::Password)]
        {
            if let Some(secret) = flags.get(variable) {
                return Ok(Some((kind, Zeroizing::new(secret.to_string_lossy().into_owned()))));
            }
            if let Some(path) = flags.get(&format!("{variable}_FILE")) {
                return Ok(Some((kind, secret_of_file(Path::new(path))?)));
            }
        }
        Ok(None)
    }

    /// Where config.toml is, or would be, and the profile that is taken from it.
    pub(crate) fn of_file(&self) -> String {
        let path = profile::path().unwrap_or_default();
        let layer = self.layers.iter().find(|layer| layer.name.ends_with(&*path.to_string_lossy()));
        match layer {
            Some(layer) => layer.name.clone(),
            None => format!("no profile \"{}\" in {}", self.profile, path.display()),
        }
    }

    /// The name of the profile, and of the entry in the keychain.
    pub(crate) fn profile(&self) -> &str {
        &self.profile
    }

    /// If no source has a secret, the keychain may, under the name of the profile.
    pub(crate) fn ask_keychain(&mut self) {
        if self.has_secret() && !self.unknown_profile {
            return;
        }
        let stored = Credentials::keychain(&self.profile, None);
        match stored.and_then(|stored| Client::builder().credentials(stored).build()?.auth_username()) {
            // The profile is known, and what was found before counts.
            Ok(_) if self.has_secret() => self.unknown_profile = false,
            Ok(_) => {
                self.unknown_profile = false;
                let mut layer = Layer::new("the keychain");
                layer.set("BOOMI_KEYCHAIN", Some(&self.profile));
                self.layers.push(layer);
            }
            Err(error) => self.without_keychain = Some(error.message().to_owned()),
        }
    }

    /// A client of these settings, which is connected to the store, if there is one, or knows why not.
    pub(crate) fn client(&mut self) -> Result<Client> {
        let client = self.unconnected_client()?;
        await_store(&client)?;
        Ok(client)
    }

    /// A client of these settings, which need not be connected to the store.
    pub(crate) fn unconnected_client(&mut self) -> Result<Client> {
        self.ask_keychain();
        self.check_profile()?;
        interrupt::listen();
        let client = self.builder().build()?;
        if client.credentials().is_none() {
            let why = self.without_keychain.as_deref().unwrap_or("no keychain was asked");
            return Err(Failure::usage(format!(
                "no credentials: set BOOMI_USERNAME with BOOMI_API_TOKEN or BOOMI_PASSWORD (or either as ..._FILE), or \
                 BOOMI_CREDENTIAL_PROCESS, or run `boomi-auth login`; API tokens are made under Settings > Account \
                 Information and Setup > Boomi Enterprise Platform API Tokens ({why})"
            )));
        }
        Ok(client)
    }

    /// A JWT for the account of the settings. With a store it is a shared one; otherwise each is a sign-in.
    pub(crate) fn jwt(&self, client: &Client) -> Result<Token> {
        match self.find(STORE.variable) {
            None => Ok(client.generate_jwt(None, None)?),
            Some(_) => Ok(client.token_provider(None)?.get_with(SHORTEST_JWT, None)?),
        }
    }

    /// Refuses a profile that was asked for and is nowhere. To be called after the keychain was asked.
    pub(crate) fn check_profile(&self) -> Result<()> {
        if !self.unknown_profile {
            return Ok(());
        }
        let why = self.without_keychain.as_deref().unwrap_or_default();
        let path = profile::path().unwrap_or_default();
        Err(Failure::usage(format!(
            "there is no profile \"{0}\": neither [{0}] in {1} nor that entry in the keychain ({why})",
            self.profile,
            path.display()
        )))
    }

    /// The builder of a client, which can be interrupted.
    pub(crate) fn builder(&self) -> ClientBuilder {
        let mut builder = Client::builder()
            .load_variables(|name| self.find(name).map(|(value, _)| value.clone()))
            .user_agent(concat!("boomi-auth-cli/", env!("CARGO_PKG_VERSION")))
            .state_dir_required()
            .wait_hook(interrupt::requested)
            .on_event(if self.verbose { report_event } else { report_wait });
        if let Some((proxy, _)) = self.find(PROXY.variable) {
            builder = builder.proxy(&proxy.to_string_lossy());
        }
        builder
    }
}

/// A run begins with no connection, and without one would go by what this machine alone remembers.
pub(crate) fn await_store(client: &Client) -> Result<()> {
    const PAUSE: Duration = Duration::from_millis(2);
    let is_connecting = || {
        let about: Value = serde_json::from_str(&client.describe()).expect("the library makes JSON");
        about["store"]["connecting"] == true
    };
    let mut waited = Duration::ZERO;
    while is_connecting() && waited < LONGEST_CONNECT {
        check_interrupt()?;
        std::thread::park_timeout(PAUSE);
        waited += PAUSE;
    }
    Ok(())
}

fn report_event(event: &Event) {
    output::tell(&event.to_json());
}

/// Explains a wait to the person at a terminal.
fn report_wait(event: &Event) {
    let fields: Value = serde_json::from_str(&event.to_json()).unwrap_or_default();
    let what = match event.kind() {
        EventKind::OtpAwaited => "the next one-time code",
        EventKind::SignInHeld if fields["waits"] == true => "the end of a hold on this user's sign-ins",
        _ => return,
    };
    if std::io::stderr().is_terminal() {
        let seconds = fields["wait_ms"].as_u64().unwrap_or_default().div_ceil(1000);
        output::tell(&format!("waiting {seconds} s for {what}"));
    }
}

fn of_flags(args: &SettingArgs) -> Result<Layer> {
    let mut flags = Layer::new("the command line");
    flags.set("BOOMI_USERNAME", args.username.as_ref());
    flags.set("BOOMI_API_TOKEN_FILE", args.api_token_file.as_ref());
    flags.set("BOOMI_PASSWORD_FILE", args.password_file.as_ref());
    flags.set("BOOMI_OTP_SECRET_FILE", args.otp_secret_file.as_ref());
    flags.set("BOOMI_ACCOUNT_ID", args.account_id.as_ref());
    flags.set("BOOMI_API_URL", args.api_url.as_ref());
    flags.set("BOOMI_CA_FILE", args.ca_file.as_ref());
    flags.set("BOOMI_TIMEOUT", args.timeout.as_ref());
    flags.set("BOOMI_CONNECT_TIMEOUT", args.connect_timeout.as_ref());
    flags.set("BOOMI_STATE_DIR", args.state_dir.as_ref());
    for (flag, setting, url, variable) in
        [("--proxy", PROXY, &args.proxy, "HTTPS_PROXY"), ("--store", STORE, &args.store, STORE.variable)]
    {
        if url.as_ref().is_some_and(|url| setting.has_secret(url)) {
            return Err(Failure::usage(format!(
                "{flag} has a user or password, which others can see in the list of processes: set {variable}, or {} \
                 in config.toml",
                setting.key
            )));
        }
        flags.set(setting.variable, url.as_ref());
    }
    if args.api_token_stdin || args.password_stdin {
        let variable = if args.api_token_stdin { "BOOMI_API_TOKEN" } else { "BOOMI_PASSWORD" };
        let secret = secret_of_stdin(if args.api_token_stdin { "API token: " } else { "password: " })?;
        flags.set(variable, Some(secret.as_str()));
    }
    Ok(flags)
}

fn of_environment() -> Layer {
    let mut environment = Layer::new("the environment");
    for setting in &SETTINGS {
        environment.set(setting.variable, std::env::var_os(setting.variable));
    }
    environment
}

/// Standard input, which only one reader may take.
pub(crate) fn stdin() -> Result<StdinLock<'static>> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    if TAKEN.swap(true, Ordering::Relaxed) {
        return Err(Failure::usage("standard input is named twice on the command line, and can be read once"));
    }
    Ok(std::io::stdin().lock())
}

/// A secret from standard input, without the line end behind it; from a person, unseen.
fn secret_of_stdin(question: &str) -> Result<Zeroizing<String>> {
    const LARGEST: usize = 64 * 1024;
    if std::io::stdin().is_terminal() {
        return ask_for_secret(question);
    }
    let failed = |what: &str| Failure::usage(format!("no secret on standard input: {what}"));
    // Room from the start: growing would leave copies behind.
    let mut text = Zeroizing::new(String::with_capacity(LARGEST + 1));
    let read = stdin()?.take(LARGEST as u64 + 1).read_to_string(&mut text);
    read.map_err(|error| failed(&error.to_string()))?;
    let length = text.trim_end_matches(['\r', '\n']).len();
    text.truncate(length);
    match length {
        0 => Err(failed("it is empty")),
        length if length > LARGEST => Err(failed("it is longer than 64 KiB")),
        _ => Ok(text),
    }
}

/// A secret that a person types, unseen, or another program sends.
pub(crate) fn ask_for_secret(question: &str) -> Result<Zeroizing<String>> {
    if !std::io::stdin().is_terminal() {
        return secret_of_stdin(question);
    }
    let guarded = interrupt::guard_terminal();
    let typed = rpassword::prompt_password(question).map(Zeroizing::new);
    drop(guarded);
    let typed = typed.map_err(|error| match error.kind() {
        // Ctrl-C, noticed here first.
        std::io::ErrorKind::Interrupted => Failure { status: interrupt::status(), message: None },
        _ => Failure::usage(format!("nothing could be typed: {error}")),
    })?;
    if typed.is_empty() { Err(Failure::usage("nothing was typed")) } else { Ok(typed) }
}

/// A secret from a file, without the line end behind it.
fn secret_of_file(path: &Path) -> Result<Zeroizing<String>> {
    let text = std::fs::read_to_string(path).map(Zeroizing::new);
    let text = text.map_err(|error| Failure::usage(format!("cannot read {}: {error}", path.display())))?;
    Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}
