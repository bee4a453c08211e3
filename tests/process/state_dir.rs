//! One machine, many processes, and a directory in which they remember bad sign-ins together.

use std::path::{Path, PathBuf};
use std::process::{Child as Process, Command, Stdio};
use std::time::Duration;

use boomi_auth::{AuthScheme, CaMode, Call, Client, ClientBuilder, Credentials, ErrorKind};
use boomi_emulator::Emulator;
use boomi_emulator::users::{ACCOUNT, Known, REGULAR, TWOFA, TWOFA_SECRET};

use crate::common::{self, AUDIT_LOG, by_password};
use crate::forked::{all_went_well, fork_many};
use crate::load::{assert_rejected_at_most, at_once, status, until};

const WORKERS: usize = 16;
const THREADS: usize = 4;

/// A state directory of one test's own, gone when this is dropped.
struct StateDir(PathBuf);

impl StateDir {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("state-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        StateDir(path)
    }

    fn builder(&self, boomi: &Emulator, credentials: Credentials) -> ClientBuilder {
        common::builder(boomi).credentials(credentials).state_dir(&self.0).on_event(no_trouble)
    }

    fn client(&self, boomi: &Emulator, credentials: Credentials) -> Client {
        self.builder(boomi, credentials).build().unwrap()
    }
}

impl Drop for StateDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// If the directory cannot be used, these tests test nothing.
fn no_trouble(event: &boomi_auth::Event) {
    assert_ne!(event.kind(), boomi_auth::EventKind::StateUnavailable, "{}", event.to_json());
}

fn wrong() -> Credentials {
    Credentials::password(REGULAR.name, "wrong").unwrap()
}

/// Whether a call with a wrong password ended as it must.
fn is_refused(client: &Client) -> bool {
    match client.get(AUDIT_LOG).send() {
        Ok(answer) => answer.status() == 401,
        Err(error) => error.kind() == ErrorKind::Held,
    }
}

/// What [`program`] does, by the name of its variable.
const JOB: &str = "BOOMI_TEST_JOB";

/// Starts this very program anew, to do a job.
fn start(job: &str, boomi: &Emulator, directory: &StateDir) -> Process {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "state_dir::program", "--nocapture"]).env(JOB, job);
    command.env("BOOMI_TEST_URL", boomi.base_url()).env("BOOMI_TEST_CA", boomi.ca_pem());
    command.env("BOOMI_TEST_STATE", &directory.0);
    command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap()
}

fn did_its_job(mut process: Process) -> bool {
    process.wait().unwrap().success()
}

/// Not a test, but the program that those below start.
#[test]
fn program() {
    let Ok(job) = std::env::var(JOB) else { return };
    let setting = |name: &str| std::env::var(name).unwrap();
    let builder = Client::builder().base_url(&setting("BOOMI_TEST_URL")).account_id(ACCOUNT).proxy("");
    let builder = builder.ca_pem(setting("BOOMI_TEST_CA").as_bytes(), CaMode::Only).on_event(no_trouble);
    let builder = builder.state_dir(setting("BOOMI_TEST_STATE"));
    match job.as_str() {
        "wrong password" => assert!(is_refused(&builder.credentials(wrong()).build().unwrap())),
        "one-time code" => {
            let builder = builder.credentials(by_password(TWOFA)).otp_secret(TWOFA_SECRET);
            signs_in_with_a_code(&builder.build().unwrap());
        }
        _ => panic!("{job}"),
    }
}

/// With little time, so that it gets the code of this moment or none.
fn signs_in_with_a_code(client: &Client) {
    let mut call = Call::new();
    call.set_timeout(Duration::from_secs(11)).unwrap();
    if let Err(error) = client.generate_jwt(None, Some(&call)) {
        assert!(matches!(error.kind(), ErrorKind::Otp | ErrorKind::Held | ErrorKind::Timeout), "{error}");
    }
}

#[test]
fn restarted_program_is_rejected_twice_at_most() {
    let (boomi, directory) = (Emulator::start_unlimited(), StateDir::new("restarted"));
    for _ in 0..300 {
        assert!(did_its_job(start("wrong password", &boomi, &directory)));
    }
    let rejections = status(&boomi, REGULAR).total_rejections;
    assert!((1..=2).contains(&rejections), "{rejections}");
    assert_rejected_at_most(&boomi, REGULAR, 2);
}

#[test]
fn programs_started_at_once_are_rejected_twice_at_most() {
    let (boomi, directory) = (Emulator::start_unlimited(), StateDir::new("started"));
    let programs: Vec<_> = (0..8).map(|_| start("wrong password", &boomi, &directory)).collect();
    assert!(programs.into_iter().all(did_its_job));
    let rejections = status(&boomi, REGULAR).total_rejections;
    assert!((1..=2).contains(&rejections), "{rejections}");
}

#[test]
fn workers_with_a_wrong_password_are_rejected_twice_at_most() {
    let (boomi, directory) = (Emulator::start_unlimited(), StateDir::new("workers"));
    let client = directory.client(&boomi, wrong());
    all_went_well(fork_many(WORKERS, |_| {
        at_once(THREADS, |_| (0..20).all(|_| is_refused(&client))).into_iter().all(|refused| refused)
    }));
    let rejections = status(&boomi, REGULAR).total_rejections;
    assert!((1..=2).contains(&rejections), "{rejections}");
}

#[test]
fn workers_with_the_right_password_are_never_held() {
    let (boomi, directory) = (Emulator::start_unlimited(), StateDir::new("right"));
    let client = directory.client(&boomi, by_password(REGULAR));
    let serve = |number: usize| match number % 2 {
        0 => client.get(AUDIT_LOG).send().is_ok_and(|answer| answer.status() == 200),
        _ => client.token().is_ok() && client.token().is_ok(),
    };
    all_went_well(fork_many(WORKERS, |_| {
        at_once(THREADS, |number| serve(number) && serve(number + 1)).into_iter().all(|served| served)
    }));
    assert_eq!(status(&boomi, REGULAR).total_rejections, 0);
}

#[test]
fn a_password_revoked_under_load_is_rejected_five_times_at_most() {
    let (boomi, directory) = (Emulator::start_unlimited(), StateDir::new("revoked"));
    let client = directory.client(&boomi, by_password(REGULAR));
    let mut call = Call::new();
    // Too little to wait for the end of a hold.
    call.set_timeout(Duration::from_secs(4)).unwrap();
    let is_held_at_last = |_| loop {
        match client.get(AUDIT_LOG).auth(AuthScheme::Basic).call(&call).send() {
            Err(error) if error.kind() == ErrorKind::Held && error.message().contains("under way") => {}
            Err(error) if error.kind() == ErrorKind::Held => return true,
            Ok(answer) if matches!(answer.status(), 200 | 401) => {}
            // Its turn did not come in time.
            Err(error) if error.kind() == ErrorKind::Timeout => {}
            _ => return false,
        }
    };
    let workers = fork_many(WORKERS, |_| at_once(THREADS, is_held_at_last).into_iter().all(|held| held));
    until(&boomi, || status(&boomi, REGULAR).accepted >= 20);
    boomi.set_password(REGULAR.name, "new-password");
    all_went_well(workers);
    assert_rejected_at_most(&boomi, REGULAR, 5);
    assert!(status(&boomi, REGULAR).total_rejections >= 1);
    // Others know of it, and new credentials are tried at once.
    let new = directory.client(&boomi, Credentials::password(REGULAR.name, "new-password").unwrap());
    assert_eq!(common::status_of(&new, AUDIT_LOG), 200);
    assert_rejected_at_most(&boomi, REGULAR, 5);
}

/// What came of some processes that asked for one user's codes.
fn assert_no_code_twice(boomi: &Emulator, user: Known) {
    let status = status(boomi, user);
    assert_eq!((status.repeated_codes, status.total_rejections, status.locked), (0, 0, false), "{status:?}");
    assert!(status.accepted >= 1, "nobody signed in");
}

#[test]
fn programs_never_send_a_code_twice() {
    let (boomi, directory) = (Emulator::start_unlimited(), StateDir::new("codes"));
    let programs: Vec<_> = (0..8).map(|_| start("one-time code", &boomi, &directory)).collect();
    assert!(programs.into_iter().all(did_its_job));
    assert_no_code_twice(&boomi, TWOFA);
}

#[test]
fn workers_never_send_a_code_twice() {
    let (boomi, directory) = (Emulator::start_unlimited(), StateDir::new("worker-codes"));
    let client = directory.builder(&boomi, by_password(TWOFA)).otp_secret(TWOFA_SECRET).build().unwrap();
    all_went_well(fork_many(8, |_| {
        at_once(2, |_| signs_in_with_a_code(&client));
        true
    }));
    assert_no_code_twice(&boomi, TWOFA);
}

#[test]
fn who_needs_the_directory_sends_nothing_without_it() {
    let boomi = Emulator::start();
    let builder = || common::builder(&boomi).credentials(by_password(REGULAR)).state_dir_required();
    let file = StateDir::new("no-directory");
    std::fs::write(&file.0, "").unwrap();
    for client in [builder().build().unwrap(), builder().state_dir(&file.0).build().unwrap()] {
        for error in [client.token().unwrap_err(), client.get(AUDIT_LOG).send().unwrap_err()] {
            assert_eq!(error.kind(), ErrorKind::Config);
            common::assert_says(&error, &["not sent", "state directory", "BOOMI_STATE_DIR"]);
        }
    }
    std::fs::remove_file(&file.0).unwrap();
    assert!(boomi.log().is_empty());
    let directory = StateDir::new("directory");
    assert_eq!(common::status_of(&builder().state_dir(&directory.0).build().unwrap(), AUDIT_LOG), 200);
}
