//! Which requests of one account may leave in any second. Pure: times are steady, and arguments.

use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
/// How much closer two requests may be on arrival than on departure.
///
/// The server counts a request on arrival: between its departure and its response. So a place is free one second after
/// the response, or after the departure plus this, whichever is earlier. This costs at most a tenth of the rate.
const JITTER: Duration = Duration::from_millis(100);

/// The requests of the last second, and the queue for a place among them.
#[derive(Default)]
pub(super) struct Window {
    /// The id of each request with a place, and when the place is free again: `None` until the request leaves.
    places: Vec<(u64, Option<Duration>)>,
    /// The requests without a place, by the id of their first arrival: that id, and the current one.
    queue: VecDeque<(u64, u64)>,
    last_id: u64,
}

impl Window {
    /// Queues a request and returns its id. `arrival` is the id of the first time, for a request that gave its place
    /// back.
    pub(super) fn join(&mut self, arrival: Option<u64>) -> u64 {
        self.last_id += 1;
        let arrival = arrival.unwrap_or(self.last_id);
        let index = self.queue.partition_point(|(other, _)| *other <= arrival);
        self.queue.insert(index, (arrival, self.last_id));
        self.last_id
    }

    pub(super) fn leave(&mut self, id: u64) {
        self.queue.retain(|(_, queued)| *queued != id);
    }

    /// Takes a place, if `id` is first in the queue and one is free. Otherwise returns the shortest possible wait.
    pub(super) fn place(&mut self, id: u64, limit: usize, now: Duration) -> Option<Duration> {
        self.places.retain(|(_, free_at)| free_at.is_none_or(|free_at| free_at > now));
        let ahead = self.queue.iter().take_while(|(_, queued)| *queued != id).count();
        if ahead == 0 && self.places.len() < limit {
            self.queue.pop_front();
            self.places.push((id, None));
            return None;
        }
        Some(self.earliest(ahead, limit, now).saturating_sub(now))
    }

    /// When a request with this many ahead of it gets a place at the earliest.
    fn earliest(&self, ahead: usize, limit: usize, now: Duration) -> Duration {
        let mut free: Vec<_> = self.places.iter().map(|(_, free_at)| free_at.unwrap_or(now + SECOND)).collect();
        free.resize(limit.max(free.len()), now);
        // Smaller than sort_unstable() by some kilobytes of code.
        let free = BinaryHeap::from(free).into_sorted_vec();
        free[ahead % limit] + SECOND * (ahead / limit) as u32
    }

    pub(super) fn sent(&mut self, id: u64, now: Duration) {
        if let Some(place) = self.place_of(id) {
            place.1 = Some(now + JITTER + SECOND);
        }
    }

    /// Records the response, or that none will come. Returns whether the place is free earlier because of it.
    pub(super) fn answered(&mut self, id: u64, now: Duration) -> bool {
        let Some((_, free_at)) = self.place_of(id) else { return false };
        let earlier = free_at.is_some_and(|free_at| now + SECOND < free_at);
        *free_at = Some(free_at.map_or(now + SECOND, |free_at| free_at.min(now + SECOND)));
        earlier
    }

    /// Frees the place of a request that did not leave. Returns whether there was one.
    pub(super) fn give_back(&mut self, id: u64) -> bool {
        let before = self.places.len();
        self.places.retain(|place| *place != (id, None));
        self.places.len() != before
    }

    fn place_of(&mut self, id: u64) -> Option<&mut (u64, Option<Duration>)> {
        self.places.iter_mut().find(|(other, _)| *other == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// When `count` requests depart, each on a thread of its own, at once when it has a place, with `latency` to its
    /// response.
    fn departures(limit: usize, count: usize, latency: Duration) -> Vec<Duration> {
        let mut window = Window::default();
        let ids: Vec<_> = (0..count).map(|_| window.join(None)).collect();
        let (mut now, mut left, mut on_their_way) = (Duration::ZERO, Vec::new(), VecDeque::new());
        for id in ids {
            while let Some(wait) = window.place(id, limit, now) {
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
    fn window_keeps_the_limit_and_most_of_the_rate() {
        for (latency, rate) in [(Duration::ZERO, 9.9), (50 * MS, 9.4), (5000 * MS, 9.0)] {
            let left = departures(10, 500, latency);
            // On arrival, any of them may be later by as much as its response took, up to the tolerance.
            let late = latency.min(JITTER);
            for pair in left.windows(11) {
                assert!(pair[10] - (pair[0] + late) >= SECOND, "{latency:?}: {pair:?}");
            }
            let seconds = left.last().unwrap().as_secs_f64();
            assert!(490.0 / seconds >= rate, "{latency:?}: {} a second", 490.0 / seconds);
        }
    }

    #[test]
    fn queued_request_gets_its_shortest_wait() {
        let mut window = Window::default();
        let now = 5 * SECOND;
        let first: Vec<_> = (0..10).map(|_| window.join(None)).collect();
        assert!(first.iter().all(|id| window.place(*id, 10, now).is_none()));
        let others: Vec<_> = (0..25).map(|_| window.join(None)).collect();
        assert_eq!(window.place(others[0], 10, now), Some(SECOND));
        assert_eq!(window.place(others[9], 10, now), Some(SECOND));
        assert_eq!(window.place(others[10], 10, now), Some(2 * SECOND));
        assert_eq!(window.place(others[24], 10, now), Some(3 * SECOND));
        // One has left and has its response, one has left; the rest may do so now.
        window.sent(first[0], now);
        window.answered(first[0], now + 20 * MS);
        window.sent(first[1], now);
        assert_eq!(window.place(others[0], 10, now + 30 * MS), Some(990 * MS));
    }

    #[test]
    fn places_are_given_in_order_of_arrival() {
        let mut window = Window::default();
        let ids: Vec<_> = (0..3).map(|_| window.join(None)).collect();
        assert!(window.place(ids[1], 1, Duration::ZERO).is_some());
        assert!(window.place(ids[0], 1, Duration::ZERO).is_none());
        // The second leaves the queue, and the first gives its place back: the third is next.
        window.leave(ids[1]);
        assert!(window.place(ids[2], 1, Duration::ZERO).is_some());
        assert!(window.give_back(ids[0]));
        assert!(window.place(ids[2], 1, Duration::ZERO).is_none());
    }

    #[test]
    fn returned_place_keeps_its_arrival_order() {
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
    fn partly_sent_request_counts_from_its_end() {
        let mut window = Window::default();
        let id = window.join(None);
        assert!(window.place(id, 1, Duration::ZERO).is_none());
        window.answered(id, 500 * MS);
        assert!(!window.give_back(id));
        let next = window.join(None);
        assert_eq!(window.place(next, 1, SECOND), Some(500 * MS));
    }

    #[test]
    fn sent_request_keeps_its_place() {
        let mut window = Window::default();
        let id = window.join(None);
        assert!(window.place(id, 1, Duration::ZERO).is_none());
        window.sent(id, 10 * MS);
        assert!(!window.give_back(id));
        // A late response frees nothing earlier.
        assert!(!window.answered(id, 500 * MS));
        let next = window.join(None);
        assert_eq!(window.place(next, 1, 500 * MS), Some(10 * MS + JITTER + SECOND - 500 * MS));
        assert!(window.place(next, 1, 10 * MS + JITTER + SECOND).is_none());
    }
}
