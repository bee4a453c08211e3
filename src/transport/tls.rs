//! TLS: the trusted roots, the handshake, and messages that explain its failures.

use std::sync::Arc;

use once_cell::sync::OnceCell;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{AlertDescription, CertificateError, ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::error::{Error, ErrorKind};
use crate::transport::socket::{ReadAhead, Stream};
use crate::transport::{deadline::Deadline, progress::Phase};

#[derive(Clone, Default)]
pub(crate) enum Roots {
    /// The operating system's, by its own verifier; the built-in ones of Mozilla where it has none.
    #[default]
    System,
    /// Only these.
    Only(Arc<[CertificateDer<'static>]>),
    /// These and the operating system's.
    Add(Arc<[CertificateDer<'static>]>),
}

impl Roots {
    /// Describes the roots, for `describe` and messages.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Roots::System => "the operating system's",
            Roots::Only(_) => "the given CA bundle alone",
            Roots::Add(_) => "the operating system's and the given CA bundle",
        }
    }
}

/// Parses a PEM bundle: at least one certificate, and all of them valid.
pub(crate) fn read_pem(pem: &[u8]) -> Result<Arc<[CertificateDer<'static>]>, Error> {
    let invalid = |what: &str| Error::invalid(format!("the CA bundle {what}"));
    let mut checked = RootCertStore::empty();
    let mut certificates = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate =
            certificate.map_err(|_| invalid("is not PEM: expected -----BEGIN CERTIFICATE----- blocks"))?;
        let number = certificates.len() + 1;
        checked
            .add(certificate.clone())
            .map_err(|error| invalid(&format!("has a certificate that cannot be read, number {number}: {error}")))?;
        certificates.push(certificate);
    }
    if certificates.is_empty() {
        return Err(invalid("has no certificate: expected at least one -----BEGIN CERTIFICATE----- block"));
    }
    Ok(certificates.into())
}

/// TLS for one client. The first connection loads the roots.
pub(crate) struct Tls {
    roots: Roots,
    ready: OnceCell<Ready>,
}

#[derive(Clone)]
struct Ready {
    config: Arc<ClientConfig>,
    /// The origin of the roots, for messages.
    source: String,
}

impl Tls {
    pub(crate) fn new(roots: Roots) -> Self {
        Tls { roots, ready: OnceCell::new() }
    }

    /// Makes a TLS connection with `host` on `stream`.
    pub(crate) fn wrap(
        &self,
        stream: Box<dyn Stream>,
        host: &str,
        deadline: &Deadline,
    ) -> Result<Box<dyn Stream>, Error> {
        deadline.progress.set_phase(Phase::Handshake);
        let ready = self.ready.get_or_try_init(|| self.prepare())?;
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(bare.to_owned())
            .map_err(|_| Error::invalid(format!("{host} cannot be the name in a certificate")))?;
        let failed = |what: &str| Error::new(ErrorKind::Tls, format!("the TLS handshake with {host} failed: {what}"));
        let connection =
            ClientConnection::new(ready.config.clone(), name).map_err(|error| failed(&error.to_string()))?;
        let mut tls = StreamOwned::new(connection, ReadAhead::new(stream));
        while tls.conn.is_handshaking() {
            if let Err(error) = tls.conn.complete_io(&mut tls.sock) {
                return Err(deadline.progress.failure().unwrap_or_else(|| match rustls_error(&error) {
                    Some(error) => failed(&explain(error, &ready.source)),
                    None => failed(&format!(
                        "the connection was lost in the handshake ({error}); the port may not speak TLS, or a firewall \
                         may refuse it. Trusted roots: {}",
                        ready.source
                    ))
                    .retryable(true),
                }));
            }
        }
        Ok(Box::new(tls))
    }

    fn prepare(&self) -> Result<Ready, Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let (verifier, source) = self.verifier(&provider)?;
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable(&error))?
            .dangerous() // In name only: both verifiers are those of rustls.
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        Ok(Ready { config: Arc::new(config), source })
    }

    fn verifier(&self, provider: &Arc<CryptoProvider>) -> Result<(Arc<dyn ServerCertVerifier>, String), Error> {
        let (extra, bundle) = match &self.roots {
            Roots::Only(certificates) => {
                let source = format!("the given CA bundle alone ({})", count(certificates.len()));
                return Ok((bundled(provider, Vec::new(), certificates)?, source));
            }
            Roots::System => (&[][..], String::new()),
            Roots::Add(certificates) => {
                (&certificates[..], format!(" and the given CA bundle ({})", count(certificates.len())))
            }
        };
        // With extra roots the verifier accepts a missing system store, so the store is probed without them.
        let system = rustls_platform_verifier::Verifier::new(provider.clone());
        match system {
            Ok(system) => {
                let verifier = if extra.is_empty() {
                    system
                } else {
                    rustls_platform_verifier::Verifier::new_with_extra_roots(extra.iter().cloned(), provider.clone())
                        .map_err(|error| unusable(&error))?
                };
                Ok((Arc::new(verifier), format!("the operating system's trust store{}{bundle}", variables())))
            }
            Err(_) => {
                let roots = webpki_roots::TLS_SERVER_ROOTS.to_vec();
                let source = "Mozilla's roots, built in because this system has no trust store";
                Ok((bundled(provider, roots, extra)?, format!("{source}{}{bundle}", variables())))
            }
        }
    }
}

/// A verifier with the given roots instead of the system's.
fn bundled(
    provider: &Arc<CryptoProvider>,
    roots: Vec<rustls::pki_types::TrustAnchor<'static>>,
    extra: &[CertificateDer<'static>],
) -> Result<Arc<dyn ServerCertVerifier>, Error> {
    let mut store = RootCertStore { roots };
    for certificate in extra {
        store.add(certificate.clone()).map_err(|error| unusable(&error))?;
    }
    let verifier = rustls::client::WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider.clone());
    Ok(verifier.build().map_err(|error| unusable(&error))?)
}

fn unusable(error: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::Tls, format!("TLS cannot be set up: {error}"))
}

fn count(certificates: usize) -> String {
    if certificates == 1 { "1 certificate".into() } else { format!("{certificates} certificates") }
}

/// The variables that select the system's store on Unix, if set, for messages.
fn variables() -> String {
    let set = ["SSL_CERT_FILE", "SSL_CERT_DIR"].into_iter().filter_map(|name| {
        let value = std::env::var_os(name).filter(|value| !value.is_empty())?;
        Some(format!("{name}={}", value.to_string_lossy()))
    });
    let set: Vec<_> = set.collect();
    if set.is_empty() { String::new() } else { format!(" ({})", set.join(", ")) }
}

/// Returns the rustls error inside an I/O error.
pub(crate) fn rustls_error(error: &std::io::Error) -> Option<&rustls::Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref())
}

/// Explains a TLS error and what to do. `source` names the trusted roots.
pub(crate) fn explain(error: &rustls::Error, source: &str) -> String {
    let what = match error {
        rustls::Error::InvalidCertificate(problem) => match problem {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "its certificate has expired, or this machine's clock is wrong".into()
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "its certificate is not valid yet, or this machine's clock is wrong".into()
            }
            CertificateError::NotValidForName => "its certificate is for another host; check the base URL".into(),
            CertificateError::NotValidForNameContext { presented, .. } => {
                // rustls writes each as DnsName("example.org").
                let names: Vec<_> = presented.iter().filter_map(|name| name.split('"').nth(1)).collect();
                let names = crate::text::printable(&names.join(", "), 200);
                format!("its certificate is for another host ({names}); check the base URL")
            }
            // BadSignature: an authority with the name of a trusted one and another key.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                "its certificate is self-signed or from an authority that is not trusted, or the server leaves out its \
                 intermediate certificate; if it is a company's own, or a company's proxy opens TLS, add the CA to the \
                 CA file (BOOMI_CA_FILE)"
                    .into()
            }
            // The inner error's type is private.
            CertificateError::Other(other) if format!("{other:?}").contains("CaUsedAsEndEntity") => {
                "its certificate is an authority's, most likely self-signed: it needs one that is no CA \
                 (basicConstraints=CA:FALSE)"
                    .into()
            }
            other => format!("its certificate was rejected ({other})"),
        },
        rustls::Error::InvalidMessage(_) => {
            "it does not speak TLS on this port; perhaps it speaks plain HTTP, or the port is wrong".into()
        }
        rustls::Error::PeerIncompatible(what) => {
            format!("it supports no TLS version and cipher of this client, TLS 1.2 or newer ({what:?})")
        }
        rustls::Error::AlertReceived(
            alert @ (AlertDescription::ProtocolVersion | AlertDescription::HandshakeFailure),
        ) => {
            format!(
                "it refused this client's TLS 1.2 and 1.3 (alert {alert:?}): the server, or a proxy that opens TLS, \
                 must support TLS 1.2 or newer"
            )
        }
        rustls::Error::AlertReceived(alert) => format!("it refused the connection (alert {alert:?})"),
        other => other.to_string(),
    };
    format!("{what}. Trusted roots: {source}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pem_without_valid_certificates_is_rejected() {
        let emulated = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        for (pem, text) in [
            ("", "no certificate"),
            ("garbage", "no certificate"),
            (key, "no certificate"),
            (emulated, "number 1"),
            ("-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n", "not PEM"),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n", "not PEM"),
        ] {
            let error = read_pem(pem.as_bytes()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
            assert!(error.message().contains(text), "{pem:?}: {error}");
        }
    }
}
