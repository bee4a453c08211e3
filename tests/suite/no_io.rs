//! What needs no client: headers, user names, one-time codes.

use boomi_auth::CredentialKind::{self, ApiToken, Password};
use boomi_emulator::users::TWOFA_SECRET;

use crate::api::Api;
use crate::run_twice;
use crate::support::assert_invalid;

run_twice!(
    headers_are_the_documented_ones,
    the_prefix_is_there_once_whoever_wrote_it,
    bad_user_names_and_secrets_are_named,
    codes_are_those_of_rfc_6238,
    a_secret_is_read_as_people_paste_it,
    a_bad_secret_is_explained_and_not_shown,
    now_is_the_time_below_zero,
);

fn headers_are_the_documented_ones<A: Api>() {
    let vectors: [(CredentialKind, &str, &str, &str); 5] = [
        (ApiToken, "user@example.com", "api-tok", "Basic Qk9PTUlfVE9LRU4udXNlckBleGFtcGxlLmNvbTphcGktdG9r"),
        (Password, "BOOMI_TOKEN.user@example.com", "api-tok", "Basic Qk9PTUlfVE9LRU4udXNlckBleGFtcGxlLmNvbTphcGktdG9r"),
        (
            ApiToken,
            "user@boomi.com",
            "123aab45-67b8-9012-3a45-67c8e9e01e23",
            "Basic Qk9PTUlfVE9LRU4udXNlckBib29taS5jb206MTIzYWFiNDUtNjdiOC05MDEyLTNhNDUtNjdjOGU5ZTAxZTIz",
        ),
        // RFC 7617, section 2.1: UTF-8.
        (Password, "test", "123£", "Basic dGVzdDoxMjPCow=="),
        // The first colon ends the name; more of them belong to the password.
        (Password, "user", "a:b", "Basic dXNlcjphOmI="),
    ];
    for (kind, username, secret, header) in vectors {
        assert_eq!(A::auth_header(kind, username, secret).unwrap(), header);
    }
}

fn the_prefix_is_there_once_whoever_wrote_it<A: Api>() {
    for kind in [ApiToken, Password] {
        for name in ["BOOMI_TOKEN.user@example.com", "BOOMI_TOKEN.BOOMI_TOKEN.user@example.com"] {
            assert_eq!(A::auth_username(kind, name).unwrap(), "BOOMI_TOKEN.user@example.com");
        }
    }
    assert_eq!(A::auth_username(ApiToken, "user@example.com").unwrap(), "BOOMI_TOKEN.user@example.com");
    assert_eq!(A::auth_username(Password, "user@example.com").unwrap(), "user@example.com");
    assert_eq!(A::auth_username(Password, "boomi_token.user").unwrap(), "boomi_token.user");
}

fn bad_user_names_and_secrets_are_named<A: Api>() {
    for (name, what) in [
        ("", "the user name is empty"),
        ("BOOMI_TOKEN.", "only the prefix"),
        ("a:b", "the user name has a colon"),
        ("a\r\nX-Evil: 1", "the user name has a control character"),
        ("a\u{7f}", "the user name has a control character"),
        ("a\u{85}", "the user name has a control character"),
    ] {
        assert_invalid(A::auth_username(Password, name), what);
        assert_invalid(A::auth_header(ApiToken, name, "s"), what);
    }
    for (kind, secret, what) in [
        (Password, "", "the password is empty"),
        (ApiToken, "", "the API token is empty"),
        (Password, "x\n", "the password has a control character"),
        (ApiToken, "x\u{1}y", "the API token has a control character"),
    ] {
        assert_invalid(A::auth_header(kind, "user@example.com", secret), what);
    }
}

fn codes_are_those_of_rfc_6238<A: Api>() {
    // Appendix B: the seeds are the ASCII digits "1234567890" repeated to the length of the hash.
    let seeds = [
        ("SHA1", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"),
        ("SHA256", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA"),
        (
            "SHA512",
            "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNA",
        ),
    ];
    let vectors = [
        (59, ["94287082", "46119246", "90693936"]),
        (1_111_111_109, ["07081804", "68084774", "25091201"]),
        (1_111_111_111, ["14050471", "67062674", "99943326"]),
        (1_234_567_890, ["89005924", "91819424", "93441116"]),
        (2_000_000_000, ["69279037", "90698825", "38618901"]),
        (20_000_000_000, ["65353130", "77737706", "47863826"]),
    ];
    for (column, (algorithm, seed)) in seeds.into_iter().enumerate() {
        let uri = format!("otpauth://totp/a?secret={seed}&digits=8&algorithm={algorithm}");
        for (time, codes) in vectors {
            assert_eq!(A::otp_code(&uri, time).unwrap(), codes[column], "{algorithm} at {time}");
        }
    }
}

fn a_secret_is_read_as_people_paste_it<A: Api>() {
    for pasted in [
        TWOFA_SECRET,
        "gezdgnbvgy3tqojqgezdgnbvgy3tqojq",
        " GEZD GNBV GY3T QOJQ  GEZD GNBV GY3T QOJQ ",
        "otpauth://totp/Boomi:user%40example.com?secret=gezdgnbvgy3tqojqgezdgnbvgy3tqojq&issuer=Boomi",
        "otpauth://totp/x?SECRET=GEZD%20GNBVGY3TQOJQGEZDGNBVGY3TQOJQ&period=30&digits=6&algorithm=SHA1",
    ] {
        assert_eq!(A::otp_code(pasted, 59).unwrap(), "287082", "{pasted}");
    }
}

fn a_bad_secret_is_explained_and_not_shown<A: Api>() {
    for (secret, what) in [
        ("", "empty"),
        ("JBSWY3D1", "not base32: position 7"),
        ("JBS", "some are missing"),
        ("otpauth://hotp/x?secret=JBSWY3DP", "totp"),
        ("otpauth://totp/x", "no secret"),
        ("otpauth://totp/x?secret=JBSWY3DP&digits=5", "digits"),
        ("otpauth://totp/x?secret=JBSWY3DP&period=0", "period"),
        ("otpauth://totp/x?secret=JBSWY3DP&algorithm=MD5", "algorithm"),
    ] {
        let failure = A::otp_code(secret, 0).unwrap_err();
        failure.assert_unsent(boomi_auth::ErrorKind::InvalidArgument, &[what]);
        assert!(!failure.message.contains("JBS"), "{failure:?}");
    }
}

fn now_is_the_time_below_zero<A: Api>() {
    let code = A::otp_code(TWOFA_SECRET, -1).unwrap();
    assert!(code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()), "{code}");
}
