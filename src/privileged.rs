//! Whether the program has more rights than the user who started it: then the user's environment is not trusted.

/// Whether the program is set-user-ID, set-group-ID or has file capabilities.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn is_privileged() -> bool {
    static PRIVILEGED: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    *PRIVILEGED.get_or_init(|| match std::fs::read("/proc/self/auxv") {
        Ok(vector) => at_secure(&vector),
        // The kernel hides it from a privileged program's own user, and from a program that asked for that.
        Err(_) => has_other_ids() || has_capabilities(),
    })
}

#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
pub(crate) fn is_privileged() -> bool {
    has_other_ids()
}

#[cfg(not(unix))]
pub(crate) fn is_privileged() -> bool {
    false
}

#[cfg(unix)]
fn has_other_ids() -> bool {
    use rustix::process::{getegid, geteuid, getgid, getuid};
    getuid() != geteuid() || getgid() != getegid()
}

/// Reads AT_SECURE from the auxiliary vector: pairs of a type and a value (getauxval(3)).
#[cfg(any(target_os = "linux", target_os = "android"))]
fn at_secure(vector: &[u8]) -> bool {
    const AT_SECURE: usize = 23;
    let numbers: Vec<_> = vector
        .chunks_exact(size_of::<usize>())
        .map(|bytes| usize::from_ne_bytes(bytes.try_into().expect("a whole number")))
        .collect();
    numbers.chunks_exact(2).any(|pair| pair[0] == AT_SECURE && pair[1] != 0)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn has_capabilities() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let permitted = status.lines().find_map(|line| line.strip_prefix("CapPrm:"));
    permitted.is_some_and(|set| set.trim().bytes().any(|digit| digit != b'0'))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn at_secure_is_read_from_the_vector() {
        let vector = |value: usize| [6, 4096, 23, value, 0, 0].map(usize::to_ne_bytes).concat();
        assert!(at_secure(&vector(1)) && !at_secure(&vector(0)) && !at_secure(&[]));
        assert!(!is_privileged(), "tests run with their user's rights");
    }
}
