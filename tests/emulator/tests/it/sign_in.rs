//! Who may sign in, with what, to which account; and who gets locked.

use boomi_emulator::users::{self, *};
use boomi_emulator::{Emulator, ErrorShape, Options, Outage, OutageKind, Scripted, User, UserStatus, one_time_code};

use crate::common::{Answer, Client, basic, status_of, with_password, with_token};

const RECORD: &str = "/api/rest/v1/account123/AuditLog/documentId-321";
const GENERATE: &str = "/auth/jwt/generate/account123";

fn get(client: &Client, path: &str, authorization: &str) -> Answer {
    client.get(path, &[("Authorization", authorization)])
}

fn get_with_code(client: &Client, path: &str, authorization: &str, code: &str) -> Answer {
    client.get(path, &[("Authorization", authorization), ("X-Boomi-OTP", code)])
}

#[test]
fn every_token_opens_its_account_on_every_route() {
    let boomi = Emulator::start_unlimited();
    let client = Client::of(&boomi);
    for user in [REGULAR, SSO_ADMIN, SSO_USER, TWOFA, BOUND, DOCUMENTED] {
        for path in [
            GENERATE,
            RECORD,
            "/api/rest/v1/account123/Deployment/documentId-321",
            "/partner/api/rest/v1/account123/AuditLog/documentId-321?overrideAccount=subaccount456",
        ] {
            assert_eq!(get(&client, path, &with_token(user)).status, 200, "{} {path}", user.name);
        }
    }
}

#[test]
fn passwords_are_for_those_who_may_use_them() {
    let boomi = Emulator::start_unlimited();
    let client = Client::of(&boomi);
    for path in [GENERATE, RECORD, "/api/rest/v1/subaccount456/Deployment/documentId-321"] {
        for user in [REGULAR, SSO_ADMIN, BOUND, DOCUMENTED] {
            assert_eq!(get(&client, path, &with_password(user)).status, 200, "{} {path}", user.name);
        }
        assert_eq!(get(&client, path, &with_password(SSO_USER)).status, 401);
        assert_eq!(get(&client, path, &with_password(TWOFA)).status, 401);
    }
    assert_eq!(status_of(&boomi, SSO_USER.name).total_rejections, 3);
}

#[test]
fn token_on_another_account_is_403_and_no_rejection() {
    let boomi = Emulator::start_unlimited();
    let client = Client::of(&boomi);
    for account in [SUB_ACCOUNT, FOREIGN_ACCOUNT] {
        for path in [format!("/auth/jwt/generate/{account}"), format!("/api/rest/v1/{account}/AuditLog/x")] {
            let answer = get(&client, &path, &with_token(BOUND));
            assert_eq!(answer.status, 403);
            assert!(answer.body.contains("<UserMessage id=\"error.user.auth\""), "{}", answer.body);
        }
    }
    assert_eq!(status_of(&boomi, BOUND.name).total_rejections, 0);
}

#[test]
fn a_password_does_not_open_a_foreign_account() {
    let boomi = Emulator::start_unlimited();
    let client = Client::of(&boomi);
    let answer = get(&client, "/api/rest/v1/account789/AuditLog/documentId-321", &with_password(REGULAR));
    assert_eq!(answer.status, 403);
    assert!(answer.body.contains("insufficient permissions"));
    assert_eq!(status_of(&boomi, REGULAR.name).total_rejections, 0);
}

#[test]
fn the_token_prefix_is_exact_and_comes_once() {
    let boomi = Emulator::start_unlimited();
    let client = Client::of(&boomi);
    for user in ["BOOMI_TOKEN.BOOMI_TOKEN.user@example.com", "boomi_token.user@example.com", "User@example.com"] {
        assert_eq!(get(&client, RECORD, &basic(user, REGULAR.token)).status, 401, "{user}");
    }
    assert_eq!(status_of(&boomi, REGULAR.name).total_rejections, 0, "these are names of nobody");
    // A token without the prefix is a wrong password, and a password with it is a wrong token.
    assert_eq!(get(&client, RECORD, &basic(REGULAR.name, REGULAR.token)).status, 401);
    assert_eq!(get(&client, RECORD, &basic("BOOMI_TOKEN.user@example.com", REGULAR.password)).status, 401);
    assert_eq!(status_of(&boomi, REGULAR.name).total_rejections, 2);
}

#[test]
fn no_credentials_and_unreadable_ones_count_for_nobody() {
    let boomi = Emulator::start_unlimited();
    let client = Client::of(&boomi);
    assert_eq!(client.get(RECORD, &[]).status, 401);
    for authorization in ["Basic", "Basic %%%", "Basic bm8tY29sb24=", "Bearer x.y.z", "Digest a=b"] {
        assert_eq!(get(&client, RECORD, authorization).status, 401, "{authorization}");
    }
    assert!(boomi.users().iter().all(|status| status.total_rejections == 0));
}

#[test]
fn the_sixth_bad_sign_in_in_a_row_locks_whatever_comes_after() {
    let boomi = Emulator::start_unlimited();
    let client = Client::of(&boomi);
    for n in 1..=6 {
        assert!(!status_of(&boomi, REGULAR.name).locked, "not before the sixth, this is number {n}");
        assert_eq!(get(&client, RECORD, &basic(REGULAR.name, "wrong")).status, 401);
    }
    assert!(status_of(&boomi, REGULAR.name).locked);
    assert_eq!(get(&client, RECORD, &with_password(REGULAR)).status, 401);
    assert_eq!(get(&client, GENERATE, &with_token(REGULAR)).status, 401);
    boomi.set_password(REGULAR.name, "new");
    assert_eq!(get(&client, RECORD, &basic(REGULAR.name, "new")).status, 401);
    assert_eq!(status_of(&boomi, REGULAR.name).consecutive_rejections, 9);
    assert_eq!(get(&client, RECORD, &with_token(SSO_ADMIN)).status, 200, "others are not touched");
    boomi.reset();
    assert_eq!(get(&client, RECORD, &with_password(REGULAR)).status, 200);
}

#[test]
fn a_good_sign_in_clears_the_count_but_not_the_total() {
    let boomi = Emulator::start_unlimited();
    let client = Client::of(&boomi);
    for _ in 0..3 {
        for _ in 0..5 {
            get(&client, RECORD, &basic("BOOMI_TOKEN.sso@example.com", "wrong"));
        }
        assert_eq!(get(&client, RECORD, &with_token(SSO_USER)).status, 200);
    }
    let status = status_of(&boomi, SSO_USER.name);
    assert_eq!((status.consecutive_rejections, status.total_rejections, status.locked), (0, 15, false));
}

#[test]
fn a_one_time_code_is_good_for_this_step_and_the_one_before() {
    let boomi = Emulator::start_unlimited();
    let client = Client::of(&boomi);
    let code = |at: i64| one_time_code(TWOFA_SECRET, at);
    // To the start of a step, so that the machine's clock cannot move it to the next one.
    boomi.advance_clock(30 - boomi.now().rem_euclid(30));
    let now = boomi.now();
    assert_eq!(get_with_code(&client, RECORD, &with_password(TWOFA), &code(now - 60)).status, 401);
    assert_eq!(get_with_code(&client, RECORD, &with_password(TWOFA), &code(now + 30)).status, 401);
    assert_eq!(get_with_code(&client, RECORD, &with_password(TWOFA), &code(now - 30)).status, 200);
    assert_eq!(get_with_code(&client, GENERATE, &with_password(TWOFA), &code(now)).status, 200);
    assert_eq!(status_of(&boomi, TWOFA.name).total_rejections, 2);
}

#[test]
fn a_one_time_code_is_good_once() {
    let boomi = Emulator::start_unlimited();
    let client = Client::of(&boomi);
    let code = one_time_code(TWOFA_SECRET, boomi.now());
    assert_eq!(get_with_code(&client, GENERATE, &with_password(TWOFA), &code).status, 200);
    assert_eq!(get_with_code(&client, GENERATE, &with_password(TWOFA), &code).status, 401);
    assert_eq!(get_with_code(&client, RECORD, &with_token(TWOFA), &code).status, 200, "no code counts beside a token");
    boomi.advance_clock(60);
    let spent = one_time_code(TWOFA_SECRET, boomi.now());
    assert_eq!(get_with_code(&client, RECORD, &basic(TWOFA.name, "wrong"), &spent).status, 401);
    assert_eq!(get_with_code(&client, RECORD, &with_password(TWOFA), &spent).status, 401, "spent by the bad sign-in");
    assert_eq!(status_of(&boomi, TWOFA.name).total_rejections, 3);
}

#[test]
fn the_status_tells_rows_acceptances_and_lock() {
    let boomi = Emulator::start_unlimited();
    let client = Client::of(&boomi);
    let (good, bad) = (with_password(REGULAR), basic(REGULAR.name, "wrong"));
    for authorization in [&bad, &bad, &bad, &good, &bad, &good] {
        get(&client, RECORD, authorization);
    }
    get(&client, "/api/rest/v1/account789/AuditLog/x", &good);
    let expected = UserStatus {
        user: REGULAR.name.into(),
        consecutive_rejections: 0,
        most_consecutive_rejections: 3,
        total_rejections: 4,
        accepted: 2,
        repeated_codes: 0,
        locked: false,
    };
    assert_eq!(status_of(&boomi, REGULAR.name), expected);
}

#[test]
fn repeated_code_is_counted_whatever_its_first_response() {
    let boomi = Emulator::start_unlimited();
    let client = Client::of(&boomi);
    let repeated = || status_of(&boomi, TWOFA.name).repeated_codes;
    let code = one_time_code(TWOFA_SECRET, boomi.now());
    boomi.set_outage(Some(Outage::new(OutageKind::Unavailable)));
    assert_eq!(get_with_code(&client, RECORD, &with_password(TWOFA), &code).status, 503);
    boomi.set_outage(None);
    assert_eq!(repeated(), 0);
    assert_eq!(get_with_code(&client, RECORD, &with_password(TWOFA), &code).status, 200, "nobody had judged it");
    assert_eq!(repeated(), 1);
    get_with_code(&client, RECORD, &with_token(TWOFA), &code);
    assert_eq!(repeated(), 2);
    get_with_code(&client, RECORD, &with_password(REGULAR), &code);
    assert_eq!((repeated(), status_of(&boomi, REGULAR.name).repeated_codes), (2, 0), "each user has their own");
}

#[test]
fn a_scripted_refusal_may_count_and_lock() {
    let boomi = Emulator::start_unlimited();
    let client = Client::of(&boomi);
    boomi.answer_next(Scripted::new(401, "", "").on("/auth/").for_ever().counts());
    boomi.answer_next(Scripted::from(ErrorShape::UserMessageLogin).on("/mdm/").for_ever().counts());
    boomi.answer_next(Scripted::new(401, "", "").on("/api/").for_ever());
    for path in [GENERATE, GENERATE, "/mdm/", RECORD, "/mdm/"] {
        assert!(matches!(get(&client, path, &with_token(REGULAR)).status, 401 | 403));
    }
    assert_eq!(status_of(&boomi, REGULAR.name).consecutive_rejections, 4, "not those of /api/");
    assert_eq!(client.get(GENERATE, &[]).status, 401, "nobody's");
    assert_eq!(get(&client, GENERATE, &basic("nobody@example.com", "x")).status, 401);
    for _ in 0..2 {
        assert!(!status_of(&boomi, REGULAR.name).locked);
        get(&client, GENERATE, &with_password(REGULAR));
    }
    assert!(status_of(&boomi, REGULAR.name).locked);
    boomi.clear_scripted();
    assert_eq!(get(&client, GENERATE, &with_token(REGULAR)).status, 401, "locked for good");
    assert_eq!(get(&client, GENERATE, &with_token(BOUND)).status, 200);
}

#[test]
fn a_counted_refusal_spends_the_code() {
    let boomi = Emulator::start_unlimited();
    let client = Client::of(&boomi);
    boomi.answer_next(Scripted::new(401, "", "").counts());
    let code = one_time_code(TWOFA_SECRET, boomi.now());
    assert_eq!(get_with_code(&client, RECORD, &with_password(TWOFA), &code).status, 401);
    assert_eq!(get_with_code(&client, RECORD, &with_password(TWOFA), &code).status, 401);
    assert_eq!(status_of(&boomi, TWOFA.name).total_rejections, 2);
}

#[test]
fn rotated_secrets_replace_the_old_ones_at_once() {
    let boomi = Emulator::start_unlimited();
    let client = Client::of(&boomi);
    boomi.set_password(REGULAR.name, "nëw");
    boomi.set_token(REGULAR.name, "new-token");
    assert_eq!(get(&client, RECORD, &with_password(REGULAR)).status, 401);
    assert_eq!(get(&client, RECORD, &with_token(REGULAR)).status, 401);
    assert_eq!(get(&client, RECORD, &basic(REGULAR.name, "nëw")).status, 200);
    assert_eq!(get(&client, RECORD, &basic("BOOMI_TOKEN.user@example.com", "new-token")).status, 200);
}

#[test]
fn an_account_id_is_matched_after_decoding() {
    let odd = User { accounts: vec!["a/b".into()], token_account: "a/b".into(), ..REGULAR.into() };
    let boomi = Emulator::start_with(Options { users: vec![odd], ..Options::unlimited() }).unwrap();
    let client = Client::of(&boomi);
    let answer = client.get(
        "/api/rest/v1/a%2Fb/AuditLog/documentId%2D321",
        &[("Authorization", &with_token(REGULAR)), ("Accept", "application/json")],
    );
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains(r#""accountId":"a/b""#), "{}", answer.body);
    assert_eq!(get(&client, "/auth/jwt/generate/a%2Fb", &with_password(REGULAR)).status, 200);
    assert_eq!(boomi.log()[0].path, "/api/rest/v1/a%2Fb/AuditLog/documentId%2D321");
}

#[test]
fn the_default_users_are_those_that_are_documented() {
    let names: Vec<String> = users::default_users().into_iter().map(|user| user.name).collect();
    let known = [REGULAR, SSO_ADMIN, SSO_USER, TWOFA, BOUND, DOCUMENTED].map(|user| user.name.to_owned());
    assert_eq!(names, known);
}
