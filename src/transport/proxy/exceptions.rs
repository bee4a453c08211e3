//! NO_PROXY: the hosts that need no proxy, read as curl reads them.

use std::net::IpAddr;

use crate::origin::{Origin, ip_of};

/// Whether NO_PROXY names `target`: `*`, a host, a domain with its subdomains, an address or a CIDR block, each with an
/// optional port.
pub(super) fn is_excepted(target: &Origin, exceptions: &str) -> bool {
    exceptions.split([',', ' ', '\t']).filter(|entry| !entry.is_empty()).any(|entry| {
        if entry == "*" {
            return true;
        }
        let (entry, port) = split_port(entry);
        if port.is_some_and(|port| port != target.port()) {
            return false;
        }
        let host = target.host().trim_end_matches('.');
        match ip_of(host) {
            Some(address) => match entry.split_once('/') {
                Some((network, bits)) => in_network(address, network, bits),
                None => ip_of(entry) == Some(address),
            },
            None => {
                let domain = entry.trim_start_matches('*').trim_matches('.').to_ascii_lowercase();
                host == domain
                    || host.strip_suffix(&domain).is_some_and(|rest| rest.ends_with('.') && !domain.is_empty())
            }
        }
    })
}

/// Splits `host:port`; an IPv6 address without brackets has no port.
fn split_port(entry: &str) -> (&str, Option<u16>) {
    match entry.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => match port.parse() {
            Ok(port) => (host, Some(port)),
            Err(_) => (entry, None),
        },
        _ => (entry, None),
    }
}

fn in_network(address: IpAddr, network: &str, bits: &str) -> bool {
    let (Some(network), Ok(bits)) = (ip_of(network), bits.parse::<u32>()) else { return false };
    let (address, network, width) = match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(n)) => (u128::from(a.to_bits()), u128::from(n.to_bits()), 32),
        (IpAddr::V6(a), IpAddr::V6(n)) => (a.to_bits(), n.to_bits(), 128),
        _ => return false,
    };
    bits <= width && (address ^ network).checked_shr(width - bits).unwrap_or(0) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(url: &str) -> Origin {
        Origin::parse_base(url).unwrap_or_else(|_| Origin::of_authority(false, &url["http://".len()..]).unwrap())
    }

    #[test]
    fn no_proxy_entry_excludes_target() {
        let excepted = |url: &str, list: &str| is_excepted(&origin(url), list);
        for list in [
            "*",
            "api.boomi.com",
            "boomi.com",
            ".boomi.com",
            "*.boomi.com",
            "x, API.BOOMI.COM:443",
            "a b boomi.com",
            "a\tboomi.com",
            "api.boomi.com.",
        ] {
            assert!(excepted("https://api.boomi.com", list), "{list}");
            assert!(excepted("https://api.boomi.com.", list), "{list}");
        }
        for list in ["", ",", "oomi.com", "api.boomi.com:8443", "pi.boomi.com", "10.0.0.0/8", "."] {
            assert!(!excepted("https://api.boomi.com", list), "{list}");
        }
        for list in ["10.1.2.3", "10.0.0.0/8", "10.1.2.3:443", "0.0.0.0/0", "10.1.2.3/32"] {
            assert!(excepted("https://10.1.2.3", list), "{list}");
        }
        for list in ["10.1.2.4", "11.0.0.0/8", "10.1.2.3/33", "1.2.3", "2.3"] {
            assert!(!excepted("https://10.1.2.3", list), "{list}");
        }
        for list in ["::1", "[::1]", "[::1]:443", "::/64"] {
            assert!(excepted("https://[::1]", list), "{list}");
        }
    }
}
