//! How many requests of an account arrive in a second, and which of them are too many.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// How many requests an account may make; what is over it gets the documented 503 (GraphQL: 429), before anybody's
/// credentials are looked at. In JSON every field may be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RateLimit {
    /// As many requests in any second, over all paths of an account; nothing (in JSON `null`) is no limit.
    /// Default 10, as documented.
    pub requests_per_second: Option<u32>,
    /// The `Retry-After` of a refusal. \[U\] whether there is one: nothing, the default, leaves it out.
    pub retry_after_s: Option<u32>,
}

impl Default for RateLimit {
    fn default() -> RateLimit {
        RateLimit { requests_per_second: Some(10), retry_after_s: None }
    }
}

const SECOND_US: u64 = 1_000_000;

/// What arrived by account: the last second of it, and the most there ever was in one.
#[derive(Default)]
pub(crate) struct Rates(BTreeMap<String, Arrivals>);

#[derive(Default)]
struct Arrivals {
    most: usize,
    all: VecDeque<u64>,
    admitted: VecDeque<u64>,
}

/// The most requests of an account that arrived in one second.
#[derive(Serialize)]
pub(crate) struct Most {
    most: usize,
}

impl Rates {
    /// Counts one that arrives now, and says whether it is within the limit. \[U\] whether one that is refused uses up
    /// the second: it does not, so that a client that only ever tries again comes through.
    pub(crate) fn arrive(&mut self, account: &str, at_us: u64, limit: Option<u32>) -> bool {
        let arrivals = self.0.entry(account.to_owned()).or_default();
        for recent in [&mut arrivals.all, &mut arrivals.admitted] {
            // Half open: what came a whole second ago shares no second with this one.
            while recent.front().is_some_and(|&earlier| earlier + SECOND_US <= at_us) {
                recent.pop_front();
            }
        }
        arrivals.all.push_back(at_us);
        arrivals.most = arrivals.most.max(arrivals.all.len());
        let admitted = limit.is_none_or(|limit| arrivals.admitted.len() < limit as usize);
        if admitted {
            arrivals.admitted.push_back(at_us);
        }
        admitted
    }

    pub(crate) fn most(&self, account: &str) -> usize {
        self.0.get(account).map_or(0, |arrivals| arrivals.most)
    }

    pub(crate) fn status(&self) -> BTreeMap<&str, Most> {
        self.0.iter().map(|(account, arrivals)| (account.as_str(), Most { most: arrivals.most })).collect()
    }
}

/// The account whose limit a path counts for. Documented for the Platform API; \[U\] for the rest: what has an account
/// in its path shares it, DataHub's repositories, Event Streams, downloads and `/auth/` have none. With the Partner API
/// it is the primary account's, whichever is overridden.
pub(crate) fn account_of(path: &str) -> Option<String> {
    const LIMITED: [&str; 4] = ["/api/rest/v1/", "/partner/api/rest/v1/", "/apim/api/rest/v1/", "/mdm/api/rest/v1/"];
    let rest = LIMITED.iter().find_map(|prefix| path.strip_prefix(prefix))?;
    let account = rest.split(['/', '?']).next().unwrap_or_default();
    (!account.is_empty()).then(|| decoded(account))
}

/// A segment of a path without its percent-encoding.
fn decoded(segment: &str) -> String {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escaped = (first == b'%').then(|| after.get(..2)).flatten();
        let byte = escaped.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_slides_and_is_half_open() {
        let mut rates = Rates::default();
        let mut arrive = |at_ms: u64| rates.arrive("a", at_ms * 1000, Some(3));
        assert_eq!([0, 400, 900].map(&mut arrive), [true; 3]);
        assert_eq!([950, 999].map(&mut arrive), [false; 2], "five in one second");
        assert_eq!([1000, 1001, 1399].map(&mut arrive), [true, false, false], "the first is a second ago");
        assert!(arrive(1400), "what was refused used up nothing");
        assert_eq!(rates.most("a"), 7, "from 400 to 1399, and again from 401 to 1400");
    }

    #[test]
    fn accounts_have_a_window_each_and_none_is_no_limit() {
        let mut rates = Rates::default();
        assert!(rates.arrive("a", 0, Some(1)) && rates.arrive("b", 0, Some(1)) && !rates.arrive("a", 1, Some(1)));
        assert!((0..1000).all(|n| rates.arrive("c", n, None)));
        assert_eq!((rates.most("a"), rates.most("c"), rates.most("d")), (2, 1000, 0));
        assert!(!rates.arrive("e", 0, Some(0)));
        rates.arrive("c", 10 * SECOND_US, None);
        assert_eq!(rates.0["c"].all.len() + rates.0["c"].admitted.len(), 2, "nothing old is kept");
    }

    #[test]
    fn a_path_counts_for_the_account_in_it() {
        for (path, account) in [
            ("/api/rest/v1/account123/AuditLog/1", Some("account123")),
            ("/partner/api/rest/v1/account123/Folder?overrideAccount=subaccount456", Some("account123")),
            ("/apim/api/rest/v1/a%2Fb/organizations", Some("a/b")),
            ("/mdm/api/rest/v1/a%zz%?x", Some("a%zz%")),
            ("/api/rest/v1/", None),
            ("/mdm/universes/u/records/query", None),
            ("/auth/jwt/generate/account123", None),
            ("/rest/account123/e/t", None),
            ("/graphql", None),
        ] {
            assert_eq!(account_of(path).as_deref(), account, "{path}");
        }
    }
}
