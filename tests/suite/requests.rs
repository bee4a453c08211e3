//! Requests: what is refused, and what goes out on the wire.

use boomi_auth::{AuthScheme, ErrorKind};
use boomi_emulator::Emulator;
use boomi_emulator::users::{ACCOUNT, REGULAR, SUB_ACCOUNT};

use crate::api::{Api, Header, Response, Setting, Token};
use crate::run_twice;
use crate::support::{
    AUDIT_LOG, DEPLOYMENT, assert_invalid, at, by_password, by_token, client, failure, get, of, regular, serve_once,
};

run_twice!(
    a_bad_method_or_path_is_refused_at_once,
    a_bad_piece_is_refused_and_the_request_stays_bad,
    the_transports_own_headers_are_refused,
    authorization_is_the_callers_only_without_a_scheme,
    another_origin_is_refused_and_nothing_is_sent,
    queries_are_encoded,
    account_ids_are_one_encoded_segment,
    json_is_asked_for_unless_the_caller_says_otherwise,
    bodies_and_headers_arrive_byte_for_byte,
    each_scheme_signs_in_its_own_way,
    the_partner_api_opens_the_sub_account,
    a_body_where_there_can_be_none_is_refused,
);

fn a_bad_method_or_path_is_refused_at_once<A: Api>() {
    for (method, path, named) in [
        ("", "/", "method"),
        ("G T", "/", "method"),
        ("GET\r\n", "/", "method"),
        ("CONNECT", "/", "CONNECT"),
        ("GET", "", "path or URL"),
        ("GET", "/\n", "path or URL"),
    ] {
        assert_invalid(A::request(method, path), named);
    }
}

fn a_bad_piece_is_refused_and_the_request_stays_bad<A: Api>() {
    let boomi = Emulator::start();
    let client = regular::<A>(&boomi);
    let mut request = A::request("GET", AUDIT_LOG).unwrap();
    assert_invalid(A::set_account_id(&mut request, ""), "account id");
    assert_invalid(A::add_query(&mut request, "", "x"), "query");
    assert_invalid(A::add_query(&mut request, "a\nb", "x"), "query");
    for (name, value, named) in
        [("", "x", "name"), ("a b", "x", "name"), ("X-A", "a\r\nX-Evil: 1", "x-a"), ("X-A", "a\u{7f}", "x-a")]
    {
        assert_invalid(A::set_header(&mut request, Header::plain(name, value)), named);
    }
    A::set_account_id(&mut request, ACCOUNT).unwrap();
    assert_invalid(A::send(&client, &request, None), "account id is empty");
    // What only filling in the path shows.
    for (path, named) in
        [("/a b", "space"), ("/{id}", "{accountId}"), ("/x#y", "fragment"), ("//h/x", "slashes"), ("x", "slash")]
    {
        assert_invalid(get::<A>(&client, path), named);
    }
    assert!(boomi.log().is_empty());
}

fn the_transports_own_headers_are_refused<A: Api>() {
    for name in ["Host", "content-length", "Transfer-Encoding", "CONNECTION"] {
        let mut request = A::request("GET", AUDIT_LOG).unwrap();
        let named = name.to_ascii_lowercase();
        assert_invalid(A::set_header(&mut request, Header::plain(name, "x")), &named);
    }
}

fn authorization_is_the_callers_only_without_a_scheme<A: Api>() {
    let boomi = Emulator::start();
    let client = regular::<A>(&boomi);
    let token = A::generate_jwt(&client, None, None).unwrap();
    let mut request = A::request("GET", DEPLOYMENT).unwrap();
    A::set_header(&mut request, Header::plain("Authorization", &token.header())).unwrap();
    for scheme in [AuthScheme::Auto, AuthScheme::Basic, AuthScheme::Jwt] {
        A::set_auth(&mut request, scheme);
        assert_invalid(A::send(&client, &request, None), "set the auth scheme to none");
    }
    A::set_auth(&mut request, AuthScheme::None);
    assert_eq!(A::send(&client, &request, None).unwrap().status(), 200);
    assert_eq!(boomi.log()[1].scheme.as_deref(), Some("Bearer"));
}

fn another_origin_is_refused_and_nothing_is_sent<A: Api>() {
    let (boomi, other) = (Emulator::start(), Emulator::start());
    let client = regular::<A>(&boomi);
    let port = boomi.base_url().rsplit(':').next().unwrap();
    for url in [
        format!("{}/graphql", other.base_url()),
        format!("http://localhost:{port}/graphql"),
        format!("https://localhost.example.com:{port}/graphql"),
        format!("https://localhost:{port}@example.com/"),
    ] {
        for scheme in [AuthScheme::Basic, AuthScheme::None, AuthScheme::Jwt] {
            let mut request = A::request("GET", &url).unwrap();
            A::set_auth(&mut request, scheme);
            failure(A::send(&client, &request, None)).assert_unsent(ErrorKind::InvalidArgument, &[]);
        }
    }
    assert!(boomi.log().is_empty() && other.log().is_empty());
    // An absolute URL of its own origin is fine.
    assert_eq!(get::<A>(&client, &format!("{}{AUDIT_LOG}", boomi.base_url())).unwrap().status(), 200);
}

fn queries_are_encoded<A: Api>() {
    let boomi = Emulator::start();
    let mut request = A::request("GET", "/api/x?already=1").unwrap();
    A::add_query(&mut request, "a b", "c&d=ü+/").unwrap();
    A::add_query(&mut request, "empty", "").unwrap();
    A::send(&regular::<A>(&boomi), &request, None).unwrap();
    assert_eq!(boomi.log()[0].path, "/api/x?already=1&a%20b=c%26d%3D%C3%BC%2B%2F&empty=");
}

fn account_ids_are_one_encoded_segment<A: Api>() {
    let boomi = Emulator::start();
    let client = regular::<A>(&boomi);
    let mut request = A::request("GET", "/v1/{accountId}/x").unwrap();
    A::set_account_id(&mut request, "a/b c?d#..%2f-Ä").unwrap();
    A::send(&client, &request, None).unwrap();
    failure(A::generate_jwt(&client, Some("a/b"), None)).assert(ErrorKind::PermissionDenied, &[]);
    let paths: Vec<_> = boomi.log().into_iter().map(|entry| entry.path).collect();
    assert_eq!(paths, ["/v1/a%2Fb%20c%3Fd%23..%252f-%C3%84/x", "/auth/jwt/generate/a%2Fb"]);
}

fn json_is_asked_for_unless_the_caller_says_otherwise<A: Api>() {
    let boomi = Emulator::start();
    let client = regular::<A>(&boomi);
    let json = get::<A>(&client, AUDIT_LOG).unwrap();
    assert_eq!(json.header("Content-Type").as_deref(), Some("application/json"));
    let record: serde_json::Value = serde_json::from_slice(&json.body()).unwrap();
    assert_eq!((&record["@type"], &record["documentId"]), (&"AuditLog".into(), &"documentId-321".into()));

    let mut request = A::request("GET", DEPLOYMENT).unwrap();
    A::set_header(&mut request, Header::plain("accept", "application/xml")).unwrap();
    let xml = A::send(&client, &request, None).unwrap();
    let expected = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
        <bns:Deployment xmlns:bns=\"http://api.platform.boomi.com/\" accountId=\"account123\" id=\"documentId-321\" \
        environmentId=\"environment-1\" processId=\"process-1\" version=\"1\" message=\"first &amp; &lt;last&gt;\"/>";
    assert_eq!(String::from_utf8(xml.body()).unwrap(), expected);
    let accepted: Vec<_> = boomi.log().into_iter().map(|entry| entry.accept.unwrap()).collect();
    assert_eq!(accepted, ["application/json", "application/xml"]);
}

fn bodies_and_headers_arrive_byte_for_byte<A: Api>() {
    let (url, server) = serve_once(
        b"HTTP/1.1 201 Created\r\nX-Twice: 1\r\nx-twice: 2\r\nX-Latin: \xe9\r\nContent-Length: 4\r\n\r\n\x00\xff\r\n",
    );
    let client = client::<A>(at(&url), [by_token(REGULAR)]);
    let mut request = A::request("post", "/echo").unwrap();
    let body: Vec<u8> = (0..=255).collect();
    A::set_body(&mut request, &body);
    A::set_header(&mut request, Header::plain("X-Set", "first")).unwrap();
    A::set_header(&mut request, Header::plain("x-set", "second")).unwrap();
    A::set_header(&mut request, Header { add: true, secret: true, ..Header::plain("X-Set", "third") }).unwrap();
    let response = A::send(&client, &request, None).unwrap();

    let received = server.join().unwrap();
    assert!(received.ends_with(&[b"\r\n\r\n", &body[..]].concat()));
    let head = String::from_utf8_lossy(&received[..received.len() - body.len()]).to_ascii_lowercase();
    assert!(head.starts_with("post /echo http/1.1\r\n"), "{head}");
    let count = |line: &str| head.matches(&format!("\r\n{line}\r\n")).count();
    assert_eq!((count("x-set: first"), count("x-set: second"), count("x-set: third")), (0, 1, 1), "{head}");
    assert_eq!((count("content-type: application/json"), count("content-length: 256")), (1, 1), "{head}");

    assert_eq!((response.status(), response.body()), (201, b"\0\xff\r\n".to_vec()));
    assert_eq!(response.header("X-TWICE").as_deref(), Some("1"));
    assert_eq!(response.header("x-latin").as_deref(), Some("\u{fffd}"));
    assert_eq!(response.header("absent"), None);
    let named = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let twice: Vec<_> = response.headers().into_iter().filter(|(name, _)| name == "x-twice").collect();
    assert_eq!(twice, [named("x-twice", "1"), named("x-twice", "2")]);
    response.check().unwrap();
    assert_eq!((response.message(), response.attempts(), response.retry_after_ms()), (None, 1, -1));
}

fn each_scheme_signs_in_its_own_way<A: Api>() {
    let boomi = Emulator::start();
    let client = client::<A>(of(&boomi), [by_token(REGULAR)]);
    let query = br#"{"query":"{ organizations { id } }"}"#;
    for (scheme, method, path, sent, status) in [
        (AuthScheme::None, "GET", DEPLOYMENT, &[None][..], 401),
        (AuthScheme::Basic, "GET", DEPLOYMENT, &[Some("Basic")], 200),
        (AuthScheme::Jwt, "GET", DEPLOYMENT, &[Some("Basic"), Some("Bearer")], 200),
        // The JWT is kept.
        (AuthScheme::Jwt, "GET", DEPLOYMENT, &[Some("Bearer")], 200),
        (AuthScheme::Auto, "GET", DEPLOYMENT, &[Some("Basic")], 200),
        (AuthScheme::Auto, "POST", "/graphql", &[Some("Bearer")], 200),
        (AuthScheme::Basic, "POST", "/graphql", &[Some("Basic")], 401),
    ] {
        boomi.clear_log();
        let mut request = A::request(method, path).unwrap();
        A::set_auth(&mut request, scheme);
        if method == "POST" {
            A::set_body(&mut request, query);
        }
        let response = A::send(&client, &request, None).unwrap();
        assert_eq!(response.status(), status, "{scheme:?} {path}");
        let log = boomi.log();
        assert_eq!(log.iter().map(|entry| entry.scheme.as_deref()).collect::<Vec<_>>(), sent, "{scheme:?} {path}");
    }
}

fn the_partner_api_opens_the_sub_account<A: Api>() {
    let boomi = Emulator::start();
    let mut request = A::request("GET", &format!("/partner{AUDIT_LOG}")).unwrap();
    A::add_query(&mut request, "overrideAccount", SUB_ACCOUNT).unwrap();
    let response = A::send(&client::<A>(of(&boomi), [by_password(REGULAR)]), &request, None).unwrap();
    let record: serde_json::Value = serde_json::from_slice(&response.body()).unwrap();
    assert_eq!((response.status(), &record["accountId"]), (200, &SUB_ACCOUNT.into()));
}

fn a_body_where_there_can_be_none_is_refused<A: Api>() {
    let client = client::<A>(at("https://localhost:1"), [by_password(REGULAR), Setting::TimeoutMs(1000)]);
    let mut request = A::request("GET", AUDIT_LOG).unwrap();
    A::set_body(&mut request, b"{}");
    assert_invalid(A::send(&client, &request, None), "GET request has no body");
}
