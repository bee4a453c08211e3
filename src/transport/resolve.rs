//! Resolves host names, without blocking a caller past its deadline.
//!
//! `getaddrinfo` cannot be interrupted, so it runs in a short-lived thread, one per name at a time. The thread may
//! outlive its callers; the next caller for the name joins it, or takes its late result. Where no thread can be
//! started, the call's own thread looks the name up, and may pass its deadline.
//!
//! Addresses and `localhost` need no look-up. That keeps them safe in a child of `fork`: glibc locks its resolver while
//! it reads `/etc/resolv.conf`, and a child that was forked while another thread held the lock never gets it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{collections::HashMap, io};

use crate::error::{Error, ErrorKind};
use crate::sync::{Mutex, Signal, lock};
use crate::transport::deadline::Deadline;
use crate::transport::progress::Phase;

const LOOPBACK: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

/// Looks up the addresses of a host. Blocks.
pub(crate) type LookUp = fn(&str) -> io::Result<Vec<IpAddr>>;

/// Looks up with `getaddrinfo`: `/etc/hosts`, DNS, and what else the system is configured for.
pub(crate) fn system_look_up(host: &str) -> io::Result<Vec<IpAddr>> {
    Ok((host, 0).to_socket_addrs()?.map(|address| address.ip()).collect())
}

/// How long the result of a look-up waits for a caller, if none was there when it came: the first name server may be
/// dead, and the second one's response later than the callers' deadline.
const LATE_RESULT: Duration = Duration::from_secs(30);

/// Resolves host names; callers share the look-ups that run.
pub(crate) struct Resolver {
    look_up: LookUp,
    /// By host name, the look-ups that run, or whose result no caller took yet.
    look_ups: Arc<Mutex<HashMap<String, Arc<Running>>>>,
}

/// The result of a look-up, and when it came.
type Ended = (Result<Vec<IpAddr>, String>, Instant);

#[derive(Default)]
struct Running {
    result: Mutex<Option<Ended>>,
    ended: Signal,
}

impl Resolver {
    pub(crate) fn new(look_up: LookUp) -> Self {
        Resolver { look_up, look_ups: Arc::default() }
    }

    /// Returns the addresses of `host`, at least one.
    pub(crate) fn resolve(&self, host: &str, port: u16, deadline: &Deadline) -> Result<Vec<SocketAddr>, Error> {
        if let Some(address) = crate::origin::ip_of(host) {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        if is_localhost(host) {
            return Ok(LOOPBACK.map(|address| SocketAddr::new(address, port)).into());
        }
        deadline.progress.set_phase(Phase::Resolve);
        let failed = |what: &str| {
            let text = format!("cannot look up the host name {host}: {what}; check the name and this machine's DNS");
            Error::new(ErrorKind::Connect, text).retryable(true)
        };
        let running = self.join(host, deadline);
        loop {
            let seen = running.ended.count();
            if let Some((result, _)) = &*lock(&running.result) {
                self.forget(host, &running);
                return match result {
                    Ok(addresses) if addresses.is_empty() => Err(failed("it has no address")),
                    Ok(addresses) => Ok(addresses.iter().map(|address| SocketAddr::new(*address, port)).collect()),
                    Err(what) => Err(failed(what)),
                };
            }
            deadline.wait_for(&running.ended, seen, deadline.clock().now() + deadline.remaining())?;
        }
    }

    /// Joins the look-up of `host`, or starts one.
    fn join(&self, host: &str, deadline: &Deadline) -> Arc<Running> {
        let now = deadline.clock().now();
        let is_late = |(_, ended): &Ended| now.saturating_duration_since(*ended) > LATE_RESULT;
        let mut all = lock(&self.look_ups);
        all.retain(|_, running| !lock(&running.result).as_ref().is_some_and(is_late));
        if let Some(running) = all.get(host) {
            return running.clone();
        }
        let running = Arc::new(Running::default());
        let (name, look_up, look_ups) = (host.to_owned(), self.look_up, self.look_ups.clone());
        let (clock, own) = (deadline.clock().clone(), running.clone());
        let work = move || {
            let found = look_up(&name).map_err(|error| error.to_string());
            if found.is_err() {
                // Only its present callers get the error.
                lock(&look_ups).remove(&name);
            }
            *lock(&own.result) = Some((found, clock.now()));
            own.ended.notify();
        };
        all.insert(host.to_owned(), running.clone());
        if spawn_without_signals("boomi-auth name look-up", work.clone()).is_err() {
            // A limit on processes, or a filter of system calls.
            drop(all);
            work();
        }
        running
    }

    /// A caller has the result: the next one looks up again.
    fn forget(&self, host: &str, taken: &Arc<Running>) {
        let mut all = lock(&self.look_ups);
        if all.get(host).is_some_and(|running| Arc::ptr_eq(running, taken)) {
            all.remove(host);
        }
    }
}

/// Whether `host` is `localhost` or below it, which RFC 6761 keeps on this machine.
fn is_localhost(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    host == "localhost" || host.ends_with(".localhost")
}

/// Starts a thread with all signals blocked, so that the program's signal handlers never run on it.
pub(crate) fn spawn_without_signals(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    // Enough for libc's look-up modules; a sixteenth of the default.
    const STACK: usize = 512 * 1024;
    // A thread inherits the mask of its parent, so it never runs unblocked.
    #[cfg(unix)]
    let mask = nix::sys::signal::SigSet::all().thread_swap_mask(nix::sys::signal::SigmaskHow::SIG_BLOCK);
    let spawned = std::thread::Builder::new().name(name.into()).stack_size(STACK).spawn(work);
    #[cfg(unix)]
    if let Ok(mask) = mask {
        let _ = mask.thread_set_mask();
    }
    spawned.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::transport::deadline::{Cancellation, Limits};
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::sync::{Condvar, Mutex};

    fn deadline(timeout_ms: u64, stops: Cancellation) -> std::rc::Rc<Deadline> {
        let (timeout, connect) = (Duration::from_millis(timeout_ms), Duration::from_secs(60));
        let (clock, host) = (Arc::new(SystemClock), "slow.test".into());
        Deadline::begin(Limits { clock, host, timeout, one_read: false, connect_timeout: connect, stops, hook: None })
    }

    #[test]
    fn address_needs_no_look_up() {
        let resolver = Resolver::new(|_| panic!("no look-up is needed"));
        let deadline = deadline(1000, Cancellation::default());
        assert_eq!(resolver.resolve("[::1]", 1, &deadline).unwrap(), ["[::1]:1".parse().unwrap()]);
        assert_eq!(resolver.resolve("127.0.0.1", 2, &deadline).unwrap(), ["127.0.0.1:2".parse().unwrap()]);
    }

    #[test]
    fn localhost_needs_no_look_up() {
        let resolver = Resolver::new(|_| Err(io::Error::other("looked up")));
        let deadline = deadline(1000, Cancellation::default());
        for host in ["localhost", "localhost.", "boomi.localhost", "a.b.localhost."] {
            let addresses = resolver.resolve(host, 1, &deadline).unwrap();
            assert_eq!(addresses, ["127.0.0.1:1", "[::1]:1"].map(|address| address.parse().unwrap()), "{host}");
        }
        for host in ["notlocalhost", "localhost.example", "localhost.."] {
            assert!(resolver.resolve(host, 1, &deadline).unwrap_err().message().contains("looked up"), "{host}");
        }
    }

    #[test]
    fn hanging_look_up_is_shared_and_left_behind() {
        static LOOK_UPS: AtomicUsize = AtomicUsize::new(0);
        static GATE: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());
        let resolver = Arc::new(Resolver::new(|_| {
            LOOK_UPS.fetch_add(1, Ordering::SeqCst);
            let mut open = GATE.0.lock().unwrap();
            while !*open {
                open = GATE.1.wait(open).unwrap();
            }
            Ok(vec!["127.0.0.1".parse().unwrap()])
        }));

        // One caller times out, one is cancelled, and one waits for the result.
        let late = resolver.resolve("slow.test", 1, &deadline(60, Cancellation::default())).unwrap_err();
        assert_eq!(late.kind(), ErrorKind::Timeout);
        assert!(late.message().contains("looking up the host name"), "{late}");
        let stops = Cancellation { call: Some(Arc::new(AtomicBool::new(true))), client: None };
        assert_eq!(resolver.resolve("slow.test", 1, &deadline(60_000, stops)).unwrap_err().kind(), ErrorKind::Canceled);
        let waiting = std::thread::spawn({
            let resolver = resolver.clone();
            move || resolver.resolve("slow.test", 1, &deadline(60_000, Cancellation::default())).unwrap()
        });
        while resolver.look_ups.lock().unwrap().get("slow.test").is_none_or(|running| Arc::strong_count(running) < 3) {
            std::thread::yield_now();
        }
        *GATE.0.lock().unwrap() = true;
        GATE.1.notify_all();
        assert_eq!(waiting.join().unwrap().len(), 1);
        assert_eq!(LOOK_UPS.load(Ordering::SeqCst), 1);
        assert!(resolver.look_ups.lock().unwrap().is_empty());
    }

    #[test]
    fn late_result_serves_the_next_call() {
        static LOOK_UPS: AtomicUsize = AtomicUsize::new(0);
        static GATE: Mutex<()> = Mutex::new(());
        let resolver = Resolver::new(|_| {
            LOOK_UPS.fetch_add(1, Ordering::SeqCst);
            let _open = GATE.lock();
            Ok(vec!["127.0.0.1".parse().unwrap()])
        });
        let dead_server = GATE.lock().unwrap();
        let late = resolver.resolve("late.test", 1, &deadline(30, Cancellation::default())).unwrap_err();
        assert_eq!(late.kind(), ErrorKind::Timeout);
        drop(dead_server);
        assert_eq!(resolver.resolve("late.test", 1, &deadline(60_000, Cancellation::default())).unwrap().len(), 1);
        assert_eq!(LOOK_UPS.load(Ordering::SeqCst), 1);
        // Taken: the next call looks up again, as the addresses may have changed.
        resolver.resolve("late.test", 1, &deadline(60_000, Cancellation::default())).unwrap();
        assert_eq!(LOOK_UPS.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn failed_look_up_names_the_host() {
        let resolver = Resolver::new(|host| match host {
            "empty.test" => Ok(Vec::new()),
            _ => Err(io::Error::other("no such name")),
        });
        for (host, text) in [("empty.test", "no address"), ("other.test", "no such name")] {
            let error = resolver.resolve(host, 1, &deadline(10_000, Cancellation::default())).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Connect);
            assert!(error.message().contains(host) && error.message().contains(text), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn look_up_thread_blocks_all_signals() {
        use nix::sys::signal::{SigSet, Signal};
        let (sender, receiver) = std::sync::mpsc::channel();
        let before = SigSet::thread_get_mask().unwrap();
        spawn_without_signals("test", move || sender.send(SigSet::thread_get_mask().unwrap()).unwrap()).unwrap();
        let inside = receiver.recv().unwrap();
        assert!(
            inside.contains(Signal::SIGINT) && inside.contains(Signal::SIGTERM) && inside.contains(Signal::SIGPROF)
        );
        assert_eq!(SigSet::thread_get_mask().unwrap(), before);
    }
}
