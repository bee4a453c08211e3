//! The finished command, beside the emulator, real curl, a real proxy, a real keychain and a real terminal.
#![cfg(target_os = "linux")]
#![allow(clippy::disallowed_methods, reason = "processes are waited for in real time")]

#[path = "../../../../tests/common/daemon.rs"]
#[allow(dead_code, unused, reason = "not all of it is needed here")]
mod daemon;
#[path = "../../../../tests/store/server.rs"]
mod server;

mod credentials;
mod curl;
mod doctor;
mod guard;
mod help;
mod interrupts;
mod keychain;
mod printing;
mod readme;
mod requests;
mod secrets;
mod settings;
mod shell;
mod store;
