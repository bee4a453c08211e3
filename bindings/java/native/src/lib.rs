//! The native library of the Java package.
//!
//! `org.boomiauth.Jni` and `org.boomiauth.Ffm` call one function, [`invoke`](entry::invoke), with the number of an
//! operation, an object, and fields as bytes both ways. So JNI and FFM behave the same, and only `jni.rs` and `ffm.rs`
//! are unsafe. No behaviour of its own: parse, call, convert.
#![deny(unsafe_code)]

mod authorization;
mod client;
mod credentials;
mod entry;
mod failure;
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
