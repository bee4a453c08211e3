//! A real server runs the scripts and returns what their model, [`scripts`](super::scripts), returns, after any
//! history.

#[path = "../../../tests/store/server.rs"]
mod server;

use redis::{Commands as _, Script, Value};

use super::scripts::{HistoryKey, Put, Take, Taken, TokenKey, give_back, put, renew, replace, take};
use crate::store::{guard_state, token};
use crate::tests::sim::clock::Random;
use server::Server;

const KEY: &str = "key";
/// A key with the test's time, which the scripts read instead of TIME.
const CLOCK: &str = "clock";
const LEASE: i64 = 17_000;
const STEPS: u32 = 20_000;

/// A script that reads the test's clock.
fn by_clock(text: &str) -> Script {
    Script::new(&text.replace("redis.call('TIME')", &format!("redis.call('LRANGE', '{CLOCK}', 0, 1)")))
}

fn connect(server: &Server) -> redis::Connection {
    redis::Client::open(server.url("")).unwrap().get_connection().unwrap()
}

/// Sets the test's clock: seconds, and microseconds that a script could mistake for milliseconds.
fn set_clock(connection: &mut redis::Connection, now: i64) {
    let time = [(now / 1000).to_string(), (now % 1000 * 1000 + 999).to_string()];
    redis::pipe().del(CLOCK).rpush(CLOCK, &time).exec(connection).unwrap();
}

fn numbers(value: &Value) -> Vec<i64> {
    let Value::Array(all) = value else { panic!("{value:?}") };
    all.iter().map(|one| redis::from_redis_value_ref(one).unwrap()).collect()
}

/// What TAKE returns.
fn numbers_of(taken: Taken) -> Vec<i64> {
    match taken {
        Taken::Wait { rest } => vec![0, rest],
        Taken::Found { fence, left, sealed } => vec![1, fence, left, sealed.into()],
        Taken::Ask { fence, now } => vec![2, fence, now],
    }
}

#[test]
fn token_scripts_match_their_model() {
    let server = Server::start();
    let mut connection = connect(&server);
    let [taking, putting, renewing, giving_back] =
        [token::TAKE, token::PUT, token::RENEW, token::GIVE_BACK].map(by_clock);
    let (mut random, mut key, mut now) = (Random::new(1), TokenKey::default(), 1_800_000_000_000);
    // Every answer must occur, and often.
    let mut seen = [0; 7];
    for step in 0..STEPS {
        let mut jitter = |below: u64| random.below(below) as i64;
        // Near the lease's end, near the token's, or back to before either.
        now += [0, 1, 1000, LEASE - 1000, LEASE, 30_000, -5000, -60_000][jitter(8) as usize];
        set_clock(&mut connection, now);
        let id = jitter(3) as u8;
        let fence = key.last.max(key.fence) + jitter(4) - 2;
        let (expected, answer, what) = match jitter(9) {
            0..4 => {
                let asked = Take { id, lease: LEASE, known: fence, least: jitter(2) * 5000 };
                let call = taking.key(KEY).arg(id).arg(LEASE).arg(asked.known).arg(asked.least).invoke(&mut connection);
                let expected = numbers_of(take(&mut key, now, asked));
                let what = expected[0] as usize;
                (expected, numbers(&call.unwrap()), what)
            }
            4..6 => {
                let brought = Put { fence, sealed: jitter(10) as u8, ends: now + jitter(60_000) - 10_000 };
                let Put { sealed, ends, .. } = brought;
                let call = putting.key(KEY).arg(fence).arg(sealed).arg(ends).invoke::<i64>(&mut connection);
                let kept = put(&mut key, brought);
                (vec![kept.into()], vec![call.unwrap()], 3 + usize::from(kept))
            }
            6 => {
                let call: i64 = renewing.key(KEY).arg(id).arg(LEASE).invoke(&mut connection).unwrap();
                let goes_on = renew(&mut key, now, id, LEASE);
                (vec![goes_on.into()], vec![call], 5 + usize::from(goes_on))
            }
            7 => {
                let call: i64 = giving_back.key(KEY).arg(id).invoke(&mut connection).unwrap();
                give_back(&mut key, id);
                assert_eq!(call, 1);
                continue;
            }
            // Rare, so that the key has data most of the time.
            _ if step % 8 == 0 => {
                let _: () = connection.del(KEY).unwrap();
                key = TokenKey::default();
                continue;
            }
            _ => continue,
        };
        assert_eq!(expected, answer, "in step {step}, now {now}, after which the model has {key:?}");
        seen[what] += 1;
    }
    assert!(seen.iter().all(|times| *times > STEPS / 100), "{seen:?}");
}

#[test]
fn guard_scripts_match_their_model() {
    let server = Server::start();
    let mut connection = connect(&server);
    let [reading, replacing] = [guard_state::READ, guard_state::REPLACE].map(by_clock);
    let (mut random, mut key) = (Random::new(2), HistoryKey::default());
    let mut replaced = [0; 2];
    for step in 0..STEPS / 4 {
        let mut jitter = |below: u64| random.below(below) as i64;
        let now = 1_800_000_000_000 + jitter(100_000);
        set_clock(&mut connection, now);
        let (number, entry) = ((key.number as i64 + jitter(3) - 1).max(0) as u64, jitter(1000));
        let call = replacing.key(KEY).arg(number).arg(entry).arg(1_000_000).invoke::<i64>(&mut connection);
        let was = replace(&mut key, number, entry);
        assert_eq!(i64::from(was), call.unwrap(), "in step {step}, after which the model has {key:?}");
        replaced[usize::from(was)] += 1;
        let read: (i64, u64, Option<i64>) = reading.key(KEY).invoke(&mut connection).unwrap();
        assert_eq!(read, (now, key.number, key.entry), "in step {step}");
        if jitter(50) == 0 {
            let _: () = connection.del(KEY).unwrap();
            key = HistoryKey::default();
        }
    }
    assert!(replaced.iter().all(|times| *times > STEPS / 40), "{replaced:?}");
}
