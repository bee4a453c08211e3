//! The native library of the Java package: `org.boomiauth.Jni` and `org.boomiauth.Ffm` know no more of it than one function,
//! [`invoke`](boundary::invoke), with the number of an operation, an object, and fields as bytes both ways.
//!
//! So both ways in behave the same, and all that is unsafe is in `jni.rs` and `ffm.rs`. No behaviour: parse, call, convert.
#![deny(unsafe_code)]

mod authorization;
mod boundary;
mod client;
mod credentials;
#[allow(unsafe_code)]
mod ffm;
#[allow(unsafe_code)]
mod jni;
mod objects;
mod operation;
mod request;
mod token;
mod upcall;
mod wire;
