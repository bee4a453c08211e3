//! The C library. The functions are those of the core's `capi`, exported as they are.

extern crate boomi_auth_core as _;
