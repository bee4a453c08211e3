//! The transport against servers that hang, break off and lie: every wait can be ended, and every failure has its name.

mod answers;
mod connections;
mod phases;
mod proxies;
mod tls;
mod tunnel;
