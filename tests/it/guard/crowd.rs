//! A wrong password in many threads, and every kind of sign-in at once.

use boomi_auth::{AuthScheme, Credentials, Error, ErrorKind};
use boomi_emulator::users::{REGULAR, SUB_ACCOUNT};
use boomi_emulator::{Delay, Emulator};

use crate::common::{self, AUDIT_LOG, PARTNER_AUDIT_LOG, by_password, by_token, status_of};
use crate::load::{assert_rejected_at_most, at_once, status};

const THREADS: usize = 64;
const ROUNDS: usize = 100;

/// Whether a call ended as it must if the password is wrong.
fn is_refused<T>(result: Result<T, Error>, status: impl Fn(&T) -> u16) -> bool {
    match result {
        Ok(answer) => status(&answer) == 401,
        Err(error) => matches!(error.kind(), ErrorKind::CredentialsRejected | ErrorKind::Held),
    }
}

#[test]
fn a_wrong_password_in_a_crowd_is_rejected_twice_at_most() {
    let boomi = Emulator::start_unlimited();
    boomi.set_delays(vec![Delay::new(0, 50)]);
    let client = || common::client(&boomi, Credentials::password(REGULAR.name, "wrong").unwrap());
    let clients = [client(), client()];
    let providers = [(0, None), (0, Some(SUB_ACCOUNT)), (1, None)];
    let providers = providers.map(|(client, account): (usize, _)| clients[client].token_provider(account).unwrap());
    let ask = |number: usize| match number % 6 {
        kind @ 0..3 => is_refused(providers[kind].get(), |_| 0),
        3 => is_refused(clients[0].get(AUDIT_LOG).send(), |answer| answer.status()),
        4 => is_refused(clients[1].get(PARTNER_AUDIT_LOG).send(), |answer| answer.status()),
        _ => is_refused(clients[1].generate_jwt(None, None), |_| 0),
    };
    let refused = at_once(THREADS, |number| (0..ROUNDS).all(|round| ask(number + round)));
    assert_eq!(refused, [true; THREADS]);
    assert_rejected_at_most(&boomi, REGULAR, 2);

    // A person says that it is right now, and is wrong: one more try, whoever takes it.
    clients[0].reset_guard();
    let refused = at_once(THREADS, |number| (0..ROUNDS).all(|round| ask(number + round)));
    assert_eq!(refused, [true; THREADS]);
    assert_rejected_at_most(&boomi, REGULAR, 2);
    assert_eq!(status(&boomi, REGULAR).total_rejections, 2);

    // It is right now, as one finds out.
    boomi.set_password(REGULAR.name, "wrong");
    clients[1].reset_guard();
    clients[0].token().unwrap();
    let served = at_once(THREADS, |number| match number % 2 {
        0 => providers[number % 3].get().is_ok(),
        _ => status_of(&clients[number % 4 / 2], AUDIT_LOG) == 200,
    });
    assert_eq!(served, [true; THREADS]);
}

#[test]
fn a_right_secret_after_a_wrong_one_goes_through_at_once() {
    for right in [by_password(REGULAR), by_token(REGULAR)] {
        let boomi = Emulator::start_unlimited();
        let wrong = common::client(&boomi, Credentials::password(REGULAR.name, "wrong").unwrap());
        assert_eq!(status_of(&wrong, AUDIT_LOG), 401);
        let right = common::client(&boomi, right);
        let served = at_once(THREADS, |number| match number % 2 {
            0 => status_of(&right, AUDIT_LOG) == 200,
            _ => right.token().is_ok(),
        });
        assert_eq!(served, [true; THREADS]);
        // And that says nothing of the other.
        assert_eq!(wrong.get(AUDIT_LOG).auth(AuthScheme::Basic).send().unwrap_err().kind(), ErrorKind::Held);
        assert_rejected_at_most(&boomi, REGULAR, 1);
    }
}

#[test]
fn many_wrong_passwords_of_one_user_are_five_rejections_at_most() {
    let boomi = Emulator::start_unlimited();
    boomi.set_delays(vec![Delay::new(0, 50)]);
    let refused = at_once(THREADS, |number| {
        let credentials = Credentials::password(REGULAR.name, &format!("wrong{number}")).unwrap();
        is_refused(common::client(&boomi, credentials).get(AUDIT_LOG).send(), |answer| answer.status())
    });
    assert_eq!(refused, [true; THREADS]);
    assert_rejected_at_most(&boomi, REGULAR, 5);
    assert_eq!(status(&boomi, REGULAR).total_rejections, 5, "what may be tried is tried");
    // The sixth would lock the user, right as it may be: a person has to say so.
    let right = common::client(&boomi, by_password(REGULAR));
    assert_eq!(right.token().unwrap_err().kind(), ErrorKind::Held);
    right.reset_guard();
    right.token().unwrap();
    assert_rejected_at_most(&boomi, REGULAR, 5);
}
