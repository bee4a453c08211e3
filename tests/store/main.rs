//! A fleet's memory: many processes, real Valkey or Redis servers, and one emulated Boomi that counts.
#![cfg(unix)]

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/fork.rs"]
mod fork;
#[path = "../common/load.rs"]
mod load;

mod away;
mod garbage;
mod partition;
mod relay;
mod server;
mod several;
mod together;
