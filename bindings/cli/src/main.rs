//! The command `boomi-auth`: command line, settings, output and exit status. The library does the rest.
//!
//! `args.rs` declares the commands; each has a function here or a file of its own.

mod args;
mod curl_config;
mod doctor;
mod failure;
mod guard;
mod interrupt;
mod output;
mod request;
mod settings;

use std::process::ExitCode;

use boomi_auth::{CredentialKind, Token, keychain};
use clap::{CommandFactory as _, Parser as _};
use serde::Serialize;

use args::{Cli, Command, GuardCommand};
use failure::{Failure, LOCAL, Result};
use settings::Settings;

fn main() -> ExitCode {
    keep_no_core();
    std::panic::set_hook(Box::new(|info| {
        // Without the panic message, which could quote a secret.
        let place = info.location().map_or_else(String::new, |place| format!(" at {}:{}", place.file(), place.line()));
        output::tell(&format!("internal error{place}: a bug, please report it"));
    }));
    // With a wrong argument, this ends the process with status 2.
    let cli = Cli::parse();
    let ended = std::panic::catch_unwind(|| run(cli));
    match ended.unwrap_or(Err(Failure { status: LOCAL, message: None })) {
        Ok(()) => ExitCode::SUCCESS,
        // Ctrl-C also ends programs that this command runs, and is then the reason of any failure.
        Err(_) if interrupt::requested() => ExitCode::from(interrupt::status()),
        Err(Failure { status, message }) => {
            message.iter().for_each(|message| output::tell(message));
            ExitCode::from(status)
        }
    }
}

/// Disables core dumps, which would hold secrets.
#[cfg(unix)]
fn keep_no_core() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    // It fails only if the limit is already lower.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
}

#[cfg(not(unix))]
fn keep_no_core() {}

fn run(cli: Cli) -> Result<()> {
    match &cli.command {
        Command::Completions { shell } => {
            return print_made(|out| {
                clap_complete::generate(*shell, &mut Cli::command(), "boomi-auth", out);
                Ok(())
            });
        }
        Command::Man => return print_made(manual),
        _ => {}
    }
    let loaded = Settings::load(&cli.settings);
    if let (Command::Doctor { json, .. }, Err(failure)) = (&cli.command, &loaded) {
        return doctor::without_settings(failure, *json);
    }
    let mut settings = loaded?;
    match cli.command {
        Command::Header { scheme, show } => {
            output::check_terminal(show.show)?;
            if scheme.jwt {
                return output::print_secret(&format!("Bearer {}", sign_in(&mut settings)?.jwt()), show.show);
            }
            output::print_secret(settings.unconnected_client()?.auth_header()?.expose(), show.show)
        }
        Command::Username => output::print(&settings.unconnected_client()?.auth_username()?),
        Command::Otp { show } => {
            output::check_terminal(show.show)?;
            output::print_secret(one_time_code(&mut settings)?.expose(), show.show)
        }
        Command::Jwt { json, show } => {
            output::check_terminal(show.show)?;
            let token = sign_in(&mut settings)?;
            output::print_secret(&if json { exec_plugin(&token) } else { token.jwt().to_owned() }, show.show)
        }
        Command::CurlConfig { scheme, show } => {
            output::check_terminal(show.show)?;
            curl_config::print(&mut settings, scheme.jwt)
        }
        Command::Request(request) => request::send(&mut settings, request),
        Command::Graphql { query } => request::graphql(&mut settings, &query),
        Command::Doctor { sign_in, json } => doctor::run(&mut settings, sign_in, json),
        Command::Guard { command: GuardCommand::Status { json } } => guard::status(&mut settings, json),
        Command::Guard { command: GuardCommand::Reset } => guard::reset(&mut settings),
        Command::Login { password } => login(&settings, password),
        Command::Logout => logout(&settings),
        Command::Completions { .. } | Command::Man => unreachable!("they need no settings"),
    }
}

/// A JWT for the account of the settings.
fn sign_in(settings: &mut Settings) -> Result<Token> {
    let client = settings.client()?;
    settings.jwt(&client)
}

/// The exec-plugin protocol, version 1: README says what may rely on it.
fn exec_plugin(token: &Token) -> String {
    #[derive(Serialize)]
    struct Credential<'a> {
        version: u32,
        scheme: &'a str,
        token: &'a str,
        expires_at: i64,
    }
    let credential = Credential { version: 1, scheme: "Bearer", token: token.jwt(), expires_at: token.expires_at() };
    serde_json::to_string(&credential).expect("texts and numbers")
}

/// A code that no sign-in of this user uses too; without a user, the code of this moment.
fn one_time_code(settings: &mut Settings) -> Result<boomi_auth::Secret> {
    const NOW: i64 = -1;
    let secret = settings.otp_secret()?.ok_or_else(|| {
        Failure::usage(
            "no secret for one-time codes: set BOOMI_OTP_SECRET or BOOMI_OTP_SECRET_FILE, or otp_secret in config.toml",
        )
    })?;
    if settings.has_secret() {
        return Ok(settings.client()?.one_time_code(None)?);
    }
    Ok(boomi_auth::otp_code(&secret, NOW)?)
}

fn login(settings: &Settings, password: bool) -> Result<()> {
    let username = settings.find("BOOMI_USERNAME").ok_or_else(|| {
        Failure::usage("whose secret? Name the user, an e-mail address, with --username or BOOMI_USERNAME")
    })?;
    let username = username.0.to_str().ok_or_else(|| Failure::usage("the user name is not UTF-8"))?;
    let kind = |is_password| if is_password { CredentialKind::Password } else { CredentialKind::ApiToken };
    let what = |kind| if kind == CredentialKind::Password { "password" } else { "API token" };
    let (kind, secret) = match settings.secret_of_flags()? {
        Some((CredentialKind::ApiToken, _)) if password => {
            return Err(Failure::usage(
                "--password says that it is a password, and another flag that it is an API token",
            ));
        }
        Some(given) => given,
        None => (kind(password), settings::ask_for_secret(&format!("{} of {username}: ", what(kind(password))))?),
    };
    keychain::store(settings.profile(), kind, username, &secret)?;
    let (what, profile) = (what(kind), settings.profile());
    output::tell(&format!("stored the {what} of {username} in the keychain, for the profile \"{profile}\""));
    Ok(())
}

fn logout(settings: &Settings) -> Result<()> {
    let what = if keychain::remove(settings.profile())? { "removed" } else { "there was none" };
    output::tell(&format!("the keychain's entry for the profile \"{}\": {what}", settings.profile()));
    Ok(())
}

/// Prints a text that is made in memory, so that an output error is reported here.
fn print_made(make: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> Result<()> {
    let mut made = Vec::new();
    make(&mut made).map_err(|error| Failure::writing("to memory", &error))?;
    output::write(&[&made])
}

/// One page for all commands.
fn manual(out: &mut Vec<u8>) -> std::io::Result<()> {
    let mut command = Cli::command();
    command.build();
    let page = clap_mangen::Man::new(command.clone());
    page.render_title(out)?;
    page.render_name_section(out)?;
    page.render_synopsis_section(out)?;
    page.render_description_section(out)?;
    page.render_options_section(out)?;
    for sub in command.get_subcommands() {
        describe(sub, "", out)?;
    }
    page.render_extra_section(out)
}

/// Describes a command and its subcommands, without the flags that every command takes.
fn describe(command: &clap::Command, before: &str, out: &mut Vec<u8>) -> std::io::Result<()> {
    let name = format!("{before}{}", command.get_name());
    if name == "help" || command.get_name() == "help" {
        return Ok(());
    }
    let own = command.clone().mut_args(|arg| if arg.is_global_set() { arg.hide(true) } else { arg });
    let mut text = Vec::new();
    let page = clap_mangen::Man::new(own);
    page.render_synopsis_section(&mut text)?;
    page.render_description_section(&mut text)?;
    page.render_options_section(&mut text)?;
    let text = String::from_utf8_lossy(&text);
    out.extend_from_slice(format!(".SH \"BOOMI-AUTH {}\"\n", name.to_uppercase()).as_bytes());
    // Its own sections become parts of this one.
    out.extend_from_slice(text.replace(".SH ", ".SS ").as_bytes());
    command.get_subcommands().try_for_each(|sub| describe(sub, &format!("{name} "), out))
}
