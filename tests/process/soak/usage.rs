//! What this process uses, as Linux tells it; nothing elsewhere.

/// More than a process of a steady size comes and goes by.
const MARGIN_KB: u64 = 8 * 1024;
/// Both ends of a connection for each thread, with as much again for those that are being replaced.
const MARGIN_FILES: usize = 4 * super::THREADS;

#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    pub files: usize,
    pub memory_kb: u64,
}

impl Usage {
    pub fn now() -> Usage {
        if !cfg!(target_os = "linux") {
            return Usage::default();
        }
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        Usage {
            files: std::fs::read_dir("/proc/self/fd").unwrap().count(),
            memory_kb: resident.trim().trim_end_matches(" kB").parse().unwrap(),
        }
    }
}

/// Fails if the last third used more than the second: in the first it warms up.
#[track_caller]
pub fn assert_flat(samples: &[Usage]) {
    let third = samples.len() / 3;
    let most = |part: &[Usage]| Usage {
        files: part.iter().map(|usage| usage.files).max().unwrap(),
        memory_kb: part.iter().map(|usage| usage.memory_kb).max().unwrap(),
    };
    let parts = [&samples[..third], &samples[third..2 * third], &samples[2 * third..]].map(most);
    println!("in each third, at most: {parts:?}");
    let [_, middle, end] = parts;
    assert!(end.memory_kb <= middle.memory_kb + MARGIN_KB, "memory grows: {parts:?}");
    assert!(end.files <= middle.files + MARGIN_FILES, "files grow: {parts:?}");
}
