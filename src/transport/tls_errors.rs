//! Messages that explain why TLS failed, and what to do.

use std::time::{Duration, UNIX_EPOCH};

use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, ExtendedKeyPurpose};

use crate::text::printable;

/// Algorithms that this library does not verify, by the object identifiers that certificates name them with.
const UNSUPPORTED: &[(&[u8], &str)] = &[
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04], "ECDSA with SHA-512"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01], "ECDSA with SHA-1"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05], "RSA with SHA-1"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x04], "RSA with MD5"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a], "RSA-PSS with other parameters"),
];
const P_521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];

/// Returns the rustls error inside an I/O error.
pub(crate) fn rustls_error(error: &std::io::Error) -> Option<&rustls::Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref())
}

/// Explains a TLS error and what to do. `source` names the trusted roots.
pub(crate) fn explain(error: &rustls::Error, source: &str) -> String {
    let what = match error {
        rustls::Error::InvalidCertificate(problem) => of_certificate(problem),
        rustls::Error::InvalidMessage(_) => {
            "it does not speak TLS on this port; perhaps it speaks plain HTTP, or the port is wrong".into()
        }
        rustls::Error::PeerIncompatible(what) => {
            format!("it supports no TLS version and cipher of this client, TLS 1.2 or newer ({what:?})")
        }
        rustls::Error::AlertReceived(AlertDescription::ProtocolVersion) => {
            "it refused TLS 1.2 and 1.3 (alert ProtocolVersion): the server, or a proxy that opens TLS, must support TLS \
             1.2 or newer"
                .into()
        }
        rustls::Error::AlertReceived(AlertDescription::HandshakeFailure) => {
            "it found nothing in common with this client (alert HandshakeFailure): a cipher suite with AES-GCM or \
             ChaCha20, and one of the groups X25519, P-256 and P-384 are needed; some servers answer so if they \
             require a client certificate"
                .into()
        }
        rustls::Error::AlertReceived(AlertDescription::CertificateRequired) => {
            "it requires a client certificate, and none is set (alert CertificateRequired)".into()
        }
        rustls::Error::AlertReceived(alert) => format!("it refused the connection (alert {alert:?})"),
        other => other.to_string(),
    };
    format!("{what}. Trusted roots: {source}")
}

fn of_certificate(problem: &CertificateError) -> String {
    const REPLACE: &str = "ask the owner of the server, or of the proxy that opens TLS, for a certificate";
    match problem {
        CertificateError::ExpiredContext { time, not_after } => {
            format!(
                "its certificate, or an issuer's, has expired ({}), or this machine's clock is wrong ({})",
                date(*not_after),
                date(*time)
            )
        }
        CertificateError::Expired => "its certificate has expired, or this machine's clock is wrong".into(),
        CertificateError::NotValidYetContext { time, not_before } => {
            format!(
                "its certificate, or an issuer's, is not valid yet (from {}), or this machine's clock is wrong ({})",
                date(*not_before),
                date(*time)
            )
        }
        CertificateError::NotValidYet => "its certificate is not valid yet, or this machine's clock is wrong".into(),
        CertificateError::NotValidForName => "its certificate is for another host; check the base URL".into(),
        CertificateError::NotValidForNameContext { presented, .. } if presented.is_empty() => format!(
            "its certificate names no host in a subjectAltName, and its CN does not count (RFC 6125): {REPLACE} with one"
        ),
        CertificateError::NotValidForNameContext { presented, .. } => {
            // rustls writes each as DnsName("example.org").
            let names: Vec<_> = presented.iter().filter_map(|name| name.split('"').nth(1)).collect();
            format!("its certificate is for another host ({}); check the base URL", printable(&names.join(", "), 200))
        }
        // BadSignature: an authority with the name of a trusted one and another key.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "its certificate is self-signed or from an authority that is not trusted, or the server leaves out its \
             intermediate certificate; if it is a company's own, or a company's proxy opens TLS, add the CA to the CA \
             file (BOOMI_CA_FILE)"
                .into()
        }
        CertificateError::UnsupportedSignatureAlgorithmContext { signature_algorithm_id, .. } => {
            let known = UNSUPPORTED.iter().find(|(id, _)| contains(signature_algorithm_id, id));
            let name = known.map_or("an algorithm that is not supported", |(_, name)| name);
            format!(
                "its certificate, or an issuer's, is signed by {name}: {REPLACE} that is signed by RSA with SHA-256, or by ECDSA with P-256 or P-384"
            )
        }
        CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { public_key_algorithm_id, .. } => {
            let name =
                if contains(public_key_algorithm_id, P_521) { "P-521" } else { "a kind or size that is not supported" };
            format!(
                "its certificate, or an issuer's, has a key of {name}: {REPLACE} with an RSA key of 2048 bits or more, or a P-256 or P-384 key"
            )
        }
        CertificateError::InvalidPurposeContext { presented, .. } => {
            let names: Vec<_> = presented.iter().map(purpose).collect();
            let names = if names.is_empty() { "none".into() } else { names.join(", ") };
            format!(
                "its certificate, or an issuer's, is not for TLS servers (its purposes: {names}): {REPLACE} for serverAuth"
            )
        }
        CertificateError::InvalidPurpose => {
            format!("its certificate, or an issuer's, is not for TLS servers: {REPLACE} for serverAuth")
        }
        CertificateError::BadEncoding => {
            format!(
                "its certificate, or an issuer's, cannot be read (X.509 version 3 is needed): {REPLACE} of that version"
            )
        }
        CertificateError::UnhandledCriticalExtension => {
            format!(
                "its certificate, or an issuer's, has a critical extension that is not supported: {REPLACE} without it"
            )
        }
        CertificateError::Revoked => "its certificate was revoked".into(),
        // The inner error's type is private, so its `Debug` text decides.
        CertificateError::Other(other) => match &*format!("{other:?}") {
            text if text.contains("CaUsedAsEndEntity") => {
                "its certificate is an authority's, most likely self-signed: it needs one that is no CA \
                 (basicConstraints=CA:FALSE)"
                    .into()
            }
            text if text.contains("EndEntityUsedAsCa") => format!(
                "one of its issuers is not marked as an authority (basicConstraints=CA:TRUE, as X.509 version 3 \
                 requires): {REPLACE} from an authority that is"
            ),
            text if text.contains("NameConstraintViolation") => {
                "one of its issuers may not issue certificates for this host (name constraints)".into()
            }
            text if text.contains("PathLenConstraintViolated") => {
                "one of its issuers may not have authorities below it (path length)".into()
            }
            text if text.contains("Maximum") => "its chain of issuers is too long, or has too many branches".into(),
            text if text.contains("UnsupportedCertVersion") => {
                format!("its certificate, or an issuer's, is no X.509 version 3: {REPLACE} of that version")
            }
            text if text.contains("UnsupportedCriticalExtension") => {
                format!(
                    "its certificate, or an issuer's, has a critical extension that is not supported: {REPLACE} without it"
                )
            }
            text => format!("its certificate was rejected ({})", printable(text, 100)),
        },
        other => format!("its certificate was rejected ({other})"),
    }
}

fn contains(list: &[u8], part: &[u8]) -> bool {
    list.windows(part.len()).any(|bytes| bytes == part)
}

fn date(time: UnixTime) -> String {
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(time.as_secs()))
}

fn purpose(purpose: &ExtendedKeyPurpose) -> String {
    match purpose {
        ExtendedKeyPurpose::ClientAuth => "clientAuth".into(),
        ExtendedKeyPurpose::ServerAuth => "serverAuth".into(),
        ExtendedKeyPurpose::Other(numbers) => numbers.iter().map(usize::to_string).collect::<Vec<_>>().join("."),
    }
}
