//! Programs that are compiled, linked and run as a user does it: C, C++, and what the texts show.

#[cfg(target_os = "linux")]
#[path = "../common/toolchain.rs"]
mod toolchain;

#[cfg(target_os = "linux")]
mod abi;
#[cfg(target_os = "linux")]
mod c_programs;
#[cfg(target_os = "linux")]
mod cpp_programs;
#[cfg(target_os = "linux")]
mod failing_calls;
mod readme;
