//! The tokens that a client keeps: one JWT for each account, asked for by one caller at a time.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Moment;
use crate::error::{Error, ErrorKind, Result};
use crate::jwt::Token;
use crate::transport::scope::{SLICE, Scope};

/// What must be left of a token for it to be handed out: a tenth of its life, 3 s at least and 30 s at most.
fn reserve(lifetime: Duration) -> Duration {
    (lifetime / 10).clamp(Duration::from_secs(3), Duration::from_secs(30))
}

/// A client's tokens, by account.
#[derive(Default)]
pub(crate) struct Tokens {
    accounts: Mutex<HashMap<String, Arc<Slot>>>,
}

#[derive(Default)]
struct Slot {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    token: Option<Token>,
    /// Whether somebody is asking the server.
    in_flight: bool,
    /// How many callers wait for whoever is.
    waiting: usize,
    /// How many exchanges have ended, and how the last one failed.
    ended: u64,
    failure: Option<Error>,
}

impl State {
    /// The token that is kept, while enough of it is left.
    fn usable(&self, now: Moment) -> Option<Token> {
        self.token.as_ref().filter(|token| token.remaining(now) > reserve(token.lifetime())).cloned()
    }

    /// Keeps a token, unless it is about to die: such a one is for the callers that waited.
    fn keep(&mut self, token: Token) {
        self.token = (token.left_on_arrival() >= Duration::from_secs(5)).then_some(token);
    }
}

impl Tokens {
    /// The account's token, from here or through `exchange`, of which one runs at a time for an account.
    pub(crate) fn get(&self, account: &str, scope: &Scope, exchange: impl FnOnce() -> Result<Token>) -> Result<Token> {
        let slot = self.slot(account);
        let mut now = Moment::now(&**scope.clock());
        let mut state = lock(&slot.state);
        let mut joined = None;
        loop {
            if let Some(token) = state.usable(now) {
                return Ok(token);
            }
            if let (Some(joined), Some(failure)) = (joined, &state.failure)
                && state.ended > joined
                && is_for_all(failure)
            {
                return Err(failure.clone());
            }
            if !state.in_flight {
                break;
            }
            joined.get_or_insert(state.ended);
            state.waiting += 1;
            let slice = SLICE.min(scope.remaining());
            state = slot.changed.wait_timeout(state, slice).unwrap_or_else(PoisonError::into_inner).0;
            state.waiting -= 1;
            // The check may call the caller's hook, so not under the lock.
            drop(state);
            scope.check()?;
            now = Moment::now(&**scope.clock());
            state = lock(&slot.state);
        }
        state.in_flight = true;
        drop(state);
        // Ends the flight also when `exchange` panics.
        let mut flight = Flight { slot: &slot, result: None };
        let result = exchange();
        flight.result = Some(result.clone());
        result
    }

    /// The same for a caller with a one-time code of its own, whose verdict is for nobody else: its exchange is apart.
    pub(crate) fn get_apart(
        &self,
        account: &str,
        scope: &Scope,
        exchange: impl FnOnce() -> Result<Token>,
    ) -> Result<Token> {
        let slot = self.slot(account);
        if let Some(token) = lock(&slot.state).usable(Moment::now(&**scope.clock())) {
            return Ok(token);
        }
        let token = exchange()?;
        lock(&slot.state).keep(token.clone());
        Ok(token)
    }

    fn slot(&self, account: &str) -> Arc<Slot> {
        let mut accounts = lock(&self.accounts);
        if let Some(slot) = accounts.get(account) {
            return slot.clone();
        }
        accounts.entry(account.to_owned()).or_default().clone()
    }
}

/// Whether a failure is the server's verdict, which those who waited share; their leader's own deadline, cancellation or
/// one-time code is not theirs.
fn is_for_all(failure: &Error) -> bool {
    !matches!(failure.kind(), ErrorKind::Timeout | ErrorKind::Canceled | ErrorKind::Otp | ErrorKind::Internal)
}

struct Flight<'a> {
    slot: &'a Slot,
    result: Option<Result<Token>>,
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.slot.state);
        state.in_flight = false;
        state.ended += 1;
        state.failure = None;
        match self.result.take() {
            Some(Ok(token)) => state.keep(token),
            Some(Err(error)) => state.failure = Some(error),
            None => {}
        }
        drop(state);
        self.slot.changed.notify_all();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::fake::FakeClock;
    use crate::clock::{Clock, SystemClock};
    use crate::transport::scope::{Limits, Stops};
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn scope(clock: Arc<dyn Clock>) -> std::rc::Rc<Scope> {
        let minute = Duration::from_secs(60);
        let (host, stops) = ("example.com".into(), Stops::default());
        Scope::begin(Limits {
            clock,
            host,
            timeout: minute,
            one_read: false,
            connect_timeout: minute,
            stops,
            hook: None,
        })
    }

    fn token(clock: &dyn Clock) -> Token {
        Token::read(b"YQ.e30.YQ", "a", None, Moment::now(clock)).unwrap()
    }

    #[test]
    fn a_token_is_kept_until_a_tenth_of_it_is_left() {
        let clock = Arc::new(FakeClock::at(0));
        let (tokens, asked) = (Tokens::default(), AtomicUsize::new(0));
        let get = |account: &str| {
            let exchange = || {
                asked.fetch_add(1, Ordering::Relaxed);
                Ok(token(&*clock))
            };
            tokens.get(account, &scope(clock.clone()), exchange).unwrap();
            asked.load(Ordering::Relaxed)
        };
        assert_eq!((get("a"), get("a"), get("b")), (1, 1, 2));
        clock.advance(Duration::from_secs(269));
        assert_eq!(get("a"), 2);
        clock.advance(Duration::from_secs(1));
        assert_eq!(get("a"), 3);
    }

    #[test]
    fn those_who_wait_share_the_token_or_the_verdict() {
        for rejected in [false, true] {
            let (tokens, asked) = (Tokens::default(), AtomicUsize::new(0));
            let barrier = Barrier::new(16);
            std::thread::scope(|threads| {
                for _ in 0..16 {
                    threads.spawn(|| {
                        barrier.wait();
                        let scope = scope(Arc::new(SystemClock));
                        let result = tokens.get("a", &scope, || {
                            asked.fetch_add(1, Ordering::SeqCst);
                            // Until all others wait for this exchange.
                            let slot = tokens.slot("a");
                            while lock(&slot.state).waiting < 15 {
                                std::thread::yield_now();
                            }
                            if rejected {
                                Err(Error::new(ErrorKind::CredentialsRejected, "no"))
                            } else {
                                Ok(token(&SystemClock))
                            }
                        });
                        assert_eq!(result.is_err(), rejected);
                    });
                }
            });
            assert_eq!(asked.load(Ordering::SeqCst), 1);
        }
    }

    #[test]
    fn a_code_of_its_own_is_nobody_elses() {
        let (tokens, clock) = (Tokens::default(), Arc::new(SystemClock));
        let rejected = || Err(Error::new(ErrorKind::CredentialsRejected, "a mistyped code"));
        assert!(tokens.get_apart("a", &scope(clock.clone()), rejected).is_err());
        assert!(lock(&tokens.slot("a").state).failure.is_none());
        tokens.get_apart("a", &scope(clock.clone()), || Ok(token(&SystemClock))).unwrap();
        tokens.get("a", &scope(clock), || panic!("the token is kept for all")).unwrap();
    }

    #[test]
    fn a_token_that_is_about_to_die_is_not_kept() {
        let clock = Arc::new(FakeClock::at(1_800_000_000));
        let tokens = Tokens::default();
        let payload = r#"{"exp":1800000004}"#;
        let encoded = base64::Engine::encode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, payload);
        let short =
            || Token::read(format!("YQ.{encoded}.YQ").as_bytes(), "a", Some(1_800_000_000), Moment::now(&*clock));
        tokens.get("a", &scope(clock.clone()), short).unwrap();
        assert!(lock(&tokens.slot("a").state).token.is_none());
    }

    #[test]
    fn a_leader_that_times_out_or_panics_is_not_shared() {
        let tokens = Tokens::default();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let failing = || Err(Error::new(ErrorKind::Timeout, "late"));
        assert!(tokens.get("a", &scope(clock.clone()), failing).is_err());
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            tokens.get("a", &scope(clock.clone()), || panic!("in the exchange")).map(drop)
        }));
        assert!(panicked.is_err());
        tokens.get("a", &scope(clock.clone()), || Ok(token(&*clock))).unwrap();
    }
}
