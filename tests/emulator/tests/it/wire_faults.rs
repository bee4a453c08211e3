//! Faults on the wire: what arrives of an answer, and what has happened on the server.

use boomi_emulator::users::*;
use boomi_emulator::{Emulator, Scripted, WireFault};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, pem::PemObject};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::common::{Client, Wire, basic, start_http, status_of, until, with_token};

const FOLDER: &str = "/api/rest/v1/account123/Folder";
const BODY: &str = r#"{"name":"x"}"#;

/// Everything that comes after a POST, and how it ended.
fn exchange(wire: &mut Wire) -> (String, Option<ErrorKind>) {
    wire.send_raw(&format!(
        "POST {FOLDER} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {}\r\nContent-Length: {}\r\n\r\n{BODY}",
        with_token(REGULAR),
        BODY.len()
    ));
    let mut all = String::new();
    loop {
        match wire.read() {
            Ok(text) if text.is_empty() => return (all, None),
            Ok(text) => all += &text,
            Err(why) => return (all, Some(why.kind())),
        }
        if all.len() > 1_000_000 {
            return (all, None);
        }
    }
}

/// The head, how long the body should be, and the body.
fn parts(answer: &str) -> (&str, usize, &str) {
    let (head, body) = answer.split_once("\r\n\r\n").expect("a whole head");
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
    (head, length.parse().unwrap(), body)
}

#[test]
fn each_fault_breaks_the_answer_in_its_way() {
    for &fault in WireFault::ALL {
        assert_eq!(WireFault::from_name(fault.name()), Some(fault));
        let boomi = start_http();
        let mut wire = Wire::to(&boomi);
        wire.patience(400);
        boomi.answer_next(Scripted::from(fault).drip_ms(2).on("/api/").method("POST"));
        // A GET is not meant.
        wire.send("/api/rest/v1/account123/Folder/documentId-321", &with_token(REGULAR));
        assert_eq!(wire.status(), 200);
        let (answer, end) = exchange(&mut wire);
        let open = Some(ErrorKind::WouldBlock);
        match fault {
            WireFault::ResetBefore | WireFault::ResetAfter => {
                assert_eq!((answer.as_str(), end), ("", Some(ErrorKind::ConnectionReset)), "{fault:?}");
            }
            WireFault::CutHeaders => {
                assert!(answer.starts_with("HTTP/1.1 200") && !answer.contains("\r\n\r\n"), "{answer}");
                assert_eq!(end, None);
            }
            WireFault::CutBody | WireFault::CutBodyClose => {
                let (_, length, body) = parts(&answer);
                assert_eq!(body.len(), length / 2);
                assert_eq!(end, (fault == WireFault::CutBody).then_some(ErrorKind::ConnectionReset));
            }
            WireFault::CloseAfter => {
                let (head, length, body) = parts(&answer);
                assert_eq!((body.len(), end), (length, None));
                assert!(!head.contains("connection"), "{head}");
            }
            WireFault::Drip => {
                let (_, length, body) = parts(&answer);
                assert_eq!((body.len(), end), (length, open));
                assert!(boomi.at_ms() >= boomi.log()[1].at_ms + 2 * answer.len() as u64, "a byte every 2 ms");
            }
            WireFault::EndlessBody => {
                assert!(
                    answer.contains("transfer-encoding: chunked") && answer.contains("@type") | answer.contains("bns:")
                );
                assert!(answer.len() > 1_000_000);
            }
            WireFault::Html200 | WireFault::Empty200 => {
                let (head, length, body) = parts(&answer);
                assert!(head.starts_with("HTTP/1.1 200"));
                assert_eq!((body.len(), end), (length, open));
                assert_eq!(
                    (body.contains("<html>"), length == 0),
                    (fault == WireFault::Html200, fault == WireFault::Empty200)
                );
            }
            WireFault::Redirect => {
                let head = parts(&answer).0;
                assert!(
                    head.starts_with("HTTP/1.1 302") && head.contains("location: https://elsewhere.example/"),
                    "{head}"
                );
            }
            WireFault::WrongLength => {
                let (_, length, body) = parts(&answer);
                assert_eq!((length, end), (body.len() + 1000, None));
                assert!(body.ends_with("/>"), "{body}");
            }
        }
        // What has happened.
        let entry = boomi.log().pop().unwrap();
        let handled = u32::from(fault.is_handled());
        let status = match fault {
            WireFault::ResetBefore => 0,
            WireFault::Redirect => 302,
            _ => 200,
        };
        assert_eq!((entry.status, entry.fault), (status, Some(fault)));
        assert_eq!(boomi.effects().len(), handled as usize, "{fault:?}");
        assert_eq!(status_of(&boomi, REGULAR.name).accepted, 1 + handled);

        // It is used up, and a connection that is still there is as good as any.
        let reused = matches!(end, Some(ErrorKind::WouldBlock));
        let mut wire = if reused { wire } else { Wire::to(&boomi) };
        wire.patience(10_000);
        wire.send("/nothing", "");
        assert_eq!(wire.status(), 404);
        until(&boomi, "it is logged", || boomi.log().len() == 3);
        assert_eq!(boomi.log()[2].fault, None);
    }
}

#[test]
fn under_tls_they_break_it_too() {
    let boomi = Emulator::start_unlimited();
    let token = with_token(REGULAR);
    for &fault in WireFault::ALL {
        boomi.answer_next(Scripted::from(fault).drip_ms(0));
        let path = "/api/rest/v1/account123/Deployment/sized-200";
        // A client each: a connection that was closed without notice would be another's to find.
        let answer = Client::of(&boomi).try_bytes(path, &token);
        let whole = matches!(
            fault,
            WireFault::CloseAfter | WireFault::Drip | WireFault::Html200 | WireFault::Empty200 | WireFault::Redirect
        );
        assert_eq!(answer.is_ok(), whole, "{fault:?}");
        assert_eq!(Client::of(&boomi).get(path, &[("Authorization", &token)]).body.len(), 200, "after {fault:?}");
    }
}

/// The end of TLS is in order, so that nothing but the length tells that something is missing.
#[test]
fn what_is_cut_by_closing_ends_like_what_is_whole() {
    let boomi = Emulator::start_unlimited();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(boomi.ca_pem().as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let config = std::sync::Arc::new(config);
    let address = boomi.base_url().strip_prefix("https://localhost").map(|port| format!("127.0.0.1{port}")).unwrap();
    for (fault, in_order) in [
        (WireFault::CutHeaders, true),
        (WireFault::CutBodyClose, true),
        (WireFault::WrongLength, true),
        (WireFault::CloseAfter, true),
        (WireFault::CutBody, false),
    ] {
        boomi.answer_next(Scripted::from(fault));
        let tls = ClientConnection::new(config.clone(), "localhost".try_into().unwrap()).unwrap();
        let mut stream = StreamOwned::new(tls, TcpStream::connect(&address).unwrap());
        stream.write_all(b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        let end = stream.read_to_end(&mut answer);
        assert!(answer.starts_with(b"HTTP/1.1 404"), "{fault:?}");
        assert_eq!(end.is_ok(), in_order, "{fault:?}: {end:?}");
    }
}

#[test]
fn chance_hits_as_often_as_told_and_the_same_with_the_same_seed() {
    let boomi = start_http();
    let client = Client::of(&boomi);
    let hits = |percent: u8, seed: u64| -> Vec<bool> {
        boomi.clear_scripted();
        boomi.answer_next(Scripted::new(500, "", "").percent(percent, seed).for_ever());
        (0..300).map(|_| client.get("/nothing", &[]).status == 500).collect()
    };
    let (first, again, other) = (hits(20, 1), hits(20, 1), hits(20, 2));
    assert_eq!(first, again);
    assert_ne!(first, other);
    let count = first.iter().filter(|hit| **hit).count();
    assert!((30..=90).contains(&count), "{count}");
    // What is left to chance is used up only when it happens.
    boomi.clear_scripted();
    boomi.answer_next(Scripted::from(WireFault::Empty200).percent(50, 3).times(2));
    let statuses: Vec<u16> = (0..40).map(|_| client.get("/nothing", &[]).status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 2, "{statuses:?}");
}

#[test]
fn refusals_are_judged_though_their_answer_is_lost() {
    let boomi = start_http();
    boomi.answer_next(Scripted::from(WireFault::ResetAfter));
    boomi.answer_next(Scripted::from(WireFault::ResetBefore));
    for (status, rejections) in [(401, 1), (0, 1)] {
        let mut wire = Wire::to(&boomi);
        wire.send("/api/rest/v1/account123/AuditLog/x", &basic(REGULAR.name, "wrong"));
        assert!(wire.is_reset());
        assert_eq!(boomi.log().pop().unwrap().status, status);
        assert_eq!(status_of(&boomi, REGULAR.name).total_rejections, rejections);
    }
}
