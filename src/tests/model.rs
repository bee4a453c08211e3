//! Models: every order, or a hundred thousand of them, of what threads, processes and a store can do.

#[cfg(all(feature = "redis", unix))]
mod conformance;
#[cfg(feature = "model")]
mod guard;
#[cfg(feature = "redis")]
mod lease;
#[cfg(feature = "redis")]
mod scripts;
#[cfg(feature = "redis")]
mod sign_ins;
#[cfg(feature = "model")]
mod token_cache;
