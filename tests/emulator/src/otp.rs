//! One-time codes: RFC 6238 with SHA-1, six digits, thirty seconds.

use data_encoding::BASE32_NOPAD;
use ring::hmac;

const STEP_S: i64 = 30;

/// The code an authenticator app shows for a base32 secret at a time in Unix seconds.
///
/// # Panics
/// If the secret is not base32.
pub fn one_time_code(secret_base32: &str, unix_s: i64) -> String {
    code_of_step(secret_base32, step_of(unix_s))
}

/// Whether the secret is base32, so that [`one_time_code`] can work with it.
pub(crate) fn is_secret(secret_base32: &str) -> bool {
    BASE32_NOPAD.decode(secret_base32.as_bytes()).is_ok()
}

/// The step whose code this is: the current one or the one before ("30-60 seconds" in the documentation).
pub(crate) fn matching_step(secret_base32: &str, code: &str, unix_s: i64) -> Option<i64> {
    let now = step_of(unix_s);
    [now, now - 1].into_iter().find(|&step| code_of_step(secret_base32, step) == code)
}

fn step_of(unix_s: i64) -> i64 {
    unix_s.div_euclid(STEP_S)
}

fn code_of_step(secret_base32: &str, step: i64) -> String {
    let secret = BASE32_NOPAD.decode(secret_base32.as_bytes()).expect("the secret is base32");
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag[tag.len() - 1] & 0x0f);
    let word = u32::from_be_bytes([tag[offset], tag[offset + 1], tag[offset + 2], tag[offset + 3]]);
    format!("{:06}", (word & 0x7fff_ffff) % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RFC_SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    #[test]
    fn the_vectors_of_rfc_6238_hold() {
        for (time, code) in
            [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")]
        {
            assert_eq!(one_time_code(RFC_SECRET, time), code);
        }
    }

    #[test]
    fn this_step_and_the_one_before_match() {
        let code = one_time_code(RFC_SECRET, 300);
        assert_eq!(matching_step(RFC_SECRET, &code, 300), Some(10));
        assert_eq!(matching_step(RFC_SECRET, &code, 359), Some(10));
        assert_eq!(matching_step(RFC_SECRET, &code, 360), None);
        assert_eq!(matching_step(RFC_SECRET, &code, 299), None);
    }
}
