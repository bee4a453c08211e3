//! Reads bundles of certificate authorities, in the forms that OpenSSL and its users write.

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// OpenSSL's `TRUSTED CERTIFICATE` has, behind the certificate, the purposes that it is trusted for.
const TRUSTED: &str = "TRUSTED CERTIFICATE";
const LABELS: [&str; 3] = ["CERTIFICATE", "X509 CERTIFICATE", TRUSTED];
/// The encoded object identifiers of TLS servers and of any purpose (RFC 5280, 4.2.1.12).
const SERVER_AUTH: &[u8] = &[0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];
const ANY_PURPOSE: &[u8] = &[0x06, 0x04, 0x55, 0x1d, 0x25, 0x00];
/// The encoded object identifier of PKCS #7 signed data.
const SIGNED_DATA: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
const SEQUENCE: u8 = 0x30;

#[derive(Debug, Default)]
pub(crate) struct CaBundle {
    pub(crate) certificates: Vec<CertificateDer<'static>>,
    /// The certificates that cannot be used: their number in the bundle, and why.
    pub(crate) skipped: Vec<String>,
}

impl CaBundle {
    /// Reads PEM with at least one usable certificate. The error says what the bundle "is" or "has".
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, String> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        if let Some(other) = other_form(bytes) {
            return Err(other.into());
        }
        let mut bundle = CaBundle::default();
        let mut block: Option<(&str, String)> = None;
        let mut number = 0;
        // Text between the blocks is for people, and may be in any encoding.
        for line in String::from_utf8_lossy(bytes).split(['\n', '\r']).map(str::trim) {
            if line.matches("-----").count() > 2 {
                return Err("has two PEM lines in one, where files were joined: put a line end between them".into());
            }
            let label_after = |begin: &str| line.strip_prefix(begin).and_then(|rest| rest.strip_suffix("-----"));
            if let Some(label) = label_after("-----BEGIN ") {
                if matches!(label, "PKCS7" | "CMS") {
                    return Err(PKCS7.into());
                }
                block = LABELS.iter().find(|known| **known == label).map(|known| (*known, String::new()));
                number += usize::from(block.is_some());
            } else if label_after("-----END ").is_some() {
                if let Some((label, text)) = block.take()
                    && let Err(why) = bundle.add(label, &text)
                {
                    bundle.skipped.push(format!("number {number}: {why}"));
                }
            } else if let Some((_, text)) = &mut block {
                text.push_str(line);
                text.push('\n');
            }
        }
        if block.is_some() {
            bundle.skipped.push(format!("number {number}: its -----END line is missing"));
        }
        if !bundle.certificates.is_empty() {
            return Ok(bundle);
        }
        Err(match bundle.skipped.first() {
            Some(why) => format!("has no certificate that can be read ({why})"),
            None => "has no certificate: expected at least one -----BEGIN CERTIFICATE----- block".into(),
        })
    }

    fn add(&mut self, label: &str, text: &str) -> Result<(), String> {
        let pem = format!("-----BEGIN CERTIFICATE-----\n{text}-----END CERTIFICATE-----\n");
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes())
            .map_err(|_| "it is not PEM: expected base64 between the -----BEGIN and -----END lines")?;
        let certificate = if label == TRUSTED { trusted(&certificate)? } else { certificate };
        let error = RootCertStore::empty().add(certificate.clone()).err();
        error.map_or(Ok(()), |error| Err(format!("it cannot be read ({error})")))?;
        self.certificates.push(certificate);
        Ok(())
    }
}

const PKCS7: &str = "is PKCS #7, not PEM certificates: convert it with `openssl pkcs7 -print_certs -in FILE -out FILE.pem` \
                     (and -inform DER if it is no text)";

/// Recognizes what is no PEM and often taken for it.
fn other_form(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Some("is UTF-16 text: save it as UTF-8 (`iconv -f UTF-16 -t UTF-8`)");
    }
    let (outer, _) = element(bytes).filter(|_| bytes.first() == Some(&SEQUENCE))?;
    Some(if outer.starts_with(SIGNED_DATA) {
        PKCS7
    } else {
        "is DER, not PEM: convert it with `openssl x509 -inform DER -in FILE -out FILE.pem`"
    })
}

/// Cuts the purposes off a trusted certificate. The error says that TLS servers are not among them.
fn trusted(bytes: &[u8]) -> Result<CertificateDer<'static>, String> {
    let unreadable = || "its purposes cannot be read".to_owned();
    let (_, purposes) = element(bytes).ok_or_else(unreadable)?;
    let certificate = CertificateDer::from(bytes[..bytes.len() - purposes.len()].to_vec());
    if purposes.is_empty() {
        return Ok(certificate);
    }
    let (mut rest, _) = element(purposes).ok_or_else(unreadable)?;
    let names_servers = |list: &[u8]| [SERVER_AUTH, ANY_PURPOSE].iter().any(|oid| contains(list, oid));
    // Optional: a SEQUENCE of the purposes it is trusted for, and [0] those that it is not.
    const REJECTED: u8 = 0xa0;
    while let Some((list, behind)) = element(rest) {
        match rest[0] {
            SEQUENCE if !names_servers(list) => return Err("it is trusted for other purposes than TLS servers".into()),
            REJECTED if names_servers(list) => return Err("it is marked as not trusted for TLS servers".into()),
            _ => rest = behind,
        }
    }
    Ok(certificate)
}

fn contains(list: &[u8], part: &[u8]) -> bool {
    list.windows(part.len()).any(|bytes| bytes == part)
}

/// Splits the first DER element off: its content, and the bytes behind it.
fn element(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match *first {
        short @ 0..0x80 => (usize::from(short), rest),
        long => {
            let (digits, rest) =
                rest.split_at_checked(usize::from(long & 0x7f)).filter(|(digits, _)| digits.len() <= 4)?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate() -> CertificateDer<'static> {
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert.der().clone()
    }

    fn pem(label: &str, bytes: &[u8]) -> String {
        use base64::Engine as _;
        let base64 = base64::engine::general_purpose::STANDARD.encode(bytes);
        let lines: Vec<_> = base64.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
    }

    #[test]
    fn every_pem_form_of_a_certificate_is_read() {
        let der = certificate();
        let plain = pem("CERTIFICATE", &der);
        let read = |text: &str| {
            let bundle = CaBundle::read(text.as_bytes()).unwrap_or_else(|why| panic!("{why}: {text}"));
            assert!(bundle.certificates.iter().all(|read| *read == der) && bundle.skipped.is_empty(), "{bundle:?}");
            bundle.certificates.len()
        };
        assert_eq!(read(&format!("\u{feff}{plain}")), 1);
        assert_eq!(read(&plain.replace('\n', "\r\n")), 1);
        assert_eq!(read(&format!("Issuer: Müller\n{plain}\n# again:\n{plain}")), 2);
        assert_eq!(read(&pem("X509 CERTIFICATE", &der)), 1);
        assert_eq!(read(&pem("TRUSTED CERTIFICATE", &der)), 1);
        let empty = [&*der, &[SEQUENCE, 0]].concat();
        assert_eq!(read(&pem("TRUSTED CERTIFICATE", &empty)), 1);
        let for_servers = [&*der, &[SEQUENCE, 12, SEQUENCE, 10], SERVER_AUTH].concat();
        assert_eq!(read(&pem("TRUSTED CERTIFICATE", &for_servers)), 1);
        assert_eq!(read(&format!("{}{plain}", pem("PRIVATE KEY", b"key"))), 1);
    }

    #[test]
    fn unusable_certificates_are_skipped_and_named() {
        let der = certificate();
        let rejected = [&*der, &[SEQUENCE, 12, 0xa0, 10], SERVER_AUTH].concat();
        let other = [&*der, &[SEQUENCE, 4, SEQUENCE, 2, 0x06, 0x00]].concat();
        for (bad, why) in [
            (pem("CERTIFICATE", b"AAAA"), "number 1: it cannot be read"),
            ("-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n".into(), "number 1: it is not PEM"),
            (pem("TRUSTED CERTIFICATE", &rejected), "number 1: it is marked as not trusted"),
            (pem("TRUSTED CERTIFICATE", &other), "number 1: it is trusted for other purposes"),
        ] {
            let alone = CaBundle::read(bad.as_bytes()).unwrap_err();
            assert!(alone.contains("no certificate that can be read") && alone.contains(why), "{alone}");
            let bundle = CaBundle::read(format!("{bad}{}", pem("CERTIFICATE", &der)).as_bytes()).unwrap();
            assert_eq!(bundle.certificates.len(), 1);
            assert!(bundle.skipped.len() == 1 && bundle.skipped[0].starts_with(why), "{:?}", bundle.skipped);
        }
    }

    #[test]
    fn other_forms_are_named_with_their_conversion() {
        let der = certificate();
        let plain = pem("CERTIFICATE", &der);
        let utf16: Vec<u8> = format!("\u{feff}{plain}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        let signed_data = [&[SEQUENCE, 11][..], SIGNED_DATA].concat();
        for (bytes, words) in [
            (&b""[..], "has no certificate"),
            (b"garbage", "has no certificate"),
            (pem("PRIVATE KEY", b"key").as_bytes(), "has no certificate"),
            (b"-----BEGIN CERTIFICATE-----\nAAAA\n", "-----END line is missing"),
            (format!("{}{plain}", plain.trim_end()).as_bytes(), "two PEM lines in one"),
            (&utf16, "UTF-16"),
            (&der, "openssl x509 -inform DER"),
            (&signed_data, "openssl pkcs7"),
            (pem("PKCS7", &signed_data).as_bytes(), "openssl pkcs7"),
        ] {
            let why = CaBundle::read(bytes).unwrap_err();
            assert!(why.contains(words), "{why}");
        }
    }
}
