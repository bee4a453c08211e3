//! Signing in: JWTs, one-time codes, and who is turned away.

use boomi_auth::CredentialKind::{ApiToken, Password};
use boomi_auth::ErrorKind::{CredentialsRejected, Otp, PermissionDenied, Protocol};
use boomi_emulator::users::{ACCOUNT, BOUND, FOREIGN_ACCOUNT, REGULAR, SSO_USER, SUB_ACCOUNT, TWOFA, TWOFA_SECRET};
use boomi_emulator::{Emulator, JwtOptions, LogEntry, Scripted, one_time_code};

use crate::api::{Api, Response, Setting, Token};
use crate::run_twice;
use crate::support::{AUDIT_LOG, by_password, by_token, client, failure, get, of, regular};

run_twice!(
    a_password_or_a_token_gets_a_jwt,
    a_token_tells_what_it_is_and_outlives_its_client,
    the_second_factor_comes_from_a_secret_a_callback_or_a_person,
    without_the_second_factor_the_advice_names_it,
    a_callback_without_a_code_is_an_error_and_nothing_is_sent,
    a_code_is_sent_once,
    a_rejected_secret_says_what_to_do,
    a_token_elsewhere_and_a_closed_account_are_told_apart,
    what_is_no_jwt_is_no_token,
);

/// The requests with credentials: before its first code a client asks for the server's time without any.
fn sign_ins(boomi: &Emulator) -> Vec<LogEntry> {
    boomi.log().into_iter().filter(|entry| entry.scheme.is_some()).collect()
}

fn a_password_or_a_token_gets_a_jwt<A: Api>() {
    let boomi = Emulator::start();
    for (credentials, user) in
        [(by_password(REGULAR), "user@example.com"), (by_token(SSO_USER), "BOOMI_TOKEN.sso@example.com")]
    {
        A::generate_jwt(&client::<A>(of(&boomi), [credentials]), None, None).unwrap();
        let entry = boomi.log().pop().unwrap();
        assert_eq!((entry.path.as_str(), entry.user.as_deref()), ("/auth/jwt/generate/account123", Some(user)));
        assert_eq!(entry.accept.as_deref(), Some("text/plain, */*"));
    }
}

fn a_token_tells_what_it_is_and_outlives_its_client<A: Api>() {
    let boomi = Emulator::start();
    boomi.set_jwt(JwtOptions { lifetime_s: 120, ..JwtOptions::default() });
    let client = regular::<A>(&boomi);
    let token = A::generate_jwt(&client, Some(SUB_ACCOUNT), None).unwrap();
    drop(client);
    let other = token.another_reference();
    let tell =
        |token: &A::Token| (token.jwt(), token.header(), token.account_id(), token.issued_at(), token.expires_at());
    let told = tell(&token);
    drop(token);
    assert_eq!(tell(&other), told);
    assert_eq!(other.jwt().split('.').count(), 3);
    assert_eq!(other.header(), format!("Bearer {}", other.jwt()));
    assert_eq!(other.account_id(), SUB_ACCOUNT);
    // The server counts whole seconds: one may pass while the answer is on its way.
    let lifetime = other.expires_at() - other.issued_at();
    assert!((119..=121).contains(&lifetime), "{lifetime}");
    assert!((boomi.now() - other.issued_at()).abs() < 60);
}

fn the_second_factor_comes_from_a_secret_a_callback_or_a_person<A: Api>() {
    let boomi = Emulator::start();
    let code = || one_time_code(TWOFA_SECRET, boomi.now());
    let (of_now, as_well) = (code(), code());
    let ways = [
        (Some(Setting::OtpSecret(TWOFA_SECRET.into())), false),
        (Some(Setting::OtpFn(Box::new(move || Some(of_now.clone())))), false),
        (None, true),
        // What a person typed comes before what is configured.
        (Some(Setting::OtpFn(Box::new(|| panic!("not asked")))), true),
    ];
    for (setting, is_typed) in ways {
        // Each code is good once.
        boomi.reset();
        let mut call = A::call();
        if is_typed {
            A::set_otp(&mut call, &as_well).unwrap();
        }
        let client = client::<A>(of(&boomi), setting.into_iter().chain([by_password(TWOFA)]));
        A::generate_jwt(&client, None, Some(&call)).unwrap();
        assert!(sign_ins(&boomi)[0].otp);
    }
    // A token needs none, and gets none.
    boomi.reset();
    let client = client::<A>(of(&boomi), [by_token(TWOFA), Setting::OtpSecret(TWOFA_SECRET.into())]);
    A::generate_jwt(&client, None, None).unwrap();
    assert!(!sign_ins(&boomi)[0].otp);
}

fn without_the_second_factor_the_advice_names_it<A: Api>() {
    let boomi = Emulator::start();
    let failure = failure(A::generate_jwt(&client::<A>(of(&boomi), [by_password(TWOFA)]), None, None));
    failure.assert(CredentialsRejected, &["two-factor", "needs one, or an API token"]);
    assert_eq!((failure.status, failure.sent, failure.retryable, failure.attempts), (401, true, false, 1));
}

fn a_callback_without_a_code_is_an_error_and_nothing_is_sent<A: Api>() {
    let boomi = Emulator::start();
    for answer in [None, Some("not a code"), Some("12\n34")] {
        let ask = Setting::OtpFn(Box::new(move || answer.map(str::to_owned)));
        let client = client::<A>(of(&boomi), [by_password(TWOFA), ask]);
        failure(A::generate_jwt(&client, None, None)).assert_unsent(Otp, &[]);
    }
    assert!(boomi.log().is_empty());
}

fn a_code_is_sent_once<A: Api>() {
    let boomi = Emulator::start();
    // Near the ends of a step no code is sent, and the deadline leaves no room to wait for the next.
    boomi.advance_clock((10 - boomi.now()).rem_euclid(30));
    let settings = [by_password(TWOFA), Setting::OtpSecret(TWOFA_SECRET.into()), Setting::TimeoutMs(4000)];
    let client = client::<A>(of(&boomi), settings);
    A::generate_jwt(&client, None, None).unwrap();
    let second = A::generate_jwt(&client, None, None);
    if let Err(failure) = second {
        failure.assert_unsent(Otp, &["sent before", "API token"]);
        assert!(failure.retryable && failure.retry_after_ms > 0, "{failure:?}");
        assert_eq!(sign_ins(&boomi).len(), 1);
    } else {
        // A step began in between.
        assert_eq!(sign_ins(&boomi).len(), 2);
    }
}

fn a_rejected_secret_says_what_to_do<A: Api>() {
    let boomi = Emulator::start();
    let page = "Settings > Account Information and Setup > Boomi Enterprise Platform API Tokens";
    for (wrong, words) in [
        (Setting::Credentials(Password, REGULAR.name, "wrong"), ["(SSO)", "need an API token"]),
        (Setting::Credentials(ApiToken, REGULAR.name, "wrong"), ["API token of user@example.com", "revoked"]),
        (by_password(SSO_USER), ["(SSO)", "need an API token"]),
    ] {
        let client = client::<A>(of(&boomi), [wrong]);
        let failure = failure(A::generate_jwt(&client, None, None));
        failure.assert(CredentialsRejected, &words);
        failure.assert(CredentialsRejected, &[page, "Username or password is incorrect"]);
        // The same out of an answer that is checked. The guard would hold it back for a minute.
        A::reset_guard(&client);
        let response = get::<A>(&client, AUDIT_LOG).unwrap();
        assert_eq!(response.status(), 401);
        response.check().unwrap_err().assert(CredentialsRejected, &words);
    }
}

fn a_token_elsewhere_and_a_closed_account_are_told_apart<A: Api>() {
    let boomi = Emulator::start();
    let bound = client::<A>(of(&boomi), [by_token(BOUND)]);
    A::generate_jwt(&bound, Some(ACCOUNT), None).unwrap();
    let elsewhere = failure(A::generate_jwt(&bound, Some(SUB_ACCOUNT), None));
    elsewhere.assert(PermissionDenied, &["belongs to the account it was made in"]);
    let closed = failure(A::generate_jwt(&regular::<A>(&boomi), Some(FOREIGN_ACCOUNT), None));
    closed.assert(PermissionDenied, &["not allowed", "privileges"]);
    assert!(!closed.message.contains("belongs to"), "{closed:?}");
    assert_eq!((elsewhere.status, closed.status), (403, 403));
}

fn what_is_no_jwt_is_no_token<A: Api>() {
    let boomi = Emulator::start();
    let client = regular::<A>(&boomi);
    for (content_type, body, words) in [
        ("text/html", "<!DOCTYPE html><title>Corporate sign-in</title>", "HTML page"),
        ("text/plain", "", "empty"),
        ("application/json", "{\"token\":\"a.b.c\"}", "JSON"),
        ("text/plain", "a.b", "no JWT"),
        ("text/plain", "YQ.YQ.YQ.YQ", "no JWT"),
    ] {
        boomi.answer_next(Scripted::new(200, content_type, body).on("/auth/"));
        let failure = failure(A::generate_jwt(&client, None, None));
        failure.assert(Protocol, &[words, ACCOUNT]);
        assert_eq!((failure.status, failure.sent), (200, true));
    }
    boomi.answer_next(Scripted::new(200, "text/plain", " \"eyJhIjoxfQ.e30.c2ln\"\r\n").on("/auth/"));
    assert_eq!(A::generate_jwt(&client, None, None).unwrap().jwt(), "eyJhIjoxfQ.e30.c2ln");
}
