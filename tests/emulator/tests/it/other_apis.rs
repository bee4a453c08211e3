//! DataHub, API Management and Event Streams: each signs in, and refuses, in its own way.

use boomi_emulator::users::*;
use boomi_emulator::{Emulator, ErrorShape, JwtOptions, Options, User};

use crate::common::{Client, basic, start_http, with_password, with_token};

const UNIVERSE_PATH: &str = "/mdm/universes/universe-1";

fn jwt(client: &Client, account: &str) -> String {
    let path = format!("/auth/jwt/generate/{account}");
    format!("Bearer {}", client.get(&path, &[("Authorization", &with_password(REGULAR))]).body)
}

#[test]
fn the_datahub_platform_has_models() {
    let boomi = start_http();
    let client = Client::of(&boomi);
    let path = "/mdm/api/rest/v1/account123/models";
    let xml = client.get(path, &[("Authorization", &with_token(REGULAR))]);
    assert_eq!((xml.status, xml.content_type.as_str()), (200, "application/xml"));
    let json = client.get(path, &[("Authorization", &with_token(REGULAR)), ("Accept", "application/json")]);
    assert!(json.body.contains("\"model-1\""));
    for authorization in [jwt(&client, ACCOUNT), basic(REGULAR.name, "wrong"), basic(HUB_USER, HUB_TOKEN)] {
        for answer in [
            client.get(path, &[("Authorization", &authorization)]),
            client.post(path, &[("Authorization", &authorization)], "<x/>"),
        ] {
            assert_eq!((answer.status, answer.body), (403, ErrorShape::UserMessageLogin.body()));
        }
    }
    assert!(boomi.effects().is_empty());
    assert_eq!(client.post(path, &[("Authorization", &with_token(REGULAR))], "<x/>").status, 200);
    assert_eq!(boomi.effects().len(), 1);
}

#[test]
fn a_repository_takes_its_own_token_or_a_jwt_with_its_id() {
    let boomi = Emulator::start_unlimited();
    assert_eq!(boomi.hub_url(), boomi.base_url().replace("localhost", "127.0.0.1"));
    let (client, hub) = (Client::of(&boomi), Client::new(&boomi.hub_url(), boomi.ca_pem()));
    let bearer = jwt(&client, ACCOUNT);
    let with_id = format!("?repositoryId={REPOSITORY}");
    for (authorization, query) in
        [(basic(HUB_USER, HUB_TOKEN), ""), (basic(ACCOUNT, HUB_TOKEN), ""), (bearer.clone(), with_id.as_str())]
    {
        let headers = [("Authorization", authorization.as_str()), ("Accept", "application/json")];
        let universe = hub.get(&format!("{UNIVERSE_PATH}{query}"), &headers);
        assert_eq!((universe.status, universe.content_type.as_str()), (200, "application/xml"));
        let path = format!("{UNIVERSE_PATH}/records/query{query}");
        assert!(hub.post(&path, &headers, "<RecordQueryRequest/>").body.starts_with("<RecordQueryResponse "));
        assert_eq!(hub.post(&path, &headers, "{}").status, 400);
        assert_eq!(hub.get(&format!("/mdm/universes/none{query}"), &headers).status, 404);
    }
    for query in ["", "?repositoryId=Repository-1", "?repositoryid=repository-1"] {
        let answer = hub.get(&format!("{UNIVERSE_PATH}{query}"), &[("Authorization", &bearer)]);
        assert_eq!((answer.status, answer.content_type.as_str()), (400, "application/xml"), "{query}");
    }
    assert_eq!(
        hub.get(&format!("{UNIVERSE_PATH}{with_id}"), &[("Authorization", &jwt(&client, SUB_ACCOUNT))]).status,
        403
    );
    assert_eq!(boomi.log().last().unwrap().account, None);
}

#[test]
fn a_repository_refuses_with_html() {
    let boomi = start_http();
    let client = Client::of(&boomi);
    let refused = |authorization: &str| {
        let answer = client.get(UNIVERSE_PATH, &[("Authorization", authorization)]);
        (answer.status, answer.content_type, answer.body)
    };
    let page = |shape: ErrorShape| (401, shape.content_type().to_owned(), shape.body());
    for authorization in [
        String::new(),
        with_token(REGULAR),
        with_password(REGULAR),
        basic(HUB_USER, "x"),
        basic("account789", HUB_TOKEN),
    ] {
        assert_eq!(refused(&authorization), page(ErrorShape::JettyUnauthorizedHtml), "{authorization}");
    }
    boomi.set_jwt(JwtOptions { lifetime_s: 0, ..JwtOptions::default() });
    for authorization in [jwt(&client, ACCOUNT), format!("Bearer {HUB_TOKEN}")] {
        assert_eq!(refused(&authorization), page(ErrorShape::JettyInvalidCredentialsHtml));
    }
    assert!(boomi.users().iter().all(|user| user.total_rejections == 0), "these are no users");
}

#[test]
fn api_management_takes_basic() {
    let boomi = start_http();
    let client = Client::of(&boomi);
    let path = "/apim/api/rest/v1/account123/organizations";
    let get = |authorization: &str| client.get(path, &[("Authorization", authorization)]).status;
    assert_eq!([get(&with_token(REGULAR)), get(&jwt(&client, ACCOUNT)), get("")], [200, 401, 401]);
    let json = client.get(path, &[("Authorization", &with_token(REGULAR)), ("Accept", "application/json")]);
    assert!(json.body.contains("organization-1"));
}

#[test]
fn event_streams_take_the_token_of_the_environment() {
    let user = User { accounts: vec!["singlemsg".into()], ..REGULAR.into() };
    let options = Options { users: vec![user], http: true, bad_tls: false, ..Options::default() };
    let boomi = Emulator::start_with(options).unwrap();
    let client = Client::of(&boomi);
    let bearer = format!("Bearer {EVENT_STREAMS_TOKEN}");
    for path in ["/rest/account123/environment-1/topic-1", "/rest/singlemsg/account123/environment-1/topic-1"] {
        let answer = client.post(path, &[("Authorization", &bearer), ("X-Test-Key", path)], "{}");
        assert_eq!((answer.status, answer.content_type.as_str()), (200, "application/json"));
        for authorization in [with_token(REGULAR), "Bearer x.y.z".into(), EVENT_STREAMS_TOKEN.into()] {
            assert_eq!(client.post(path, &[("Authorization", &authorization)], "{}").status, 401);
        }
        assert_eq!(boomi.log().pop().unwrap().account.as_deref(), Some(ACCOUNT));
        assert_eq!(boomi.effects().pop().unwrap().key, path);
    }
    assert_eq!(boomi.effects().len(), 2);
}
