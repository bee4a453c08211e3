//! A handler of events runs outside all locks, and never because something is freed.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use boomi_auth::{AuthScheme, Client, Credentials, EventKind, Token, TokenProvider};
use boomi_emulator::users::{REGULAR, SSO_ADMIN, TWOFA, TWOFA_SECRET};
use boomi_emulator::{Emulator, Outage, OutageKind, Scripted};

use crate::common::{self, AUDIT_LOG, DEPLOYMENT, by_password};

/// Takes, in another thread, every lock that the thread of an event could hold. If it holds one, that takes for ever.
struct Prober {
    client: Client,
    provider: TokenProvider,
    /// The same table of ledgers has this user too.
    other_user: Client,
    foreign: Token,
}

impl Prober {
    fn takes_all_locks(&self) -> bool {
        let (client, provider) = (self.client.clone(), self.provider.clone());
        let (other_user, foreign) = (self.other_user.clone(), self.foreign.clone());
        let (tell, told) = channel();
        std::thread::spawn(move || {
            // Not this provider's: it changes nothing, which is found out under the lock.
            provider.invalidate(&foreign);
            client.describe();
            provider.describe();
            other_user.reset_guard();
            let _ = tell.send(());
        });
        told.recv_timeout(Duration::from_secs(30)).is_ok()
    }
}

#[test]
fn a_handler_runs_outside_all_locks() {
    let boomi = Emulator::start_unlimited();
    let (kinds, locked) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
    let (seen, stuck) = (kinds.clone(), locked.clone());
    let prober = Arc::new(OnceLock::<Prober>::new());
    let probe = prober.clone();
    let handler = move |event: &boomi_auth::Event| {
        let mut kinds = seen.lock().unwrap();
        kinds.push(event.kind());
        drop(kinds);
        if let Some(prober) = probe.get()
            && !prober.takes_all_locks()
        {
            stuck.store(true, Ordering::Relaxed);
        }
    };
    let vault = Arc::new(Mutex::new(REGULAR.password));
    let secret = vault.clone();
    let credentials =
        Credentials::from_fn(move |_| Credentials::password(REGULAR.name, secret.lock().map(|it| *it).unwrap()));
    let client = common::builder(&boomi).credentials(credentials).on_event(handler).build().unwrap();
    let provider = client.token_provider(None).unwrap();
    let other_user = common::client(&boomi, by_password(SSO_ADMIN));
    let foreign = other_user.token().unwrap();
    assert!(prober.set(Prober { client: client.clone(), provider: provider.clone(), other_user, foreign }).is_ok());

    provider.refresh(None).unwrap();
    boomi.answer_next(Scripted::new(401, "text/plain", "").on("/api/"));
    assert_eq!(client.get(DEPLOYMENT).auth(AuthScheme::Jwt).send().unwrap().attempts(), 2);
    boomi.answer_next(Scripted::new(500, "text/plain", "").on("/auth/"));
    provider.refresh(None).unwrap_err();
    // Rejected, read anew, rejected again, and held.
    *vault.lock().unwrap() = "wrong";
    boomi.answer_next(Scripted::new(401, "text/plain", "").on("/api/"));
    assert_eq!(client.get(AUDIT_LOG).send().unwrap().status(), 401);
    assert_eq!(client.get(AUDIT_LOG).send().unwrap().status(), 401);
    client.get(AUDIT_LOG).send().unwrap_err();

    assert!(!locked.load(Ordering::Relaxed), "a lock was held while a handler ran");
    let kinds = kinds.lock().unwrap();
    use EventKind::*;
    for kind in
        [CredentialsLoaded, TokenIssued, TokenRefreshed, RefreshFailed, TokenRefused, SignInRejected, SignInHeld]
    {
        assert!(kinds.contains(&kind), "{kind:?} is not in {kinds:?}");
    }
}

#[test]
fn nothing_is_told_when_things_are_freed() {
    let boomi = Emulator::start_unlimited();
    let count = Arc::new(AtomicUsize::new(0));
    let told = count.clone();
    let counts = move |_: &boomi_auth::Event| {
        told.fetch_add(1, Ordering::Relaxed);
    };
    let builder = common::builder(&boomi).credentials(by_password(TWOFA)).otp_secret(TWOFA_SECRET).on_event(counts);
    let client = builder.build().unwrap();
    let provider = client.token_provider(None).unwrap();
    let url = format!("{}/graphql", boomi.base_url());
    let token = provider.get().unwrap();
    let bearer = client.authorize(AuthScheme::Jwt, &url, None).unwrap();
    let stream = client.get(DEPLOYMENT).auth(AuthScheme::Jwt).open().unwrap();
    let regular = common::builder(&boomi).credentials(by_password(REGULAR));
    let told = count.clone();
    let regular = regular
        .on_event(move |_| {
            told.fetch_add(1, Ordering::Relaxed);
        })
        .build()
        .unwrap();
    let basic = regular.authorize(AuthScheme::Basic, &url, None).unwrap();
    let used_by = common::builder(&boomi).token_provider(&provider).build().unwrap();
    boomi.set_outage(Some(Outage::new(OutageKind::Refuse)));

    let before = count.load(Ordering::Relaxed);
    assert!(before > 0);
    // One that was never observed, an answer that was not read, and then what they belong to.
    drop((basic, bearer, stream, token));
    drop((used_by, provider));
    drop((client, regular));
    assert_eq!(count.load(Ordering::Relaxed), before);
}
