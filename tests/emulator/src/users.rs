//! The users, and the judgement of one sign-in.

use crate::credentials::Presented;
use crate::otp;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// The primary account: every default user and every default token belongs to it.
pub const ACCOUNT: &str = "account123";
/// A sub-account, reached with the Partner API's `overrideAccount` or with a password.
pub const SUB_ACCOUNT: &str = "subaccount456";
/// Somebody else's account: nobody here may use it.
pub const FOREIGN_ACCOUNT: &str = "account789";

/// The one DataHub repository; it belongs to [`ACCOUNT`].
pub const REPOSITORY: &str = "repository-1";
/// The one universe in it.
pub const UNIVERSE: &str = "universe-1";
/// The Basic user of the repository: the account and the id of the repository's token. The plain [`ACCOUNT`] does too.
pub const HUB_USER: &str = "account123.repo-token-1";
/// The repository's Hub Authentication Token, its Basic password.
pub const HUB_TOKEN: &str = "hub-token-00000000-0001";
/// The environment token of Event Streams, sent as `Bearer`.
pub const EVENT_STREAMS_TOKEN: &str = "event-streams-token-00000000-0001";

/// What goes before the user name when an API token is the password.
pub const TOKEN_PREFIX: &str = "BOOMI_TOKEN.";

/// The base32 secret of [`TWOFA`]'s authenticator (the one of RFC 6238's examples).
pub const TWOFA_SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

/// How many bad sign-ins in a row lock a user, as documented. What counts over the API, over how long, and what clears
/// the count is \[U\]: here every refused sign-in of a known user counts for ever, and only a good one clears it.
pub const LOCKED_AFTER: u32 = 6;

/// Name, password and API token of a default user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// The login e-mail.
    pub name: &'static str,
    /// The right password, whether or not the user may sign in with it.
    pub password: &'static str,
    /// The right API token; it belongs to [`ACCOUNT`].
    pub token: &'static str,
}

/// A regular user: password or token. The password has a colon, blanks and a letter outside ASCII.
pub const REGULAR: Known = Known {
    name: "user@example.com",
    password: "pass:wörd with spaces",
    token: "11111111-aaaa-4bbb-8ccc-000000000001",
};
/// A single sign-on administrator: password or token.
pub const SSO_ADMIN: Known =
    Known { name: "admin@example.com", password: "admin-password", token: "11111111-aaaa-4bbb-8ccc-000000000002" };
/// A single sign-on user without administrator rights: token only, the right password is refused.
pub const SSO_USER: Known =
    Known { name: "sso@example.com", password: "sso-password", token: "11111111-aaaa-4bbb-8ccc-000000000003" };
/// A user with two-factor authentication: password and a code of [`TWOFA_SECRET`], or the token alone.
pub const TWOFA: Known =
    Known { name: "twofa@example.com", password: "twofa-password", token: "11111111-aaaa-4bbb-8ccc-000000000004" };
/// The user to show with that a token works in the account it was made in, and nowhere else.
pub const BOUND: Known =
    Known { name: "bound@example.com", password: "bound-password", token: "11111111-aaaa-4bbb-8ccc-000000000005" };
/// The user and token of the documentation's curl example (the password is ours).
pub const DOCUMENTED: Known =
    Known { name: "user@boomi.com", password: "documented-password", token: "123aab45-67b8-9012-3a45-67c8e9e01e23" };

/// A user as the emulator starts with it. In JSON only `name` is required.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The login e-mail; compared exactly (whether Boomi ignores case is \[U\]: the strict reading).
    pub name: String,
    /// The password, if there is one.
    #[serde(default)]
    pub password: Option<String>,
    /// The API token, if there is one.
    #[serde(default)]
    pub token: Option<String>,
    /// False for single sign-on users who are no administrators: the right password is refused. Default true.
    #[serde(default = "yes")]
    pub password_sign_in: bool,
    /// The base32 secret of a user with two-factor authentication.
    #[serde(default)]
    pub otp_secret: Option<String>,
    /// The accounts the password opens. Default [`ACCOUNT`] and [`SUB_ACCOUNT`].
    #[serde(default = "password_accounts")]
    pub accounts: Vec<String>,
    /// The one account the token opens. Default [`ACCOUNT`].
    #[serde(default = "token_account")]
    pub token_account: String,
}

fn yes() -> bool {
    true
}

fn password_accounts() -> Vec<String> {
    vec![ACCOUNT.into(), SUB_ACCOUNT.into()]
}

fn token_account() -> String {
    ACCOUNT.into()
}

impl From<Known> for User {
    fn from(known: Known) -> User {
        User {
            name: known.name.into(),
            password: Some(known.password.into()),
            token: Some(known.token.into()),
            password_sign_in: true,
            otp_secret: None,
            accounts: password_accounts(),
            token_account: token_account(),
        }
    }
}

/// The users the emulator starts with unless told otherwise.
pub fn default_users() -> Vec<User> {
    vec![
        REGULAR.into(),
        SSO_ADMIN.into(),
        User { password_sign_in: false, ..SSO_USER.into() },
        User { otp_secret: Some(TWOFA_SECRET.into()), ..TWOFA.into() },
        BOUND.into(),
        DOCUMENTED.into(),
    ]
}

/// What the server counts about a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserStatus {
    /// The login e-mail.
    pub user: String,
    /// Bad sign-ins since the last good one.
    pub consecutive_rejections: u32,
    /// The most there were in a row since the start (or the last reset).
    pub most_consecutive_rejections: u32,
    /// Bad sign-ins since the start (or the last reset).
    pub total_rejections: u32,
    /// Good sign-ins since the start (or the last reset). One to an account the user may not use is neither.
    pub accepted: u32,
    /// How often a one-time code came that had come before: right or wrong, judged or not.
    pub repeated_codes: u32,
    /// Locked: every sign-in is refused.
    pub locked: bool,
}

/// Why a sign-in was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Nobody, or not with this secret.
    BadCredentials,
    /// A good token on an account it does not belong to.
    TokenElsewhere,
    /// A good password (or JWT) on an account the user may not use.
    Forbidden,
}

/// What came in a Basic header, with the code of `X-Boomi-OTP` if that came too.
pub(crate) struct SignIn<'a> {
    pub user: &'a str,
    pub secret: &'a str,
    pub code: Option<&'a str>,
    pub account: &'a str,
}

/// All users with their counts.
pub(crate) struct Users(Vec<Seat>);

struct Seat {
    user: User,
    status: UserStatus,
    spent_steps: Vec<i64>,
    seen_codes: HashSet<String>,
}

impl Users {
    pub(crate) fn new(users: &[User]) -> Users {
        Users(users.iter().cloned().map(Seat::new).collect())
    }

    /// Judges one sign-in and counts it. On success, the user's login e-mail.
    pub(crate) fn sign_in(&mut self, sign_in: &SignIn, now: i64) -> Result<String, Refusal> {
        let (login, by_token) = login_of(sign_in.user);
        // A name nobody has: refused, and there is nobody to count it for.
        let seat = self.seat(login).ok_or(Refusal::BadCredentials)?;
        if !seat.knows(sign_in, by_token, now) || seat.status.locked {
            seat.reject();
            return Err(Refusal::BadCredentials);
        }
        // [U] whether a right secret on the wrong account counts: it neither adds to the count nor clears it.
        if by_token && seat.user.token_account != sign_in.account {
            return Err(Refusal::TokenElsewhere);
        }
        if !by_token && !seat.user.accounts.iter().any(|account| account == sign_in.account) {
            return Err(Refusal::Forbidden);
        }
        seat.status.consecutive_rejections = 0;
        seat.status.accepted += 1;
        Ok(seat.user.name.clone())
    }

    /// Counts a bad sign-in of the user whose credentials came, whatever they are; its code is spent.
    pub(crate) fn reject(&mut self, presented: &Presented, now: i64) {
        let Some(basic) = &presented.basic else { return };
        let (login, by_token) = login_of(&basic.user);
        if let Some(seat) = self.seat(login) {
            if !by_token {
                seat.spend_code(presented.otp.as_deref(), now);
            }
            seat.reject();
        }
    }

    /// Remembers that a code came.
    pub(crate) fn see_code(&mut self, presented: &Presented) {
        if let (Some(basic), Some(code)) = (&presented.basic, &presented.otp)
            && let Some(seat) = self.seat(login_of(&basic.user).0)
            && !seat.seen_codes.insert(code.clone())
        {
            seat.status.repeated_codes += 1;
        }
    }

    pub(crate) fn status(&self) -> Vec<UserStatus> {
        self.0.iter().map(|seat| seat.status.clone()).collect()
    }

    /// Changes the password; false if there is no such user. A locked user stays locked: Boomi unlocks through its
    /// reset mail, which a change made elsewhere is not.
    pub(crate) fn set_password(&mut self, user: &str, password: &str) -> bool {
        self.seat(user).map(|seat| seat.user.password = Some(password.into())).is_some()
    }

    /// Replaces the API token; false if there is no such user.
    pub(crate) fn set_token(&mut self, user: &str, token: &str) -> bool {
        self.seat(user).map(|seat| seat.user.token = Some(token.into())).is_some()
    }

    pub(crate) fn has(&self, user: &str) -> bool {
        self.0.iter().any(|seat| seat.user.name == user)
    }

    fn seat(&mut self, user: &str) -> Option<&mut Seat> {
        self.0.iter_mut().find(|seat| seat.user.name == user)
    }
}

/// The login e-mail in a Basic user name, and whether an API token is the password.
fn login_of(user: &str) -> (&str, bool) {
    match user.strip_prefix(TOKEN_PREFIX) {
        Some(login) => (login, true),
        None => (user, false),
    }
}

impl Seat {
    fn new(user: User) -> Seat {
        let status = UserStatus {
            user: user.name.clone(),
            consecutive_rejections: 0,
            most_consecutive_rejections: 0,
            total_rejections: 0,
            accepted: 0,
            repeated_codes: 0,
            locked: false,
        };
        Seat { user, status, spent_steps: Vec::new(), seen_codes: HashSet::new() }
    }

    fn knows(&mut self, sign_in: &SignIn, by_token: bool, now: i64) -> bool {
        if by_token {
            return self.user.token.as_deref() == Some(sign_in.secret);
        }
        // [U] whether a code is spent when the password is wrong: here it is, so a client must never send one twice.
        let code_is_good = self.spend_code(sign_in.code, now);
        code_is_good && self.user.password_sign_in && self.user.password.as_deref() == Some(sign_in.secret)
    }

    /// True if no code is needed, or a good one came for the first time. \[U\] what a missing, wrong or repeated code
    /// is answered with: here it is a bad sign-in like any other (401, counted), and "one-time use" is enforced.
    fn spend_code(&mut self, code: Option<&str>, now: i64) -> bool {
        let Some(secret) = &self.user.otp_secret else {
            return true;
        };
        let Some(step) = code.and_then(|code| otp::matching_step(secret, code, now)) else {
            return false;
        };
        let fresh = !self.spent_steps.contains(&step);
        self.spent_steps.push(step);
        fresh
    }

    fn reject(&mut self) {
        self.status.consecutive_rejections += 1;
        self.status.total_rejections += 1;
        let row = self.status.consecutive_rejections;
        self.status.most_consecutive_rejections = self.status.most_consecutive_rejections.max(row);
        if self.status.consecutive_rejections >= LOCKED_AFTER {
            self.status.locked = true;
        }
    }
}
