//! One-time codes: RFC 6238, as authenticator apps compute them.

use std::sync::{Arc, LazyLock};

use data_encoding::{Encoding, Specification};
use ring::hmac;
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::sync::{Mutex, lock};

/// Separate the groups of a secret that is shown to people.
const SEPARATORS: &[u8] = b" -";

/// Base32 without padding, in any case of letters. Bits after the last byte are ignored: secrets of other lengths have
/// some.
static BASE32: LazyLock<Encoding> = LazyLock::new(|| {
    let mut base32 = Specification::new();
    base32.symbols.push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567");
    base32.translate.from.push_str("abcdefghijklmnopqrstuvwxyz");
    base32.translate.to.push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    base32.ignore.push_str(" -");
    base32.check_trailing_bits = false;
    base32.encoding().expect("a correct specification")
});

/// Returns the code of `secret` at `unix_time` seconds (negative: now). No I/O.
///
/// `secret` is what Boomi shows when two-factor authentication is set up: base32, also in lower case, with spaces, with
/// hyphens or without padding, or an `otpauth://totp/` URI with its own digits, period and algorithm. Without a URI a
/// code has 6 digits, lasts 30 s and uses SHA-1, as Boomi's codes do.
pub fn otp_code(secret: &str, unix_time: i64) -> Result<Secret> {
    use crate::clock::{Clock as _, SystemClock};
    let secret = OtpSecret::parse(secret)?;
    let seconds = u64::try_from(unix_time).unwrap_or_else(|_| SystemClock.wall().as_secs());
    Ok(secret.code(secret.step(seconds)))
}

pub(crate) struct OtpSecret {
    key: Zeroizing<Vec<u8>>,
    digits: u32,
    /// How many seconds one code lasts.
    pub(crate) period: u64,
    algorithm: hmac::Algorithm,
}

impl OtpSecret {
    pub(crate) fn parse(text: &str) -> Result<Self> {
        crate::validate::check("the one-time code secret", text)?;
        let text = text.trim_matches(' ');
        let is_uri = text.get(..10).is_some_and(|start| start.eq_ignore_ascii_case("otpauth://"));
        if is_uri { Self::parse_uri(&text[10..]) } else { Self::parse_base32(text) }
    }

    fn parse_base32(text: &str) -> Result<Self> {
        let wrong = |what: String| Err(Error::invalid(format!("the one-time code secret {what}")));
        let text = text.trim_end_matches('=').as_bytes();
        let is_symbol = |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b'2'..=b'7');
        if let Some(position) = text.iter().position(|byte| !is_symbol(byte) && !SEPARATORS.contains(byte)) {
            return wrong(format!(
                "is not base32: position {position} is none of A-Z and 2-7 (base32 has no 0, 1, 8 or 9)"
            ));
        }
        let count = text.iter().filter(|byte| is_symbol(byte)).count();
        if count == 0 {
            return wrong("is empty".into());
        }
        let mut key = Zeroizing::new(vec![0; text.len()]);
        let room = BASE32.decode_len(text.len()).unwrap_or_default();
        let Ok(length) = BASE32.decode_mut(text, &mut key[..room]) else {
            return wrong(format!("is not base32: {count} characters, so some are missing"));
        };
        key.truncate(length);
        Ok(OtpSecret { key, digits: 6, period: 30, algorithm: hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY })
    }

    /// Parses what follows `otpauth://`: `totp/label?secret=...&digits=...`.
    fn parse_uri(rest: &str) -> Result<Self> {
        let invalid = |what: &str| Err(Error::invalid(format!("the otpauth URI {what}")));
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let kind = path.split('/').next().unwrap_or_default();
        if !kind.eq_ignore_ascii_case("totp") {
            return invalid("is not of the kind totp: only time-based codes are supported");
        }
        let (mut secret, mut digits, mut period, mut algorithm) = (None, 6, 30, hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY);
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            let Ok(value) = percent_encoding::percent_decode_str(value).decode_utf8() else {
                return invalid("is not UTF-8");
            };
            match name.to_ascii_lowercase().as_str() {
                "secret" => secret = Some(Zeroizing::new(value.into_owned())),
                "digits" => match value.parse() {
                    Ok(number @ 6..=10) => digits = number,
                    _ => return invalid("has digits other than 6 to 10"),
                },
                "period" => match value.parse() {
                    Ok(number @ 1..=3600) => period = number,
                    _ => return invalid("has a period other than 1 to 3600 seconds"),
                },
                "algorithm" => match value.to_ascii_uppercase().replace('-', "").as_str() {
                    "SHA1" => algorithm = hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
                    "SHA256" => algorithm = hmac::HMAC_SHA256,
                    "SHA512" => algorithm = hmac::HMAC_SHA512,
                    _ => return invalid("has an algorithm other than SHA1, SHA256 and SHA512"),
                },
                _ => {}
            }
        }
        let Some(secret) = secret else { return invalid("has no secret") };
        Ok(OtpSecret { digits, period, algorithm, ..Self::parse_base32(&secret)? })
    }

    pub(crate) fn step(&self, unix_seconds: u64) -> u64 {
        unix_seconds / self.period
    }

    pub(crate) fn code(&self, step: u64) -> Secret {
        let digest = hmac::sign(&hmac::Key::new(self.algorithm, &self.key), &step.to_be_bytes());
        let digest = digest.as_ref();
        let offset = usize::from(digest[digest.len() - 1] & 0xf);
        let word = [digest[offset] & 0x7f, digest[offset + 1], digest[offset + 2], digest[offset + 3]];
        let number = u64::from(u32::from_be_bytes(word)) % 10u64.pow(self.digits);
        let text = Zeroizing::new(format!("{number:0width$}", width = self.digits as usize));
        Secret::new(&text)
    }
}

impl std::fmt::Debug for OtpSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// Checks a code from a user or a callback: at most 64 letters or digits, trimmed.
pub(crate) fn check_code(code: &str) -> Result<Secret> {
    let code = code.trim_matches(' ');
    crate::validate::check("the one-time code", code)?;
    if code.len() > 64 || !code.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(Error::invalid("the one-time code is not made of at most 64 letters and digits"));
    }
    Ok(Secret::new(code))
}

/// A one-time code that the user typed for one call; it is sent once. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct TypedCode(Arc<Mutex<Option<Secret>>>);

impl TypedCode {
    pub(crate) fn set(&self, code: Secret) {
        *lock(&self.0) = Some(code);
    }

    pub(crate) fn is_set(&self) -> bool {
        lock(&self.0).is_some()
    }

    pub(crate) fn take(&self) -> Option<Secret> {
        lock(&self.0).take()
    }

    /// Puts a code back that was not sent. A code that was set since stays.
    pub(crate) fn restore(&self, code: Secret) {
        lock(&self.0).get_or_insert(code);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B: times, and the codes of SHA-1, SHA-256 and SHA-512.
    #[test]
    fn code_matches_the_rfc() {
        let vectors = [
            (59, ["94287082", "46119246", "90693936"]),
            (1_111_111_109, ["07081804", "68084774", "25091201"]),
            (1_111_111_111, ["14050471", "67062674", "99943326"]),
            (1_234_567_890, ["89005924", "91819424", "93441116"]),
            (2_000_000_000, ["69279037", "90698825", "38618901"]),
            (20_000_000_000, ["65353130", "77737706", "47863826"]),
        ];
        let digits = b"1234567890".repeat(7);
        for (column, (algorithm, length)) in [("SHA1", 20), ("SHA256", 32), ("SHA512", 64)].into_iter().enumerate() {
            let secret = data_encoding::BASE32_NOPAD.encode(&digits[..length]);
            let uri = format!("otpauth://totp/a?secret={secret}&digits=8&algorithm={algorithm}");
            for (time, codes) in vectors {
                assert_eq!(otp_code(&uri, time).unwrap().expose(), codes[column], "{algorithm} at {time}");
            }
        }
    }

    /// RFC 4648, section 10.
    #[test]
    fn base32_matches_the_rfc() {
        let vectors = [("MY", "f"), ("MZXQ", "fo"), ("MZXW6", "foo"), ("MZXW6YQ", "foob"), ("MZXW6YTB", "fooba")];
        for (symbols, bytes) in vectors {
            assert_eq!(OtpSecret::parse(symbols).unwrap().key.as_slice(), bytes.as_bytes());
        }
        // Other bits after the last byte.
        assert_eq!(OtpSecret::parse("MZ").unwrap().key.as_slice(), b"f");
        for cut in ["M", "MZX", "MZXW6Y", "MZ XW-6Y", "MZXW6YTBM"] {
            let error = OtpSecret::parse(cut).unwrap_err();
            assert!(error.message().contains("some are missing"), "{cut}: {error}");
        }
    }

    #[test]
    fn secret_is_read_in_every_pasted_form() {
        let code = otp_code("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", 59).unwrap();
        assert_eq!(code.expose(), "287082");
        assert_eq!(format!("{:?}", OtpSecret::parse("JBSWY3DP").unwrap()), "***");
        for pasted in [
            "gezdgnbvgy3tqojqgezdgnbvgy3tqojq",
            " GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ ",
            "GEZD-GNBV-GY3T-QOJQ-GEZD-GNBV-GY3T-QOJQ",
            "OTPAUTH://TOTP/Boomi:user%40example.com?secret=gezdgnbvgy3tqojqgezdgnbvgy3tqojq&issuer=Boomi",
            "otpauth://totp/x?SECRET=GEZD%20GNBVGY3TQOJQGEZDGNBVGY3TQOJQ&period=30&digits=6&algorithm=sha-1",
        ] {
            assert_eq!(otp_code(pasted, 59).unwrap(), code, "{pasted}");
        }
        assert_eq!(otp_code("JBSWY3DP======", 0).unwrap(), otp_code("JBSWY3DP", 0).unwrap());
        assert_eq!(
            otp_code("otpauth://totp/x?secret=JBSWY3DP&period=60", 119).unwrap(),
            otp_code("JBSWY3DP", 59).unwrap()
        );
    }

    #[test]
    fn bad_secret_is_explained_and_not_shown() {
        let cases = [
            ("", "empty"),
            ("   ", "empty"),
            ("JBSWY3DP\n", "control"),
            ("ABCDEFG1", "position 7"),
            ("AB1", "position 2"),
            ("A-B CDEFGH0JKL", "position 10"),
            ("ABC", "missing"),
            ("GEZDGNBVä", "not base32"),
            ("otpauth://hotp/x?secret=JBSWY3DP", "totp"),
            ("otpauth://totp/x", "no secret"),
            ("otpauth://totp/x?secret=JBSWY3DP&digits=5", "digits"),
            ("otpauth://totp/x?secret=JBSWY3DP&period=0", "period"),
            ("otpauth://totp/x?secret=JBSWY3DP&algorithm=MD5", "algorithm"),
        ];
        for (secret, text) in cases {
            let error = otp_code(secret, 0).unwrap_err();
            assert!(error.message().contains(text), "{secret:?}: {error}");
            assert!(secret.trim().is_empty() || !error.message().contains(secret), "{error}");
        }
    }

    #[test]
    fn check_code_refuses_bad_codes() {
        assert_eq!(check_code(" 123456 ").unwrap().expose(), "123456");
        check_code(&"x".repeat(64)).unwrap();
        for bad in ["", "12 34", "123456\n", "é", &"x".repeat(65)] {
            check_code(bad).unwrap_err();
        }
    }
}
