//! Tests that change or measure their whole process: forks, a logger, a panic hook, an allocator, memory, descriptors.

#[path = "../common/alone.rs"]
mod alone;
#[path = "../common/mod.rs"]
mod common;
#[cfg(unix)]
#[path = "../common/fork.rs"]
mod forked;
#[path = "../common/load.rs"]
mod load;

mod accounts;
#[cfg(unix)]
mod fork;
mod log;
#[cfg(unix)]
mod provider_forks;
mod secrets;
#[cfg(unix)]
mod soak;
#[cfg(unix)]
mod state_dir;
