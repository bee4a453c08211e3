//! Boomi's page "Platform API and Partner API authentication", sentence by sentence: each is quoted above its test.

#[cfg(unix)]
mod curl;
mod table;

use boomi_auth::{AuthScheme, Call, CredentialKind, Credentials, ErrorKind, auth_header, auth_username};
use boomi_emulator::users::{
    ACCOUNT, BOUND, DOCUMENTED, REGULAR, SSO_ADMIN, SSO_USER, SUB_ACCOUNT, TWOFA, TWOFA_SECRET,
};
use boomi_emulator::{Emulator, ErrorShape, Scripted, one_time_code};

use crate::common::{
    self, AUDIT_LOG, DEPLOYMENT, GRAPHQL_QUERY, PARTNER_AUDIT_LOG, assert_says, by_password, by_token, client,
    status_of,
};

/// "Review the different authentication methods that users can employ to successfully make calls to the Boomi
/// Enterprise Platform API and Boomi Enterprise Platform Partner API."
#[test]
fn every_kind_of_user_takes_every_route_or_is_told_why_not() {
    table::all_users_take_all_routes(&Emulator::start());
}

/// "Single sign-on (SSO) Administration users and regular users (non-SSO) can authenticate calls to the Boomi
/// Enterprise Platform and Partner APIs using their user name and password credentials in a Basic Auth type
/// authorization."
#[test]
fn administrators_and_regular_users_sign_in_with_passwords() {
    let boomi = Emulator::start();
    for user in [SSO_ADMIN, REGULAR] {
        let client = client(&boomi, by_password(user));
        assert_eq!([AUDIT_LOG, PARTNER_AUDIT_LOG].map(|path| status_of(&client, path)), [200, 200]);
        for entry in boomi.log() {
            assert_eq!((entry.scheme.as_deref(), entry.user.as_deref()), (Some("Basic"), Some(user.name)));
        }
        boomi.clear_log();
    }
}

/// "If single sign-on (SSO) users do not have Administrator privileges, they must use API tokens to authenticate any
/// Boomi Enterprise Platform or Partner API calls."
#[test]
fn other_single_sign_on_users_need_tokens_and_are_told_so() {
    let boomi = Emulator::start();
    for path in [AUDIT_LOG, PARTNER_AUDIT_LOG] {
        let sso = client(&boomi, by_password(SSO_USER));
        // The second try would be held back.
        sso.reset_guard();
        let error = sso.get(path).send().unwrap().error().unwrap();
        assert_eq!((error.kind(), error.status()), (ErrorKind::CredentialsRejected, Some(401)));
        assert_says(&error, &["(SSO)", "not administrators", "need an API token"]);
        assert_eq!(status_of(&client(&boomi, by_token(SSO_USER)), path), 200);
    }
}

/// "Similarly, users that enable two-factor authentication (2FA) on their accounts can authenticate their API calls
/// using a single API token rather than manually entering individual authentication codes per API call."
#[test]
fn one_token_serves_many_calls_of_a_user_with_two_factors() {
    let boomi = Emulator::start();
    // The secret is there, and no code goes out all the same.
    let client = common::builder(&boomi).credentials(by_token(TWOFA)).otp_secret(TWOFA_SECRET).build().unwrap();
    for _ in 0..3 {
        assert_eq!(status_of(&client, AUDIT_LOG), 200);
    }
    assert!(boomi.log().iter().all(|entry| !entry.otp));
}

/// "Regular non-SSO users and administrators who use SSO can also use API tokens to authenticate their APIs."
#[test]
fn whoever_may_use_a_password_may_use_a_token() {
    let boomi = Emulator::start();
    for user in [REGULAR, SSO_ADMIN] {
        let client = client(&boomi, by_token(user));
        assert_eq!([AUDIT_LOG, DEPLOYMENT, PARTNER_AUDIT_LOG].map(|path| status_of(&client, path)), [200; 3]);
    }
}

/// "They must follow the same instructions for using the token's value in the request header described below."
#[test]
fn a_token_is_sent_the_same_way_for_every_user() {
    let boomi = Emulator::start();
    for user in [REGULAR, SSO_ADMIN, SSO_USER, TWOFA, BOUND] {
        assert_eq!(status_of(&client(&boomi, by_token(user)), AUDIT_LOG), 200);
        let entry = boomi.log().pop().unwrap();
        assert_eq!(entry.user, Some(format!("BOOMI_TOKEN.{}", user.name)));
        assert_eq!((entry.scheme.as_deref(), entry.otp), (Some("Basic"), false));
    }
}

/// "For instance, use the API token feature if the user wants to limit API calls to a specific account."
#[test]
fn a_token_opens_its_own_account_only() {
    let boomi = Emulator::start();
    let with_token = client(&boomi, by_token(BOUND));
    assert_eq!(status_of(&with_token, AUDIT_LOG), 200);
    let error = with_token.get(AUDIT_LOG).account_id(SUB_ACCOUNT).send().unwrap().check().unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::PermissionDenied, Some(403)));
    assert_says(&error, &["belongs to the account it was made in"]);
    let with_password = client(&boomi, by_password(BOUND));
    assert_eq!(with_password.get(AUDIT_LOG).account_id(SUB_ACCOUNT).send().unwrap().status(), 200);
}

/// "Users generate API tokens for their account from the Settings > Account Information and Setup > Boomi Enterprise
/// Platform API Tokens page and use the token's value in place of a password:"
#[test]
fn rejected_secret_names_the_page_that_makes_tokens() {
    let boomi = Emulator::start();
    let page = "Settings > Account Information and Setup > Boomi Enterprise Platform API Tokens";
    for wrong in [Credentials::password(REGULAR.name, "wrong"), Credentials::api_token(REGULAR.name, "wrong")] {
        let error = client(&boomi, wrong.unwrap()).generate_jwt(None, None).unwrap_err();
        assert_says(&error, &[page]);
    }
}

/// "When making manual calls to the Boomi Enterprise Platform or Partner APIs, users must enter the API token value
/// within the password field of a Basic Auth type authorization."
#[test]
fn for_a_manual_call_the_token_stands_where_the_password_would() {
    let boomi = Emulator::start();
    let username = auth_username(CredentialKind::ApiToken, REGULAR.name).unwrap();
    // What a person enters into a tool's two fields; the tool knows nothing of tokens.
    let entered = Credentials::password(&username, REGULAR.token).unwrap();
    let client = client(&boomi, entered);
    assert_eq!([AUDIT_LOG, PARTNER_AUDIT_LOG].map(|path| status_of(&client, path)), [200, 200]);
}

/// "In addition, the user name value must be the Boomi Enterprise Platform user name authenticating the request and be
/// in the form of BOOMI_TOKEN.<username>."
#[test]
fn the_user_name_has_the_prefix_once() {
    for kind in [CredentialKind::ApiToken, CredentialKind::Password] {
        assert_eq!(auth_username(kind, "BOOMI_TOKEN.user@boomi.com").unwrap(), "BOOMI_TOKEN.user@boomi.com");
    }
    assert_eq!(auth_username(CredentialKind::ApiToken, "user@boomi.com").unwrap(), "BOOMI_TOKEN.user@boomi.com");
    // The right token under another user's name opens nothing.
    let boomi = Emulator::start();
    let anothers = Credentials::api_token(SSO_ADMIN.name, REGULAR.token).unwrap();
    assert_eq!(status_of(&client(&boomi, anothers), AUDIT_LOG), 401);
}

/// "When making automatic calls to the Boomi Enterprise Platform or Partner APIs, users must replace the
/// <username:password> value in the Basic Auth header with BOOMI_TOKEN.<username>:<token_value>."
#[test]
fn the_header_is_the_documented_one() {
    let vectors = [
        ("user@example.com", "api-tok", "Basic Qk9PTUlfVE9LRU4udXNlckBleGFtcGxlLmNvbTphcGktdG9r"),
        (
            "user@boomi.com",
            "123aab45-67b8-9012-3a45-67c8e9e01e23",
            "Basic Qk9PTUlfVE9LRU4udXNlckBib29taS5jb206MTIzYWFiNDUtNjdiOC05MDEyLTNhNDUtNjdjOGU5ZTAxZTIz",
        ),
    ];
    for (username, token, header) in vectors {
        let prefixed = format!("BOOMI_TOKEN.{username}");
        for (kind, name) in [
            (CredentialKind::ApiToken, username),
            (CredentialKind::ApiToken, prefixed.as_str()),
            (CredentialKind::Password, prefixed.as_str()),
        ] {
            assert_eq!(auth_header(kind, name, token).unwrap().expose(), header);
        }
    }
}

/// "For example, the following shows a user using an API token to authenticate a GET request made to the Audit Log
/// object: curl --user "BOOMI_TOKEN.user@boomi.com:123aab45-67b8-9012-3a45-67c8e9e01e23" --request GET
/// 'https://api.boomi.com/api/rest/v1/account123/AuditLog/documentId-321'"
#[cfg(unix)]
#[test]
fn the_documented_curl_command_sends_what_this_client_sends() {
    let boomi = Emulator::start();
    let from_curl = curl::run_the_documented_command(&boomi);
    assert_eq!(status_of(&client(&boomi, by_token(DOCUMENTED)), AUDIT_LOG), 200);
    let from_us = boomi.log().pop().unwrap();
    assert_eq!(from_curl.status, 200);
    assert!(from_curl.authorization_id.is_some());
    assert_eq!(
        (from_us.method, from_us.path, from_us.authorization_id),
        (from_curl.method, from_curl.path, from_curl.authorization_id)
    );
}

/// "https://api.boomi.com/api/rest/v1/{YOUR_ACCOUNT_ID}/Deployment/XXXXX"
#[test]
fn the_account_id_and_the_record_stand_in_the_path() {
    let boomi = Emulator::start();
    let client = client(&boomi, by_token(REGULAR));
    assert_eq!(status_of(&client, DEPLOYMENT), 200);
    assert_eq!(boomi.log()[0].path, "/api/rest/v1/account123/Deployment/documentId-321");
    // As an absolute URL too, as long as it is on the client's own origin.
    assert_eq!(status_of(&client, &format!("{}{DEPLOYMENT}", boomi.base_url())), 200);
    let error = client.get("https://api.boomi.com/api/rest/v1/{accountId}/Deployment/XXXXX").send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert_eq!(boomi.log().len(), 2);
}

/// "For more information about API tokens and how to add them to your account, refer to the topics API Tokens and
/// Adding new API Tokens on a user account."
#[test]
fn a_new_token_replaces_the_old_one() {
    let boomi = Emulator::start();
    boomi.set_token(REGULAR.name, "22222222-bbbb-4ccc-8ddd-000000000001");
    assert_eq!(status_of(&client(&boomi, by_token(REGULAR)), AUDIT_LOG), 401);
    let new = Credentials::api_token(REGULAR.name, "22222222-bbbb-4ccc-8ddd-000000000001").unwrap();
    assert_eq!(status_of(&client(&boomi, new), AUDIT_LOG), 200);
}

/// "As described in the previous section, you can generate and use an API token to make calls from accounts enabled
/// with 2FA."
#[test]
fn a_token_needs_no_second_factor() {
    let boomi = Emulator::start();
    let client = client(&boomi, by_token(TWOFA));
    assert_eq!(status_of(&client, AUDIT_LOG), 200);
    client.generate_jwt(None, None).unwrap();
    assert!(boomi.log().iter().all(|entry| !entry.otp && entry.status == 200));
}

/// "For any calls that you wish to automate, encourages you to use API tokens."
#[test]
fn an_automated_password_user_is_pointed_to_tokens() {
    let boomi = Emulator::start();
    let error = client(&boomi, by_password(TWOFA)).generate_jwt(None, None).unwrap_err();
    assert_says(&error, &["two-factor", "needs one, or an API token"]);
}

/// "In some cases, however, you may be making less frequent, ad-hoc calls and do not require the automation benefits
/// that a token provides."
#[test]
fn a_typed_code_is_for_one_call() {
    let boomi = Emulator::start();
    let client = client(&boomi, by_password(TWOFA));
    let mut call = Call::new();
    call.set_otp(&one_time_code(TWOFA_SECRET, boomi.now())).unwrap();
    let statuses = [(); 2].map(|()| client.get(AUDIT_LOG).call(&call).send().unwrap().status());
    assert_eq!(statuses, [200, 401]);
    assert_eq!(boomi.log().iter().map(|entry| entry.otp).collect::<Vec<_>>(), [true, false]);
}

/// "For such calls, simply include X-Boomi-OTP as an HTTP header and set the time-based one-time password (TOTP)
/// authentication code as its value."
#[test]
fn the_code_goes_into_its_header() {
    let boomi = Emulator::start();
    let client = common::builder(&boomi).credentials(by_password(TWOFA)).otp_secret(TWOFA_SECRET).build().unwrap();
    assert_eq!(status_of(&client, AUDIT_LOG), 200);
    let entry = boomi.log().pop().unwrap();
    assert_eq!(entry.headers.iter().filter(|name| *name == "x-boomi-otp").count(), 1);
    assert_eq!((entry.user.as_deref(), entry.status), (Some(TWOFA.name), 200));
}

/// "For more information about 2FA, refer to the topic Two-factor authentication and all related subtopics."
#[test]
fn a_wrong_code_is_rejected_and_the_advice_names_the_code() {
    let boomi = Emulator::start();
    let mut call = Call::new();
    call.set_otp("not1code").unwrap();
    let error = client(&boomi, by_password(TWOFA)).generate_jwt(None, Some(&call)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CredentialsRejected);
    assert_says(&error, &["one-time code", "clock"]);
}

/// "You can generate a JWT token to use JWT to authenticate calls to certain Boomi Enterprise Platform APIs, the Master
/// Data Hub Repository API, and GraphQL APIs."
#[test]
fn a_jwt_opens_certain_platform_apis_the_data_hub_and_graphql() {
    let boomi = Emulator::start();
    let client = client(&boomi, by_password(REGULAR));
    // What a repository holds is not emulated; that the JWT gets there is.
    let repository = "/mdm/universes/universe-1/records";
    boomi.answer_next(Scripted::new(200, "application/xml", "<RecordQueryResponse/>").on(repository));
    let statuses = [client.get(DEPLOYMENT), client.get(repository), client.post("/graphql").body(GRAPHQL_QUERY)]
        .map(|request| request.auth(AuthScheme::Jwt).send().unwrap().check().unwrap().status());
    assert_eq!(statuses, [200; 3]);
    let log = boomi.log();
    let schemes: Vec<_> = log.iter().map(|entry| entry.scheme.as_deref().unwrap()).collect();
    assert_eq!(schemes, ["Basic", "Bearer", "Bearer", "Bearer"]);
    // "Certain": the others refuse it.
    let refused = client.get(AUDIT_LOG).auth(AuthScheme::Jwt).send().unwrap().error().unwrap();
    assert_says(&refused, &["JWT was refused", "takes Basic only"]);
}

/// "To generate a JWT token, you must use HTTP Basic authentication and provide your Boomi Enterprise Platform account
/// username and poassword in a GET request to the Boomi Enterprise Platform API."
#[test]
fn a_jwt_is_asked_for_with_basic_in_a_get() {
    let boomi = Emulator::start();
    client(&boomi, by_password(REGULAR)).generate_jwt(None, None).unwrap();
    let entry = boomi.log().pop().unwrap();
    assert_eq!((entry.method.as_str(), entry.scheme.as_deref()), ("GET", Some("Basic")));
    assert_eq!(entry.user.as_deref(), Some(REGULAR.name));
}

/// "Send a GET request to https://api.boomi.com/auth/jwt/generate/{accountId}, where {accountId} is the ID of the
/// authenticating accout for the request."
#[test]
fn the_exchange_is_at_its_path_with_the_account() {
    let boomi = Emulator::start();
    let client = client(&boomi, by_password(REGULAR));
    for (given, account) in [(None, ACCOUNT), (Some(SUB_ACCOUNT), SUB_ACCOUNT)] {
        assert_eq!(client.generate_jwt(given, None).unwrap().account_id(), account);
        assert_eq!(boomi.log().pop().unwrap().path, format!("/auth/jwt/generate/{account}"));
    }
    assert_eq!(boomi.log()[0].accept.as_deref(), Some("text/plain, */*"));
    assert_eq!(boomi_auth::BASE_URL_US, "https://api.boomi.com");
}

/// "You can obtain your Enterprise Platform account information in Settings > User Information > Account Information."
#[test]
fn a_missing_account_id_is_answered_with_the_page_that_shows_it() {
    let client = boomi_auth::Client::builder().credentials(by_password(REGULAR)).proxy("").build().unwrap();
    let error = client.generate_jwt(None, None).unwrap_err();
    assert_eq!((error.kind(), error.was_sent()), (ErrorKind::Config, false));
    assert_says(&error, &["Settings > User Information > Account Information"]);
}

/// "JWT tokens expire after 5 minutes."
#[test]
fn a_jwt_lives_five_minutes() {
    let boomi = Emulator::start();
    let token = client(&boomi, by_password(REGULAR)).generate_jwt(None, None).unwrap();
    // The server counts whole seconds: one may pass while the answer is on its way.
    let lifetime = token.expires_at() - token.issued_at();
    assert!((299..=301).contains(&lifetime), "{lifetime} s");
}

/// "If you make a request with an expired token, you will receive a 401 error."
#[test]
fn a_jwt_that_outlived_its_time_gets_its_401() {
    let boomi = Emulator::start();
    let client = client(&boomi, by_password(REGULAR));
    let token = client.generate_jwt(None, None).unwrap();
    let ask = || {
        let request = client.get(DEPLOYMENT).auth(AuthScheme::None).header("Authorization", token.header());
        request.send().unwrap()
    };
    assert_eq!(ask().status(), 200);
    boomi.advance_clock(301);
    let error = ask().check().unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::CredentialsRejected, Some(401)));
    // The client's own is replaced, although its clock did not move, and the request sent once more.
    boomi.reset();
    client.token().unwrap();
    boomi.advance_clock(301);
    let response = client.get(DEPLOYMENT).auth(AuthScheme::Jwt).send().unwrap();
    assert_eq!((response.status(), response.attempts()), (200, 2));
    // Refused again, it is not the token's fault.
    boomi.answer_next(Scripted::from(ErrorShape::RestDocJson).status(401).on("/api/").for_ever());
    let error = client.get(DEPLOYMENT).auth(AuthScheme::Jwt).send().unwrap().check().unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::CredentialsRejected, Some(401)));
    assert_says(&error, &["may have expired", "five minutes", "takes Basic only"]);
}
