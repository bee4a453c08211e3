//! What a fleet may do at once, in every order, over a store that may forget: searched to the end.
//!
//! [`scripts`] says in Rust what the store's scripts do, which [`conformance`] holds against a real server; [`lease`] and [`sign_ins`]
//! let processes loose on it. `cargo test --features redis --lib fleet::model`

#[cfg(unix)]
mod conformance;
mod lease;
mod scripts;
mod sign_ins;
