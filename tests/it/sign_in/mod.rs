//! Signing in: where credentials and codes come from, what a rejection changes, and what Boomi's words become.

mod advice;
mod codes;
mod crowd;
mod sources;
