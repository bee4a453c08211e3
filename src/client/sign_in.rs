//! Authentication with a user's credentials (HTTP Basic), under the guard that keeps the user from being locked.

pub(crate) mod attempt;
pub(crate) mod code;
pub(crate) mod load;
pub(crate) mod state;
