//! Credentials from a program: when it is run, what it is told, and what becomes of one that fails or hangs.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::ThreadId;

use boomi_auth::ErrorKind::{Canceled, Config, CredentialsRejected, Timeout};
use boomi_auth::{AuthScheme, EventKind};
use boomi_emulator::Emulator;
use boomi_emulator::users::{REGULAR, TWOFA};
use serde_json::{Value, json};

use crate::api::{Api, Failure, Response, Setting};
use crate::run_twice;
use crate::support::{AUDIT_LOG, Scratch, at, client, failure, get, of, within_ms};

run_twice!(
    what_a_program_prints_signs_in,
    a_program_is_run_again_after_a_rejection_and_told_so,
    a_program_is_run_again_when_what_it_printed_expires,
    many_at_once_run_a_program_once,
    many_at_once_get_the_failure_of_one_program,
    a_program_that_hangs_ends_with_its_call,
    a_program_that_hangs_is_canceled_with_its_call,
    who_needs_no_credentials_does_not_wait_for_the_program,
    failing_credential_process_is_explained_and_not_quoted,
    a_program_of_another_user_is_refused,
);

const CROWD: usize = 16;
const PHASE: &str = "waiting for the credentials of a program or keychain";

/// A shell program in a directory of its own, in which the program keeps a record of its runs.
struct Program {
    scratch: Scratch,
    text: &'static str,
}

impl Program {
    /// `text` finds the directory in `$1`. Each run first adds what it was told to the record.
    fn new(text: &'static str) -> Self {
        Program { scratch: Scratch::new(), text }
    }

    fn command(&self) -> String {
        let script = self.scratch.name("program");
        std::fs::write(&script, format!("printf $BOOMI_REJECTED >>\"$1/runs\"\n{}\n", self.text)).unwrap();
        format!("exec sh '{script}' '{}'", self.scratch.name(""))
    }

    fn setting(&self) -> Setting {
        Setting::CredentialProcess(self.command(), None)
    }

    /// What `BOOMI_REJECTED` was in each run.
    fn runs(&self) -> String {
        std::fs::read_to_string(self.scratch.path("runs")).unwrap_or_default()
    }

    fn put(&self, name: &str, content: &str) {
        std::fs::write(self.scratch.path(name), content).unwrap();
    }

    /// A pipe that is there for all who open it: nobody waits for another end, and nobody sees one.
    fn pipe(&self, name: &str) -> File {
        let path = self.scratch.path(name);
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        OpenOptions::new().read(true).write(true).open(path).unwrap()
    }
}

fn document(password: &str) -> String {
    json!({ "version": 1, "username": REGULAR.name, "password": password }).to_string()
}

fn what_a_program_prints_signs_in<A: Api>() {
    let boomi = Emulator::start();
    let program = Program::new("cat; cat \"$1/document\"");
    for (printed, username, sent) in [
        (json!({ "version": 1, "username": REGULAR.name, "password": REGULAR.password }), None, REGULAR.name),
        (json!({ "version": 1, "password": REGULAR.password }), Some(REGULAR.name), REGULAR.name),
        (json!({ "Version": 1, "ApiToken": TWOFA.token }), Some(TWOFA.name), "BOOMI_TOKEN.twofa@example.com"),
        (
            json!({ "version": 1, "username": TWOFA.name, "api_token": TWOFA.token, "more": [] }),
            Some("BOOMI_TOKEN.TwoFA@example.com"),
            "BOOMI_TOKEN.twofa@example.com",
        ),
    ] {
        boomi.reset();
        program.put("document", &printed.to_string());
        let told = Arc::new(Mutex::new(Vec::new()));
        let log = told.clone();
        let tell = Setting::OnEvent(Box::new(move |kind, json| log.lock().unwrap().push((kind, json.to_owned()))));
        let client = client::<A>(of(&boomi), [Setting::CredentialProcess(program.command(), username), tell]);
        let about: Value = serde_json::from_str(&A::describe(&client)).unwrap();
        let shown = json!({ "source": "process", "username": username, "secret": "***" });
        assert_eq!(about["credentials"], shown);
        assert_eq!(program.runs(), "", "a client is made and described without running it");

        // The guard's look runs it as a sign-in would, and once is enough for both.
        let about: Value = serde_json::from_str(&A::describe_guard(&client).unwrap()).unwrap();
        assert_eq!((&about["username"], &about["held"]), (&sent.into(), &Value::Null));
        A::generate_jwt(&client, None, None).unwrap();
        assert_eq!(get::<A>(&client, AUDIT_LOG).unwrap().status(), 200);
        assert!(boomi.log().iter().all(|entry| entry.user.as_deref() == Some(sent)));
        assert_eq!(program.runs(), "0");
        let told = told.lock().unwrap();
        let loaded: Vec<_> = told.iter().filter(|(kind, _)| *kind == EventKind::CredentialsLoaded.code()).collect();
        let [(_, event)] = loaded[..] else { panic!("{told:?}") };
        let event: Value = serde_json::from_str(event).unwrap();
        assert_eq!((&event["source"], &event["username"]), (&"process".into(), &sent.into()));
        assert!(!format!("{told:?}").contains(REGULAR.password) && !format!("{told:?}").contains(TWOFA.token));
        std::fs::remove_file(program.scratch.path("runs")).unwrap();
    }
}

fn a_program_is_run_again_after_a_rejection_and_told_so<A: Api>() {
    let boomi = Emulator::start();
    let program = Program::new("cat \"$1/$BOOMI_REJECTED\"");
    program.put("0", &document(REGULAR.password));
    program.put("1", &document("second"));
    let client = client::<A>(of(&boomi), [program.setting()]);
    A::generate_jwt(&client, None, None).unwrap();
    boomi.set_password(REGULAR.name, "second");
    failure(A::generate_jwt(&client, None, None)).assert(CredentialsRejected, &[]);
    assert_eq!(program.runs(), "0", "what was good is kept until it is rejected");
    for _ in 0..2 {
        A::generate_jwt(&client, None, None).unwrap();
    }
    assert_eq!(program.runs(), "01");
}

fn a_program_is_run_again_when_what_it_printed_expires<A: Api>() {
    let boomi = Emulator::start();
    let program = Program::new("cat \"$1/document\"");
    let client = client::<A>(of(&boomi), [program.setting()]);
    // Over since long ago, at once after each run; and not for long.
    for (expires_at, runs) in [(1, "00"), (u64::from(u32::MAX), "000")] {
        let document =
            json!({ "version": 1, "username": REGULAR.name, "password": REGULAR.password, "expires_at": expires_at });
        program.put("document", &document.to_string());
        for _ in 0..2 {
            A::generate_jwt(&client, None, None).unwrap();
        }
        assert_eq!(program.runs(), runs);
    }
}

/// Knows by the wait hook, which runs on the thread that waits, when a crowd does.
#[derive(Clone, Default)]
struct Waiting(Arc<(Mutex<HashMap<ThreadId, usize>>, Condvar)>);

impl Waiting {
    fn hook(&self) -> Setting {
        let waiting = self.clone();
        Setting::WaitHook(Box::new(move || {
            let (asked, changed) = &*waiting.0;
            *asked.lock().unwrap().entry(std::thread::current().id()).or_default() += 1;
            changed.notify_all();
            false
        }))
    }

    /// Returns when so many threads are waiting. On its way there a call may be asked once.
    fn until(&self, count: usize) {
        let (asked, changed) = &*self.0;
        let are_few =
            |asked: &mut HashMap<ThreadId, usize>| asked.values().filter(|times| **times >= 3).count() < count;
        drop(changed.wait_while(asked.lock().unwrap(), are_few).unwrap());
    }
}

/// What comes of so many calls that all wait for one run of the program, which then goes on.
fn at_once<A: Api>(boomi: &Emulator, program: &Program) -> Vec<Result<(), Failure>> {
    let (waiting, mut go) = (Waiting::default(), program.pipe("go"));
    let client = client::<A>(of(boomi), [program.setting(), waiting.hook()]);
    let threads = [(); CROWD].map(|()| {
        let client = client.clone();
        std::thread::spawn(move || A::generate_jwt(&client, None, None).map(|_| ()))
    });
    waiting.until(CROWD);
    // Also for those runs that there must not be.
    go.write_all(&[b'\n'; CROWD]).unwrap();
    threads.into_iter().map(|thread| thread.join().unwrap()).collect()
}

fn many_at_once_run_a_program_once<A: Api>() {
    let boomi = Emulator::start_unlimited();
    let program = Program::new("read line <\"$1/go\"; cat \"$1/document\"");
    program.put("document", &document(REGULAR.password));
    for result in at_once::<A>(&boomi, &program) {
        result.unwrap();
    }
    assert_eq!(program.runs(), "0");
    assert_eq!(boomi.log().len(), CROWD);
}

fn many_at_once_get_the_failure_of_one_program<A: Api>() {
    let boomi = Emulator::start_unlimited();
    let program = Program::new("read line <\"$1/go\"; exit 3");
    for result in at_once::<A>(&boomi, &program) {
        failure(result).assert_unsent(Config, &["exit status 3"]);
    }
    assert_eq!(program.runs(), "0");
    assert!(boomi.log().is_empty());
}

/// Prints its credentials if they are there, and otherwise says that it has begun, and hangs.
fn hanging() -> (Program, File, File) {
    let program =
        Program::new("[ -e \"$1/document\" ] && exec cat \"$1/document\"; echo >\"$1/begun\"; read line <\"$1/never\"");
    let (begun, never) = (program.pipe("begun"), program.pipe("never"));
    (program, begun, never)
}

fn a_program_that_hangs_ends_with_its_call<A: Api>() {
    let boomi = Emulator::start();
    let (program, ..) = hanging();
    let client = client::<A>(of(&boomi), [program.setting(), Setting::TimeoutMs(400)]);
    let request = A::request("GET", AUDIT_LOG).unwrap();
    for failure in [
        failure(A::generate_jwt(&client, None, None)),
        failure(A::send(&client, &request, Some(&within_ms::<A>(300)))),
        failure(A::describe_guard(&client)),
    ] {
        failure.assert_unsent(Timeout, &[PHASE, "00 ms"]);
        assert!(failure.retryable && failure.attempts == 0, "{failure:?}");
    }
    assert!(boomi.log().is_empty());
    program.put("document", &document(REGULAR.password));
    A::generate_jwt(&client, None, Some(&within_ms::<A>(60_000))).unwrap();
}

fn a_program_that_hangs_is_canceled_with_its_call<A: Api>() {
    let boomi = Emulator::start();
    let (program, mut begun, _never) = hanging();
    let client = client::<A>(of(&boomi), [program.setting()]);
    for by_client in [false, true] {
        let (client, call) = (client.clone(), A::call());
        let elsewhere = (client.clone(), call.clone());
        let waiting = std::thread::spawn(move || failure(A::generate_jwt(&client, None, Some(&call))));
        begun.read_exact(&mut [0]).unwrap();
        if by_client {
            A::cancel_client(&elsewhere.0)
        } else {
            A::cancel_call(&elsewhere.1)
        }
        waiting.join().unwrap().assert_unsent(Canceled, &["was canceled while", PHASE]);
    }
    assert!(boomi.log().is_empty());
    program.put("document", &document(REGULAR.password));
    A::generate_jwt(&client, None, None).unwrap();
    assert_eq!(program.runs(), "000");
}

fn who_needs_no_credentials_does_not_wait_for_the_program<A: Api>() {
    let boomi = Emulator::start();
    let (program, mut begun, _never) = hanging();
    let client = client::<A>(of(&boomi), [program.setting(), Setting::RequestsPerSecond(1)]);
    let elsewhere = client.clone();
    let waiting = std::thread::spawn(move || failure(get::<A>(&elsewhere, AUDIT_LOG)));
    begun.read_exact(&mut [0]).unwrap();
    // One a second: this would come too late if the one that waits for the program kept its turn.
    let mut request = A::request("GET", AUDIT_LOG).unwrap();
    A::set_auth(&mut request, AuthScheme::None);
    assert_eq!(A::send(&client, &request, Some(&within_ms::<A>(900))).unwrap().status(), 401);
    A::cancel_client(&client);
    waiting.join().unwrap().assert_unsent(Canceled, &[]);
    assert_eq!(boomi.log().len(), 1);
}

fn failing_credential_process_is_explained_and_not_quoted<A: Api>() {
    let cases = [
        ("exit 3", "exit status 3"),
        ("printf '{\"version\":1,\"username\":\"u\",\"password\":\"marked-secret\"}'; exit 3", "exit status 3"),
        ("printf marked-secret; kill -9 $$", "signal 9"),
        (": marked-secret", "is not one JSON object"),
        ("printf marked-secret", "is not one JSON object"),
        ("printf '{\"username\":\"u\",\"password\":\"marked-secret\"}'", "has no \"version\":1"),
        ("printf '{\"version\":1,\"username\":\"u\"}'", "has neither api_token nor password"),
        ("printf '{\"version\":1,\"username\":\"a:b\",\"password\":\"marked-secret\"}'", "has a colon"),
        ("printf '{\"version\":1,\"password\":\"marked-secret\"}'", "has no username"),
        ("head -c 70000 /dev/zero; : marked-secret", "more than 65536 bytes"),
    ];
    for (command, said) in cases {
        let client = client::<A>(at("https://localhost:1"), [Setting::CredentialProcess(command.into(), None)]);
        for failure in [failure(A::generate_jwt(&client, None, None)), failure(A::describe_guard(&client))] {
            failure.assert_unsent(Config, &["BOOMI_CREDENTIAL_PROCESS", said]);
            assert!(!failure.retryable && failure.attempts == 0, "{failure:?}");
            assert!(!format!("{failure:?} {}", A::describe(&client)).contains("marked-secret"), "{failure:?}");
        }
    }
}

fn a_program_of_another_user_is_refused<A: Api>() {
    let program = Program::new("cat \"$1/document\"");
    program.put("document", &document("marked-secret"));
    let setting = Setting::CredentialProcess(program.command(), Some("other@example.com"));
    let failure = failure(A::generate_jwt(&client::<A>(at("https://localhost:1"), [setting]), None, None));
    failure.assert_unsent(Config, &["another user", "BOOMI_USERNAME"]);
    assert!(!failure.message.contains("marked-secret"), "{failure:?}");
}
