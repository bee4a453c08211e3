//! Authentication with a user's credentials (HTTP Basic), under the guard.

pub(crate) mod attempt;
pub(crate) mod code;
pub(crate) mod load;
pub(crate) mod state;
