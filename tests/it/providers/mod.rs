//! Providers of tokens for real: threads, processes, TLS and an emulated Boomi that is slow, down, or says no.

#[path = "../common/mod.rs"]
mod common;
#[cfg(unix)]
#[path = "../common/fork.rs"]
mod fork;
#[path = "../common/load.rs"]
mod load;

mod events;
mod flights;
#[cfg(unix)]
mod forks;
mod leaders;
mod refusals;
