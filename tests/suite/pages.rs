//! The pages of queries.

use boomi_auth::AuthScheme::{self, Basic, Jwt};
use boomi_auth::ErrorKind::{self, Canceled, Connect, HttpStatus, Protocol};
use boomi_emulator::users::{ACCOUNT, REGULAR, SUB_ACCOUNT};
use boomi_emulator::{Emulator, ErrorShape, Scripted, WireFault};

use crate::api::{Api, Failure, Header, Response, Setting};
use crate::run_twice;
use crate::support::{assert_invalid, by_password, client, failure, of, posting, regular};

run_twice!(
    pages_come_one_after_another_until_there_are_no_more,
    pages_come_in_xml_too,
    a_query_without_results_has_one_page,
    an_error_loses_nothing,
    each_page_has_its_own_tries,
    a_sub_accounts_pages_are_asked_for_as_its_first,
    only_a_post_to_a_query_has_pages,
    pages_outlive_their_client_and_request,
);

const QUERY: &str = "/api/rest/v1/{accountId}/AuditLog/query";
/// Takes a JWT too. With Basic, a lost answer may have been a rejection, and the guard has its say.
const DEPLOYMENTS: &str = "/api/rest/v1/{accountId}/Deployment/query";
const FILTER: &str = r#"{"QueryFilter":{"expression":{}}}"#;

fn query<A: Api>(path: &str, scheme: AuthScheme) -> A::Request {
    let mut request = posting::<A>(path, FILTER);
    A::set_auth(&mut request, scheme);
    request
}

fn next<A: Api>(pages: &mut A::Pages) -> Result<Option<Vec<String>>, Failure> {
    let page = A::next_page(pages, None)?;
    Ok(page.map(|page| {
        assert_eq!(page.status(), 200);
        let body: serde_json::Value = serde_json::from_slice(&page.body()).unwrap();
        let rows = body["result"].as_array().cloned().unwrap_or_default();
        rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    }))
}

/// The rows of 250.
fn rows(from: usize, to: usize) -> Option<Vec<String>> {
    Some((from..=to).map(|number| format!("row-{number}")).collect())
}

fn pages_come_one_after_another_until_there_are_no_more<A: Api>() {
    let boomi = Emulator::start();
    let client = regular::<A>(&boomi);
    for (scheme, path) in [(Basic, QUERY), (Jwt, DEPLOYMENTS)] {
        boomi.clear_log();
        let mut pages = A::pages(&client, &query::<A>(path, scheme)).unwrap();
        assert!(boomi.log().is_empty(), "nothing is sent before the first page is asked for");
        for page in [rows(1, 100), rows(101, 200), rows(201, 250), None, None] {
            assert_eq!(next::<A>(&mut pages).unwrap(), page);
        }
        // The emulator takes a token byte for byte, and nothing around it, as text.
        let log: Vec<_> = boomi.log().into_iter().filter(|entry| entry.method == "POST").collect();
        let paths: Vec<_> = log.iter().map(|entry| entry.path.rsplit('/').next().unwrap()).collect();
        assert_eq!(paths, ["query", "queryMore", "queryMore"]);
        let types: Vec<_> = log.iter().map(|entry| entry.content_type.as_deref().unwrap()).collect();
        assert_eq!(types, ["application/json", "text/plain", "text/plain"]);
        let name = if scheme == Basic { "Basic" } else { "Bearer" };
        assert!(log.iter().all(|entry| entry.scheme.as_deref() == Some(name)));
    }
}

fn pages_come_in_xml_too<A: Api>() {
    let boomi = Emulator::start();
    let mut request = A::request("POST", QUERY).unwrap();
    A::set_body(&mut request, br#"<QueryConfig xmlns="http://api.platform.boomi.com/"/>"#);
    for (name, value) in [("Accept", "application/xml"), ("Content-Type", "application/xml")] {
        A::set_header(&mut request, Header::plain(name, value)).unwrap();
    }
    let mut pages = A::pages(&regular::<A>(&boomi), &request).unwrap();
    let mut found = Vec::new();
    while let Some(page) = A::next_page(&mut pages, None).unwrap() {
        found.push(String::from_utf8(page.body()).unwrap().matches("<bns:result ").count());
    }
    assert_eq!(found, [100, 100, 50]);
}

fn a_query_without_results_has_one_page<A: Api>() {
    let boomi = Emulator::start();
    boomi.set_query(0, 100);
    let mut pages = A::pages(&regular::<A>(&boomi), &query::<A>(QUERY, Basic)).unwrap();
    assert_eq!(next::<A>(&mut pages).unwrap(), Some(Vec::new()));
    assert_eq!(next::<A>(&mut pages).unwrap(), None);
    assert_eq!(boomi.log().len(), 1);
}

fn an_error_loses_nothing<A: Api>() {
    let boomi = Emulator::start_unlimited();
    let client = client::<A>(of(&boomi), [by_password(REGULAR), Setting::MaxRetries(0)]);
    let mut pages = A::pages(&client, &query::<A>(DEPLOYMENTS, Jwt)).unwrap();
    let bad_request = ErrorShape::RestDocJson;
    for (scripted, kind, words) in [
        (Scripted::from(bad_request).status(400), HttpStatus, bad_request.message()),
        (Scripted::from(WireFault::Html200), Protocol, "something else than a page"),
    ] {
        boomi.answer_next(scripted.on("/api/"));
        let failure = failure(next::<A>(&mut pages));
        failure.assert(kind, &[words]);
        assert!(failure.sent && failure.attempts == 1, "{failure:?}");
    }
    assert_eq!(next::<A>(&mut pages).unwrap(), rows(1, 100));
    for (scripted, kind, words) in [
        (Scripted::from(WireFault::ResetAfter), Connect, "localhost"),
        (Scripted::from(WireFault::CutBody), Connect, "localhost"),
        (Scripted::new(503, "text/plain", ""), ErrorKind::RateLimited, "503"),
        (Scripted::new(202, "application/json", r#"{"@type":"QueryResult"}"#), Protocol, "something else than a page"),
        (Scripted::from(WireFault::Empty200), Protocol, "something else than a page"),
    ] {
        boomi.answer_next(scripted.on("/api/"));
        failure(next::<A>(&mut pages)).assert(kind, &[words]);
    }
    let call = A::call();
    A::cancel_call(&call);
    failure(A::next_page(&mut pages, Some(&call))).assert_unsent(Canceled, &[]);
    for page in [rows(101, 200), rows(201, 250), None] {
        assert_eq!(next::<A>(&mut pages).unwrap(), page);
    }
}

fn each_page_has_its_own_tries<A: Api>() {
    let boomi = Emulator::start_unlimited();
    let mut pages = A::pages(&regular::<A>(&boomi), &query::<A>(DEPLOYMENTS, Jwt)).unwrap();
    for fault in [Scripted::new(503, "", ""), WireFault::ResetAfter.into(), ErrorShape::OasUnavailableJson.into()] {
        boomi.answer_next(fault.on("/api/"));
        assert_eq!(A::next_page(&mut pages, None).unwrap().unwrap().attempts(), 2);
    }
    assert!(A::next_page(&mut pages, None).unwrap().is_none());
}

fn a_sub_accounts_pages_are_asked_for_as_its_first<A: Api>() {
    let boomi = Emulator::start();
    let client = regular::<A>(&boomi);
    let mut in_query = query::<A>(&format!("/partner{QUERY}"), Basic);
    A::add_query(&mut in_query, "overrideAccount", SUB_ACCOUNT).unwrap();
    let in_path = query::<A>(&format!("/partner{QUERY}?overrideAccount={SUB_ACCOUNT}"), Basic);
    for request in [in_query, in_path] {
        boomi.clear_log();
        let mut pages = A::pages(&client, &request).unwrap();
        for page in [rows(1, 100), rows(101, 200), rows(201, 250), None] {
            assert_eq!(next::<A>(&mut pages).unwrap(), page);
        }
        let path = |end| format!("/partner/api/rest/v1/{ACCOUNT}/AuditLog/{end}?overrideAccount={SUB_ACCOUNT}");
        let paths: Vec<_> = boomi.log().into_iter().map(|entry| entry.path).collect();
        assert_eq!(paths, [path("query"), path("queryMore"), path("queryMore")]);
    }
}

fn only_a_post_to_a_query_has_pages<A: Api>() {
    let boomi = Emulator::start();
    let client = regular::<A>(&boomi);
    for (method, path) in [("GET", QUERY), ("POST", "/api/rest/v1/{accountId}/AuditLog"), ("POST", "/x?y=/query")] {
        assert_invalid(A::pages(&client, &A::request(method, path).unwrap()), "POST to a path that ends in /query");
    }
    let mut request = query::<A>(QUERY, Basic);
    assert_invalid(A::add_query(&mut request, "", "x"), "query");
    assert_invalid(A::pages(&client, &request), "query's name");
    assert!(boomi.log().is_empty());
}

fn pages_outlive_their_client_and_request<A: Api>() {
    let boomi = Emulator::start();
    let (client, request) = (regular::<A>(&boomi), query::<A>(QUERY, Basic));
    let mut pages = A::pages(&client, &request).unwrap();
    drop((client, request));
    let first = A::next_page(&mut pages, None).unwrap().unwrap();
    assert_eq!(next::<A>(&mut pages).unwrap(), rows(101, 200));
    drop(pages);
    assert!(first.body().ends_with(b"}"));
}
