//! Clients and providers that were made before a `fork` serve everybody after it.

use std::cell::Cell;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use boomi_auth::{AuthScheme, Client, Credentials, TokenProvider};
use boomi_emulator::users::{REGULAR, SSO_ADMIN};
use boomi_emulator::{Delay, Emulator};

use crate::common::{self, by_password};
use crate::forked::{all_went_well, fork_many};
use crate::load::{AtTheEnd, Gate, exchanges, status, until};

const CHILDREN: usize = 16;

/// Asks for records that are not there, by names of the caller's own: an answer to somebody else would show.
fn gets_its_own_answers(client: &Client, who: &str) -> bool {
    (0..4).all(|number| {
        let id = format!("{who}-{number}");
        let answer = client.get(&format!("/api/rest/v1/{{accountId}}/Deployment/{id}")).auth(AuthScheme::Jwt).send();
        answer.is_ok_and(|answer| answer.status() == 404 && answer.message().is_some_and(|text| text.contains(&id)))
    })
}

/// It has the same token as its parent, and works with it.
fn goes_on_with(jwt: &str, client: &Client, provider: &TokenProvider, who: &str) -> bool {
    provider.get().is_ok_and(|token| token.jwt() == jwt)
        && client.token().is_ok_and(|token| token.jwt() == jwt)
        && gets_its_own_answers(client, who)
}

#[test]
fn token_survives_fork_and_responses_are_not_mixed_up() {
    let boomi = Emulator::start_unlimited();
    let client = common::client(&boomi, by_password(REGULAR));
    let provider = client.token_provider(None).unwrap();
    let jwt = provider.get().unwrap().jwt().to_owned();
    assert!(gets_its_own_answers(&client, "before"));
    let children = fork_many(CHILDREN, |number| goes_on_with(&jwt, &client, &provider, &format!("child{number}")));
    assert!(goes_on_with(&jwt, &client, &provider, "parent"));
    all_went_well(children);
    assert!(goes_on_with(&jwt, &client, &provider, "after"));
    assert_eq!(exchanges(&boomi), 1);
    // No connection was used by two processes.
    let log = boomi.log();
    let who = |path: &str| path.rsplit('/').next().unwrap().split('-').next().unwrap().to_owned();
    let users: HashSet<_> = log.iter().map(|entry| (entry.connection, who(&entry.path))).collect();
    let of_children: HashSet<_> = users.iter().filter(|(_, who)| who.starts_with("child")).collect();
    let connections: HashSet<_> = of_children.iter().map(|(connection, _)| connection).collect();
    assert_eq!((of_children.len(), connections.len()), (CHILDREN, CHILDREN));
    assert!(users.iter().filter(|(_, who)| !who.starts_with("child")).all(|(one, _)| !connections.contains(one)));
}

thread_local! {
    static IS_HELD: Cell<bool> = const { Cell::new(false) };
}

/// A client, one thread of which is held in the middle of its exchange.
struct Middle {
    boomi: Emulator,
    client: Client,
    gate: Arc<Gate>,
}

impl Middle {
    fn new() -> Self {
        let (boomi, gate) = (Emulator::start_unlimited(), Arc::new(Gate::default()));
        let holds = gate.clone();
        let hook = move || {
            if IS_HELD.take() {
                holds.hold();
            }
            false
        };
        let client = common::builder(&boomi).credentials(by_password(REGULAR)).wait_hook(hook).build().unwrap();
        Middle { boomi, client, gate }
    }

    /// Runs `work` while another thread is in the middle of what it asks, and three more wait for it.
    fn during<R: Send>(&self, ask: impl Fn() -> R + Sync, work: impl FnOnce()) -> Vec<R> {
        // The hook is asked while an answer is waited for.
        self.boomi.set_delays(vec![Delay::new(1000, 1000).on("/auth/")]);
        std::thread::scope(|scope| {
            let held = scope.spawn(|| {
                IS_HELD.set(true);
                ask()
            });
            until(&self.boomi, || self.gate.has_somebody());
            self.boomi.set_delays(Vec::new());
            let waiting: Vec<_> = (0..3).map(|_| scope.spawn(&ask)).collect();
            until(&self.boomi, || self.client.token_provider(None).unwrap().describe().contains(r#""joins":3"#));
            let opens = AtTheEnd(|| self.gate.open());
            work();
            drop(opens);
            [held].into_iter().chain(waiting).map(|thread| thread.join().unwrap()).collect()
        })
    }
}

#[test]
fn a_fork_in_the_middle_of_a_renewal_leaves_children_free() {
    let middle = Middle::new();
    let (boomi, client) = (&middle.boomi, &middle.client);
    let provider = client.token_provider(None).unwrap();
    let old = provider.get().unwrap().jwt().to_owned();
    let refreshed = middle.during(
        || provider.refresh(None).map(|()| provider.get().unwrap().jwt().to_owned()),
        || {
            // The one exchange, and those who wait for it, are the parent's.
            let children = fork_many(CHILDREN, |number| {
                let who = format!("child{number}");
                let goes_on = goes_on_with(&old, client, &provider, &who);
                // And what a child begins is its own.
                let renews = number % 4 != 0
                    || (provider.refresh(None).is_ok() && provider.get().is_ok_and(|token| token.jwt() != old));
                goes_on && renews && gets_its_own_answers(client, &who)
            });
            assert!(goes_on_with(&old, client, &provider, "parent"));
            all_went_well(children);
        },
    );
    let new = provider.get().unwrap().jwt().to_owned();
    assert!(new != old && refreshed.into_iter().all(|jwt| jwt.unwrap() == new));
    assert!(goes_on_with(&new, client, &provider, "after"));
    // The first, that in the middle, and those of four children.
    assert_eq!((exchanges(boomi), status(boomi, REGULAR).total_rejections), (6, 0));
}

#[test]
fn fork_during_first_token_request_does_not_block_children() {
    let middle = Middle::new();
    let (boomi, client) = (&middle.boomi, &middle.client);
    let provider = client.token_provider(None).unwrap();
    let tokens = middle.during(
        || provider.get().map(|token| token.jwt().to_owned()),
        || {
            let children = fork_many(CHILDREN, |number| {
                let own = provider.get().map(|token| token.jwt().to_owned());
                own.is_ok_and(|own| goes_on_with(&own, client, &provider, &format!("child{number}")))
            });
            all_went_well(children);
        },
    );
    let kept = provider.get().unwrap().jwt().to_owned();
    assert!(tokens.into_iter().all(|jwt| jwt.unwrap() == kept));
    assert_eq!(exchanges(boomi), 1 + CHILDREN);
}

#[test]
fn lock_held_in_the_parent_does_not_block_a_child() {
    let boomi = Emulator::start_unlimited();
    let client = common::client(&boomi, by_password(REGULAR));
    // Another user of the same table of ledgers, held back or not as it may be.
    let other = common::client(&boomi, Credentials::password(SSO_ADMIN.name, "wrong").unwrap());
    other.generate_jwt(None, None).unwrap_err();
    let provider = client.token_provider(None).unwrap();
    let (jwt, foreign) = (provider.get().unwrap(), client.generate_jwt(None, None).unwrap());
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for number in 0..4 {
            let (done, provider, other, foreign) = (&done, &provider, &other, &foreign);
            scope.spawn(move || {
                // Each round takes the locks: of the account, of the guard's table, of those who keep credentials.
                while !done.load(Ordering::Relaxed) {
                    provider.invalidate(foreign);
                    if number % 2 == 0 {
                        other.generate_jwt(None, None).unwrap_err();
                    }
                }
            });
        }
        let _ends = AtTheEnd(|| done.store(true, Ordering::Relaxed));
        for round in 0..10 {
            all_went_well(fork_many(4, |number| {
                provider.invalidate(&foreign);
                goes_on_with(jwt.jwt(), &client, &provider, &format!("child{round}{number}"))
                    && client.generate_jwt(None, None).is_ok()
                    && client.get("/nothing").auth(AuthScheme::Basic).send().is_ok()
            }));
        }
    });
    assert!(goes_on_with(jwt.jwt(), &client, &provider, "after"));
}
