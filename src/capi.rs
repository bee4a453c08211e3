//! The C API: the functions of `include/boomi_auth.h`, one file for each handle. They parse, call and convert.
//!
//! # Safety
//!
//! One contract holds for every function. Pointers are NULL or valid: a handle was returned by this library and is not
//! freed, a text ends with a NUL, a buffer has its length. Several threads may use a `const` handle at once, one thread
//! any other.

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
mod text;
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
