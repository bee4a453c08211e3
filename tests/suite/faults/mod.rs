//! What a request comes to when something goes wrong with it, fault by fault: the table is `matrix.json`.

mod idle;
mod matrix;

/// The two ways into the library, as the suite has them.
#[allow(dead_code, reason = "not all of the suite is needed here")]
#[path = "../suite"]
mod suite {
    pub mod api;
    #[cfg(feature = "capi")]
    pub mod c;
    pub mod rust;
    pub mod support;
}

// Where the suite's modules look for each other.
#[cfg(feature = "capi")]
use suite::c;
use suite::{api, rust, support};

/// Makes two tests of each case, as in the suite.
macro_rules! run_twice {
    ($($case:ident),+ $(,)?) => {
        mod through_rust {
            $(#[test]
            fn $case() {
                super::$case::<crate::rust::Rust>();
            })+
        }

        #[cfg(feature = "capi")]
        mod through_c {
            $(#[test]
            fn $case() {
                super::$case::<crate::c::C>();
            })+
        }
    };
}
pub(crate) use run_twice;
