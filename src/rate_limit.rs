//! No more requests in any second than the server takes, of each account.
//!
//! [`Window`] decides; [`RateLimiter`] is what a client's threads share; [`RatePermit`] is one request's leave to be sent.

use std::cell::{Cell, RefCell};
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::fork::PerProcess;
use crate::store::{SharedStore, StorePermit};
use crate::sync::{Mutex, Signal, lock};
use crate::transport::deadline::Deadline;
use crate::transport::progress::{OnSent, Phase};

/// What Boomi takes of one account. (Source: developer.boomi.com, "API licensing".)
pub(crate) const DEFAULT_REQUESTS_PER_SECOND: u32 = 10;
/// More than anybody needs, and a list of so many is still quick to look through.
pub(crate) const MOST_REQUESTS_PER_SECOND: u32 = 10_000;

const SECOND: Duration = Duration::from_secs(1);
/// The server counts a request when it arrives, between its first byte's leaving and its answer. So it is counted here from
/// its answer, or from this much later than its last byte left if the answer takes longer: as much as two requests may be nearer to each
/// other on arrival than they were when they left. It costs a tenth of the rate at worst.
const JITTER: Duration = Duration::from_millis(100);
/// Whoever waits for others to go does so for no less at once.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// The requests of the last second, and who waits for a place among them. Pure: times are steady, and given.
#[derive(Default)]
struct Window {
    /// Those with a place: which, and when it becomes free again. `None` until the request leaves.
    places: Vec<(u64, Option<Duration>)>,
    /// Those without, in the order in which they first came: that, and which.
    queue: VecDeque<(u64, u64)>,
    next: u64,
}

impl Window {
    /// Returns which it is. `came` is what this was for the same caller, who let others go first meanwhile.
    fn join(&mut self, came: Option<u64>) -> u64 {
        self.next += 1;
        let came = came.unwrap_or(self.next);
        let index = self.queue.partition_point(|(other, _)| *other <= came);
        self.queue.insert(index, (came, self.next));
        self.next
    }

    fn leave(&mut self, id: u64) {
        self.queue.retain(|(_, waiting)| *waiting != id);
    }

    /// A place for `id`, if it is the first in the queue and one is free; otherwise, how long it waits at least.
    fn place(&mut self, id: u64, most: usize, now: Duration) -> Option<Duration> {
        self.places.retain(|(_, free_at)| free_at.is_none_or(|free_at| free_at > now));
        let ahead = self.queue.iter().take_while(|(_, waiting)| *waiting != id).count();
        if ahead == 0 && self.places.len() < most {
            self.queue.pop_front();
            self.places.push((id, None));
            return None;
        }
        Some(self.earliest(ahead, most, now).saturating_sub(now))
    }

    /// When one with so many ahead of it has a place, if all goes as fast as it can.
    fn earliest(&self, ahead: usize, most: usize, now: Duration) -> Duration {
        let mut free: Vec<_> = self.places.iter().map(|(_, free_at)| free_at.unwrap_or(now + SECOND)).collect();
        free.resize(most.max(free.len()), now);
        // Smaller than sort_unstable() by some kilobytes of code.
        let free = BinaryHeap::from(free).into_sorted_vec();
        free[ahead % most] + SECOND * (ahead / most) as u32
    }

    /// The request left.
    fn sent(&mut self, id: u64, now: Duration) {
        if let Some(place) = self.place_of(id) {
            place.1 = Some(now + JITTER + SECOND);
        }
    }

    /// Its answer is there, or none will come, although some of it left. Returns whether a place is free earlier for that.
    fn answered(&mut self, id: u64, now: Duration) -> bool {
        let Some((_, free_at)) = self.place_of(id) else { return false };
        let earlier = free_at.is_some_and(|free_at| now + SECOND < free_at);
        *free_at = Some(free_at.map_or(now + SECOND, |free_at| free_at.min(now + SECOND)));
        earlier
    }

    /// It is over. If it did not leave, its place is free; returns whether that is so.
    fn give_back(&mut self, id: u64) -> bool {
        let before = self.places.len();
        self.places.retain(|place| *place != (id, None));
        self.places.len() != before
    }

    fn place_of(&mut self, id: u64) -> Option<&mut (u64, Option<Duration>)> {
        self.places.iter_mut().find(|(other, _)| *other == id)
    }
}

/// What the threads of one process share about one account.
#[derive(Default)]
struct Bucket {
    /// Held for a few instructions, never across I/O or a callback.
    window: Mutex<Window>,
    changed: Signal,
    /// What it is called in a store's store.
    name: OnceLock<String>,
}

/// A client's pace: so many requests of each account in any second.
pub(crate) struct RateLimiter {
    /// 0 for as many as come.
    most: usize,
    /// A store that keeps the pace together, and the origin.
    store: Option<(SharedStore, String)>,
    buckets: PerProcess<Mutex<HashMap<String, Arc<Bucket>>>>,
}

impl RateLimiter {
    pub(crate) fn new(requests_per_second: u32) -> Self {
        RateLimiter { most: requests_per_second as usize, store: None, buckets: PerProcess::empty() }
    }

    /// Together with others of a store, if there is one.
    pub(crate) fn with_store(self, store: Option<SharedStore>, origin: String) -> Self {
        RateLimiter { store: store.map(|store| (store, origin)), ..self }
    }

    /// Waits for the store's turn, where one of this process's is had. While the store is away there is none to wait for.
    fn wait_for_store(&self, turn: &BucketPermit, account: &str, deadline: &Deadline) -> Result<()> {
        let Some((store, origin)) = &self.store else { return Ok(()) };
        let name = turn.bucket.name.get_or_init(|| store.rate_limit_key(origin, account));
        match store.turn(name, self.most, deadline.remaining()) {
            Ok(StorePermit::In(wait)) => {
                deadline.progress.set_phase(Phase::RateLimit);
                deadline.wait(wait)
            }
            Ok(StorePermit::TooLate(wait)) => Err(self.too_late(account, deadline, wait)),
            Err(_) => Ok(()),
        }
    }

    pub(crate) fn requests_per_second(&self) -> u32 {
        self.most as u32
    }

    /// Waits for leave to send a request of `account`, in the order in which callers came. An error at once if that would
    /// outlast the call; `None` without a pace.
    fn turn(&self, account: &str, deadline: &Deadline, came: Option<u64>) -> Result<Option<BucketPermit>> {
        if self.most == 0 {
            return Ok(None);
        }
        let waiting = Waiter::new(self.bucket(account), came);
        loop {
            let seen = waiting.bucket.changed.count();
            let now = deadline.clock().boottime();
            let place = lock(&waiting.bucket.window).place(waiting.id, self.most, now);
            let Some(wait) = place else { return Ok(Some(waiting.take())) };
            // Whether its turn would come after the deadline is known now, or then.
            let or_too_late = |error: Error| match error.kind() {
                ErrorKind::Timeout => self.too_late(account, deadline, wait),
                _ => error,
            };
            if wait >= deadline.remaining() {
                deadline.check().map_err(or_too_late)?;
                return Err(self.too_late(account, deadline, wait));
            }
            deadline.progress.set_phase(Phase::RateLimit);
            // A place may be free, and those ahead have not woken yet to take it or go: they tell.
            let at_most = wait.max(LOOK_AGAIN);
            deadline.wait_for(&waiting.bucket.changed, seen, deadline.clock().now() + at_most).map_err(or_too_late)?;
        }
    }

    fn bucket(&self, account: &str) -> Arc<Bucket> {
        let buckets = self.buckets.get(Mutex::default);
        let mut buckets = lock(&buckets);
        match buckets.get(account) {
            Some(bucket) => bucket.clone(),
            None => buckets.entry(account.to_owned()).or_default().clone(),
        }
    }

    fn too_late(&self, account: &str, deadline: &Deadline, wait: Duration) -> Error {
        let whose = if account.is_empty() { String::new() } else { format!(" of the account {account}") };
        let text = format!(
            "not sent: {} requests{whose} a second go to {}, and with those ahead of it this one's turn comes after its \
             deadline, in {} ms at the earliest: allow more time, or send fewer (requests_per_second)",
            self.most,
            deadline.host(),
            wait.as_millis()
        );
        Error::new(ErrorKind::RateLimited, text).with_retry_after(Some(wait)).retryable(true)
    }
}

/// A call in the queue, which it leaves whatever happens.
struct Waiter {
    bucket: Arc<Bucket>,
    id: u64,
}

impl Waiter {
    fn new(bucket: Arc<Bucket>, came: Option<u64>) -> Self {
        let id = lock(&bucket.window).join(came);
        Waiter { bucket, id }
    }

    fn take(self) -> BucketPermit {
        BucketPermit { bucket: self.bucket.clone(), id: self.id }
    }
}

impl Drop for Waiter {
    /// With a turn or without: the next may be the first now.
    fn drop(&mut self) {
        lock(&self.bucket.window).leave(self.id);
        self.bucket.changed.notify();
    }
}

/// A request's turn, for as long as it has it.
pub(crate) struct RatePermit<'a> {
    rate_limiter: &'a RateLimiter,
    account: &'a str,
    deadline: &'a Deadline,
    /// `None` without a pace, or while others go first.
    turn: RefCell<Option<BucketPermit>>,
    /// When it first came, among all who did.
    came: Cell<Option<u64>>,
}

impl<'a> RatePermit<'a> {
    /// See [`RateLimiter::turn`].
    pub(crate) fn wait(rate_limiter: &'a RateLimiter, account: &'a str, deadline: &'a Deadline) -> Result<Self> {
        let in_turn = RatePermit { rate_limiter, account, deadline, turn: RefCell::default(), came: Cell::default() };
        in_turn.wait_again()?;
        Ok(in_turn)
    }

    /// Lets others go first.
    pub(crate) fn give_back(&self) {
        self.turn.take();
    }

    pub(crate) fn wait_again(&self) -> Result<()> {
        let turn = self.rate_limiter.turn(self.account, self.deadline, self.came.get())?;
        self.came.set(self.came.get().or(turn.as_ref().map(|turn| turn.id)));
        self.turn.replace(turn);
        Ok(())
    }

    /// And of the store, if there is one.
    pub(crate) fn wait_for_store(&self) -> Result<()> {
        self.turn
            .borrow()
            .as_ref()
            .map_or(Ok(()), |turn| self.rate_limiter.wait_for_store(turn, self.account, self.deadline))
    }

    /// What the deadline tells when all of the request has left.
    pub(crate) fn on_sent(&self) -> Option<OnSent> {
        self.turn.borrow().as_ref().map(BucketPermit::on_sent)
    }

    /// It is over: the answer is there, or none will come.
    pub(crate) fn end(self) {
        if let Some(turn) = self.turn.take()
            && self.deadline.progress.was_sent()
        {
            turn.answered(self.deadline.clock().boottime());
        }
    }
}

/// Leave for one request, which is given back if it is dropped before the request has left.
struct BucketPermit {
    bucket: Arc<Bucket>,
    id: u64,
}

impl BucketPermit {
    fn on_sent(&self) -> OnSent {
        let (bucket, id) = (self.bucket.clone(), self.id);
        Box::new(move |now| lock(&bucket.window).sent(id, now))
    }

    fn answered(&self, now: Duration) {
        if lock(&self.bucket.window).answered(self.id, now) {
            self.bucket.changed.notify();
        }
    }
}

impl Drop for BucketPermit {
    fn drop(&mut self) {
        if lock(&self.bucket.window).give_back(self.id) {
            self.bucket.changed.notify();
        }
    }
}

/// Whose rate a request counts for: the account in its path, or else the caller's.
pub(crate) fn account_of<'a>(path: &'a str, callers: Option<&'a str>) -> &'a str {
    const FAMILIES: [&str; 4] = ["/api/rest/v1/", "/partner/api/rest/v1/", "/apim/api/rest/v1/", "/mdm/api/rest/v1/"];
    let rest = FAMILIES.into_iter().find_map(|family| path.strip_prefix(family));
    let in_path = rest.and_then(|rest| rest.split('/').next()).filter(|account| !account.is_empty());
    in_path.or(callers).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// When a request that leaves at once, and is answered after `latency`, gets its place: `count` of them, one thread each.
    fn departures(most: usize, count: usize, latency: Duration) -> Vec<Duration> {
        let mut window = Window::default();
        let ids: Vec<_> = (0..count).map(|_| window.join(None)).collect();
        let (mut now, mut left, mut on_their_way) = (Duration::ZERO, Vec::new(), VecDeque::new());
        for id in ids {
            while let Some(wait) = window.place(id, most, now) {
                let answered: Option<Duration> = on_their_way.front().map(|(_, at)| *at);
                now = (now + wait).min(answered.unwrap_or(Duration::MAX)).max(now + MS);
                while let Some((other, at)) = on_their_way.front().copied().filter(|(_, at)| *at <= now) {
                    window.answered(other, at);
                    on_their_way.pop_front();
                }
            }
            window.sent(id, now);
            on_their_way.push_back((id, now + latency));
            left.push(now);
        }
        left
    }

    #[test]
    fn no_second_has_more_and_little_is_lost() {
        for (latency, rate) in [(Duration::ZERO, 9.9), (50 * MS, 9.4), (5000 * MS, 9.0)] {
            let left = departures(10, 500, latency);
            // On arrival, any of them may be later by as much as its answer took, up to the tolerance.
            let late = latency.min(JITTER);
            for pair in left.windows(11) {
                assert!(pair[10] - (pair[0] + late) >= SECOND, "{latency:?}: {pair:?}");
            }
            let seconds = left.last().unwrap().as_secs_f64();
            assert!(490.0 / seconds >= rate, "{latency:?}: {} a second", 490.0 / seconds);
        }
    }

    #[test]
    fn the_first_ten_need_not_wait_and_the_others_know_how_long_at_least() {
        let mut window = Window::default();
        let now = 5 * SECOND;
        let first: Vec<_> = (0..10).map(|_| window.join(None)).collect();
        assert!(first.iter().all(|id| window.place(*id, 10, now).is_none()));
        let others: Vec<_> = (0..25).map(|_| window.join(None)).collect();
        assert_eq!(window.place(others[0], 10, now), Some(SECOND));
        assert_eq!(window.place(others[9], 10, now), Some(SECOND));
        assert_eq!(window.place(others[10], 10, now), Some(2 * SECOND));
        assert_eq!(window.place(others[24], 10, now), Some(3 * SECOND));
        // One has left and was answered, one has left; the rest may do so now.
        window.sent(first[0], now);
        window.answered(first[0], now + 20 * MS);
        window.sent(first[1], now);
        assert_eq!(window.place(others[0], 10, now + 30 * MS), Some(990 * MS));
    }

    #[test]
    fn a_turn_is_taken_in_the_order_of_coming() {
        let mut window = Window::default();
        let ids: Vec<_> = (0..3).map(|_| window.join(None)).collect();
        assert!(window.place(ids[1], 1, Duration::ZERO).is_some());
        assert!(window.place(ids[0], 1, Duration::ZERO).is_none());
        // The second goes away; the third is next, when the first has given its place back.
        window.leave(ids[1]);
        assert!(window.place(ids[2], 1, Duration::ZERO).is_some());
        assert!(window.give_back(ids[0]));
        assert!(window.place(ids[2], 1, Duration::ZERO).is_none());
    }

    #[test]
    fn who_let_others_go_first_comes_back_to_its_place_in_the_queue() {
        let mut window = Window::default();
        let first = window.join(None);
        assert!(window.place(first, 1, Duration::ZERO).is_none());
        let second = window.join(None);
        assert!(window.give_back(first));
        let again = window.join(Some(first));
        assert!(window.place(second, 1, Duration::ZERO).is_some());
        assert!(window.place(again, 1, Duration::ZERO).is_none());
    }

    #[test]
    fn what_was_lost_on_its_way_out_counts_from_then() {
        let mut window = Window::default();
        let id = window.join(None);
        assert!(window.place(id, 1, Duration::ZERO).is_none());
        window.answered(id, 500 * MS);
        assert!(!window.give_back(id));
        let next = window.join(None);
        assert_eq!(window.place(next, 1, SECOND), Some(500 * MS));
    }

    #[test]
    fn what_left_keeps_its_place_whatever_comes_of_it() {
        let mut window = Window::default();
        let id = window.join(None);
        assert!(window.place(id, 1, Duration::ZERO).is_none());
        window.sent(id, 10 * MS);
        assert!(!window.give_back(id));
        // An answer that comes late frees nothing earlier.
        assert!(!window.answered(id, 500 * MS));
        let next = window.join(None);
        assert_eq!(window.place(next, 1, 500 * MS), Some(10 * MS + JITTER + SECOND - 500 * MS));
        assert!(window.place(next, 1, 10 * MS + JITTER + SECOND).is_none());
    }

    #[test]
    fn requests_count_for_the_account_in_their_path() {
        for (path, account) in [
            ("/api/rest/v1/a-1/Process/query", "a-1"),
            ("/partner/api/rest/v1/a-1/Process", "a-1"),
            ("/apim/api/rest/v1/a-1/x", "a-1"),
            ("/mdm/api/rest/v1/a-1", "a-1"),
            ("/mdm/universes/u-1/records/query", "own"),
            ("/graphql", "own"),
            ("/api/rest/v1/", "own"),
        ] {
            assert_eq!(account_of(path, Some("own")), account, "{path}");
        }
        assert_eq!(account_of("/graphql", None), "");
    }
}
