//! Answers as they should not be.

use std::net::TcpListener;
use std::time::Duration;

use boomi_auth::{AuthScheme, ErrorKind};

use crate::common::assert_says;
use crate::servers::{answer_of, answers_and_closes, get, get_from, http, plain_client, read_head, serve};

#[test]
fn redirects_are_answers_and_secrets_stay_where_they_were_sent() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    let location = format!("http://{}/stolen", elsewhere.local_addr().unwrap());
    elsewhere.set_nonblocking(true).unwrap();
    for status in [300, 301, 302, 303, 304, 305, 307, 308] {
        let port = answers_and_closes(format!(
            "HTTP/1.1 {status} Away\r\nLocation: {location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        ));
        let client = plain_client(&http(port))
            .credentials(boomi_auth::Credentials::password("user@example.com", "password").unwrap())
            .build()
            .unwrap();
        let request = client.get("/").auth(AuthScheme::Basic).secret_header("X-Api-Key", "key");
        let response = request.send().unwrap();
        assert_eq!((response.status(), response.header("location")), (status, Some(location.as_str())));
        let error = response.check().unwrap_err();
        assert_eq!((error.kind(), error.status()), (ErrorKind::HttpStatus, Some(status)));
        assert_says(&error, &["redirects are not followed"]);
    }
    assert_eq!(elsewhere.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn a_body_may_be_as_large_as_allowed_and_no_larger() {
    let chunked = |body: &str| {
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len())
    };
    let unframed = |body: &str| format!("HTTP/1.1 200 OK\r\n\r\n{body}");
    let with_length = |body: &str| answer_of("200 OK", body);
    let framings: [&dyn Fn(&str) -> String; 3] = [&with_length, &chunked, &unframed];
    for frame in framings {
        for (length, fits) in [(1000, true), (1001, false), (1_000_000, false)] {
            let port = answers_and_closes(frame(&"x".repeat(length)));
            let result = get(&plain_client(&http(port)).max_response_bytes(1000).build().unwrap());
            if fits {
                assert_eq!(result.unwrap().body().len(), length);
                continue;
            }
            let error = result.unwrap_err();
            assert_eq!((error.kind(), error.status(), error.was_sent()), (ErrorKind::TooLarge, Some(200), true));
            assert_says(&error, &["127.0.0.1", "1000 bytes", "max_response_bytes"]);
        }
    }
}

#[test]
fn what_an_answer_says_of_its_length_reserves_no_memory() {
    // Within the cap, and far more than comes.
    let port = answers_and_closes("HTTP/1.1 200 OK\r\nContent-Length: 9000000000000\r\n\r\nx");
    let client = plain_client(&http(port)).max_response_bytes(u64::MAX).build().unwrap();
    assert_eq!(get(&client).unwrap_err().kind(), ErrorKind::Connect);
}

#[track_caller]
fn is_too_large_a_header(answer: String) {
    let error = get_from(answers_and_closes(answer)).unwrap_err();
    assert_eq!((error.kind(), error.was_sent()), (ErrorKind::TooLarge, true), "{error}");
    assert_says(&error, &["127.0.0.1", "header"]);
}

#[test]
fn a_header_of_200_kib_is_too_large() {
    is_too_large_a_header(format!("HTTP/1.1 200 OK\r\nX-A: {}\r\nContent-Length: 0\r\n\r\n", "x".repeat(200 * 1024)));
}

#[test]
fn a_header_of_13_000_fields_is_too_large() {
    is_too_large_a_header(format!(
        "HTTP/1.1 200 OK\r\n{}Content-Length: 0\r\n\r\n",
        "X-A: 0123456789\r\n".repeat(13_000)
    ));
}

#[test]
fn what_is_not_http_is_a_protocol_error() {
    for answer in [
        "NONSENSE\r\n\r\n",
        "HTTP/1.1 abc OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "SSH-2.0-OpenSSH_9.9\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnot a length\r\n",
    ] {
        let error = get_from(answers_and_closes(answer)).expect_err(answer);
        assert_eq!((error.kind(), error.was_sent()), (ErrorKind::Protocol, true), "{answer:?}: {error}");
        assert_says(&error, &["127.0.0.1", "not valid HTTP"]);
    }
}

#[test]
fn the_length_in_an_answer_to_head_is_of_no_body() {
    let port = answers_and_closes("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
    let client = plain_client(&http(port)).max_response_bytes(1000).build().unwrap();
    let response = client.request("HEAD", "/").auth(AuthScheme::None).send().unwrap();
    assert_eq!((response.header("content-length"), response.body()), (Some("1000000"), &b""[..]));
}

#[test]
fn bodies_arrive_byte_for_byte_in_every_framing() {
    let body: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    let length = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
    let mut chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for chunk in body.chunks(7919) {
        chunked.extend([format!("{:X};ext=1\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat());
    }
    chunked.extend(b"0\r\nTrailer: x\r\n\r\n");
    for answer in [[length, body.clone()].concat(), chunked, [&b"HTTP/1.0 200 OK\r\n\r\n"[..], &body].concat()] {
        assert!(get_from(answers_and_closes(answer)).unwrap().body() == body);
    }
}

#[test]
fn interim_answers_are_passed_over() {
    let port = answers_and_closes(format!("HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n{}", answer_of("200 OK", "final")));
    assert_eq!(get_from(port).unwrap().text().unwrap(), "final");
}

#[test]
fn a_truncated_body_is_a_lost_connection() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n12345",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n",
    ] {
        let error = get_from(answers_and_closes(answer)).expect_err(answer);
        assert_eq!((error.kind(), error.was_sent()), (ErrorKind::Connect, true), "{answer:?}: {error}");
        assert!(error.is_retryable());
        assert_says(&error, &["127.0.0.1", "in the middle of the response"]);
    }
}

#[test]
fn an_answer_that_never_begins_is_a_lost_connection() {
    let reset = serve(|mut stream| {
        read_head(&mut stream);
        // Closing then sends a reset.
        socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
    });
    for port in [
        reset,
        answers_and_closes(""),
        answers_and_closes("HTTP/1.1 200"),
        answers_and_closes("HTTP/1.1 200 OK\r\nX: y\r\n"),
    ] {
        let error = get_from(port).unwrap_err();
        assert_eq!((error.kind(), error.was_sent()), (ErrorKind::Connect, true), "{error}");
        assert!(error.is_retryable() && error.status().is_none());
        assert_says(&error, &["127.0.0.1", "before a response arrived"]);
    }
}

#[test]
fn a_client_works_on_after_each_of_these() {
    let mut answers = [
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345".to_owned(),
        "NONSENSE\r\n\r\n".to_owned(),
        answer_of("200 OK", &"x".repeat(2000)),
        answer_of("200 OK", "well"),
    ]
    .into_iter();
    let port = serve(move |mut stream| {
        read_head(&mut stream);
        std::io::Write::write_all(&mut stream, answers.next().unwrap().as_bytes()).unwrap();
    });
    let client = plain_client(&http(port)).max_response_bytes(1000).build().unwrap();
    let kinds = [(); 3].map(|()| get(&client).unwrap_err().kind());
    assert_eq!(kinds, [ErrorKind::Connect, ErrorKind::Protocol, ErrorKind::TooLarge]);
    assert_eq!(get(&client).unwrap().text().unwrap(), "well");
}
