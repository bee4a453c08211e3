//! A client that was made before a `fork` works in the children, and on in the parent.

use std::panic::{AssertUnwindSafe, catch_unwind};

use boomi_auth::Client;
use boomi_emulator::Emulator;
use boomi_emulator::users::REGULAR;

use crate::common::{self, by_token};

/// Asks for records that are not there, by names of the caller's own: an answer to somebody else would show.
fn gets_its_own_answers(client: &Client, who: &str) -> bool {
    (0..20).all(|number| {
        let id = format!("{who}-{number}");
        let answer = client.get(&format!("/api/rest/v1/{{accountId}}/AuditLog/{id}")).send();
        answer.is_ok_and(|answer| answer.status() == 404 && answer.message().is_some_and(|text| text.contains(&id)))
    })
}

/// Three functions of the C library, which every Unix program is linked with.
mod c {
    use std::ffi::c_int;

    unsafe extern "C" {
        pub fn fork() -> c_int;
        pub fn waitpid(process: c_int, status: *mut c_int, options: c_int) -> c_int;
        pub fn _exit(status: c_int) -> !;
    }
}

/// Runs `child` in a forked process. Returns the process.
fn fork(child: impl FnOnce() -> bool) -> i32 {
    // SAFETY: the child uses the client under test and nothing else of this process, and leaves by `_exit`, so no
    // destructor of its parent's and no code of the test harness runs there.
    let process = unsafe { c::fork() };
    assert!(process >= 0, "cannot fork");
    if process == 0 {
        let good = catch_unwind(AssertUnwindSafe(child)).unwrap_or(false);
        // SAFETY: it ends this process, and has no other condition.
        unsafe { c::_exit(if good { 0 } else { 1 }) };
    }
    process
}

/// Waits for a child, and says whether it left with status 0.
fn went_well(process: i32) -> bool {
    let mut status = -1;
    // SAFETY: `status` is a place for an int, and `process` is a child that nobody has waited for.
    let waited = unsafe { c::waitpid(process, &mut status, 0) };
    (waited, status) == (process, 0)
}

#[test]
fn a_client_works_in_forked_children_and_then_in_the_parent() {
    let boomi = Emulator::start_unlimited();
    let client = common::client(&boomi, by_token(REGULAR));
    assert!(gets_its_own_answers(&client, "before"));
    client.token().unwrap();

    let children = ["one", "two"].map(|who| fork(|| gets_its_own_answers(&client, who) && client.token().is_ok()));
    // At the same time as the children: a shared connection would mix the answers.
    assert!(gets_its_own_answers(&client, "parent"));
    assert_eq!(children.map(went_well), [true; 2]);
    assert!(gets_its_own_answers(&client, "after"));

    let log = boomi.log();
    let connections = |who: &str| {
        let mut numbers: Vec<_> =
            log.iter().filter(|entry| entry.path.contains(&format!("/{who}-"))).map(|entry| entry.connection).collect();
        assert_eq!(numbers.len(), 20, "{who}");
        numbers.dedup();
        numbers
    };
    let [before, one, two, parent, after] = ["before", "one", "two", "parent", "after"].map(connections);
    assert!([&one, &two].iter().all(|numbers| numbers.len() == 1), "{one:?} {two:?}");
    assert!(one != two && one != before && two != before);
    // The children closed nothing of their parent's.
    assert_eq!((&parent, &after), (&before, &before));
}

/// A program that gives the credentials is run by each process for itself, also in a child that was forked while another thread
/// of its parent waited for it.
#[cfg(feature = "credential-process")]
#[test]
fn a_client_whose_credentials_come_from_a_program_works_in_forked_children() {
    use std::io::{Read as _, Write as _};
    let boomi = Emulator::start_unlimited();
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fork-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    let pipe = |name: &str| {
        let pipe = path.join(name);
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        std::fs::OpenOptions::new().read(true).write(true).open(pipe).unwrap()
    };
    let (mut begun, mut go) = (pipe("begun"), pipe("go"));
    let command = format!(
        "cd '{}'; echo >begun; read line <go; echo '{{\"version\":1,\"username\":\"{}\",\"api_token\":\"{}\"}}'",
        path.display(),
        REGULAR.name,
        REGULAR.token
    );
    let client = common::client(&boomi, boomi_auth::Credentials::process(&command, None).unwrap());
    std::thread::scope(|scope| {
        let parent = scope.spawn(|| client.token().is_ok());
        begun.read_exact(&mut [0]).unwrap();
        let child = fork(|| client.token().is_ok() && gets_its_own_answers(&client, "child"));
        // For the parent's run, which has not ended, and for the child's own.
        go.write_all(b"\n\n").unwrap();
        assert!(went_well(child));
        assert!(parent.join().unwrap());
    });
    // What is loaded before the fork is there after it: nobody would let another run go on.
    assert!(went_well(fork(|| gets_its_own_answers(&client, "later"))));
    std::fs::remove_dir_all(path).unwrap();
}
