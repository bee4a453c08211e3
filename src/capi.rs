//! The C API: the functions of `include/boomi_auth.h`, one file for each handle. They parse, call and convert; what
//! they do is in the rest of the crate.
//!
//! # Safety
//!
//! The same for every function here, so it is said once. Pointers are NULL or valid: a handle is one that this library
//! gave out and that was not freed, a text ends with a NUL, a buffer has its length. A handle that a function takes as
//! `const` may be used by several threads at once, any other by one.

#![allow(clippy::missing_safety_doc, non_camel_case_types)]

mod authorization;
mod boundary;
mod call;
mod callbacks;
mod client;
mod config;
mod credentials;
mod error;
mod handle;
mod job;
mod library;
mod pages;
mod request;
mod response;
mod token;
mod token_provider;

pub use authorization::*;
pub use call::*;
pub use callbacks::*;
pub use client::*;
pub use config::*;
pub use credentials::*;
pub use error::*;
pub use job::*;
pub use library::*;
pub use pages::*;
pub use request::*;
pub use response::*;
pub use token::*;
pub use token_provider::*;
