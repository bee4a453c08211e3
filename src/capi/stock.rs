//! References to a fresh token, counted before anybody asks for them.
//!
//! To hand out a token takes a count up, and another step to know that the token lives until then. A provider's handle keeps
//! thousands of references that are counted already, so that what is left is to take one out; its caller's free counts down.

use std::cell::UnsafeCell;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use once_cell::race::OnceBox;

use super::token::{self, boomi_token};
use crate::client::TokenProvider;
use crate::clock::Clock;
use crate::token_cache::account::{Fresh, WAYS, way};

/// References that are counted at once.
const LOT: u32 = if cfg!(miri) { 16 } else { 1 << 16 };

/// The references of one handle, for threads by turns.
///
/// Of many handles most see one thread, or one at a time: the ways of others are made when a second one comes.
pub(crate) struct Stock {
    first: Way,
    others: OnceBox<[Way; WAYS]>,
}

/// Nobody's way.
const NONE: u8 = WAYS as u8;

/// All that it takes to hand out a token, in one line of the processor's cache: with many accounts, a line more is what costs.
#[repr(align(64))]
struct Way {
    /// Whether a thread is at it. Nobody waits for that, and in a child of fork() it may stay so for good.
    taken: AtomicBool,
    /// Whose it is.
    index: AtomicU8,
    lot: UnsafeCell<Option<Lot>>,
    /// The client's.
    clock: Arc<dyn Clock>,
}

const _: () = assert!(size_of::<Way>() == 64);

/// References to one token, all ours.
struct Lot {
    token: NonNull<boomi_token>,
    left: u32,
    fresh: Fresh,
}

// SAFETY: a lot is only reached through `Way::with`, by one thread at a time; the token in it is `Send` and `Sync`, and so is a clock.
unsafe impl Send for Way {}
// SAFETY: as above.
unsafe impl Sync for Way {}

impl Stock {
    pub(crate) fn of(provider: &TokenProvider) -> Self {
        Stock { first: Way::of(NONE, provider.clock()), others: OnceBox::new() }
    }

    /// A reference for C to a token that is fresh now, if another thread is not just at it. No lock, no I/O, and no allocation but
    /// the first time that a thread comes.
    #[inline]
    pub(crate) fn take(&self, provider: &TokenProvider) -> Option<*mut boomi_token> {
        let index = way();
        match self.way(index, provider).with(one_of)? {
            None => self.refill(index, provider),
            some => some,
        }
    }

    #[inline]
    fn way(&self, index: usize, provider: &TokenProvider) -> &Way {
        if self.first.index.load(Ordering::Relaxed) == index as u8 { &self.first } else { self.other(index, provider) }
    }

    /// The first way belongs to who came first, and the others are made all at once.
    #[inline(never)]
    fn other(&self, index: usize, provider: &TokenProvider) -> &Way {
        let owner = self.first.index.compare_exchange(NONE, index as u8, Ordering::Relaxed, Ordering::Relaxed);
        if owner.is_ok() {
            return &self.first;
        }
        &self.others.get_or_init(|| Box::new(std::array::from_fn(|index| Way::of(index as u8, provider.clock()))))
            [index]
    }

    #[cold]
    #[inline(never)]
    fn refill(&self, index: usize, provider: &TokenProvider) -> Option<*mut boomi_token> {
        self.give_back();
        let filled = |lot: &mut Option<Lot>, clock: &dyn Clock| {
            *lot = Lot::new(provider, index);
            one_of(lot, clock)
        };
        self.way(index, provider).with(filled)?
    }

    fn all(&self) -> impl Iterator<Item = &Way> {
        std::iter::once(&self.first).chain(self.others.get().into_iter().flatten())
    }

    /// Ends the references to tokens that are not handed out any more, or the last of them would never be wiped.
    pub(crate) fn give_back(&self) {
        for way in self.all() {
            let ended = way.with(|lot, clock| lot.take_if(|lot| !lot.has_one(clock)));
            drop(ended);
        }
    }
}

/// Out of a lot, if its token is fresh.
#[inline]
fn one_of(lot: &mut Option<Lot>, clock: &dyn Clock) -> Option<*mut boomi_token> {
    let lot = lot.as_mut().filter(|lot| lot.has_one(clock))?;
    lot.left -= 1;
    Some(lot.token.as_ptr())
}

impl Way {
    fn of(index: u8, clock: &Arc<dyn Clock>) -> Self {
        Way {
            taken: AtomicBool::new(false),
            index: AtomicU8::new(index),
            lot: UnsafeCell::new(None),
            clock: clock.clone(),
        }
    }

    /// `None` if another thread is at it. `work` must not panic, nor come here again.
    #[inline]
    fn with<R>(&self, work: impl FnOnce(&mut Option<Lot>, &dyn Clock) -> R) -> Option<R> {
        if self.taken.swap(true, Ordering::Acquire) {
            return None;
        }
        // SAFETY: until the store below, no other thread gets here.
        let result = work(unsafe { &mut *self.lot.get() }, &*self.clock);
        self.taken.store(false, Ordering::Release);
        Some(result)
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        // Left so by a fork() in the middle of a change: what is in it may be half of something.
        if *self.taken.get_mut() {
            std::mem::forget(self.lot.get_mut().take());
        }
    }
}

impl Lot {
    fn new(provider: &TokenProvider, way: usize) -> Option<Self> {
        let (token, fresh) = provider.to_stock(way)?;
        Some(Lot { token: token::give_many(token, LOT as usize), left: LOT, fresh })
    }

    /// Whether there is one, and it is fresh.
    #[inline]
    fn has_one(&self, clock: &dyn Clock) -> bool {
        // SAFETY: with one left, the token is alive.
        self.left > 0 && self.fresh.includes(clock.nanos()) && !unsafe { token::is_retired(self.token) }
    }
}

impl Drop for Lot {
    fn drop(&mut self) {
        // Without one of our own, the token may be gone.
        if self.left > 0 {
            // SAFETY: `left` of the references from `give_many` are still ours.
            unsafe { token::take_back(self.token.as_ptr(), self.left as usize) };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Weak;
    use std::time::Duration;

    use super::super::{boomi_token_clone, boomi_token_free, boomi_token_jwt};
    use super::*;
    use crate::jwt::TokenParts;
    use crate::tests::sim::clock::Sim;
    use crate::tests::sim::server::{self, Issuer};

    /// A provider that has a token, and its clock.
    fn provider() -> (Arc<Sim>, TokenProvider) {
        let sim = Sim::new(1_800_000_000, 1);
        let issuer = Issuer::new(sim.clone(), 1);
        let provider = server::client(&issuer, sim.clone(), |_| {}).token_provider(None).unwrap();
        provider.get().unwrap();
        (sim, provider)
    }

    fn free(token: *mut boomi_token) {
        // SAFETY: each test frees what it took, once.
        unsafe { boomi_token_free(token) };
    }

    fn jwt(token: *mut boomi_token) -> String {
        // SAFETY: not freed yet.
        unsafe { std::ffi::CStr::from_ptr(boomi_token_jwt(token)) }.to_str().unwrap().to_owned()
    }

    /// To see whether it is gone.
    fn watch(token: *mut boomi_token) -> Weak<TokenParts> {
        // SAFETY: not freed yet.
        Arc::downgrade(&unsafe { token::another_reference(token) }.unwrap().into_shared())
    }

    fn replace(sim: &Sim, provider: &TokenProvider) {
        sim.sleep(Duration::from_secs(1));
        provider.refresh(None).unwrap();
    }

    #[test]
    fn tokens_of_several_lots_are_one_and_go_with_the_last_reference() {
        let (sim, provider) = provider();
        let stock = Stock::of(&provider);
        let tokens: Vec<_> = (0..LOT + 10).map(|_| stock.take(&provider).unwrap()).collect();
        // Not one pointer, where addresses on the stack are anywhere, as in Miri: the ways go by them.
        let first = jwt(tokens[0]);
        assert!(tokens.iter().all(|token| jwt(*token) == first));
        let seen = watch(tokens[0]);
        // SAFETY: not freed yet.
        let clone = unsafe { boomi_token_clone(tokens[0]) };
        tokens.into_iter().for_each(free);
        replace(&sim, &provider);
        let next = stock.take(&provider).unwrap();
        assert_ne!(jwt(next), jwt(clone));
        assert!(seen.upgrade().is_some(), "C has a reference");
        free(clone);
        assert!(seen.upgrade().is_none(), "nobody has one");
        let seen = watch(next);
        free(next);
        drop((stock, provider));
        assert!(seen.upgrade().is_none(), "the stock keeps none for itself");
    }

    #[test]
    fn nothing_is_handed_out_that_is_not_fresh_any_more() {
        let (sim, provider) = provider();
        let stock = Stock::of(&provider);
        let first = stock.take(&provider).unwrap();
        // SAFETY: not freed yet.
        provider.invalidate(&unsafe { token::another_reference(first) }.unwrap());
        assert!(stock.take(&provider).is_none(), "it was refused");
        replace(&sim, &provider);
        let second = stock.take(&provider).unwrap();
        assert_ne!(jwt(first), jwt(second));
        sim.sleep(Duration::from_secs(299));
        assert!(stock.take(&provider).is_none(), "it is about to die");
        free(first);
        free(second);
    }

    #[test]
    fn a_token_that_was_replaced_stays_in_no_way() {
        let (sim, provider) = provider();
        let stock = Stock::of(&provider);
        let first = |way| stock.refill(way, &provider).map(|token| (watch(token), free(token)).0).unwrap();
        let seen: Vec<_> = (0..WAYS).map(first).collect();
        replace(&sim, &provider);
        free(stock.take(&provider).unwrap());
        assert!(seen.iter().all(|token| token.upgrade().is_none()));
    }

    /// Such a one stays behind in a child, if its parent's other thread was at it during fork().
    #[test]
    fn a_way_that_nobody_comes_back_from_is_gone_around() {
        let (_sim, provider) = provider();
        let stock = Stock::of(&provider);
        stock.all().for_each(|way| way.taken.store(true, Ordering::Release));
        assert!(stock.take(&provider).is_none());
        assert!(provider.peek(Duration::ZERO).is_some());
    }

    #[test]
    fn threads_take_and_free_while_the_token_is_replaced() {
        let (sim, provider) = provider();
        let stock = Stock::of(&provider);
        let rounds = if cfg!(miri) { 20 } else { 200 };
        std::thread::scope(|threads| {
            for _ in 0..4 {
                threads.spawn(|| {
                    for _ in 0..rounds {
                        let taken: Vec<_> = (0..8).filter_map(|_| stock.take(&provider)).collect();
                        assert!(taken.iter().all(|token| jwt(*token).len() > 40));
                        taken.into_iter().for_each(free);
                    }
                });
            }
            for _ in 0..rounds / 20 {
                replace(&sim, &provider);
            }
        });
        let seen: Vec<_> =
            (0..WAYS).filter_map(|way| Lot::new(&provider, way)).map(|lot| watch(lot.token.as_ptr())).collect();
        assert_eq!(seen.len(), WAYS);
        drop((stock, provider));
        assert!(seen.iter().all(|token| token.upgrade().is_none()), "every reference was given back");
    }
}
