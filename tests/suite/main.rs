//! One suite, run twice: through the Rust types, and through the functions of the C API.
//!
//! A case is a function over [`api::Api`], and `run_twice!` makes two tests of it with the same expectations. So the C
//! functions can do neither less nor anything else than the types they wrap.

mod answers;
mod api;
mod authorize;
mod c;
mod callbacks;
mod calls;
mod faults;
mod guard;
mod jobs;
mod keychain;
mod no_io;
mod pace;
mod pages;
#[cfg(all(unix, feature = "credential-process"))]
mod programs;
mod providers;
mod requests;
mod retries;
mod rust;
mod scenarios;
mod settings;
mod sign_ins;
mod streams;
mod support;

/// Makes two tests of each case: one through Rust, one through C.
macro_rules! run_twice {
    ($($case:ident),+ $(,)?) => {
        mod through_rust {
            $(#[test]
            fn $case() {
                super::$case::<crate::rust::Rust>();
            })+
        }

        mod through_c {
            $(#[test]
            fn $case() {
                super::$case::<crate::c::C>();
            })+
        }
    };
}
pub(crate) use run_twice;
