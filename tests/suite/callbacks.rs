//! The caller's functions: when they are asked, what they are told, and that what they hold is let go of once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use boomi_auth::CredentialKind::Password;
use boomi_auth::{ErrorKind, EventKind};
use boomi_emulator::Emulator;
use boomi_emulator::users::{REGULAR, TWOFA};

use crate::api::{Api, EventFn, Given, Setting};
use crate::run_twice;
use crate::support::{AUDIT_LOG, DEPLOYMENT, by_password, client, failure, get, of};

run_twice!(
    callback_runs_before_first_sign_in_and_after_rejection,
    bad_credentials_of_a_callback_are_the_calls_error,
    events_tell_what_happened_and_no_secret,
    what_callbacks_hold_is_released_once_when_the_client_is_gone,
    what_callbacks_hold_is_released_when_no_client_came_of_it,
);

fn given(username: &'static str, secret: &'static str) -> Given {
    Given { kind: Password, username, secret }
}

fn callback_runs_before_first_sign_in_and_after_rejection<A: Api>() {
    let boomi = Emulator::start();
    boomi.set_password(REGULAR.name, "second");
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = asked.clone();
    let ask = Setting::CredentialsFn(Box::new(move |rejected| {
        log.lock().unwrap().push(rejected);
        given(REGULAR.name, if rejected { "second" } else { "first" })
    }));
    let client = client::<A>(of(&boomi), [ask]);
    assert!(asked.lock().unwrap().is_empty(), "a client is made without asking");
    failure(A::generate_jwt(&client, None, None)).assert(ErrorKind::CredentialsRejected, &[]);
    assert_eq!(*asked.lock().unwrap(), [false]);
    for _ in 0..2 {
        A::generate_jwt(&client, None, None).unwrap();
    }
    assert_eq!(*asked.lock().unwrap(), [false, true]);
}

fn bad_credentials_of_a_callback_are_the_calls_error<A: Api>() {
    let boomi = Emulator::start();
    for (username, secret, named) in [("a:b", "x", "user name"), ("user@example.com", "x\n", "password")] {
        let ask = Setting::CredentialsFn(Box::new(move |_| given(username, secret)));
        let client = client::<A>(of(&boomi), [ask]);
        failure(A::generate_jwt(&client, None, None)).assert_unsent(ErrorKind::InvalidArgument, &[named]);
    }
    assert!(boomi.log().is_empty());
}

fn events_tell_what_happened_and_no_secret<A: Api>() {
    let boomi = Emulator::start();
    let told = Arc::new(Mutex::new(Vec::new()));
    let log = told.clone();
    let tell: EventFn = Box::new(move |kind, json| log.lock().unwrap().push((kind, json.to_owned())));
    let ask = Setting::CredentialsFn(Box::new(|rejected| {
        given(REGULAR.name, if rejected { REGULAR.password } else { "marked-secret" })
    }));
    let client = client::<A>(of(&boomi), [ask, Setting::OnEvent(tell)]);
    failure(A::generate_jwt(&client, None, None)).assert(ErrorKind::CredentialsRejected, &[]);
    A::generate_jwt(&client, None, None).unwrap();
    get::<A>(&client, AUDIT_LOG).unwrap();

    let told = told.lock().unwrap();
    let kinds: Vec<_> = told.iter().map(|(kind, _)| *kind).collect();
    let expected =
        [EventKind::CredentialsLoaded, EventKind::SignInRejected, EventKind::CredentialsLoaded, EventKind::TokenIssued];
    assert_eq!(kinds, expected.map(EventKind::code));
    let json: Vec<serde_json::Value> = told.iter().map(|(_, json)| serde_json::from_str(json).unwrap()).collect();
    for (json, kind) in json.iter().zip(expected) {
        assert_eq!(json["event"], kind.name());
    }
    assert_eq!((&json[0]["after_rejection"], &json[2]["after_rejection"]), (&false.into(), &true.into()));
    assert_eq!((&json[1]["username"], &json[1]["status"]), (&REGULAR.name.into(), &401.into()));
    assert_eq!((&json[3]["account_id"], &json[3]["lifetime_s"]), (&"account123".into(), &300.into()));
    let all = format!("{told:?}");
    assert!(!all.contains("marked-secret") && !all.contains(REGULAR.password), "{all}");
}

/// Counts the callbacks that let go of it.
#[derive(Clone, Default)]
struct Releases(Arc<AtomicUsize>);

struct Held(Releases);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Releases {
    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// All four callbacks, each holding on to one.
    fn callbacks(&self) -> Vec<Setting> {
        let held = || Held(self.clone());
        let (credentials, otp, event, wait) = (held(), held(), held(), held());
        vec![
            Setting::CredentialsFn(Box::new(move |_| {
                let _ = &credentials;
                given(TWOFA.name, TWOFA.password)
            })),
            Setting::OtpFn(Box::new(move || {
                let _ = &otp;
                Some("000000".into())
            })),
            Setting::OnEvent(Box::new(move |_, _| {
                let _ = &event;
            })),
            Setting::WaitHook(Box::new(move || {
                let _ = &wait;
                false
            })),
        ]
    }
}

fn what_callbacks_hold_is_released_once_when_the_client_is_gone<A: Api>() {
    let boomi = Emulator::start();
    let releases = Releases::default();
    let client = client::<A>(of(&boomi), releases.callbacks());
    assert_eq!(releases.count(), 0);
    let other = client.clone();
    let response = get::<A>(&client, DEPLOYMENT).unwrap();
    drop(client);
    assert_eq!(releases.count(), 0);
    drop(other);
    assert_eq!(releases.count(), 4);
    drop(response);
    assert_eq!(releases.count(), 4);
}

fn what_callbacks_hold_is_released_when_no_client_came_of_it<A: Api>() {
    let releases = Releases::default();
    let mut settings = releases.callbacks();
    // One that is replaced is let go of as well.
    settings.extend(releases.callbacks());
    settings.push(by_password(REGULAR));
    settings.push(Setting::TimeoutMs(0));
    failure(A::client(settings)).assert_unsent(ErrorKind::InvalidArgument, &[]);
    assert_eq!(releases.count(), 8);
}
