//! A shared store: many processes, real Valkey or Redis servers, and one emulated Boomi that counts.
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

/// A client builder with Boomi's IP address: a name look-up in a forked child may wait for ever for a lock of the C
/// library, if another thread of the parent looked a name up during the fork.
fn client_of(boomi: &boomi_emulator::Emulator) -> boomi_auth::ClientBuilder {
    common::builder(boomi).base_url(&boomi.hub_url())
}
