//! The guard for real: many threads, programs, processes and one emulated Boomi that counts bad sign-ins, and locks after six.

#[path = "../common/mod.rs"]
mod common;
#[cfg(unix)]
#[path = "../common/fork.rs"]
mod fork;
#[path = "../common/load.rs"]
mod load;
#[cfg(target_os = "linux")]
#[path = "../c/toolchain.rs"]
mod toolchain;

mod crowd;
mod foreign;
mod rotation;
#[cfg(unix)]
mod state_dir;
