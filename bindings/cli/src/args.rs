//! The command line. `settings.rs` says where else a setting may come from; the library interprets it.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

/// What stands behind the help of the whole command, and in its manual page.
const AFTER_HELP: &str = "\
Settings come from flags, then the environment (BOOMI_USERNAME, BOOMI_API_TOKEN, ...), then a profile in
$XDG_CONFIG_HOME/boomi-auth/config.toml, then, for a user and its secret, the operating system's keychain (see login). Each
flag names its variable; beside them there are BOOMI_API_TOKEN, BOOMI_PASSWORD, BOOMI_OTP_SECRET, BOOMI_CREDENTIAL_PROCESS (a
program that prints user and secret) and BOOMI_KEYCHAIN. A secret is never an argument.

Exit status:
  0    it worked
  1    something on this machine, such as a full disk
  2    the command line or a setting is wrong or missing
  3    the server rejected the credentials
  4    not sent: it would have had to wait too long (the guard, a one-time code, the rate limit)
  5    no connection, no trusted TLS, a deadline, an unusable response
  6    the server answered with an error: its body is on standard output, its message on standard error
  130  Ctrl-C; other signals 128 and their number, so 141 is a closed pipe";

/// Signs in to Boomi, calls its APIs, and finds out why it does not work.
#[derive(Parser, Debug)]
#[command(name = "boomi-auth", version, after_help = AFTER_HELP, arg_required_else_help = true, max_term_width = 120)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) settings: SettingArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags that every command takes.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Settings")]
pub(crate) struct SettingArgs {
    /// The table of config.toml, and entry of the keychain, to use; BOOMI_PROFILE, else "default"
    #[arg(long, global = true, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) profile: Option<String>,
    /// The e-mail address of the sign-in; BOOMI_USERNAME
    #[arg(long, global = true, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) username: Option<String>,
    /// A file with the API token; BOOMI_API_TOKEN_FILE
    #[arg(long, global = true, value_name = "FILE", group = "secret")]
    pub(crate) api_token_file: Option<PathBuf>,
    /// Read the API token from standard input
    #[arg(long, global = true, group = "secret")]
    pub(crate) api_token_stdin: bool,
    /// A file with the password; BOOMI_PASSWORD_FILE
    #[arg(long, global = true, value_name = "FILE", group = "secret")]
    pub(crate) password_file: Option<PathBuf>,
    /// Read the password from standard input
    #[arg(long, global = true, group = "secret")]
    pub(crate) password_stdin: bool,
    /// A file with the secret for one-time codes; BOOMI_OTP_SECRET_FILE
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) otp_secret_file: Option<PathBuf>,
    /// What {accountId} stands for, and a JWT is made for; BOOMI_ACCOUNT_ID
    #[arg(long, global = true, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) account_id: Option<String>,
    /// The platform's address, without a path; BOOMI_API_URL, else https://api.boomi.com
    #[arg(long, global = true, value_name = "URL", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) api_url: Option<String>,
    /// A PEM file of the certificate authorities to trust, alone; BOOMI_CA_FILE
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// The proxy, http://host:port, or "" for none; else HTTPS_PROXY and so on. One with a password goes into
    /// config.toml
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) proxy: Option<String>,
    /// How long a call may take until its response begins, and then each read; BOOMI_TIMEOUT, else 60
    #[arg(long, global = true, value_name = "SECONDS", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) timeout: Option<String>,
    /// How long a name look-up may take, and then the connection: TCP, proxy and TLS; BOOMI_CONNECT_TIMEOUT, else 10
    #[arg(long, global = true, value_name = "SECONDS", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) connect_timeout: Option<String>,
    /// Where the guard remembers sign-ins; BOOMI_STATE_DIR, else $XDG_STATE_HOME/boomi-auth
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) state_dir: Option<PathBuf>,
    /// A Valkey or Redis server that a fleet shares, redis://host:port/0; BOOMI_STORE. One with a password goes there
    /// or into config.toml
    #[arg(long, global = true, value_name = "URL", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) store: Option<String>,
    /// Refused, with the reason: a secret is never an argument
    #[arg(long, global = true, hide = true)]
    pub(crate) api_token: Option<String>,
    /// Tell on standard error what is done; never a secret
    #[arg(long, short, global = true)]
    pub(crate) verbose: bool,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Print the value of the Authorization header
    ///
    /// "Basic ..." needs no connection; with --jwt it is "Bearer ...", and a sign-in.
    Header {
        #[command(flatten)]
        scheme: SchemeArg,
        #[command(flatten)]
        show: ShowArg,
    },
    /// Print the user name as a tool's user field wants it, with "BOOMI_TOKEN." for an API token
    Username,
    /// Print a one-time code, which is good once and for 30 seconds
    ///
    /// With a user, it is one that no sign-in of this machine gets too, for which the next half minute may have to be
    /// waited for.
    Otp {
        #[command(flatten)]
        show: ShowArg,
    },
    /// Sign in, and print a JWT that is good for five minutes
    ///
    /// With a store it is the fleet's, good for two minutes at least, and a sign-in only if there is none.
    Jwt {
        /// Print {"version":1,"scheme":"Bearer","token":"...","expires_at":UNIX_SECONDS}
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        show: ShowArg,
    },
    /// Print a config for `curl -K`: header, one-time code, certificate authorities, proxy
    ///
    /// The headers go wherever that curl goes, so name URLs of Boomi alone. Redirects are not followed with them.
    /// Credentials that the guard holds back are not printed.
    CurlConfig {
        #[command(flatten)]
        scheme: SchemeArg,
        #[command(flatten)]
        show: ShowArg,
    },
    /// Send a request, and print the response body
    Request(RequestArgs),
    /// Send a GraphQL query, and print the response
    Graphql {
        /// The query, or the JSON object {"query": ..., "variables": ...}; "-" is standard input
        #[arg(value_name = "FILE")]
        query: PathBuf,
    },
    /// Find out why it does not work: settings, look-alikes, name, proxy, TLS, clock, store, guard
    Doctor {
        /// Also sign in, once
        #[arg(long)]
        sign_in: bool,
        /// Print {"version":1,"checks":[{"topic","state","what","advice"}]}
        #[arg(long)]
        json: bool,
    },
    /// What the guard knows of the user's sign-ins, and how to go on
    Guard {
        #[command(subcommand)]
        command: GuardCommand,
    },
    /// Keep a user and its secret in the operating system's keychain, under the name of the profile
    ///
    /// The secret is asked for, or read from standard input where that is no terminal.
    Login {
        /// It is the user's own password, not an API token
        #[arg(long)]
        password: bool,
    },
    /// Remove what login keeps
    Logout,
    /// Print a completion script for a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Print the manual page
    Man,
}

/// How to sign in.
#[derive(Args, Debug)]
pub(crate) struct SchemeArg {
    /// Sign in and use a JWT, instead of Basic
    #[arg(long)]
    pub(crate) jwt: bool,
}

/// Whether a secret may go to a terminal.
#[derive(Args, Debug)]
pub(crate) struct ShowArg {
    /// Print it even to a terminal
    #[arg(long)]
    pub(crate) show: bool,
}

#[derive(Args, Debug)]
pub(crate) struct RequestArgs {
    /// GET, POST, DELETE, ...
    pub(crate) method: String,
    /// A path such as '/api/rest/v1/{accountId}/AuditLog/documentId-321', or a URL of the platform
    pub(crate) path: String,
    /// A file with the body, which is JSON unless a header says otherwise; "-" is standard input
    #[arg(long, short, value_name = "FILE")]
    pub(crate) data: Option<PathBuf>,
    /// A header, 'Name: value'; @FILE is one in each line, for secret ones
    #[arg(long = "header", short = 'H', value_name = "HEADER")]
    pub(crate) headers: Vec<String>,
    /// Sign in and use a JWT; GraphQL gets one anyway, and others Basic
    #[arg(long)]
    pub(crate) jwt: bool,
    /// Print status and headers before the body
    #[arg(long, short)]
    pub(crate) include: bool,
    /// Write the body to a file, which is there when it is whole; "-" is standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// The pages of a query, one after another; METHOD is POST, and the path ends in /query
    #[arg(long)]
    pub(crate) all_pages: bool,
}

#[derive(Subcommand, Debug)]
pub(crate) enum GuardCommand {
    /// Say whether a sign-in would be sent; exit status 4 if not
    Status {
        /// Print the library's own words, as JSON
        #[arg(long)]
        json: bool,
    },
    /// Let one sign-in through, when the user was unlocked or the platform mended
    Reset,
}
