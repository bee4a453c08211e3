//! A JWT that an API refuses: replaced once, and sent once more.

use std::collections::HashSet;

use boomi_auth::{AuthScheme, Client, ErrorKind, Response};
use boomi_emulator::users::REGULAR;
use boomi_emulator::{Delay, Emulator, GraphqlRefusal, Options, Scripted};

use crate::common::{self, DEPLOYMENT, GRAPHQL_QUERY, assert_says, by_password};
use crate::load::{at_once, exchanges, status};

/// Longer than a JWT lives. The client's own clock does not move, so to the client its token is fresh.
const A_LIFETIME: i64 = 301;
const THREADS: usize = 32;

fn by_jwt(client: &Client) -> Response {
    client.get(DEPLOYMENT).auth(AuthScheme::Jwt).send().unwrap()
}

fn graphql(client: &Client) -> Response {
    client.post("/graphql").body(GRAPHQL_QUERY).send().unwrap()
}

#[test]
fn a_jwt_that_died_early_is_replaced_and_the_request_sent_again() {
    let graphql_says = |graphql_refusal| Options { graphql_refusal, ..Options::unlimited() };
    type Send = fn(&Client) -> Response;
    let cases: [(Options, Send); 3] = [
        (Options::default(), by_jwt),
        (graphql_says(GraphqlRefusal::Status401), graphql),
        (graphql_says(GraphqlRefusal::Errors200), graphql),
    ];
    for (options, send) in cases {
        let boomi = Emulator::start_with(options).unwrap();
        let client = common::client(&boomi, by_password(REGULAR));
        assert_eq!(send(&client).attempts(), 1);
        boomi.advance_clock(A_LIFETIME);
        let response = send(&client);
        assert!(response.error().is_none(), "{:?}", response.error());
        assert_eq!((response.status(), response.attempts(), exchanges(&boomi)), (200, 2, 2));
        // And the next has nothing to do with it.
        assert_eq!((send(&client).attempts(), exchanges(&boomi)), (1, 2));
    }
}

#[test]
fn a_crowd_whose_jwt_is_refused_shares_one_exchange() {
    for graphql_refusal in [GraphqlRefusal::Status401, GraphqlRefusal::Errors200] {
        let boomi = Emulator::start_with(Options { graphql_refusal, ..Options::unlimited() }).unwrap();
        let client = common::client(&boomi, by_password(REGULAR));
        client.token().unwrap();
        boomi.advance_clock(A_LIFETIME);
        boomi.set_delays(vec![Delay::new(0, 100)]);
        for response in at_once(THREADS, |_| graphql(&client)) {
            assert!(response.error().is_none(), "{:?} in {} attempts", response.error(), response.attempts());
        }
        assert_eq!(exchanges(&boomi), 2);
    }
}

#[test]
fn an_api_that_takes_no_jwt_costs_one_exchange_and_says_so() {
    let boomi = Emulator::start_unlimited();
    let client = common::client(&boomi, by_password(REGULAR));
    client.token().unwrap();
    boomi.answer_next(Scripted::new(401, "text/plain", "no").on("/api/").for_ever());
    let mut attempts = Vec::new();
    for response in at_once(THREADS, |_| by_jwt(&client)).into_iter().chain((0..10).map(|_| by_jwt(&client))) {
        let error = response.check_error();
        assert_eq!((response.status(), error.kind()), (401, ErrorKind::CredentialsRejected));
        assert_says(&error, &["this API takes Basic only"]);
        attempts.push(response.attempts());
    }
    assert_eq!(exchanges(&boomi), 2);
    assert!(attempts[..THREADS].contains(&2) && attempts[THREADS..] == [1; 10], "{attempts:?}");
    // The guard knows nothing of it: the credentials are as good as before.
    assert_eq!(status(&boomi, REGULAR).total_rejections, 0);
    assert_eq!(client.get(DEPLOYMENT).auth(AuthScheme::Basic).send().unwrap().status(), 401);
}

trait CheckError {
    fn check_error(&self) -> boomi_auth::Error;
}

impl CheckError for Response {
    fn check_error(&self) -> boomi_auth::Error {
        self.error().expect("a refusal")
    }
}

#[test]
fn a_jwt_refused_elsewhere_is_replaced_where_it_came_from() {
    let (platform, elsewhere) = (Emulator::start_unlimited(), Emulator::start_unlimited());
    let provider = common::client(&platform, by_password(REGULAR)).token_provider(None).unwrap();
    let client = common::builder(&elsewhere).token_provider(&provider).build().unwrap();
    let first = provider.get().unwrap();
    assert_eq!(client.get(DEPLOYMENT).send().unwrap().status(), 200);
    platform.advance_clock(A_LIFETIME);
    elsewhere.advance_clock(A_LIFETIME);
    elsewhere.set_delays(vec![Delay::new(0, 100)]);
    for response in at_once(THREADS, |_| client.get(DEPLOYMENT).send().unwrap()) {
        assert_eq!(response.status(), 200, "in {} attempts", response.attempts());
    }
    assert_ne!(provider.get().unwrap().jwt(), first.jwt());
    assert_eq!((exchanges(&platform), platform.log().len()), (2, 2));
    let sent: HashSet<_> = elsewhere.log().into_iter().map(|entry| (entry.scheme, entry.path)).collect();
    assert!(sent.len() == 1 && sent.iter().all(|(scheme, _)| scheme.as_deref() == Some("Bearer")), "{sent:?}");
}

#[test]
fn another_librarys_refused_jwt_is_replaced_once_in_a_while() {
    let boomi = Emulator::start_unlimited();
    let client = common::client(&boomi, by_password(REGULAR));
    let url = format!("{}/graphql", boomi.base_url());
    let authorize = || client.authorize(AuthScheme::Jwt, &url, None).unwrap();
    let header = |authorization: &boomi_auth::Authorization| {
        authorization.headers().map(|(_, value)| value.expose().to_owned()).collect::<String>()
    };
    // All of one crowd had the same JWT, and all are told the same, in whatever order they tell and ask.
    let crowd: Vec<_> = (0..THREADS).map(|_| std::sync::Mutex::new(authorize())).collect();
    let old = header(&crowd[0].lock().unwrap());
    let renewed = at_once(THREADS, |number| {
        let mut refused = crowd[number].lock().unwrap();
        let send_again = refused.observe(401, b"");
        (send_again, header(&authorize()))
    });
    let tokens: HashSet<_> = renewed.iter().map(|(_, token)| token.clone()).collect();
    assert!(renewed.iter().all(|(send_again, _)| *send_again), "somebody was told that there is no other");
    assert!(tokens.len() == 1 && !tokens.contains(&old) && exchanges(&boomi) == 2);
    // That the new one is refused as well is not its fault.
    for _ in 0..10 {
        assert!(!authorize().observe(401, b""));
        assert!(tokens.contains(&header(&authorize())));
    }
    assert_eq!(exchanges(&boomi), 2);
}
