//! The library's types, in this process, beside the emulator, real proxies and servers that fail.
//!
//! A test that forks, or that needs a process of its own, belongs to `tests/process`.

#[path = "../common/alone.rs"]
mod alone;
#[path = "../common/mod.rs"]
mod common;
#[cfg(target_os = "linux")]
#[path = "../common/daemon.rs"]
mod daemon;
#[path = "../common/example.rs"]
mod example;
#[path = "../common/load.rs"]
mod load;
#[path = "../common/servers.rs"]
mod servers;
#[cfg(target_os = "linux")]
#[path = "../common/toolchain.rs"]
mod toolchain;

mod at_once;
mod authentication_page;
mod examples;
mod families;
mod guard;
#[cfg(target_os = "linux")]
mod network;
mod providers;
mod sign_in;
mod streams;
mod transport;
