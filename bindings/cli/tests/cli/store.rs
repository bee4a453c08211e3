//! A fleet of machines: each has a state directory of its own, so that the store alone joins them.

use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::time::Duration;

use boomi_emulator::users::REGULAR;
use boomi_emulator::{Emulator, JwtOptions};
use serde_json::Value;

use crate::server::{PASSWORD, Server, free_port};
use crate::shell::{AUDIT_LOG, COMMAND, Ended, Shell, run, wait_until};

/// It takes a JWT.
const DEPLOYMENT: &str = "/api/rest/v1/{accountId}/Deployment/documentId-321";

/// A fleet of one Boomi and one store.
struct Fleet {
    shell: Shell,
    store: Server,
}

impl Fleet {
    fn new(store: Server) -> Self {
        Fleet { shell: Shell::with(Emulator::start_unlimited()), store }
    }

    /// A command on one of the machines. As for the store itself, a busy machine is no slow store.
    fn on(&self, machine: &str, arguments: &[&str]) -> Command {
        let mut command = self.shell.signed_in("nice");
        command.args(["-n", "-19", COMMAND, "--state-dir", machine]).args(arguments);
        command.env("BOOMI_STORE", self.store.url(""));
        command
    }

    #[track_caller]
    fn run(&self, machine: &str, arguments: &[&str]) -> Ended {
        told_no_password(run(&mut self.on(machine, arguments)))
    }

    #[track_caller]
    fn run_with_wrong_token(&self, machine: &str, arguments: &[&str]) -> Ended {
        told_no_password(run(self.on(machine, arguments).env("BOOMI_API_TOKEN", "wrong")))
    }

    fn exchanges(&self) -> usize {
        self.shell.boomi.log().iter().filter(|entry| entry.path.starts_with("/auth/jwt/")).count()
    }

    fn bad_sign_ins(&self) -> u32 {
        let users = self.shell.boomi.users();
        users.into_iter().find(|status| status.user == REGULAR.name).unwrap().total_rejections
    }
}

#[track_caller]
fn told_no_password(ended: Ended) -> Ended {
    assert!(!ended.stdout.contains(PASSWORD) && !ended.stderr.contains(PASSWORD), "{ended:?}");
    ended
}

#[test]
fn machines_with_a_wrong_password_send_it_twice_at_most() {
    let fleet = Fleet::new(Server::start());
    let commands = [&["request", "GET", AUDIT_LOG][..], &["jwt"], &["header", "--jwt"], &["curl-config", "--jwt"]];
    for round in 0..24 {
        let machine = ["one", "other", "third"][round % 3];
        let ended = fleet.run_with_wrong_token(machine, commands[round % commands.len()]);
        assert_eq!(ended.status, if round == 0 { 3 } else { 4 }, "{round}: {ended:?}");
    }
    assert_eq!(fleet.bad_sign_ins(), 1);
    assert_eq!(fleet.run("other", &["request", "GET", AUDIT_LOG]).status, 0);
}

#[test]
fn a_reset_on_one_machine_is_one_for_all() {
    let fleet = Fleet::new(Server::start());
    assert_eq!(fleet.run_with_wrong_token("one", &["jwt"]).status, 3);
    let held = fleet.run_with_wrong_token("other", &["guard", "status"]);
    assert_eq!(held.status, 4, "{held:?}");
    let place = format!("redis://***@127.0.0.1:{}", fleet.store.port);
    assert!(
        held.stdout.contains(&format!("1 rejected, 0 without a response, 0 under way; known in {place}")),
        "{held:?}"
    );
    assert!(held.stdout.contains(&format!("the store {place}/0?prefix=boomi-auth:: in use")), "{held:?}");

    assert_eq!(fleet.run_with_wrong_token("third", &["guard", "reset"]).status, 0);
    assert_eq!(fleet.run_with_wrong_token("other", &["jwt"]).status, 3);
    assert_eq!(fleet.run_with_wrong_token("one", &["jwt"]).status, 4);
    assert_eq!(fleet.bad_sign_ins(), 2);
}

#[test]
fn store_shares_one_jwt_among_machines_also_over_tls() {
    for store in [Server::start(), Server::start_tls()] {
        let fleet = Fleet::new(store);
        let jwt = fleet.run("one", &["jwt"]);
        assert_eq!(jwt.status, 0, "{jwt:?}");
        let jwt = jwt.stdout.trim_end();
        assert_eq!(fleet.run("other", &["jwt"]).stdout.trim_end(), jwt);
        for command in [&["header", "--jwt"][..], &["jwt", "--json"], &["curl-config", "--jwt"]] {
            assert!(fleet.run("third", command).stdout.contains(jwt), "{command:?}");
        }
        assert_eq!(fleet.run("other", &["request", "GET", DEPLOYMENT, "--jwt"]).status, 0);
        assert_eq!(fleet.exchanges(), 1);
        assert!(!fleet.store.content().contains(REGULAR.name));
        let doctor = fleet.run("one", &["doctor", "--json"]);
        assert_eq!(doctor.status, 0, "{doctor:?}");
        assert_found(&doctor, "store", "good", "://***@");
    }
}

/// The store's own clock counts, whatever the machines believe.
#[test]
fn machines_whose_clocks_are_minutes_apart_are_one_fleet() {
    let preload = Command::new("faketime").args(["-f", "+0", "printenv", "LD_PRELOAD"]).output().unwrap();
    let preload = String::from_utf8(preload.stdout).unwrap();
    let fleet = Fleet::new(Server::start());
    let run_at = |offset: &str, command: &mut Command| {
        // The wall clock alone: waits are counted on the other.
        command.env("LD_PRELOAD", preload.trim()).env("FAKETIME", offset);
        command.env("DONT_FAKE_MONOTONIC", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        told_no_password(run(command))
    };
    let jwt = run_at("-7m", &mut fleet.on("one", &["jwt"]));
    assert_eq!(jwt.status, 0, "{jwt:?}");
    for (machine, offset) in [("other", "+9m"), ("third", "+0"), ("one", "-20m")] {
        assert_eq!(run_at(offset, &mut fleet.on(machine, &["jwt"])).stdout, jwt.stdout, "{offset}");
    }
    assert_eq!(fleet.exchanges(), 1);
    for (round, offset) in ["+9m", "-7m", "+0", "+30m", "-20m"].into_iter().enumerate() {
        let machine = ["one", "other", "third"][round % 3];
        let ended = run_at(offset, fleet.on(machine, &["jwt"]).env("BOOMI_API_TOKEN", "wrong"));
        assert_eq!(ended.status, if round == 0 { 3 } else { 4 }, "{offset}: {ended:?}");
    }
    assert_eq!(fleet.bad_sign_ins(), 1);
}

#[test]
fn a_jwt_that_is_printed_is_good_for_a_while() {
    let fleet = Fleet::new(Server::start());
    fleet.shell.boomi.set_jwt(JwtOptions { lifetime_s: 110, ..JwtOptions::default() });
    let jwt = fleet.run("one", &["jwt"]).stdout;
    // It does for a request, and is too short for who keeps it.
    assert_eq!(fleet.run("other", &["request", "GET", DEPLOYMENT, "--jwt"]).status, 0);
    assert_eq!(fleet.exchanges(), 1);
    assert_ne!(fleet.run("other", &["jwt"]).stdout, jwt);
    assert_eq!(fleet.exchanges(), 2);
}

/// Whether `doctor --json` says this.
#[track_caller]
fn assert_found(ended: &Ended, topic: &str, state: &str, said: &str) {
    let report: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"));
    let is_it = |check: &Value| {
        let what = format!("{} | {}", check["what"].as_str().unwrap(), check["advice"].as_str().unwrap());
        check["topic"] == topic && check["state"] == state && what.contains(said)
    };
    assert!(report["checks"].as_array().unwrap().iter().any(is_it), "{state} {topic} {said}: {ended:?}");
}

#[test]
fn unreachable_store_is_reported_and_state_dir_is_used() {
    let fleet = Fleet::new(Server::start());
    fleet.store.kill();
    let ended = fleet.run("one", &["request", "GET", AUDIT_LOG, "--verbose"]);
    assert_eq!(ended.status, 0, "{ended:?}");
    assert!(ended.stderr.contains("state_unavailable") && ended.stderr.contains("connection refused"), "{ended:?}");
    assert_eq!(fleet.run("one", &["jwt"]).status, 0);

    let status = fleet.run("one", &["guard", "status"]);
    assert_eq!(status.status, 0, "{status:?}");
    assert!(status.stdout.contains("known in one\n") && status.stdout.contains("connection refused"), "{status:?}");
    let doctor = fleet.run("one", &["doctor", "--json"]);
    assert_eq!(doctor.status, 5, "{doctor:?}");
    assert_found(&doctor, "store", "bad", "connection refused");
    assert_found(&doctor, "guard", "good", "known in one");

    assert_eq!(fleet.run_with_wrong_token("one", &["jwt"]).status, 3);
    assert_eq!(fleet.run_with_wrong_token("one", &["jwt"]).status, 4);
    // What was let go here is not there.
    let reset = fleet.run_with_wrong_token("one", &["guard", "reset"]);
    assert_eq!(reset.status, 5, "{reset:?}");
    assert!(reset.stderr.contains("on this machine alone") && reset.stderr.contains("connection refused"), "{reset:?}");
    assert_eq!(fleet.run_with_wrong_token("one", &["jwt"]).status, 3);

    // Neither of the two.
    let ended = fleet.run("/proc/nowhere", &["request", "GET", AUDIT_LOG]);
    assert_eq!(ended.status, 2, "{ended:?}");
    assert!(ended.stderr.contains("/proc/nowhere") && ended.stderr.contains("lock the user"), "{ended:?}");
}

/// The port of a way to a store, on which the first byte takes so long that no call would wait for it.
fn distant(port: u16) -> u16 {
    const LATENCY: Duration = Duration::from_millis(200);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let way = listener.local_addr().unwrap().port();
    let relay = move |near: TcpStream| {
        std::thread::park_timeout(LATENCY);
        let far = TcpStream::connect(("127.0.0.1", port)).unwrap();
        let (mut from, mut to) = (far.try_clone().unwrap(), near.try_clone().unwrap());
        std::thread::spawn(move || std::io::copy(&mut from, &mut to));
        let _ = std::io::copy(&mut &near, &mut &far);
    };
    std::thread::spawn(move || {
        listener.incoming().flatten().for_each(|near| drop(std::thread::spawn(move || relay(near))))
    });
    way
}

#[test]
fn a_distant_store_is_waited_for() {
    let fleet = Fleet::new(Server::start());
    let url = fleet.store.url("").replace(&fleet.store.port.to_string(), &distant(fleet.store.port).to_string());
    let run = |arguments: &[&str], url: &str| run(fleet.on("one", arguments).env("BOOMI_STORE", url));
    // Some run: a busy machine makes what comes after the first byte slow, too, and calls do not wait for that.
    wait_until(|| {
        let before = fleet.exchanges();
        assert_eq!(run(&["jwt"], &url).status, 0);
        fleet.exchanges() == before
    });
    wait_until(|| run(&["doctor"], &url).stdout.contains("\ngood    store "));

    // And not for ever.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://127.0.0.1:{}", silent.local_addr().unwrap().port());
    let ended = run(&["jwt", "--verbose"], &url);
    assert!(ended.status == 0 && ended.stderr.contains("state_unavailable"), "{ended:?}");
    assert_found(&run(&["doctor", "--json"], &url), "store", "bad", "did not answer");
}

#[test]
fn store_url_has_three_sources_and_its_password_two() {
    let fleet = Fleet::new(Server::start());
    let shell = &fleet.shell;
    shell.config(&format!("[default]\nstore = \"{}\"\n", fleet.store.url("?prefix=profile:")));
    assert!(shell.run(&["guard", "status"]).good().contains("?prefix=profile:: in use"));
    let mut variable = shell.signed_in(COMMAND);
    variable.env("BOOMI_STORE", fleet.store.url("?prefix=variable:"));
    assert!(run(variable.args(["guard", "status"])).good().contains("?prefix=variable:: in use"));
    let without = format!("redis://localhost:{}", free_port());
    assert!(run(variable.args(["--store", &without])).good().contains(&format!("the store {without}")));
    let with = fleet.store.url("");
    let ended = told_no_password(shell.run(&["guard", "status", "--store", &with]));
    ended.failed(2, &["--store", "list of processes", "set BOOMI_STORE, or store in config.toml"]);

    let found = told_no_password(run(shell.signed_in(COMMAND).env("BOOMI_STORE", &with).args(["doctor", "--json"])));
    assert_found(
        &found,
        "settings",
        "good",
        &format!("BOOMI_STORE is ***@127.0.0.1:{}/0, from the env", fleet.store.port),
    );
}

#[test]
fn a_url_that_cannot_be_read_is_a_wrong_setting_and_not_quoted() {
    let shell = Shell::new();
    for url in
        ["redis://:hunter2@host:port", "http://u:hunter2@host", "redis://:hun?ter2@host", "redis://h?password=hunter2"]
    {
        for arguments in [&["jwt"][..], &["doctor"]] {
            let ended = run(shell.signed_in(COMMAND).env("BOOMI_STORE", url).args(arguments));
            assert_eq!(ended.status, 2, "{ended:?}");
            let said = if arguments == ["doctor"] { &ended.stdout } else { &ended.stderr };
            assert!(said.contains("BOOMI_STORE: the store's URL"), "{ended:?}");
            assert!(!format!("{ended:?}").contains("ter2"), "{ended:?}");
        }
    }
    assert!(shell.boomi.log().is_empty());
}
