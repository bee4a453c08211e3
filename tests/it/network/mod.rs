//! Real proxies, real servers with bad TLS, addresses where nobody lives, and servers that mean harm.
//!
//! What hangs, lies or breaks off in one phase alone is in tests/transport: deadlines and cancelling in each phase, an
//! address that drops packets (`phases`), one that refuses, connections kept and dropped (`connections`), garbage for a
//! status line, two Content-Lengths, truncation, redirects (`answers`), what a proxy sees of the bytes (`proxies`).

mod addresses;
mod bad_tls;
mod certificates;
mod environment;
mod hostile;
mod https_proxy;
mod privileged;
mod socks;
mod tinyproxy;
mod trust;
mod uploads;
mod usage;
