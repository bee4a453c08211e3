//! What takes its time: asynchronous operations, executions and downloads, each asked for again until it is ready.

use serde::Deserialize;
use std::collections::BTreeMap;

/// How long asynchronous operations, executions and downloads take. In JSON every field may be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AsyncOptions {
    /// How often each is answered 202 before it is ready. Default 2.
    pub polls: u32,
    /// The HTTP status of the answer that hands out an asynchronous token: 200, the default, as the OpenAPI file says,
    /// or 202 (\[U\]), which the body says in either case.
    pub status: u16,
}

impl Default for AsyncOptions {
    fn default() -> AsyncOptions {
        AsyncOptions { polls: 2, status: 200 }
    }
}

impl AsyncOptions {
    /// Says which field makes no sense.
    pub(crate) fn check(&self) -> Result<(), String> {
        if matches!(self.status, 200 | 202) {
            Ok(())
        } else {
            Err(format!("status: {} is not 200 or 202", self.status))
        }
    }
}

/// What a download holds and where it is. In JSON every field may be left out.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DownloadOptions {
    /// How many bytes it has. Default 1000.
    pub bytes: u32,
    /// The URL that is answered instead of the real one: another origin, say.
    pub url: Option<String>,
}

impl Default for DownloadOptions {
    fn default() -> DownloadOptions {
        DownloadOptions { bytes: 1000, url: None }
    }
}

/// All that was begun, by its id. Ids are fit for a path as they are.
#[derive(Default)]
pub(crate) struct Jobs(BTreeMap<String, Job>);

struct Job {
    account: String,
    object: String,
    asked: u32,
}

/// How far something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// It takes longer.
    UnderWay,
    /// It is ready, and nobody was told so before.
    Ready,
    /// It was ready before.
    Fetched,
}

impl Jobs {
    /// Begins one, whose id begins like this.
    pub(crate) fn begin(&mut self, name: &str, account: &str, object: &str) -> String {
        let id = format!("{name}-00000000-0000-4000-8000-{:012}", self.0.len() + 1);
        self.0.insert(id.clone(), Job { account: account.into(), object: object.into(), asked: 0 });
        id
    }

    /// Asks once more; nothing if the account never began such a one.
    pub(crate) fn ask(&mut self, id: &str, account: &str, object: &str, polls: u32) -> Option<Progress> {
        let job = self.0.get_mut(id).filter(|job| job.account == account && job.object == object)?;
        job.asked = job.asked.saturating_add(1);
        Some(match job.asked.saturating_sub(polls) {
            0 => Progress::UnderWay,
            1 => Progress::Ready,
            _ => Progress::Fetched,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn job_is_ready_after_its_polls_by_its_account_and_object() {
        let mut jobs = Jobs::default();
        let id = jobs.begin("x", "a", "o");
        assert_ne!(jobs.begin("x", "a", "o"), id);
        let other = [jobs.ask(&id, "b", "o", 2), jobs.ask(&id, "a", "p", 2), jobs.ask("x-1", "a", "o", 2)];
        assert_eq!(other, [None; 3]);
        let asked = [(); 4].map(|()| jobs.ask(&id, "a", "o", 2).unwrap());
        assert_eq!(asked, [Progress::UnderWay, Progress::UnderWay, Progress::Ready, Progress::Fetched]);
    }
}
