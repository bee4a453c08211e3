//! Providers of tokens for real: threads, processes, TLS and an emulated Boomi that is slow, down, or says no.

mod events;
mod flights;
mod leaders;
mod refusals;
