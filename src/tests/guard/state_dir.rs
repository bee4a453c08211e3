//! Tests of the state directory: its files, locks, permissions and processes.

use crate::guard::secret_tag::{MOST_TAGS, Tags, tag_of};
use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::BuildHasher as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::clock::Clock;
use crate::clock::SystemClock;
use crate::error::{Error, ErrorKind};
use crate::guard::credential::{LoginKind, Millis, Owner};
use crate::guard::history::{LoginHistory, LoginOutcome, LoginRequest};
use crate::guard::state_dir::file::*;
use crate::guard::state_dir::process::is_gone;
use crate::guard::state_dir::*;
use crate::guard::{LoginMemory, User};
use crate::sync::{Signal, lock};
use crate::tests::fake_clock::FakeClock;

const SECRET: &[&[u8]] = &[b"opensesame"];
const ASK: LoginRequest =
    LoginRequest { tag: 7, kind: LoginKind::TokenRequest, route: 1, foreign: false, most_in_flight: 3 };

/// A directory of its own, gone after the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("boomi-state-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        os::create_dir(&path).unwrap();
        Scratch(path)
    }

    /// A directory that other programs use, too.
    fn state(&self) -> StateDir {
        at(self.0.join("state"))
    }

    /// A directory whose history has one rejection, and the file.
    fn used(&self) -> (StateDir, PathBuf) {
        let state = self.state();
        reject(&state, &SystemClock).unwrap();
        let file = state.file_of(&anna());
        (state, file)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A directory for a call that is never over.
fn at(path: PathBuf) -> StateDir {
    StateDir::new(path, || Ok(()))
}

/// A machine in one of its boots.
#[derive(Clone, Copy)]
struct Machine {
    boot: &'static str,
    steady: u64,
    wall: u64,
}

impl Clock for Machine {
    fn now(&self) -> Instant {
        SystemClock.now()
    }

    fn boottime(&self) -> Duration {
        Duration::from_secs(self.steady)
    }

    fn wall(&self) -> Duration {
        Duration::from_secs(self.wall)
    }

    fn boot_id(&self) -> (String, Duration) {
        (self.boot.into(), self.boottime())
    }

    fn sleep(&self, _: Duration) {}

    fn wait(&self, _: &Signal, _: u64, _: Duration) {}
}

fn anna() -> User {
    User { origin: "https://api.boomi.com".into(), name: "anna@example.com".into() }
}

fn take(state: &StateDir, clock: &dyn Clock, id: u64) -> Result<(), String> {
    let owner = state.owner();
    state.with(&anna(), clock, &mut |history, now| {
        history.take(&ASK, id, owner, now);
        true
    })
}

fn reject(state: &StateDir, clock: &dyn Clock) -> Result<(), String> {
    state.with(&anna(), clock, &mut |history, now| {
        history.take(&ASK, 1, Owner::default(), now);
        history.settle(1, LoginOutcome::Rejected, now);
        true
    })
}

/// The result of `look` at the history.
fn look<T>(state: &StateDir, clock: &dyn Clock, look: impl Fn(&LoginHistory, Millis) -> T) -> Result<T, String> {
    let mut seen = None;
    state.with(&anna(), clock, &mut |history, now| {
        seen = Some(look(history, now));
        false
    })?;
    Ok(seen.unwrap())
}

fn rejections(state: &StateDir) -> Result<usize, String> {
    look(state, &SystemClock, |history, _| history.rejections)
}

fn unanswered(state: &StateDir) -> usize {
    look(state, &SystemClock, |history, _| history.unanswered).unwrap()
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Replaces the content of a file, and keeps it private.
fn put(file: &Path, content: &[u8]) {
    fs::write(file, content).unwrap();
    set_mode(file, 0o600);
}

#[test]
fn directory_opened_twice_shares_histories() {
    let scratch = Scratch::new();
    let (one, other) = (scratch.state(), scratch.state());
    reject(&one, &SystemClock).unwrap();
    reject(&other, &SystemClock).unwrap();
    drop((one, other));
    assert_eq!(rejections(&scratch.state()), Ok(2));
}

#[test]
fn user_has_a_file_of_its_own() {
    let scratch = Scratch::new();
    let (state, file) = scratch.used();
    let other = User { origin: "https://api.boomi.com".into(), name: "bert@example.com".into() };
    assert_ne!(state.file_of(&other), file);
    let elsewhere = User { origin: "https://api.platform.gb.boomi.com".into(), ..anna() };
    assert_ne!(state.file_of(&elsewhere), file);
    state
        .with(&other, &SystemClock, &mut |history, _| {
            assert_eq!(history.rejections, 0);
            false
        })
        .unwrap();
}

#[test]
fn change_is_written_only_if_work_says_so() {
    let scratch = Scratch::new();
    let (state, file) = scratch.used();
    let before = fs::read(&file).unwrap();
    state
        .with(&anna(), &SystemClock, &mut |history, _| {
            history.allowance = true;
            false
        })
        .unwrap();
    assert_eq!(fs::read(&file).unwrap(), before);

    // If an attempt expires meanwhile, only that is kept.
    state
        .with(&anna(), &SystemClock, &mut |history, now| {
            history.take(&ASK, 9, Owner { process: u32::MAX, started: 1 }, now);
            true
        })
        .unwrap();
    state
        .with(&anna(), &SystemClock, &mut |history, _| {
            history.allowance = true;
            false
        })
        .unwrap();
    let content = fs::read_to_string(&file).unwrap();
    assert!(content.contains(r#""unanswered":1"#) && content.contains(r#""allowance":false"#), "{content}");
}

#[test]
fn directory_and_files_are_private() {
    let scratch = Scratch::new();
    let state = at(scratch.0.join("made/with/parents"));
    reject(&state, &SystemClock).unwrap();
    assert_eq!(fs::metadata(&state.path).unwrap().mode() & 0o7777, 0o700);
    let files: Vec<_> = fs::read_dir(&state.path).unwrap().map(|entry| entry.unwrap()).collect();
    assert_eq!(files.len(), 2);
    for file in files {
        assert_eq!(file.metadata().unwrap().mode() & 0o7777, 0o600, "{file:?}");
    }
}

#[test]
fn file_of_another_version_is_an_error_and_stays() {
    let scratch = Scratch::new();
    let (state, file) = scratch.used();
    let content = fs::read_to_string(&file).unwrap();
    let newer = content.replace(r#""version":1"#, r#""version":2"#);
    put(&file, newer.as_bytes());
    for error in [reject(&state, &SystemClock), state.tag(&anna(), &SystemClock, SECRET).map(|_| ())] {
        let error = error.unwrap_err();
        assert!(error.contains("has format 2") && error.contains(file.to_str().unwrap()), "{error}");
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), newer);
    put(&file, content.as_bytes());
    assert_eq!(rejections(&state), Ok(1));
}

#[test]
fn garbage_is_put_aside_and_one_attempt_allowed() {
    let scratch = Scratch::new();
    let (state, file) = scratch.used();
    let content = fs::read_to_string(&file).unwrap();
    let half = &content[..content.len() / 2];
    let large = vec![b' '; LARGEST as usize + 1];
    let line = "is not a login history (line 1";
    let cases: [(&[u8], &str); 4] = [
        (b"\0\0\0", line),
        (half.as_bytes(), line),
        (b"{\"version\":1}", "is not a login history (its `salt` is missing"),
        (&large, "is not a login history, but larger"),
    ];
    for (garbage, problem) in cases {
        put(&file, garbage);
        let error = state.tag(&anna(), &SystemClock, SECRET).unwrap_err();
        let aside = file.with_extension("bad");
        for part in [problem, file.to_str().unwrap(), aside.to_str().unwrap()] {
            assert!(error.contains(part), "{error}");
        }
        assert_eq!(fs::read(aside).unwrap(), garbage);
        // Four of the five count as spent: a wrong secret has one attempt, and a good one clears the counts.
        let spent = || look(&state, &SystemClock, |history, _| history.rejections + history.unanswered);
        assert_eq!(spent(), Ok(4));
        reject(&state, &SystemClock).unwrap();
        assert_eq!(spent(), Ok(5));
    }
}

/// A history with something in each field, as the first version wrote it.
const VERSION_1: &str = include_str!("version_1.json");

fn version_1() -> Value {
    serde_json::from_str(VERSION_1).unwrap()
}

/// The JSON pointers of all values in objects and lists.
fn pointers(value: &Value, at: &str) -> Vec<String> {
    let inside: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(name, field)| (format!("{at}/{name}"), field)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(index, item)| (format!("{at}/{index}"), item)).collect(),
        _ => Vec::new(),
    };
    inside.into_iter().flat_map(|(pointer, value)| [pointers(value, &pointer), vec![pointer]].concat()).collect()
}

/// The field at a pointer, or the one whose list it is in.
fn field_at(pointer: &str) -> &str {
    pointer.rsplit('/').find(|part| part.parse::<usize>().is_err()).unwrap()
}

/// Whether the field accepts `null`.
fn is_optional(pointer: &str) -> bool {
    const ENDS: [&str; 14] = [
        "/last_trouble",
        "/probe",
        "/probe/began",
        "/proven_at",
        "/rejected",
        "/holds/0",
        "/holds/1",
        "/silence",
        "/until",
        "/holds/0/route",
        "/holds/1/route",
        "/silence/route",
        "/routes/0/route",
        "/routes/1/route",
    ];
    ENDS.iter().any(|end| pointer.ends_with(end))
}

/// The field that makes a file garbage.
fn wrong_field(state: &Value) -> Option<String> {
    match parse(state.to_string().as_bytes()) {
        Ok(_) => None,
        Err(UnusableFile::Garbage(problem)) => {
            let name = problem.strip_prefix("is not a login history (its `").unwrap();
            Some(name.strip_suffix("` is missing, or something else)").unwrap().to_owned())
        }
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn file_of_version_1_is_read_and_written() {
    let rewritten = |state: &str| serde_json::to_value(parse(state.as_bytes()).unwrap()).unwrap();
    assert_eq!(rewritten(VERSION_1), version_1());

    // Unknown fields are ignored, and `steps`, which the first files had not, may be missing.
    let mut other = version_1();
    other["more"] = "than that".into();
    other["ledger"]["credentials"][0]["more"] = Value::Null;
    other["ledger"].as_object_mut().unwrap().remove("steps");
    let mut expected = version_1();
    expected["ledger"]["steps"]["used_until"] = 0.into();
    assert_eq!(rewritten(&other.to_string()), expected);
}

#[test]
fn file_without_a_field_is_garbage() {
    for pointer in pointers(&version_1(), "") {
        let (object, field) = pointer.rsplit_once('/').unwrap();
        let mut state = version_1();
        if let Some(object) = state.pointer_mut(object).unwrap().as_object_mut() {
            object.remove(field);
            let expected = (!is_optional(&pointer) && field != "steps").then_some(field);
            assert_eq!(wrong_field(&state).as_deref(), expected, "{pointer}");
        }
    }
}

#[test]
fn file_with_a_wrong_field_is_garbage() {
    let with = |pointer: &str, value: Value| {
        let mut state = version_1();
        *state.pointer_mut(pointer).unwrap() = value;
        wrong_field(&state)
    };
    for pointer in pointers(&version_1(), "") {
        let others = json!([null, true, -1, 7.5, "7", [7, 7], { "7": 7 }]);
        for other in others.as_array().unwrap() {
            let was = version_1().pointer(&pointer).unwrap().clone();
            let fits = (other.is_null() && is_optional(&pointer))
                || (other.is_boolean() && was.is_boolean())
                || (other.is_string() && was.is_string() && !pointer.ends_with("/kind"))
                // serde reads a list of both numbers as an owner, too.
                || (other.is_array() && pointer.ends_with("/owner"));
            let wrong = with(&pointer, other.clone());
            match &wrong {
                // For an object the error may name its first missing field.
                Some(field) if was.is_object() || other.is_object() => assert!(!fits && !field.contains('7')),
                _ => assert_eq!(wrong.as_deref(), (!fits).then(|| field_at(&pointer)), "{other} in {pointer}"),
            }
        }
    }
    let large = json!(1_u64 << 32);
    for pointer in ["/version", "/ledger/places/0/route", "/ledger/places/0/owner/process"] {
        assert_eq!(with(pointer, large.clone()).as_deref(), Some(field_at(pointer)));
    }
    for holds in [json!([]), json!([null]), json!([null, null, null])] {
        assert_eq!(with("/ledger/credentials/0/holds", holds).as_deref(), Some("holds"));
    }
}

#[test]
fn empty_file_counts_as_none() {
    let scratch = Scratch::new();
    let (state, file) = scratch.used();
    put(&file, b"");
    assert_eq!(rejections(&state), Ok(0));
}

#[test]
fn file_writable_by_others_is_not_used() {
    let scratch = Scratch::new();
    let (state, file) = scratch.used();
    let content = fs::read(&file).unwrap();
    let refused = |problem: &str| {
        let error = reject(&state, &SystemClock).unwrap_err();
        assert!(error.contains(problem), "{error}");
        assert_eq!(fs::read(&file).unwrap(), content);
    };
    for path in [&file, &file.with_extension("lock")] {
        set_mode(path, 0o660);
        refused("is open to others (mode 660): chmod it to 600");
        set_mode(path, 0o600);
    }
    for mode in [0o777, 0o1777] {
        set_mode(&state.path, mode);
        refused("can be written by everybody");
        set_mode(&state.path, 0o700);
    }
    reject(&state, &SystemClock).unwrap();
}

#[test]
fn file_of_another_owner_is_not_used() {
    let scratch = Scratch::new();
    let (state, file) = scratch.used();
    if std::os::unix::fs::chown(&file, Some(1), None).is_err() {
        // Only root can change owners; for other users, root is another owner.
        let roots = fs::metadata("/etc/passwd").unwrap();
        assert!(os::mistrust_file(&roots).unwrap().contains("belongs to user 0"));
        assert_eq!(os::mistrust_dir(&fs::metadata("/etc").unwrap()), None);
        return;
    }
    assert!(reject(&state, &SystemClock).unwrap_err().contains("belongs to user 1"));
    std::os::unix::fs::chown(&file, Some(0), None).unwrap();
    std::os::unix::fs::chown(&state.path, Some(1), None).unwrap();
    assert!(reject(&state, &SystemClock).unwrap_err().contains("belongs to user 1"));
    std::os::unix::fs::chown(&state.path, Some(0), None).unwrap();
    assert_eq!(rejections(&state), Ok(1));
}

#[test]
fn links_and_pipes_are_not_followed() {
    let scratch = Scratch::new();
    let (state, file) = scratch.used();
    let content = fs::read(&file).unwrap();
    let target = scratch.0.join("target");
    for path in [&file, &file.with_extension("lock")] {
        fs::rename(path, &target).unwrap();
        symlink(&target, path).unwrap();
        assert!(reject(&state, &SystemClock).unwrap_err().contains("is a symbolic link: remove it"));
        fs::remove_file(path).unwrap();
        fs::rename(&target, path).unwrap();
    }
    assert_eq!(fs::read(&file).unwrap(), content);
    fs::remove_file(&file).unwrap();
    assert!(Command::new("mkfifo").args(["-m", "600"]).arg(&file).status().unwrap().success());
    assert!(rejections(&state).unwrap_err().contains("is not a regular file"));
}

#[test]
fn directory_unusable_says_why() {
    let scratch = Scratch::new();
    let file = scratch.0.join("file");
    fs::write(&file, "").unwrap();
    let error = rejections(&at(file.clone())).unwrap_err();
    assert!(error.contains("is not a directory"), "{error}");
    let error = rejections(&at(file.join("below"))).unwrap_err();
    assert!(error.contains("cannot be made: Not a directory"), "{error}");
}

#[test]
fn failed_write_leaves_the_old_file() {
    let scratch = Scratch::new();
    let (state, file) = scratch.used();
    let content = fs::read(&file).unwrap();
    let in_the_way = file.with_extension("tmp");
    fs::create_dir(&in_the_way).unwrap();
    let error = reject(&state, &SystemClock).unwrap_err();
    assert!(error.contains("cannot be written: File exists"), "{error}");
    assert_eq!(fs::read(&file).unwrap(), content);
    fs::remove_dir(&in_the_way).unwrap();

    // A half-written file of an ended process is replaced.
    fs::write(&in_the_way, "{").unwrap();
    reject(&state, &SystemClock).unwrap();
    assert_eq!(rejections(&state), Ok(2));
    assert!(!in_the_way.exists());
}

#[test]
fn times_continue_across_a_reboot() {
    let scratch = Scratch::new();
    let state = scratch.state();
    let before = Machine { boot: "one", steady: 5000, wall: 1_000_000 };
    reject(&state, &before).unwrap();
    let hold_ends_after = |clock: &Machine| {
        look(&state, clock, |history, now| match history.decide(&ASK, now) {
            crate::guard::history::LoginDecision::WaitUntil(until, _) => until - now,
            crate::guard::history::LoginDecision::Held(until, _) => until.unwrap() - now,
            _ => 0,
        })
        .unwrap()
    };
    let held = hold_ends_after(&before);
    assert_eq!(held, 60_000);
    // Another boot, with a lower or a higher clock.
    assert_eq!(hold_ends_after(&Machine { boot: "two", steady: 3, wall: 1_000_010 }), held - 10_000);
    assert_eq!(hold_ends_after(&Machine { boot: "two", steady: 9000, wall: 1_000_020 }), held - 20_000);
    assert_eq!(hold_ends_after(&Machine { boot: "two", steady: 3, wall: 2_000_000 }), 0);
    // A wall clock that lost its battery: no time has passed.
    assert_eq!(hold_ends_after(&Machine { boot: "two", steady: 3, wall: 0 }), held);
    // The same boot, with a steady clock that was set back.
    assert_eq!(hold_ends_after(&Machine { boot: "one", steady: 4000, wall: 1_000_010 }), held);
    assert_eq!(hold_ends_after(&Machine { boot: "one", steady: 5010, wall: 0 }), held - 10_000);
}

#[test]
fn proof_ages_across_a_reboot() {
    let scratch = Scratch::new();
    let state = scratch.state();
    let accepted = |history: &mut LoginHistory, now| {
        history.take(&ASK, 1, Owner::default(), now);
        history.settle(1, LoginOutcome::Accepted, now);
        true
    };
    state.with(&anna(), &Machine { boot: "one", steady: 5000, wall: 1_000_000 }, &mut { accepted }).unwrap();
    let second_may_go = |wall| {
        let mut decision = None;
        let clock = Machine { boot: "two", steady: 3, wall };
        state
            .with(&anna(), &clock, &mut |history, now| {
                history.take(&ASK, 2, Owner::default(), now);
                decision = Some(history.decide(&ASK, now));
                false
            })
            .unwrap();
        decision == Some(crate::guard::history::LoginDecision::Go)
    };
    assert!(second_may_go(1_000_030));
    assert!(!second_may_go(1_003_600));
}

#[test]
fn attempt_of_another_boot_is_unanswered() {
    let scratch = Scratch::new();
    let state = scratch.state();
    let before = Machine { boot: "one", steady: 5000, wall: 1_000_000 };
    take(&state, &before, 1).unwrap();
    let unanswered = |clock| look(&state, &clock, |history, _| history.unanswered).unwrap();
    assert_eq!(unanswered(before), 0);
    // This process exists, but it made no attempt in this boot.
    assert_eq!(unanswered(Machine { boot: "two", ..before }), 1);
}

#[test]
fn attempt_of_an_ended_process_is_unanswered() {
    let scratch = Scratch::new();
    let state = scratch.state();
    child(&state, "take").succeed();
    assert_eq!(unanswered(&state), 1);
    take(&state, &SystemClock, 2).unwrap();
    assert_eq!(unanswered(&state), 1);
}

#[test]
fn process_is_identified_by_id_and_start() {
    let own = at(PathBuf::new()).owner();
    assert!(own.process == std::process::id() && own.started != 0);
    assert!(!is_gone(&own));
    assert!(is_gone(&Owner { started: own.started + 1, ..own }), "an id that was used again");
    assert!(is_gone(&Owner::default()));

    let mut ended = Command::new("true").spawn().unwrap();
    let (process, pid) = (ended.id(), rustix::process::Pid::from_child(&ended));
    let options = rustix::process::WaitIdOptions::EXITED | rustix::process::WaitIdOptions::NOWAIT;
    rustix::process::waitid(rustix::process::WaitId::Pid(pid), options).unwrap();
    assert!(
        os::exists(process) && is_gone(&Owner { process, started: 0 }),
        "its parent has not collected its exit status"
    );
    ended.wait().unwrap();
    assert!(is_gone(&Owner { process, started: 0 }));
}

#[test]
fn tag_distinguishes_secrets_in_12_bits() {
    let tag = |secret: &[&[u8]]| tag_of("00112233445566778899aabbccddeeff", secret);
    assert_eq!(tag(SECRET), tag(SECRET));
    assert_ne!(tag(SECRET), tag(&[b"opensesamf"]));
    assert_ne!(tag(SECRET), tag(&[b"open", b"sesame"]));
    assert_ne!(tag(SECRET), tag_of("another salt", SECRET));
    assert!((0..3u8).all(|byte| tag(&[&[byte]]) < 1 << 12));
}

#[test]
fn tags_of_one_file_are_equal_everywhere() {
    let scratch = Scratch::new();
    let state = scratch.state();
    let tag = state.tag(&anna(), &SystemClock, SECRET).unwrap();
    reject(&state, &SystemClock).unwrap();
    assert_eq!(scratch.state().tag(&anna(), &SystemClock, SECRET), Ok(tag));
    let content = fs::read_to_string(state.file_of(&anna())).unwrap();
    let salt = &read(&state.file_of(&anna())).unwrap().unwrap().salt;
    assert_eq!((salt.len(), tag_of(salt, SECRET)), (32, tag));
    for text in ["opensesame", "anna", "example.com", "api.boomi.com"] {
        assert!(!content.contains(text) && !state.file_of(&anna()).to_str().unwrap().contains(text));
    }
}

#[test]
fn tags_are_cached_and_limited() {
    let scratch = Scratch::new();
    let state = scratch.state();
    let tag = state.tag(&anna(), &SystemClock, SECRET).unwrap();
    let tags = state.tags.get(Tags::default);
    let salt = state.salt(&anna(), &SystemClock).unwrap();
    assert_eq!(tags.slot(&anna(), &salt, SECRET).get(), Some(&tag));
    assert_eq!(tags.slot(&anna(), &salt, &[b"another"]).get(), None);
    assert_eq!(tags.slot(&anna(), "another", SECRET).get(), None);
    for number in 0..200u8 {
        tags.slot(&anna(), &salt, &[&[number]]);
        assert!(lock(&tags.known).len() <= MOST_TAGS);
    }
}

#[test]
fn lock_of_another_process_is_waited_for_5_s() {
    let scratch = Scratch::new();
    let (state, file) = scratch.used();
    let mut other = child(&state, "hold");
    let done = scratch.0.join("holds");
    while !done.exists() {
        other.is_at_work();
    }
    let clock = FakeClock::at(1_000_000);
    let error = reject(&state, &clock).unwrap_err();
    assert!(error.contains("is locked by another process for more than 5 s"), "{error}");
    assert_eq!(clock.boottime(), LONGEST_WAIT);
    let over = StateDir::new(state.path.clone(), || Err(Error::new(ErrorKind::Canceled, "canceled")));
    let error = reject(&over, &clock).unwrap_err();
    assert!(error.contains("the call was over before another process let"), "{error}");
    assert_eq!(clock.boottime(), LONGEST_WAIT);
    other.kill();
    assert_eq!(rejections(&state), Ok(1), "{}", file.display());
}

#[test]
fn changes_of_threads_and_processes_all_count() {
    const EACH: usize = 20;
    let scratch = Scratch::new();
    let state = scratch.state();
    let mut children: Vec<_> = (0..4).map(|_| child(&state, &EACH.to_string())).collect();
    thread::scope(|threads| {
        for _ in 0..8 {
            // A directory for each thread, as for several clients of one program.
            threads.spawn(|| (0..EACH).for_each(|_| reject(&scratch.state(), &SystemClock).unwrap()));
        }
    });
    children.iter_mut().for_each(Other::succeed);
    assert_eq!(rejections(&state), Ok(12 * EACH));
}

#[test]
fn process_killed_anywhere_leaves_a_whole_file() {
    let scratch = Scratch::new();
    let (state, file) = scratch.used();
    let random = RandomState::new();
    let mut last = 1;
    for round in 0..30u64 {
        let mut child = child(&state, "1000000");
        // Waits until the child writes, and then up to two milliseconds.
        while read(&file).unwrap().unwrap().history.rejections == last {
            child.is_at_work();
        }
        (0..random.hash_one(round) % 20_000).for_each(|number| _ = std::hint::black_box(number));
        child.kill();
        let now = rejections(&state).unwrap();
        assert!(now > last);
        last = now;
    }
}

/// A child process with this program. It ends with the test.
struct Other(Child);

impl Other {
    fn is_at_work(&mut self) {
        assert!(self.0.try_wait().unwrap().is_none(), "it ended");
    }

    fn succeed(&mut self) {
        assert!(self.0.wait().unwrap().success());
    }

    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a child that runs [`what_a_child_does`].
fn child(state: &StateDir, what: &str) -> Other {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "tests::guard::state_dir::what_a_child_does", "--nocapture"])
        .envs([("BOOMI_TEST_DIR", state.path.as_os_str()), ("BOOMI_TEST_CHILD", what.as_ref())])
        .stdout(std::process::Stdio::null())
        .spawn();
    Other(child.unwrap())
}

/// Runs in the child processes of the tests; passes in others.
#[test]
fn what_a_child_does() {
    let (Ok(what), Some(dir)) = (std::env::var("BOOMI_TEST_CHILD"), std::env::var_os("BOOMI_TEST_DIR")) else { return };
    let state = at(PathBuf::from(&dir));
    match what.as_str() {
        "take" => take(&state, &SystemClock, 1).unwrap(),
        "hold" => state
            .with(&anna(), &SystemClock, &mut |_, _| {
                fs::write(Path::new(&dir).with_file_name("holds"), "").unwrap();
                loop {
                    thread::park();
                }
            })
            .unwrap(),
        times => (0..times.parse().unwrap()).for_each(|_: u32| reject(&state, &SystemClock).unwrap()),
    }
}
