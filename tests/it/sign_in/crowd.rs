//! Many threads at once: one exchange, one verdict.

use std::collections::HashSet;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::ThreadId;
use std::time::Duration;

use boomi_auth::{Client, Credentials, Error, ErrorKind, Token};
use boomi_emulator::Emulator;
use boomi_emulator::users::REGULAR;

use crate::common;

const THREADS: usize = 64;

/// Who has been seen to wait.
#[derive(Default)]
struct Waiting {
    threads: Mutex<HashSet<ThreadId>>,
    changed: Condvar,
}

/// All threads ask for a token. The first to sign in is held back until all others wait for it.
fn all_ask_at_once(boomi: &Emulator, password: &'static str) -> (Client, Vec<Result<Token, Error>>) {
    let waiting = Arc::new(Waiting::default());
    let (seen, all) = (waiting.clone(), waiting);
    let held_back = Credentials::from_fn(move |_| {
        let threads = all.threads.lock().unwrap();
        // If they do not all wait, the test fails instead of hanging.
        let limit = Duration::from_secs(20);
        drop(all.changed.wait_timeout_while(threads, limit, |threads| threads.len() < THREADS - 1).unwrap());
        Credentials::password(REGULAR.name, password)
    });
    let note_who_waits = move || {
        seen.threads.lock().unwrap().insert(std::thread::current().id());
        seen.changed.notify_all();
        false
    };
    let client = common::builder(boomi).credentials(held_back).wait_hook(note_who_waits).build().unwrap();
    let results = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(|| client.token())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    (client, results)
}

#[test]
fn threads_that_come_at_once_share_one_exchange() {
    let boomi = Emulator::start();
    let (client, results) = all_ask_at_once(&boomi, REGULAR.password);
    let tokens: HashSet<_> = results.into_iter().map(|token| token.unwrap().jwt().to_owned()).collect();
    assert_eq!((tokens.len(), boomi.log().len()), (1, 1));
    // And those who come later get the same.
    assert!(tokens.contains(client.token().unwrap().jwt()));
    assert_eq!(boomi.log().len(), 1);
}

#[test]
fn threads_that_come_at_once_share_one_rejection() {
    let boomi = Emulator::start();
    let (_, results) = all_ask_at_once(&boomi, "wrong");
    for result in results {
        let error = result.unwrap_err();
        assert_eq!((error.kind(), error.status()), (ErrorKind::CredentialsRejected, Some(401)));
    }
    // Six would lock the user.
    let user = boomi.users().into_iter().find(|user| user.user == REGULAR.name).unwrap();
    assert_eq!((boomi.log().len(), user.total_rejections, user.locked), (1, 1, false));
}
