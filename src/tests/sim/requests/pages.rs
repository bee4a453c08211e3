//! The pages of a query: none is lost, none comes twice, and what Boomi gives for the next goes back as it came.

use super::*;
use crate::client::pages::Pages;
use crate::tests::sim::server::{Kind, OutageKind};

const QUERY: &str = "/api/rest/v1/account123/Process/query?overrideAccount=other";
const FILTER: &str = r#"{"QueryFilter":{}}"#;

fn page(number: u32, next: Option<&str>) -> Answer {
    let page = serde_json::json!({
        "@type": "QueryResult", "result": [{ "id": number }], "numberOfResults": 1, "queryToken": next,
    });
    answer(200, &page.to_string())
}

fn pages(client: &Client) -> Pages {
    client.post(QUERY).body(FILTER).auth(AuthScheme::None).pages().unwrap()
}

fn id(response: &Response) -> u64 {
    let page: Value = serde_json::from_str(response.text().unwrap()).unwrap();
    page["result"][0]["id"].as_u64().unwrap()
}

/// The bodies that arrived.
fn bodies(world: &World) -> Vec<String> {
    arrived(world).into_iter().map(|entry| entry.body).collect()
}

#[test]
fn page_token_is_sent_back_byte_for_byte() {
    let token = " a/+=&%22\"<b>\\\n\u{e4}\u{1f600} ";
    let world = World::new(1);
    answer_in_turn(&world, [page(1, Some(token)), page(2, Some("2")), page(3, None)]);
    let client = world.client(|_| {});
    let mut pages = client.post(QUERY).query("filter", "a b").body(FILTER).pages().unwrap();
    let ids: Vec<_> = pages.by_ref().map(|page| id(&page.unwrap())).collect();
    assert_eq!(ids, [1, 2, 3]);
    assert!(pages.next().is_none());
    let log: Vec<_> = arrived(&world)
        .into_iter()
        .map(|entry| (entry.method, entry.path, entry.query, entry.content_type.unwrap(), entry.body))
        .collect();
    let sent = |end: &str, kind: &str, body: &str| {
        let query = "overrideAccount=other&filter=a%20b";
        ("POST".into(), format!("{OBJECT}/{end}"), query.into(), kind.into(), body.into())
    };
    let expected: [(String, String, String, String, String); 3] = [
        sent("query", "application/json", FILTER),
        sent("queryMore", "text/plain", token),
        sent("queryMore", "text/plain", "2"),
    ];
    assert_eq!(log, expected);
}

#[test]
fn a_page_in_xml_is_read_and_asked_for_like_one_in_json() {
    let world = World::new(1);
    let xml =
        |token: &str| answer(200, &format!(r#"<bns:QueryResult xmlns:bns="x"><bns:result/>{token}</bns:QueryResult>"#));
    answer_in_turn(&world, [xml("<bns:queryToken>a&amp;b</bns:queryToken>"), xml("")]);
    let client = world.client(|_| {});
    let mut pages = client
        .post(QUERY)
        .header("Accept", "application/xml")
        .header("Content-Type", "application/xml")
        .pages()
        .unwrap();
    assert!(pages.next_page(None).unwrap().is_some() && pages.next_page(None).unwrap().is_some());
    assert!(pages.next_page(None).unwrap().is_none());
    let log = arrived(&world);
    assert_eq!((log.len(), &*log[1].body, log[1].content_type.as_deref()), (2, "a&b", Some("text/plain")));
}

#[test]
fn an_error_in_the_middle_loses_nothing_and_repeats_nothing() {
    let html = "<html><body>Sign in</body></html>";
    let cases: [(Answer, ErrorKind, Option<u16>); 6] = [
        (status(500), ErrorKind::HttpStatus, Some(500)),
        (status(403), ErrorKind::PermissionDenied, Some(403)),
        (told(503, 3600), ErrorKind::RateLimited, Some(503)),
        (answer(200, html), ErrorKind::Protocol, Some(200)),
        (answer(200, ""), ErrorKind::Protocol, Some(200)),
        (answer(202, r#"{"result":[]}"#), ErrorKind::Protocol, Some(202)),
    ];
    for (bad, kind, status) in cases {
        let world = World::new(1);
        answer_in_turn(&world, [page(1, Some("1")), bad.clone(), bad, page(2, Some("2")), page(3, None)]);
        let client = world.client(|_| {});
        let mut pages = pages(&client);
        assert_eq!(id(&pages.next_page(None).unwrap().unwrap()), 1);
        for _ in 0..2 {
            let error = pages.next_page(None).unwrap_err();
            let told = (error.kind(), error.status(), error.was_sent(), error.attempts());
            assert_eq!(told, (kind, status, true, 1), "{error}");
        }
        let ids: Vec<_> = pages.map(|page| id(&page.unwrap())).collect();
        assert_eq!(ids, [2, 3]);
        assert_eq!(bodies(&world), [FILTER, "1", "1", "1", "2"]);
    }
}

#[test]
fn the_first_page_too_is_asked_for_again_after_an_error() {
    let world = World::new(1);
    answer_in_turn(&world, [status(500), page(1, None)]);
    let client = world.client(|_| {});
    let mut pages = pages(&client);
    assert_eq!(pages.next().unwrap().unwrap_err().status(), Some(500));
    assert_eq!(id(&pages.next().unwrap().unwrap()), 1);
    assert!(pages.next().is_none());
    assert_eq!(bodies(&world), [FILTER, FILTER]);
}

#[test]
fn a_page_has_tries_and_a_deadline_of_its_own() {
    let world = World::new(1);
    answer_in_turn(
        &world,
        [page(1, Some("1")), told(503, 40), page(2, Some("2")), told(429, 40), status(504), page(3, None)],
    );
    let client = world.client(|_| {});
    let call = within(50 * SECOND);
    let pages = client.post(QUERY).body(FILTER).call(&call).pages().unwrap();
    let told: Vec<_> = pages.map(|page| page.map(|page| (id(&page), page.attempts())).unwrap()).collect();
    assert_eq!(told, [(1, 1), (2, 2), (3, 3)]);
    assert!(world.now() >= 80 * SECOND);
}

#[test]
fn a_deadline_a_lost_answer_or_a_cancel_loses_no_page() {
    let world = World::new(1);
    answer_in_turn(&world, [page(1, Some("1"))]);
    let client = world.client(|config| config.set_max_retries(0).unwrap());
    let mut pages = pages(&client);
    pages.next_page(None).unwrap();
    world.issuer.add_outage(world.now(), world.now() + 30 * SECOND, OutageKind::Hang);
    assert_eq!(pages.next_page(Some(&within(30 * SECOND))).unwrap_err().kind(), ErrorKind::Timeout);
    answer_in_turn(&world, [page(9, None), page(2, None)]);
    lose_first(&world, 1);
    assert_eq!(pages.next_page(None).unwrap_err().kind(), ErrorKind::Connect);
    let canceled = Call::new();
    canceled.cancel();
    assert_eq!(pages.next_page(Some(&canceled)).unwrap_err().kind(), ErrorKind::Canceled);
    assert_eq!(id(&pages.next_page(None).unwrap().unwrap()), 2);
    assert_eq!(bodies(&world), [FILTER, "1", "1", "1"]);
}

#[test]
fn no_results_are_one_page_and_nothing_is_asked_after_the_last() {
    for body in
        [r#"{"@type":"QueryResult","numberOfResults":0}"#, r#"<QueryResult/>"#, r#"{"result":[],"queryToken":""}"#]
    {
        let world = World::new(1);
        answer_in_turn(&world, [answer(200, body)]);
        let client = world.client(|_| {});
        let mut pages = pages(&client);
        assert_eq!(pages.by_ref().count(), 1, "{body}");
        assert!(pages.next_page(None).unwrap().is_none());
        assert_eq!(arrived(&world).len(), 1);
    }
}

#[test]
fn pages_keep_the_pace_and_the_sign_in_of_the_request() {
    let world = World::new(1);
    answer_all(&world, |entry| page(1, (entry.content_type.as_deref() == Some("application/json")).then_some("1")));
    let client = world.client(|config| config.set_requests_per_second(1).unwrap());
    let pages = client.post(QUERY).body(FILTER).auth(AuthScheme::Jwt).pages().unwrap();
    assert_eq!(pages.take(3).map(Result::unwrap).count(), 2);
    assert_eq!((exchanges(&world), world.now()), (1, SECOND));
    assert!(arrived(&world).iter().all(|entry| entry.kind == Kind::Bearer));
}

#[test]
fn only_a_post_to_query_has_pages() {
    let world = World::new(1);
    let client = world.client(|_| {});
    for (method, path) in [("GET", QUERY), ("POST", OBJECT), ("POST", "/x/queryMore"), ("POST", "/x?path=/query")] {
        let error = client.request(method, path).pages().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{method} {path}");
    }
    assert!(world.issuer.log().is_empty());
}
