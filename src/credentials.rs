//! A user's name and secret, and where the two come from.

mod basic;
mod cache;
#[cfg(any(feature = "keychain", all(unix, feature = "credential-process")))]
pub(crate) mod document;
#[cfg(feature = "keychain")]
pub mod keychain;
#[cfg(all(unix, feature = "credential-process"))]
mod process;
mod source;

pub(crate) use basic::TOKEN_PREFIX;
#[cfg(feature = "capi")]
pub(crate) use basic::write_auth_header;
pub use basic::{CredentialKind, auth_header, auth_username};
pub(crate) use cache::{CredentialCache, Loaded};
pub use source::Credentials;
pub(crate) use source::read_secret_file;
