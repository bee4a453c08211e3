//! All kinds of users times all routes, as data.

use boomi_auth::{AuthScheme, Call, ClientBuilder, Credentials, Error, ErrorKind};
use boomi_emulator::Emulator;
use boomi_emulator::users::{ACCOUNT, BOUND, REGULAR, SSO_ADMIN, SSO_USER, SUB_ACCOUNT, TWOFA, TWOFA_SECRET};

use crate::common::{self, by_password, by_token};

/// Where a user wants to go.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Route {
    JwtExchange,
    PlatformAuditLog,
    PlatformDeployment,
    PartnerAuditLog,
    GraphqlWithJwt,
}

impl Route {
    pub const ALL: [Route; 5] = [
        Route::JwtExchange,
        Route::PlatformAuditLog,
        Route::PlatformDeployment,
        Route::PartnerAuditLog,
        Route::GraphqlWithJwt,
    ];

    fn take(self, client: &boomi_auth::Client, call: &Call) -> Result<(), Error> {
        let request = match self {
            Route::JwtExchange => return client.generate_jwt(None, Some(call)).map(drop),
            Route::PlatformAuditLog => client.get(common::AUDIT_LOG),
            Route::PlatformDeployment => client.get(common::DEPLOYMENT),
            Route::PartnerAuditLog => client.get(common::PARTNER_AUDIT_LOG).query("overrideAccount", SUB_ACCOUNT),
            Route::GraphqlWithJwt => client.post("/graphql").body(common::GRAPHQL_QUERY).auth(AuthScheme::Jwt),
        };
        request.call(call).send()?.check().map(drop)
    }
}

/// How a user proves to be who it is.
enum Code {
    None,
    /// The client has the secret.
    OfSecret,
    /// The user types it.
    Typed,
}

/// What becomes of all five routes.
#[derive(Clone, Copy)]
enum Outcome {
    Open,
    /// 401.
    Rejected,
    /// 403.
    Forbidden,
}

struct Row {
    user: &'static str,
    credentials: Credentials,
    code: Code,
    account: &'static str,
    outcome: Outcome,
}

fn rows() -> Vec<Row> {
    use Outcome::{Forbidden, Open, Rejected};
    let row = |user, credentials, code, account, outcome| Row { user, credentials, code, account, outcome };
    vec![
        row("regular, password", by_password(REGULAR), Code::None, ACCOUNT, Open),
        row("regular, token", by_token(REGULAR), Code::None, ACCOUNT, Open),
        row("SSO administrator, password", by_password(SSO_ADMIN), Code::None, ACCOUNT, Open),
        row("SSO administrator, token", by_token(SSO_ADMIN), Code::None, ACCOUNT, Open),
        row("SSO non-admin, password", by_password(SSO_USER), Code::None, ACCOUNT, Rejected),
        row("SSO non-admin, token", by_token(SSO_USER), Code::None, ACCOUNT, Open),
        row("2FA, password and code of the secret", by_password(TWOFA), Code::OfSecret, ACCOUNT, Open),
        row("2FA, password and typed code", by_password(TWOFA), Code::Typed, ACCOUNT, Open),
        row("2FA, password without code", by_password(TWOFA), Code::None, ACCOUNT, Rejected),
        row("2FA, token without code", by_token(TWOFA), Code::None, ACCOUNT, Open),
        row("bound token, its account", by_token(BOUND), Code::None, ACCOUNT, Open),
        row("bound token, another account", by_token(BOUND), Code::None, SUB_ACCOUNT, Forbidden),
        row("bound user's password, another account", by_password(BOUND), Code::None, SUB_ACCOUNT, Open),
    ]
}

/// Takes one user along one route; what else the server saw of a code is checked here too.
fn outcome(boomi: &Emulator, row: &Row, route: Route, cell: i64) -> Result<(), Error> {
    // A code is good once, so each cell of the table has minutes of its own.
    boomi.reset();
    boomi.advance_clock(60 * cell);
    common::to_the_middle_of_a_step(boomi);
    let builder: ClientBuilder = common::builder(boomi).credentials(row.credentials.clone()).account_id(row.account);
    let mut call = Call::new();
    let builder = match row.code {
        Code::None => builder,
        Code::OfSecret => builder.otp_secret(TWOFA_SECRET),
        Code::Typed => {
            call.set_otp(&boomi_emulator::one_time_code(TWOFA_SECRET, boomi.now())).unwrap();
            builder
        }
    };
    let client = builder.build().unwrap();
    // What one cell rejects, the guard would hold in the next.
    client.reset_guard();
    let result = route.take(&client, &call);
    // Before the first code of a secret, the server is asked what time it is.
    let log: Vec<_> = boomi.log().into_iter().filter(|entry| entry.path != "/").collect();
    let expected_schemes: &[&str] = match (route, &result) {
        (Route::GraphqlWithJwt, Ok(())) => &["Basic", "Bearer"],
        _ => &["Basic"],
    };
    let schemes: Vec<_> = log.iter().map(|entry| entry.scheme.as_deref().unwrap_or_default()).collect();
    assert_eq!(schemes, expected_schemes, "{} {route:?}", row.user);
    assert_eq!(log[0].otp, !matches!(row.code, Code::None), "{} {route:?}", row.user);
    result
}

pub fn all_users_take_all_routes(boomi: &Emulator) {
    let mut cells = 1..;
    for row in rows() {
        for route in Route::ALL {
            let found =
                outcome(boomi, &row, route, cells.next().unwrap()).map_err(|error| (error.kind(), error.status()));
            let expected = match row.outcome {
                Outcome::Open => Ok(()),
                Outcome::Rejected => Err((ErrorKind::CredentialsRejected, Some(401))),
                Outcome::Forbidden => Err((ErrorKind::PermissionDenied, Some(403))),
            };
            assert_eq!(found, expected, "{}, {route:?}", row.user);
        }
    }
}
