//! The certificate authorities that stand in for the operating system's, where variables name them (OpenSSL's rule).

use std::path::{Path, PathBuf};

use rustls::pki_types::CertificateDer;

use crate::error::{Error, Result};
use crate::transport::ca_bundle::CaBundle;

pub(super) struct SystemStore {
    pub(super) certificates: Vec<CertificateDer<'static>>,
    /// For messages.
    pub(super) name: String,
}

/// The store that SSL_CERT_FILE and SSL_CERT_DIR name; `None` if neither is set. Other systems have their own stores.
#[cfg(not(all(unix, not(target_os = "android"), not(target_vendor = "apple"))))]
pub(super) fn replaced() -> Result<Option<SystemStore>> {
    Ok(None)
}

/// The store that SSL_CERT_FILE and SSL_CERT_DIR name; `None` if neither is set.
#[cfg(all(unix, not(target_os = "android"), not(target_vendor = "apple")))]
pub(super) fn replaced() -> Result<Option<SystemStore>> {
    if crate::privileged::is_privileged() {
        return Ok(Some(of_file(Path::new(default_file()?), "the operating system's trust store".into())?));
    }
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let (file, directories) = (variable("SSL_CERT_FILE"), variable("SSL_CERT_DIR"));
    let (mut certificates, mut names) = (Vec::new(), Vec::new());
    if let Some(file) = file {
        let name = format!("SSL_CERT_FILE={}", file.display());
        certificates.extend(of_file(&file, name.clone())?.certificates);
        names.push(name);
    }
    if let Some(directories) = directories {
        let name = format!("SSL_CERT_DIR={}", directories.display());
        let found: Vec<_> = std::env::split_paths(&directories).flat_map(|path| of_directory(&path)).collect();
        if found.is_empty() {
            return Err(Error::config(format!(
                "{name}: no certificate can be read there: name a directory of PEM files, or unset the variable"
            )));
        }
        certificates.extend(found);
        names.push(name);
    }
    let name = format!("the operating system's trust store ({})", names.join(", "));
    Ok((!names.is_empty()).then_some(SystemStore { certificates, name }))
}

fn of_file(file: &Path, name: String) -> Result<SystemStore> {
    let advice = "name a PEM file, or unset the variable for the system's own";
    let bytes = crate::file::read(file)
        .map_err(|what| Error::config(format!("{name}: the file cannot be read: {what}; {advice}")))?;
    let bundle =
        CaBundle::read(&bytes).map_err(|what| Error::config(format!("{name}: the CA bundle {what}; {advice}")))?;
    Ok(SystemStore { certificates: bundle.certificates, name })
}

/// The certificates of all files in a directory that are PEM.
fn of_directory(directory: &Path) -> Vec<CertificateDer<'static>> {
    let files = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let bundles = files.filter_map(|file| crate::file::read(&file.path()).ok());
    bundles.filter_map(|bytes| CaBundle::read(&bytes).ok()).flat_map(|bundle| bundle.certificates).collect()
}

/// Where the common distributions have their store.
fn default_file() -> Result<&'static str> {
    const FILES: [&str; 4] = [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ];
    let found = FILES.into_iter().find(|file| Path::new(file).is_file());
    found.ok_or_else(|| Error::config(format!("this system has no trust store: none of {} exists", FILES.join(", "))))
}
