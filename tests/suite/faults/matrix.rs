//! Plays the table.

use std::collections::BTreeMap;
use std::io::Read;
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use boomi_auth::ErrorKind;
use boomi_emulator::users::REGULAR;
use boomi_emulator::{Emulator, ErrorShape, Options, Outage, OutageKind, Scripted, WireFault};
use serde_json::Value;

use crate::api::{Api, Failure, Header, Response, Setting};
use crate::run_twice;
use crate::support::{AUDIT_LOG, by_password, client, of};

const TABLE: &str = include_str!("matrix.json");
const COLUMNS: [&str; 10] =
    ["fault", "times", "request", "connection", "outcome", "sends", "probes", "attempts", "sent", "effects"];
const TIMES: [&str; 2] = ["once", "for ever"];
const REQUESTS: [&str; 3] = ["GET", "query", "create"];
const CONNECTIONS: [&str; 2] = ["fresh", "reused"];

const MAX_RETRIES: u32 = 2;
/// Much more than any cell takes that does not wait for its deadline, of which see [`Fault::time`].
const PLENTY_MS: u32 = 120_000;
/// Cells mostly wait, so many at a time are no burden.
const WORKERS: usize = 24;

run_twice!(every_cell_comes_to_what_the_table_says);

/// One situation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Cell {
    fault: String,
    times: String,
    request: String,
    connection: String,
}

/// What comes of it.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    /// A status, or the name of an error code.
    outcome: String,
    sends: u64,
    /// Requests of the guard's, without credentials.
    probes: u64,
    attempts: i32,
    /// What an error says of it.
    sent: Option<bool>,
    effects: u64,
}

impl Seen {
    /// A table may list more than one outcome, where it is a matter of chance.
    fn allows(&self, seen: &Seen) -> bool {
        let outcome = self.outcome.split(" or ").find(|outcome| *outcome == seen.outcome);
        outcome.is_some() && *self == Seen { outcome: self.outcome.clone(), ..seen.clone() }
    }
}

fn table() -> BTreeMap<Cell, Seen> {
    let table: Value = serde_json::from_str(TABLE).unwrap();
    assert_eq!(table["columns"], Value::from(COLUMNS.to_vec()));
    let mut cells = BTreeMap::new();
    for row in table["rows"].as_array().unwrap() {
        let text = |column: usize| row[column].as_str().unwrap_or_else(|| panic!("{row}"));
        let number = |column: usize| row[column].as_u64().unwrap_or_else(|| panic!("{row}"));
        assert_eq!(row.as_array().unwrap().len(), COLUMNS.len(), "{row}");
        let seen = Seen {
            outcome: text(4).into(),
            sends: number(5),
            probes: number(6),
            attempts: number(7) as i32,
            sent: row[8].as_bool(),
            effects: number(9),
        };
        for times in text(1).split(", ") {
            for request in text(2).split(", ") {
                for connection in text(3).split(", ") {
                    let [fault, times, request, connection] = [text(0), times, request, connection].map(str::to_owned);
                    let cell = Cell { fault, times, request, connection };
                    assert_eq!(cells.insert(cell, seen.clone()), None, "twice in the table: {row}");
                }
            }
        }
    }
    cells
}

#[test]
fn no_fault_and_no_cell_is_missing() {
    let table = table();
    let mut faults: Vec<_> = WireFault::ALL.iter().map(|fault| fault.name().to_owned()).collect();
    for kind in [OutageKind::Refuse, OutageKind::Unavailable, OutageKind::Hang, OutageKind::Swallow, OutageKind::Reset]
    {
        faults.push(format!("outage {}", serde_json::to_value(kind).unwrap().as_str().unwrap()));
    }
    faults.extend(table.keys().map(|cell| cell.fault.clone()));
    faults.sort_unstable();
    faults.dedup();
    let mut expected = Vec::new();
    for fault in faults {
        // An outage lasts.
        let times = if fault.starts_with("outage ") { &TIMES[1..] } else { &TIMES };
        for times in times {
            for request in REQUESTS {
                for connection in CONNECTIONS {
                    let [fault, times, request, connection] = [&*fault, times, request, connection].map(str::to_owned);
                    expected.push(Cell { fault, times, request, connection });
                }
            }
        }
    }
    expected.sort_unstable();
    let missing: Vec<_> = expected.iter().filter(|cell| !table.contains_key(cell)).collect();
    assert!(missing.is_empty(), "not in the table: {missing:#?}");
    let unknown: Vec<_> = table.keys().filter(|cell| expected.binary_search(cell).is_err()).collect();
    assert!(unknown.is_empty(), "no such cell: {unknown:#?}");
}

fn every_cell_comes_to_what_the_table_says<A: Api>() {
    let cells: Vec<_> = table().into_iter().enumerate().collect();
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                let options = Options { bad_tls: false, ..Options::unlimited() };
                let boomi = Emulator::start_with(options).unwrap();
                while let Some((number, (cell, expected))) = cells.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let seen = play::<A>(&boomi, cell, *number);
                    if !expected.allows(&seen) {
                        wrong.lock().unwrap().push(format!("{cell:?}\n  expected {expected:?}\n       saw {seen:?}"));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {} cells:\n{}", wrong.len(), cells.len(), wrong.join("\n"));
}

/// What goes wrong.
enum Fault {
    Scripted(Scripted),
    Outage(Outage),
}

impl Fault {
    fn named(name: &str) -> Fault {
        if let Some(outage) = name.strip_prefix("outage ") {
            let (kind, judged) = outage.strip_suffix(" judged").map_or((outage, false), |kind| (kind, true));
            let outage = Outage::new(serde_json::from_value(kind.into()).unwrap());
            return Fault::Outage(if judged { outage.judged() } else { outage });
        }
        let (answer, wait) = name.split_once(" Retry-After: ").map_or((name, None), |(name, wait)| (name, Some(wait)));
        let scripted = if let Some(fault) = WireFault::from_name(answer) {
            Scripted::from(fault).drip_ms(1)
        } else if let Some(shape) = ErrorShape::from_name(answer) {
            Scripted::from(shape)
        } else {
            Scripted::new(answer.parse().unwrap_or_else(|_| panic!("{name} is no fault")), "", "")
        };
        Fault::Scripted(wait.map_or(scripted.clone(), |wait| scripted.header("Retry-After", wait)))
    }

    /// The time for a connection and for the call, in milliseconds: short where only its end ends it, and then still
    /// enough for a slow machine to get as far as it is to get.
    fn time(&self) -> (u32, u32) {
        match self {
            Fault::Outage(outage) if outage.kind == OutageKind::Hang => (PLENTY_MS, 6_000),
            // Three connections, and up to 0.5 s and 1 s between them.
            Fault::Outage(outage) if outage.kind == OutageKind::Swallow => (1_500, 10_000),
            _ => (PLENTY_MS, PLENTY_MS),
        }
    }

    fn begin(self, boomi: &Emulator, times: &str) {
        match self {
            Fault::Scripted(scripted) if times == "once" => boomi.answer_next(scripted),
            Fault::Scripted(scripted) => boomi.answer_next(scripted.for_ever()),
            Fault::Outage(outage) => {
                let refuses = outage.kind == OutageKind::Refuse;
                boomi.set_outage(Some(outage));
                if refuses {
                    wait_until_refused(boomi);
                }
            }
        }
    }
}

/// When a new connection has been reset, so have those before it.
fn wait_until_refused(boomi: &Emulator) {
    let address = boomi.base_url().strip_prefix("https://").unwrap();
    for _ in 0..2 {
        let mut socket = TcpStream::connect(address).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(PLENTY_MS.into()))).unwrap();
        let read = socket.read(&mut [0]);
        assert!(!matches!(read, Ok(1..)), "{read:?}");
    }
}

fn play<A: Api>(boomi: &Emulator, cell: &Cell, number: usize) -> Seen {
    boomi.reset();
    let key = format!("cell-{number}");
    let fault = Fault::named(&cell.fault);
    let (connect_timeout, timeout) = fault.time();
    let new_client = || {
        let limits = [
            Setting::MaxRetries(MAX_RETRIES),
            Setting::MaxResponseBytes(50_000),
            Setting::RequestsPerSecond(0),
            Setting::ConnectTimeoutMs(connect_timeout),
            Setting::TimeoutMs(PLENTY_MS),
        ];
        client::<A>(of(boomi), [by_password(REGULAR)].into_iter().chain(limits))
    };
    // Credentials that nobody has accepted yet are sent with more care.
    let first = new_client();
    assert_eq!(send::<A>(&first, "GET", "first", None).unwrap().status(), 200);
    let of_the_first = boomi.log().last().unwrap().connection;
    boomi.clear_log();
    let is_kept = cell.connection == "reused";
    let client = if is_kept { first.clone() } else { new_client() };

    fault.begin(boomi, &cell.times);
    let mut call = A::call();
    A::set_timeout_ms(&mut call, timeout).unwrap();
    let result = send::<A>(&client, &cell.request, &key, Some(&call));

    let (log, effects) = (boomi.log(), boomi.effects());
    let sends: Vec<_> = log.iter().filter(|entry| entry.path.ends_with(&format!("?key={key}"))).collect();
    if let Some(entry) = sends.first() {
        assert_eq!(entry.connection == of_the_first, is_kept, "{cell:?}");
    }
    let effects = effects.iter().filter(|effect| effect.key == key).count() as u64;
    assert!(effects <= 1, "it took effect {effects} times: {cell:?}");
    let seen = |outcome: String, attempts: i32, sent: Option<bool>| Seen {
        outcome,
        sends: sends.len() as u64,
        probes: log.iter().filter(|entry| entry.scheme.is_none()).count() as u64,
        attempts,
        sent,
        effects,
    };
    match result {
        Ok(response) => {
            let is_boomis = !matches!(&*cell.fault, "html-200" | "empty-200");
            if response.status() == 200 && is_boomis {
                let body: Value =
                    serde_json::from_slice(&response.body()).unwrap_or_else(|why| panic!("{cell:?} {why}"));
                assert!(is_the_answer(&body, &cell.request, &key), "{cell:?}: {body}");
                assert_eq!(effects == 1, cell.request == "create", "{cell:?}");
            }
            seen(response.status().to_string(), response.attempts(), None)
        }
        Err(failure) => {
            assert!(failure.sent || effects == 0, "not sent, and it took effect: {cell:?}");
            assert!(failure.sent || sends.is_empty(), "not sent, and it arrived: {cell:?}");
            let in_doubt = failure.message.contains("may have taken effect");
            assert_eq!(in_doubt, failure.sent && cell.request == "create", "{cell:?}: {}", failure.message);
            seen(name_of(failure.code), failure.attempts, Some(failure.sent))
        }
    }
}

fn send<A: Api>(client: &A::Client, request: &str, key: &str, call: Option<&A::Call>) -> Result<A::Response, Failure> {
    let folder = "/api/rest/v1/{accountId}/Folder";
    let (method, path, body) = match request {
        "GET" => ("GET", AUDIT_LOG.to_owned(), String::new()),
        "query" => ("POST", format!("{folder}/query"), r#"{"QueryFilter":{}}"#.to_owned()),
        "create" => ("POST", folder.to_owned(), format!(r#"{{"name":"{key}"}}"#)),
        _ => panic!("{request} is no request"),
    };
    let mut asked = A::request(method, &path)?;
    A::add_query(&mut asked, "key", key)?;
    A::set_header(&mut asked, Header::plain("X-Test-Key", key))?;
    if method == "POST" {
        A::set_body(&mut asked, body.as_bytes());
    }
    A::send(client, &asked, call)
}

fn is_the_answer(body: &Value, request: &str, key: &str) -> bool {
    match request {
        "GET" => body["@type"] == "AuditLog",
        "query" => body["@type"] == "QueryResult" && body["result"].as_array().is_some_and(|rows| rows.len() == 100),
        _ => body["@type"] == "Folder" && body["name"] == key,
    }
}

/// `BOOMI_ERR_TOO_LARGE` for the code of `TooLarge`.
fn name_of(code: i32) -> String {
    let kind = ErrorKind::ALL.into_iter().find(|kind| kind.code() == code).unwrap();
    let mut name = String::from("BOOMI_ERR");
    for letter in format!("{kind:?}").chars() {
        if letter.is_uppercase() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}
