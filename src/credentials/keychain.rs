//! The operating system's keychain: the Secret Service on Linux, Keychain Services on macOS, the Credential Manager on Windows.
//!
//! An entry of ours is found under the service `boomi-auth` and a name, and holds the document that a credential program would
//! print. A connection is made for each access and ended with it: nothing of it is left for a `fork` to break.
//!
//! Who asks waits for the keychain, which may ask a person to unlock it; no deadline and no cancel of ours ends that.

use keyring_core::api::CredentialStoreApi as _;
use keyring_core::{Entry, Error as KeychainError};
use zeroize::Zeroizing;

#[cfg(target_os = "macos")]
use apple_native_keyring_store::keychain::Store;
#[cfg(all(unix, not(target_os = "macos")))]
use dbus_secret_service_keyring_store::Store;
#[cfg(windows)]
use windows_native_keyring_store::Store;

use super::{CredentialKind, auth_username, document};
use crate::error::{Error, Result};
use crate::{text, validate};

const SERVICE: &str = "boomi-auth";

/// Keeps a user's secret in the keychain under `name`, in place of what is there. See
/// [`Credentials::keychain`](crate::Credentials::keychain).
pub fn store(name: &str, kind: CredentialKind, username: &str, secret: &str) -> Result<()> {
    // What cannot be sent is not stored.
    super::auth_header(kind, username, secret)?;
    let username = auth_username(kind, username)?;
    entry(name)?.set_secret(&document::write(kind, &username, secret)).map_err(|error| failed(name, &error))
}

/// Removes what is kept under `name`; `false` if there is nothing.
pub fn remove(name: &str) -> Result<bool> {
    match entry(name)?.delete_credential() {
        Ok(()) => Ok(true),
        Err(KeychainError::NoEntry) => Ok(false),
        Err(error) => Err(failed(name, &error)),
    }
}

/// The document that is kept under `name`; `None` if there is none.
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

/// The errors of the store tell what the system said, and two of them carry the secret: those are told by their kind alone.
fn failed(name: &str, error: &KeychainError) -> Error {
    let why = match error {
        KeychainError::BadEncoding(_) | KeychainError::BadDataFormat(..) => "what it holds cannot be read".into(),
        error => text::printable(&error.to_string(), 300),
    };
    Error::config(format!(
        "the operating system's keychain cannot be used for the entry \"{name}\": {why}. Unlock it or log in to a desktop session \
         (Linux: a Secret Service on the session bus), or give the credentials in another way"
    ))
}
