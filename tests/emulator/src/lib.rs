//! A loopback Boomi for tests: real TLS, real sockets, no account.
//!
//! [`Emulator::start`] gives a server on 127.0.0.1 that answers as Boomi's documentation says the platform does, for
//! the users below. Where the documentation is silent (marked \[U\] in the comments), it takes the reading that a
//! careful client must survive.
//!
//! ```
//! use boomi_emulator::{Emulator, Scripted, ErrorShape, users};
//!
//! let boomi = Emulator::start();
//! boomi.answer_next(Scripted::from(ErrorShape::RateLimitXml).on("/api/"));
//! println!("{} trusts {}", users::REGULAR.name, boomi.base_url());
//! assert!(boomi.log().is_empty());
//! ```
//!
//! # Users
//!
//! | user | signs in with |
//! |---|---|
//! | [`users::REGULAR`] | password or token |
//! | [`users::SSO_ADMIN`] | password or token |
//! | [`users::SSO_USER`] | token; the right password is refused |
//! | [`users::TWOFA`] | password and a code of [`users::TWOFA_SECRET`], each code once; or token and no code |
//! | [`users::BOUND`] | the one to show with that a token opens its own account only |
//! | [`users::DOCUMENTED`] | the token of the documentation's curl example |
//!
//! Passwords open [`users::ACCOUNT`] and [`users::SUB_ACCOUNT`]; tokens open [`users::ACCOUNT`] and get a 403 with
//! `error.user.auth` elsewhere; [`users::FOREIGN_ACCOUNT`] is open to nobody. The sixth bad sign-in in a row locks a
//! user. What signs in to a DataHub repository or to Event Streams is in [`users`] too.
//!
//! An account may make ten requests a second, as documented: a test that makes more begins with
//! [`Emulator::start_unlimited`]. The command `boomi-emulator` offers the same to any language through a control API:
//! see the README.

mod answer;
mod clock;
mod control;
mod credentials;
mod date;
mod delay;
mod effect;
mod emulator;
mod fault;
mod flight;
mod jobs;
mod jwt;
mod log;
mod observe;
mod options;
mod otp;
mod outage;
mod query;
mod rates;
mod records;
mod routes;
mod script;
mod server;
mod shapes;
mod tls;
pub mod users;
mod wire;
mod world;

pub use delay::{Delay, DelayWhen};
pub use effect::Effect;
pub use emulator::Emulator;
pub use fault::WireFault;
pub use flight::InFlight;
pub use jobs::{AsyncOptions, DownloadOptions};
pub use jwt::JwtOptions;
pub use log::LogEntry;
pub use options::{GraphqlRefusal, Options};
pub use otp::one_time_code;
pub use outage::{Outage, OutageKind};
pub use rates::RateLimit;
pub use records::RECORD_ID;
pub use script::Scripted;
pub use shapes::ErrorShape;
pub use tls::BadTls;
pub use users::{User, UserStatus};
