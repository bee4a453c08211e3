//! A set-user-ID program, whose user must not choose where its credentials go.

use std::os::unix::fs::{PermissionsExt as _, chown};
use std::process::Command;

use boomi_emulator::Emulator;

use crate::daemon::Directory;
use crate::network::usage::program;

/// Only root can make a program that is another user's.
#[test]
fn privileged_program_reads_no_environment() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    const NOBODY: u32 = 65534;
    let boomi = Emulator::start();
    // Below the directory for temporary files, which every user may enter.
    let directory = Directory::in_temporary("privileged");
    let copy = directory.path().join("usage");
    std::fs::copy(program(), &copy).unwrap();
    chown(&copy, Some(NOBODY), Some(NOBODY)).unwrap();
    std::fs::set_permissions(&copy, std::fs::Permissions::from_mode(0o4755)).unwrap();
    std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let run = |program: &mut Command| {
        program.env_clear().env("BOOMI_API_URL", boomi.base_url()).env("BOOMI_USERNAME", "user@example.com");
        let output = program.output().unwrap();
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    };
    let text = run(Command::new("/usr/bin/setpriv").args(["--reuid=65533", "--clear-groups"]).arg(&copy));
    assert!(text.contains("the environment is not read"), "{text}");
    // Its own user has no more rights by it.
    let text = run(Command::new("/usr/bin/setpriv").args(["--reuid=65534", "--clear-groups"]).arg(&copy));
    assert!(!text.contains("the environment is not read"), "{text}");
}
