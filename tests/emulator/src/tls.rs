//! Certificates: an own CA for each emulator, good certificates and bad ones.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{ServerConfig, crypto::ring};

/// What is wrong with a listener's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadTls {
    /// Signed by the emulator's CA for the right names, but no longer valid.
    Expired,
    /// Signed by the emulator's CA for `example.org` only.
    WrongHost,
    /// For the right names, but signed by itself.
    SelfSigned,
}

impl BadTls {
    /// Every kind.
    pub const ALL: [BadTls; 3] = [BadTls::Expired, BadTls::WrongHost, BadTls::SelfSigned];
}

/// The names of a good certificate. With Boomi's own among them, a client can use documented URLs against the
/// emulator by sending the connection elsewhere (`curl --connect-to`).
const NAMES: [&str; 6] =
    ["localhost", "127.0.0.1", "::1", "api.boomi.com", "api.platform.gb.boomi.com", "platform.boomi.com"];

/// A certificate authority that lives as long as its emulator.
pub(crate) struct Ca {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Ca {
    pub(crate) fn new() -> io::Result<Ca> {
        let mut params = params(&[], "Boomi emulator CA")?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let pem = params.self_signed(&key).map_err(io::Error::other)?.pem();
        Ok(Ca { issuer: Issuer::new(params, key), pem })
    }

    pub(crate) fn pem(&self) -> &str {
        &self.pem
    }

    /// TLS as it should be (`None`), or with a bad certificate.
    pub(crate) fn acceptor(&self, bad: Option<BadTls>) -> io::Result<TlsAcceptor> {
        let names: &[&str] = match bad {
            Some(BadTls::WrongHost) => &["example.org"],
            _ => &NAMES,
        };
        let mut params = params(names, "Boomi emulator")?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        if bad == Some(BadTls::Expired) {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        }
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let certificate = match bad {
            Some(BadTls::SelfSigned) => params.self_signed(&key),
            _ => {
                params.use_authority_key_identifier_extension = true;
                params.signed_by(&key, &self.issuer)
            }
        };
        let certificate = certificate.map_err(io::Error::other)?.der().clone();
        acceptor(certificate, PrivatePkcs8KeyDer::from(key.serialize_der()).into())
    }
}

/// Valid from yesterday for a year: some platforms refuse certificates that live much longer.
fn params(names: &[&str], common_name: &str) -> io::Result<CertificateParams> {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
    params.distinguished_name.push(DnType::CommonName, common_name);
    let now = date_time_ymd(1970, 1, 1) + Duration::from_millis(crate::clock::machine_now_ms().unsigned_abs());
    params.not_before = now - DAY;
    params.not_after = now + 365 * DAY;
    Ok(params)
}

/// TLS 1.2 and 1.3 with ring, given explicitly: no process-wide default is installed or needed. No ALPN, so HTTP/1.1.
fn acceptor(certificate: CertificateDer<'static>, key: PrivateKeyDer<'static>) -> io::Result<TlsAcceptor> {
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .map_err(io::Error::other)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
