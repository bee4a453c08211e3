//! The operating system's keychain: Secret Service (Linux), Keychain Services (macOS), Credential Manager (Windows).
//!
//! An entry has the service `boomi-auth` and a name, and holds the document that a credential program would print. Each
//! access opens and closes its own connection, so a `fork` breaks none.
//!
//! The caller waits for the keychain, which may ask the user to unlock it; no deadline and no cancel ends that wait.

use keyring_core::api::CredentialStoreApi as _;
use keyring_core::{Entry, Error as KeychainError};
use zeroize::Zeroizing;

#[cfg(target_os = "macos")]
use apple_native_keyring_store::keychain::Store;
#[cfg(all(unix, not(target_os = "macos")))]
use dbus_secret_service_keyring_store::Store;
#[cfg(windows)]
use windows_native_keyring_store::Store;

use super::basic::{CredentialKind, auth_header, auth_username};
use super::document;
use crate::error::{Error, Result};
use crate::{text, validate};

const SERVICE: &str = "boomi-auth";

/// Stores a user's secret in the keychain under `name`, replacing an earlier one.
///
/// [`Credentials::keychain`](crate::Credentials::keychain) reads it.
pub fn store(name: &str, kind: CredentialKind, username: &str, secret: &str) -> Result<()> {
    // A secret that cannot be sent is not stored.
    auth_header(kind, username, secret)?;
    let username = auth_username(kind, username)?;
    entry(name)?.set_secret(&document::write(kind, &username, secret)).map_err(|error| failed(name, &error))
}

/// Removes the entry `name`; returns `false` if there is none.
pub fn remove(name: &str) -> Result<bool> {
    match entry(name)?.delete_credential() {
        Ok(()) => Ok(true),
        Err(KeychainError::NoEntry) => Ok(false),
        Err(error) => Err(failed(name, &error)),
    }
}

/// Returns the document of the entry `name`; `None` if there is none.
pub(crate) fn read(name: &str) -> Result<Option<Zeroizing<Vec<u8>>>> {
    match entry(name)?.get_secret() {
        Ok(bytes) => Ok(Some(Zeroizing::new(bytes))),
        Err(KeychainError::NoEntry) => Ok(None),
        Err(error) => Err(failed(name, &error)),
    }
}

fn entry(name: &str) -> Result<Entry> {
    validate::check("the name of the keychain entry", name)?;
    let store = Store::new().map_err(|error| failed(name, &error))?;
    store.build(SERVICE, name, None).map_err(|error| failed(name, &error))
}

/// Words an error of the keychain. Two kinds carry the secret: their own text is left out.
fn failed(name: &str, error: &KeychainError) -> Error {
    let why = match error {
        KeychainError::BadEncoding(_) | KeychainError::BadDataFormat(..) => "what it holds cannot be read".into(),
        error => text::printable(&error.to_string(), 300),
    };
    Error::config(format!(
        "the operating system's keychain cannot be used for the entry \"{name}\": {why}. Unlock it or log in to a \
         desktop session (Linux: a Secret Service on the session bus), or give the credentials in another way"
    ))
}
