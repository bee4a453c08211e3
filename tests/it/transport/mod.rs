//! The transport against servers that hang, break off and lie: every wait can be ended, and every failure has its name.

#[path = "../common/mod.rs"]
mod common;

mod answers;
mod connections;
mod phases;
mod proxies;
mod servers;
mod tls;
mod tunnel;
