//! Real proxies, real servers with bad TLS, addresses where nobody lives, and servers that mean harm.
//!
//! What hangs, lies or breaks off in one phase alone is in tests/transport: deadlines and cancelling in each phase, an
//! address that drops packets (`phases`), one that refuses, connections kept and dropped (`connections`), garbage for a
//! status line, two Content-Lengths, truncation, redirects (`answers`), what a proxy sees of the bytes (`proxies`).
#![cfg(target_os = "linux")]

mod addresses;
mod alone;
mod bad_tls;
mod certificates;
#[path = "../common/mod.rs"]
mod common;
mod daemon;
mod environment;
#[path = "../common/example.rs"]
mod example;
mod hostile;
mod https_proxy;
#[path = "../transport/servers.rs"]
#[allow(dead_code, reason = "other tests need more of it")]
mod servers;
mod tinyproxy;
mod trust;
mod uploads;
mod usage;
