//! What only tests compile: simulations, models, the scenario player, and the functions that the fuzzer calls.

#[cfg(all(test, feature = "capi"))]
#[allow(unsafe_code)]
mod capi;
#[cfg(test)]
pub(crate) mod fake_clock;
pub mod fuzzing;
#[cfg(test)]
mod guard;
#[cfg(test)]
mod house;
#[cfg(test)]
mod model;
#[cfg(test)]
mod scenarios;
#[cfg(test)]
pub(crate) mod sim;
#[cfg(test)]
mod token_cache_policy;
