//! What ends the one caller who asks the server is nothing to those who wait for the answer.

use std::cell::Cell;
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::Scope;
use std::time::Duration;

use boomi_auth::{Call, Client, Error, ErrorKind, Token, TokenProvider};
use boomi_emulator::users::REGULAR;
use boomi_emulator::{Delay, Emulator};
use serde_json::Value;

use crate::common::{self, AUDIT_LOG, by_password, status_of};
use crate::load::{exchanges, until};

const OTHERS: usize = 16;

thread_local! {
    static IS_DOOMED: Cell<bool> = const { Cell::new(false) };
}

struct Scene {
    boomi: Emulator,
    client: Client,
    provider: TokenProvider,
    /// Makes doomed threads panic where they wait.
    doom: Arc<AtomicBool>,
}

impl Scene {
    fn new() -> Self {
        let boomi = Emulator::start_unlimited();
        let doom = Arc::new(AtomicBool::new(false));
        let strikes = doom.clone();
        let hook = move || {
            if strikes.load(Ordering::Relaxed) && IS_DOOMED.get() {
                std::panic::resume_unwind(Box::new("doomed"));
            }
            false
        };
        let client = common::builder(&boomi).credentials(by_password(REGULAR)).wait_hook(hook).build().unwrap();
        // An answer that does not come is then no reason to fear that the credentials are bad.
        assert_eq!(status_of(&client, AUDIT_LOG), 200);
        let provider = client.token_provider(None).unwrap();
        Scene { boomi, client, provider, doom }
    }

    /// Starts one who asks, and gets no answer for a while.
    fn lead<'scope, R: Send + 'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        ask: impl FnOnce(&TokenProvider) -> R + Send + 'scope,
    ) -> std::thread::ScopedJoinHandle<'scope, R> {
        self.boomi.set_delays(vec![Delay::new(12_000, 12_000).on("/auth/").before()]);
        let leader = scope.spawn(|| ask(&self.provider));
        until(&self.boomi, || self.boomi.in_flight("/auth/").now == 1);
        self.boomi.set_delays(Vec::new());
        leader
    }

    fn joins(&self) -> u64 {
        let description: Value = serde_json::from_str(&self.provider.describe()).unwrap();
        description["joins"].as_u64().unwrap()
    }

    /// Starts the others. All wait when this returns, if `all_wait`.
    fn follow<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        all_wait: bool,
    ) -> impl FnOnce() -> Vec<Result<Token, Error>> + use<'scope> {
        let others: Vec<_> = (0..OTHERS).map(|_| scope.spawn(|| self.provider.get())).collect();
        if all_wait {
            until(&self.boomi, || self.joins() == OTHERS as u64);
        }
        || others.into_iter().map(|other| other.join().unwrap()).collect()
    }

    /// They got one token, by one more exchange.
    fn assert_served(&self, others: Vec<Result<Token, Error>>) {
        let tokens: HashSet<_> = others.into_iter().map(|token| token.unwrap().jwt().to_owned()).collect();
        // One is on the log once it is answered, which the leader's may not be yet.
        let answered = exchanges(&self.boomi);
        assert!(tokens.len() == 1 && (1..=2).contains(&answered), "{} tokens, {answered} exchanges", tokens.len());
        assert!(self.client.token().is_ok_and(|token| tokens.contains(token.jwt())));
    }
}

#[test]
fn a_deadline_is_its_own() {
    let scene = &Scene::new();
    std::thread::scope(|scope| {
        let leader = scene.lead(scope, |provider| {
            let mut call = Call::new();
            call.set_timeout(Duration::from_millis(1500)).unwrap();
            provider.get_with(Duration::ZERO, Some(&call))
        });
        let others = scene.follow(scope, false);
        // Its exchange ends before it does, so it may still join the next one.
        let ended = leader.join().unwrap();
        assert!(ended.as_ref().err().is_none_or(|error| error.kind() == ErrorKind::Timeout), "{ended:?}");
        scene.assert_served(others());
    });
}

#[test]
fn a_cancellation_is_its_own() {
    let scene = &Scene::new();
    let call = Call::new();
    let handle = call.clone();
    std::thread::scope(|scope| {
        let leader = scene.lead(scope, move |provider| provider.get_with(Duration::ZERO, Some(&call)));
        let others = scene.follow(scope, true);
        handle.cancel();
        assert_eq!(leader.join().unwrap().unwrap_err().kind(), ErrorKind::Canceled);
        scene.assert_served(others());
    });
}

#[test]
fn a_panic_is_its_own() {
    let scene = &Scene::new();
    let panic = Mutex::new(None);
    std::thread::scope(|scope| {
        let leader = scene.lead(scope, |provider| {
            IS_DOOMED.set(true);
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| provider.get()));
            *panic.lock().unwrap() = result.err();
        });
        let others = scene.follow(scope, true);
        scene.doom.store(true, Ordering::Relaxed);
        leader.join().unwrap();
        scene.assert_served(others());
    });
    assert_eq!(panic.into_inner().unwrap().unwrap().downcast_ref(), Some(&"doomed"));
}
