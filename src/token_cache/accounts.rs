//! A client's accounts, looked up without a lock: a `fork` could leave a lock held.

use std::hash::{BuildHasher as _, RandomState};
use std::{collections::HashMap, sync::Arc};

use arc_swap::ArcSwapOption;

use super::account::Account;

/// The number of parts of the map. Adding an account copies one part.
const PARTS: usize = 64;

type Part = HashMap<Arc<str>, Arc<Account>>;

pub(crate) struct Accounts {
    hasher: RandomState,
    parts: [ArcSwapOption<Part>; PARTS],
}

impl Accounts {
    pub(crate) fn new() -> Self {
        Accounts { hasher: RandomState::new(), parts: [const { ArcSwapOption::const_empty() }; PARTS] }
    }

    /// Returns the account with this id, the same one to all callers.
    pub(crate) fn get(&self, id: &str) -> Arc<Account> {
        let part = &self.parts[self.hasher.hash_one(id) as usize % PARTS];
        let find = |part: &Option<Arc<Part>>| part.as_ref()?.get(id).cloned();
        if let Some(account) = find(&part.load()) {
            return account;
        }
        let made = Arc::new(Account::new(id));
        part.rcu(|part| match find(part) {
            // Another thread was first.
            Some(_) => part.clone(),
            None => {
                let mut larger = part.as_deref().cloned().unwrap_or_default();
                larger.insert(id.into(), made.clone());
                Some(Arc::new(larger))
            }
        });
        find(&part.load()).expect("it was added")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_is_the_same_for_all_threads() {
        let accounts = Accounts::new();
        let of = |id: &str| Arc::as_ptr(&accounts.get(id)) as usize;
        let found: Vec<_> = std::thread::scope(|threads| {
            let asking: Vec<_> = (0..8)
                .map(|_| threads.spawn(|| (0..200).map(|n| of(&format!("account{n}"))).collect::<Vec<_>>()))
                .collect();
            asking.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(found.iter().all(|one| *one == found[0]));
        let mut all = found[0].clone();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 200);
    }
}
