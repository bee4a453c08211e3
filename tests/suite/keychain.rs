//! Credentials of the operating system's keychain, as far as they can be had where there may be none.

use boomi_auth::ErrorKind;
use boomi_emulator::Emulator;
use boomi_emulator::users::REGULAR;

use crate::api::{Api, Setting};
use crate::run_twice;
use crate::support::{AUDIT_LOG, client, get, of};

run_twice!(what_the_keychain_cannot_give_is_told_at_the_first_use);

/// Of an entry that nobody has. Whether the build has the feature, and the machine a keychain, is not this test's to
/// say.
fn what_the_keychain_cannot_give_is_told_at_the_first_use<A: Api>() {
    let boomi = Emulator::start();
    let entry = "an entry of boomi-auth's tests";
    let client = client::<A>(of(&boomi), [Setting::Keychain(entry, Some(REGULAR.name))]);
    let json: serde_json::Value = serde_json::from_str(&A::describe(&client)).unwrap();
    assert_eq!(json["credentials"]["source"], "keychain");
    assert_eq!(json["credentials"]["username"], REGULAR.name);
    let named = if cfg!(feature = "keychain") { entry } else { "feature keychain" };
    let failures = [
        A::generate_jwt(&client, None, None).err(),
        get::<A>(&client, AUDIT_LOG).err(),
        A::describe_guard(&client).err(),
    ];
    for failure in failures {
        failure.expect("there is no such entry").assert_unsent(ErrorKind::Config, &["keychain", named]);
    }
    assert!(boomi.log().is_empty());
}
