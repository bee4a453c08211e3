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

/// The beginning of a client of Boomi by its address: to look a name up after a fork, while other threads of the parent did so, may
/// wait for ever for a lock of the C library.
fn client_of(boomi: &boomi_emulator::Emulator) -> boomi_auth::ClientBuilder {
    common::builder(boomi).base_url(&boomi.hub_url())
}
