//! The one type that holds secrets.

#[cfg(feature = "capi")]
use std::ffi::CStr;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::{Zeroize as _, Zeroizing};

/// A password, token, one-time code or header value: wiped from memory when dropped, and never printed.
///
/// `Debug` shows `***`, and there is no `Display`: a secret gets into a text only through [`expose`](Secret::expose),
/// which is easy to search for.
///
/// A NUL byte follows the text, so that C can borrow it without another copy.
pub struct Secret(Vec<u8>);

impl Secret {
    /// Copies `text` up to its first NUL, which it should not have.
    pub fn new(text: &str) -> Self {
        Self::concat(&[text.split('\0').next().unwrap_or_default()])
    }

    /// Joins several parts to one secret, allocated once: growing would leave a copy behind.
    pub(crate) fn concat(parts: &[&str]) -> Self {
        let mut bytes = Vec::with_capacity(parts.iter().map(|part| part.len()).sum::<usize>() + 1);
        parts.iter().for_each(|part| bytes.extend_from_slice(part.as_bytes()));
        bytes.push(0);
        Secret(bytes)
    }

    /// Joins `prefix` and `bytes` in standard base64.
    pub(crate) fn base64(prefix: &str, bytes: &[u8]) -> Self {
        let mut text = Vec::with_capacity(base64_length(prefix, bytes) + 1);
        push_base64(&mut text, prefix, bytes);
        text.push(0);
        Secret(text)
    }

    /// Returns the secret itself. The caller is responsible for where it goes.
    pub fn expose(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).expect("made from text")
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0[..self.0.len() - 1]
    }

    /// Returns the secret with its terminating NUL.
    #[cfg(feature = "capi")]
    pub(crate) fn as_c_str(&self) -> &CStr {
        CStr::from_bytes_with_nul(&self.0).expect("made without an inner NUL")
    }

    pub(crate) fn duplicate(&self) -> Self {
        Secret(self.0.clone())
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        // As a slice, which is wiped faster than a Vec. The rest of the capacity was never written.
        self.0[..].zeroize();
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl AsRef<[u8]> for Secret {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

pub(crate) fn base64_length(prefix: &str, bytes: &[u8]) -> usize {
    prefix.len() + base64::encoded_len(bytes.len(), true).expect("an input that fits in memory")
}

/// Appends `prefix` and `bytes` in standard base64. `text` needs the capacity: growing would leave a copy behind.
pub(crate) fn push_base64(text: &mut Vec<u8>, prefix: &str, bytes: &[u8]) {
    use base64::Engine as _;
    text.extend_from_slice(prefix.as_bytes());
    let start = text.len();
    text.resize(start - prefix.len() + base64_length(prefix, bytes), 0);
    base64::prelude::BASE64_STANDARD.encode_slice(bytes, &mut text[start..]).expect("the room has the encoded length");
}

/// Replaces `secrets` in `text` by `***`: a server may echo what it was sent.
pub(crate) fn redact<'a>(text: &str, secrets: impl IntoIterator<Item = &'a [u8]>) -> String {
    /// Shorter secrets are parts of ordinary words.
    const SHORTEST: usize = 4;
    let secrets = secrets.into_iter().filter_map(|secret| std::str::from_utf8(secret).ok());
    // Plain, and as in a URL.
    let forms = |secret: &str| [secret.to_owned(), utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string()];
    let mut forms: Vec<_> = secrets.flat_map(forms).map(Zeroizing::new).collect();
    // The longest first: a secret that begins with another one would leave its rest behind.
    forms.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    let long = forms.iter().filter(|secret| secret.len() >= SHORTEST);
    long.fold(text.to_owned(), |text, secret| text.replace(&**secret, "***"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_text_has_no_secret() {
        let secret = Secret::new("marked-secret");
        assert_eq!(format!("{secret:?}"), "***");
        assert_eq!(format!("{:?}", Some(secret)), "Some(***)");
    }

    #[test]
    fn expose_returns_the_text() {
        assert_eq!(Secret::new("päss").expose(), "päss");
        assert_eq!(Secret::new("a\0b").expose(), "a");
        assert_eq!(Secret::base64("Basic ", b"a:b").expose(), "Basic YTpi");
    }

    #[test]
    fn redact_replaces_echoed_secrets() {
        let secrets: [&[u8]; 2] = [b"marked-secret", b"abc"];
        assert_eq!(redact("no marked-secret abc", secrets), "no *** abc");
        assert_eq!(redact("?p=marked%2Dsecret", secrets), "?p=***");
    }
}
