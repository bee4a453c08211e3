//! The emulator as a client meets it, over its sockets, and its command.

mod common;
#[path = "common/running.rs"]
mod running;

mod command;
mod connections;
mod latency;
mod other_apis;
mod outages;
mod queries;
mod rate_limit;
mod routes;
mod settings;
mod sign_in;
mod slow_work;
mod wire_faults;
