//! Signs in to Boomi: user name and password, API tokens, one-time codes, and JWTs that live five minutes.
//!
//! ```no_run
//! let client = boomi_auth::Client::from_env()?;
//! println!("{}", client.get("/api/rest/v1/{accountId}/AuditLog/documentId-321").send()?.check()?.text()?);
//! let jwt: boomi_auth::Token = client.token()?;
//! # Ok::<_, boomi_auth::Error>(())
//! ```
//!
//! Everything blocks, on the calling thread; one deadline covers a whole call, and [`Call::cancel`] ends one within
//! 100 ms wherever it is. Clients are shared by threads. Secrets live in [`Secret`], are wiped when dropped, and are in
//! no error, event or `Debug` text.
//!
//! # What it does on its own
//!
//! Nothing is read from the environment but the `BOOMI_*` variables by [`Client::from_env`] and
//! [`ClientBuilder::load_env`], the proxy variables (HTTPS_PROXY, HTTP_PROXY for loopback http, ALL_PROXY, NO_PROXY,
//! also in lower case; and whether REQUEST_METHOD is set, because in a CGI program HTTP_PROXY comes from the
//! client) when a client is built, and SSL_CERT_FILE and SSL_CERT_DIR when it first needs the operating
//! system's trusted roots. A program is run, and a keychain asked, only where [`Credentials::process`],
//! [`Credentials::keychain`] or their variables say so; to ask the keychain on Linux goes through libdbus, which leaves SIGPIPE
//! ignored in this process. No thread outlives its call but a name look-up past its deadline, and one that
//! connects to a store, where one is set. No signal handler, logger or process-wide default is installed; but with a store over
//! TLS the crate redis makes ring rustls's default provider, unless the program has one.

#![deny(unsafe_code)]

mod bearer;
#[cfg(feature = "capi")]
#[allow(unsafe_code)]
pub mod capi;
mod client;
mod clock;
mod config;
mod credentials;
mod error;
mod event;
mod file;
mod fork;
mod guard;
mod jwt;
mod origin;
mod otp;
mod privileged;
mod rate_limit;
mod secret;
mod shared_store;
mod single_flight;
#[cfg(feature = "redis")]
mod store;
mod sync;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod tests;
mod text;
mod token_cache;
mod transport;
mod validate;

pub use client::authorization::Authorization;
pub use client::client_builder::ClientBuilder;
pub use client::job::Job;
pub use client::pages::Pages;
pub use client::request_builder::RequestBuilder;
pub use client::{AuthScheme, Call, Client, HeaderOptions, Request, Response, TokenProvider};
pub use config::CaMode;
#[cfg(feature = "keychain")]
pub use credentials::keychain;
pub use credentials::{CredentialKind, Credentials, auth_header, auth_username};
pub use error::{Error, ErrorKind, Result};
pub use event::{Event, EventKind};
pub use jwt::Token;
pub use origin::{BASE_URL_GB, BASE_URL_US};
pub use otp::otp_code;
pub use secret::Secret;

/// The version of this library.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

// The Rust programs of README and of the guides compile.
#[cfg(doctest)]
mod readme {
    #[doc = include_str!("../README.md")]
    struct Readme;
    #[doc = include_str!("../docs/sign-in.md")]
    struct SignIn;
    #[doc = include_str!("../docs/testing.md")]
    struct Testing;
}
