//! boomi-auth
mod clock; mod credentials; mod endpoint; mod error; mod event; mod otp; mod process; mod secret; mod text; mod transport;
pub use error::*;
