//! What the guard says of itself.

use boomi_auth::CredentialKind::Password;
use boomi_auth::ErrorKind;
use boomi_emulator::Emulator;
use boomi_emulator::users::REGULAR;
use serde_json::{Value, json};

use crate::api::{Api, Setting};
use crate::run_twice;
use crate::support::{Scratch, at, by_token, client, failure, of, regular};

run_twice!(
    a_guard_that_knows_nothing_says_so_and_sends_nothing,
    a_rejection_is_counted_and_holds_the_next_sign_in,
    a_state_directory_is_named_and_tells_others,
    unusable_state_dir_is_a_described_problem_and_no_error,
    without_credentials_there_is_nothing_to_describe,
);

fn described<A: Api>(client: &A::Client) -> Value {
    let text = A::describe_guard(client).unwrap();
    assert!(!text.contains("wrong") && !text.contains(REGULAR.password) && !text.contains(REGULAR.token), "{text}");
    serde_json::from_str(&text).unwrap()
}

fn wrong() -> Setting {
    Setting::Credentials(Password, REGULAR.name, "wrong")
}

fn is_rejected<A: Api>(client: &A::Client) {
    failure(A::generate_jwt(client, None, None)).assert(ErrorKind::CredentialsRejected, &[]);
}

/// The rejection holds the next for a minute, of which some is over.
#[track_caller]
fn assert_held(about: &Value) {
    assert_eq!((&about["rejections"], &about["held"]["reason"]), (&1.into(), &"rejected".into()), "{about}");
    let wait = about["held"]["wait_ms"].as_u64().unwrap();
    assert!((1..=60_000).contains(&wait), "{about}");
}

fn a_guard_that_knows_nothing_says_so_and_sends_nothing<A: Api>() {
    let boomi = Emulator::start();
    let about = described::<A>(&client::<A>(of(&boomi), [by_token(REGULAR)]));
    let expected = json!({
        "username": format!("BOOMI_TOKEN.{}", REGULAR.name),
        "host": boomi.base_url().trim_start_matches("https://"),
        "memory": null,
        "problem": null,
        "rejections": 0,
        "unanswered": 0,
        "in_flight": 0,
        "held": null,
    });
    assert_eq!(about, expected);
    assert!(boomi.log().is_empty());
}

fn a_rejection_is_counted_and_holds_the_next_sign_in<A: Api>() {
    let boomi = Emulator::start();
    let bad = client::<A>(of(&boomi), [wrong()]);
    is_rejected::<A>(&bad);
    assert_held(&described::<A>(&bad));
    assert_eq!(boomi.log().len(), 1);
    // Who has other credentials is told of the same user's rejection, and is free to go.
    let good = regular::<A>(&boomi);
    let about = described::<A>(&good);
    assert_eq!((&about["rejections"], &about["held"]), (&1.into(), &Value::Null), "{about}");
    // As is one who was let through, until it was used.
    A::reset_guard(&bad);
    assert_eq!(described::<A>(&bad)["held"], Value::Null);
    assert_eq!(described::<A>(&bad)["held"], Value::Null, "to look changes nothing");
    A::generate_jwt(&good, None, None).unwrap();
    assert_eq!(described::<A>(&good)["rejections"], 0);
}

fn a_state_directory_is_named_and_tells_others<A: Api>() {
    let (boomi, scratch) = (Emulator::start(), Scratch::new());
    let [one, other] = [(); 2].map(|()| {
        let directory = Setting::StateDir(scratch.name("state"));
        client::<A>(of(&boomi), [wrong(), directory])
    });
    assert_eq!(described::<A>(&other)["held"], Value::Null);
    is_rejected::<A>(&one);
    for client in [one, other] {
        let about = described::<A>(&client);
        assert_held(&about);
        assert_eq!((&about["memory"], &about["problem"]), (&scratch.name("state").into(), &Value::Null), "{about}");
    }
    // It is the directory that knows: another's has nothing.
    let directory = Setting::StateDir(scratch.name("another"));
    let about = described::<A>(&client::<A>(of(&boomi), [wrong(), directory]));
    assert_eq!((&about["rejections"], &about["held"]), (&0.into(), &Value::Null), "{about}");
}

fn unusable_state_dir_is_a_described_problem_and_no_error<A: Api>() {
    let (boomi, scratch) = (Emulator::start(), Scratch::new());
    std::fs::write(scratch.path("file"), "").unwrap();
    let directory = Setting::StateDir(scratch.name("file/state"));
    let client = client::<A>(of(&boomi), [wrong(), directory]);
    is_rejected::<A>(&client);
    let about = described::<A>(&client);
    assert_eq!(about["memory"], Value::Null);
    assert!(about["problem"].as_str().is_some_and(|problem| !problem.is_empty()), "{about}");
    // This process knows all the same.
    assert_held(&about);
}

fn without_credentials_there_is_nothing_to_describe<A: Api>() {
    let nobody = client::<A>(at("https://localhost:1"), []);
    failure(A::describe_guard(&nobody)).assert_unsent(ErrorKind::Config, &["BOOMI_API_TOKEN"]);
}
