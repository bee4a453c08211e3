//! TLS: the trusted roots, and the handshake.

use std::sync::Arc;

use once_cell::sync::OnceCell;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::error::{Error, ErrorKind};
use crate::transport::socket::{ReadAhead, Stream};
use crate::transport::tls_errors::{explain, rustls_error};
use crate::transport::{ca_bundle::CaBundle, deadline::Deadline, progress::Phase, system_store};

#[derive(Clone, Default)]
pub(crate) enum Roots {
    /// The operating system's, by its own verifier; the built-in ones of Mozilla where it has none.
    #[default]
    System,
    /// Only these.
    Only(Arc<CaBundle>),
    /// These and the operating system's.
    Add(Arc<CaBundle>),
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

    /// The certificates of the given bundle that cannot be used, and why.
    pub(crate) fn skipped(&self) -> &[String] {
        match self {
            Roots::System => &[],
            Roots::Only(bundle) | Roots::Add(bundle) => &bundle.skipped,
        }
    }
}

/// Parses a bundle with at least one usable certificate.
pub(crate) fn read_bundle(bytes: &[u8]) -> Result<Arc<CaBundle>, Error> {
    CaBundle::read(bytes).map(Arc::new).map_err(|what| Error::invalid(format!("the CA bundle {what}")))
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
            Roots::Only(given) => {
                let source = format!("the given CA bundle alone ({})", count(given.certificates.len()));
                return Ok((bundled(provider, Vec::new(), &given.certificates)?, source));
            }
            Roots::System => (&[][..], String::new()),
            Roots::Add(given) => {
                let named = format!(" and the given CA bundle ({})", count(given.certificates.len()));
                (&given.certificates[..], named)
            }
        };
        if let Some(store) = system_store::replaced()? {
            let all = [&store.certificates[..], extra].concat();
            return Ok((bundled(provider, Vec::new(), &all)?, format!("{}{bundle}", store.name)));
        }
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
                Ok((Arc::new(verifier), format!("the operating system's trust store{bundle}")))
            }
            Err(_) => {
                let roots = webpki_roots::TLS_SERVER_ROOTS.to_vec();
                let source = "Mozilla's roots, built in because this system has no trust store";
                Ok((bundled(provider, roots, extra)?, format!("{source}{bundle}")))
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
