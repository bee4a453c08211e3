//! The server behind a proxy.

use std::net::IpAddr;

use crate::origin::Origin;

pub(crate) struct Target<'a> {
    pub(crate) origin: &'a Origin,
    /// Its address, if this machine looked it up.
    pub(crate) address: Option<IpAddr>,
    /// The value of User-Agent.
    pub(crate) user_agent: &'a str,
}
