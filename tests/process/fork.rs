//! A client that was made before a `fork` works in the children, and on in the parent.

use std::ffi::{c_int, c_void};
use std::time::Duration;

use boomi_auth::{Client, ErrorKind};
use boomi_emulator::Emulator;
use boomi_emulator::users::REGULAR;

use crate::common::{self, by_token};
use crate::forked::{all_went_well, fork};

/// Takes libc's place in this program and never returns, as glibc's look-ups in a child that was forked while another
/// thread held the resolver's lock. So each test here also shows that `localhost` needs no look-up.
#[unsafe(no_mangle)]
extern "C" fn getaddrinfo(_: *const c_void, _: *const c_void, _: *const c_void, _: *mut c_void) -> c_int {
    loop {
        std::thread::park();
    }
}

/// Asks for records that are not there, by names of the caller's own: an answer to somebody else would show.
fn gets_its_own_answers(client: &Client, who: &str) -> bool {
    (0..20).all(|number| {
        let id = format!("{who}-{number}");
        let answer = client.get(&format!("/api/rest/v1/{{accountId}}/AuditLog/{id}")).send();
        answer.is_ok_and(|answer| answer.status() == 404 && answer.message().is_some_and(|text| text.contains(&id)))
    })
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
    all_went_well(children.into());
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

/// A program that gives the credentials is run by each process for itself, also in a child that was forked while
/// another thread of its parent waited for it.
#[cfg(feature = "credential-process")]
#[test]
fn credential_process_works_in_forked_children() {
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
        assert!(child.went_well());
        assert!(parent.join().unwrap());
    });
    // What is loaded before the fork is there after it: nobody would let another run go on.
    assert!(fork(|| gets_its_own_answers(&client, "later")).went_well());
    std::fs::remove_dir_all(path).unwrap();
}

/// A look-up that outlasts its call in the parent holds no call of the child, which needs that name too.
#[test]
fn child_whose_look_ups_hang_keeps_its_deadline() {
    let builder = Client::builder().base_url("https://boomi.invalid").proxy("").timeout(Duration::from_millis(300));
    let client = builder.credentials(by_token(REGULAR)).build().unwrap();
    let times_out = || {
        let error = client.get("/").send().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
        common::assert_says(&error, &["boomi.invalid", "looking up the host name"]);
        true
    };
    assert!(times_out());
    assert!(fork(times_out).went_well());
}
