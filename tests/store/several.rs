//! A store of several servers: a cluster, and one whose primary is watched by a sentinel.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use boomi_auth::{Client, Credentials};
use boomi_emulator::Emulator;
use boomi_emulator::users::REGULAR;

use crate::common::{AUDIT_LOG, by_token};
use crate::fork::{all_went_well, fork_many};
use crate::load::{assert_rejected_at_most, at_once, exchanges, until};
use crate::server::{PASSWORD, Server, free_port, program};
use crate::together::{PROCESSES, connected, is_refused};

fn client(boomi: &Emulator, url: &str, credentials: Credentials) -> Client {
    crate::client_of(boomi).credentials(credentials).store(url).build().unwrap()
}

fn wrong() -> Credentials {
    Credentials::password(REGULAR.name, "wrong").unwrap()
}

fn text(value: redis::Value) -> String {
    redis::from_redis_value(value).unwrap()
}

fn wait_for(what: &str, is_there: impl Fn() -> bool) {
    for _ in 0..2000 {
        if is_there() {
            return;
        }
        std::thread::park_timeout(Duration::from_millis(20));
    }
    panic!("{what} does not come");
}

/// Six servers: three have a third of the keys each, and each has one that follows it.
struct Cluster(Vec<Server>);

impl Cluster {
    fn start() -> Cluster {
        let server = || {
            let bus = free_port().to_string();
            Server::start_with(&[
                "--cluster-enabled",
                "yes",
                "--cluster-port",
                &bus,
                "--cluster-node-timeout",
                "1000",
                "--masterauth",
                PASSWORD,
                "--repl-diskless-sync-delay",
                "0",
            ])
        };
        let servers: Vec<_> = (0..6).map(|_| server()).collect();
        let made = Command::new(program().replace("-server", "-cli"))
            .args(["-a", PASSWORD, "--no-auth-warning", "--cluster", "create"])
            .args(servers.iter().map(|server| format!("127.0.0.1:{}", server.port)))
            .args(["--cluster-replicas", "1", "--cluster-yes"])
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        let cluster = Cluster(servers);
        wait_for("the cluster", || {
            cluster.0.iter().all(|server| {
                let replication = text(server.ask(&["INFO", "replication"]));
                let is_up = replication.contains("role:master") || replication.contains("master_link_status:up");
                is_up && text(server.ask(&["CLUSTER", "INFO"])).contains("cluster_state:ok")
            })
        });
        cluster
    }

    fn url(&self) -> String {
        let servers: Vec<_> = self.0.iter().map(|server| format!("127.0.0.1:{}", server.port)).collect();
        format!("redis+cluster://:{PASSWORD}@{}", servers.join(","))
    }

    fn primaries(&self) -> impl Iterator<Item = &Server> {
        self.0
            .iter()
            .filter(|server| server.is_running() && text(server.ask(&["INFO", "replication"])).contains("role:master"))
    }

    /// The primary that has a key whose name contains this, and the key.
    fn home_of(&self, part: &str) -> (&Server, String) {
        let found = self.primaries().find_map(|server| {
            let key = server.keys().into_iter().find(|key| key.contains(part))?;
            Some((server, key))
        });
        found.unwrap_or_else(|| panic!("no server has a key with {part}"))
    }
}

#[test]
#[ignore = "a cluster or sentinels: make test-all runs it"]
fn a_cluster_is_one_store() {
    let (boomi, cluster) = (Emulator::start_unlimited(), Cluster::start());
    let right = client(&boomi, &cluster.url(), by_token(REGULAR));
    all_went_well(fork_many(PROCESSES, |_| {
        at_once(4, |_| connected(&right).token().is_ok()).into_iter().all(|got| got)
    }));
    assert_eq!(exchanges(&boomi), 1);
    let wrong = client(&boomi, &cluster.url(), wrong());
    all_went_well(fork_many(PROCESSES, |_| {
        connected(&wrong);
        (0..10).all(|_| is_refused(&wrong))
    }));
    assert_rejected_at_most(&boomi, REGULAR, 2);
    // The token and the ledger at least are there, wherever their names put them.
    let keys: Vec<_> = cluster.primaries().map(|server| server.keys().len()).collect();
    assert!(keys.iter().sum::<usize>() >= 2, "{keys:?}");
}

#[test]
#[ignore = "a cluster or sentinels: make test-all runs it"]
fn a_server_that_was_not_named_as_a_clusters_sends_nobody_elsewhere() {
    let (boomi, cluster) = (Emulator::start_unlimited(), Cluster::start());
    // Two of the three have another's keys alone.
    let told: Vec<_> = cluster
        .primaries()
        .map(|server| {
            let client = client(&boomi, &server.url(""), by_token(REGULAR));
            client.token().unwrap();
            assert_eq!(client.get(AUDIT_LOG).send().unwrap().status(), 200);
            // Once it is connected, and the machine not too busy for it.
            let is_answer = |about: &str| about.contains("MOVED") || about.contains(r#""memory":"redis"#);
            wait_for("an answer", || is_answer(&client.describe_guard().unwrap()));
            client.describe_guard().unwrap()
        })
        .filter(|about| about.contains("MOVED: it is one of a cluster"))
        .collect();
    assert_eq!(told.len(), 2, "{told:?}");
}

#[test]
#[ignore = "a cluster or sentinels: make test-all runs it"]
fn a_key_that_moves_to_another_server_is_followed() {
    let (boomi, cluster) = (Emulator::start_unlimited(), Cluster::start());
    let one = client(&boomi, &cluster.url(), by_token(REGULAR));
    connected(&one).token().unwrap();
    let (from, key) = cluster.home_of("token");
    let to = cluster.primaries().find(|server| server.port != from.port).unwrap();
    let (from_id, to_id) = (text(from.ask(&["CLUSTER", "MYID"])), text(to.ask(&["CLUSTER", "MYID"])));
    let redis::Value::Int(slot) = from.ask(&["CLUSTER", "KEYSLOT", &key]) else { panic!("no slot") };
    let slot = slot.to_string();
    // On a busy machine a connection may come too late, and then a stranger asks Boomi.
    let is_found = || {
        let before = exchanges(&boomi);
        let stranger = client(&boomi, &cluster.url(), by_token(REGULAR));
        connected(&stranger).token().unwrap();
        exchanges(&boomi) == before
    };
    to.ask(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &from_id]);
    from.ask(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &to_id]);
    let port = to.port.to_string();
    from.ask(&["MIGRATE", "127.0.0.1", &port, &key, "0", "5000", "AUTH", PASSWORD]);
    // Whoever asks the old server is sent on, for this once.
    until(&boomi, is_found);
    for server in cluster.primaries() {
        server.ask(&["CLUSTER", "SETSLOT", &slot, "NODE", &to_id]);
    }
    until(&boomi, is_found);
    assert!(to.keys().contains(&key) && !from.keys().contains(&key));
}

#[test]
#[ignore = "a cluster or sentinels: make test-all runs it"]
fn a_clusters_primary_is_killed_and_its_replica_takes_over() {
    let (boomi, cluster) = (Emulator::start_unlimited(), Cluster::start());
    let right = client(&boomi, &cluster.url(), by_token(REGULAR));
    let wrong = client(&boomi, &cluster.url(), wrong());
    connected(&right).token().unwrap();
    assert!(is_refused(connected(&wrong)));
    cluster.home_of("guard").0.kill();
    until(&boomi, || {
        assert_eq!(right.get(AUDIT_LOG).send().unwrap().status(), 200);
        right.generate_jwt(None, None).unwrap();
        right.describe().contains(r#""problem":null"#)
    });
    assert!(is_refused(connected(&wrong)));
    assert_rejected_at_most(&boomi, REGULAR, 2);
}

/// A primary, its replica, and a sentinel that makes the one out of the other.
struct Watched {
    primary: Server,
    replica: Server,
    sentinel: Child,
    port: u16,
}

impl Watched {
    fn start() -> Watched {
        let primary = Server::start_with(&["--masterauth", PASSWORD, "--repl-diskless-sync-delay", "0"]);
        let port = primary.port.to_string();
        let replica = Server::start_with(&["--masterauth", PASSWORD, "--replicaof", "127.0.0.1", &port]);
        let port = free_port();
        let file = primary.directory().join("sentinel.conf");
        let settings = format!(
            "port {port}\nbind 127.0.0.1\ndir {}\nsentinel monitor fleet 127.0.0.1 {} 1\nsentinel auth-pass fleet {PASSWORD}\n\
             sentinel down-after-milliseconds fleet 1000\nsentinel failover-timeout fleet 3000\n",
            primary.directory().display(),
            primary.port
        );
        std::fs::write(&file, settings).unwrap();
        let sentinel = Command::new("nice")
            .args(["-n", "-19", program()])
            .arg(&file)
            .arg("--sentinel")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let watched = Watched { primary, replica, sentinel, port };
        wait_for("the sentinel", || {
            let replication = text(watched.replica.ask(&["INFO", "replication"]));
            replication.contains("master_link_status:up") && watched.sentinel_knows_the_replica()
        });
        watched
    }

    fn sentinel_knows_the_replica(&self) -> bool {
        let ask = || {
            let mut connection = redis::Client::open(format!("redis://127.0.0.1:{}", self.port))?.get_connection()?;
            redis::cmd("SENTINEL").arg("replicas").arg("fleet").query::<Vec<redis::Value>>(&mut connection)
        };
        ask().is_ok_and(|replicas| !replicas.is_empty())
    }

    /// The first of its sentinels is not there.
    fn url(&self) -> String {
        format!("redis+sentinel://:{PASSWORD}@127.0.0.1:{},127.0.0.1:{}/fleet/0", free_port(), self.port)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let _ = self.sentinel.kill();
        let _ = self.sentinel.wait();
    }
}

#[test]
#[ignore = "a cluster or sentinels: make test-all runs it"]
fn a_primary_that_sentinels_watch_is_killed_in_the_middle_of_it_all() {
    let (boomi, watched) = (Emulator::start_unlimited(), Watched::start());
    let right = client(&boomi, &watched.url(), by_token(REGULAR));
    let wrong = client(&boomi, &watched.url(), wrong());
    connected(&right).token().unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    let workers = fork_many(PROCESSES, |number| {
        let begun = connected(if number % 2 == 0 { &right } else { &wrong });
        if number % 2 == 1 && !is_refused(begun) {
            return false;
        }
        let _ = std::io::Write::write_all(&mut &writer, b"x");
        let end = boomi.at_ms() + 6000;
        while boomi.at_ms() < end {
            let is_good = match number % 2 {
                0 => begun.get(AUDIT_LOG).send().is_ok_and(|answer| answer.status() == 200) && begun.token().is_ok(),
                _ => is_refused(begun),
            };
            if !is_good {
                return false;
            }
            std::thread::park_timeout(Duration::from_millis(10));
        }
        true
    });
    drop(writer);
    std::io::Read::read_exact(&mut &reader, &mut [0; PROCESSES]).unwrap();
    watched.primary.kill();
    all_went_well(workers);
    // What the store had told them counted for each while it was away.
    assert_rejected_at_most(&boomi, REGULAR, 2);
    // The replica is the store now, and knows what the primary knew.
    until(&boomi, || {
        assert_eq!(right.get(AUDIT_LOG).send().unwrap().status(), 200);
        right.describe().contains(r#""problem":null"#)
    });
    let stranger = client(&boomi, &watched.url(), self::wrong());
    assert!(is_refused(connected(&stranger)));
    assert_rejected_at_most(&boomi, REGULAR, 2);
}
