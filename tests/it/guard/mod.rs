//! The guard for real: many threads, programs, processes and one emulated Boomi that counts bad sign-ins, and locks
//! after six.

mod crowd;
mod foreign;
mod rotation;
