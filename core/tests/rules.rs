//! The rules of matching and of the ledger, held to what the Python twin of docs/internals/core.md does.
//!
//! The files in `vectors/` are written by `python -m tests.core.vectors`; how they are read stands there too.

use std::fmt::Debug;

use cambist_core::{Core, Outcome, Record, split_events};

const RULES: &str = include_str!("vectors/rules.txt");
const TRAFFIC: &str = include_str!("vectors/traffic.txt");
const LINKED_TRAFFIC: &str = include_str!("vectors/linked_traffic.txt");

fn bytes(hex: &str) -> Vec<u8> {
    assert!(hex.len() % 2 == 0, "whole bytes");
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex")).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a command is expected to do, and a word on where it stands.
struct Expected<'v> {
    place: String,
    record: Vec<u8>,
    outcome: Vec<&'v str>,
    events: &'v str,
    hash: &'v str,
}

fn expected(place: String, line: &str) -> Expected<'_> {
    let mut fields = line.split(' ');
    let record = bytes(fields.next().expect("a record"));
    let outcome: Vec<&str> = fields.by_ref().take(7).collect();
    let events = fields.next().expect("events");
    let hash = fields.next().expect("a hash");
    assert!(fields.next().is_none(), "{place}: a line has ten fields");
    Expected { place, record, outcome, events, hash }
}

/// Without the CommandApplied that begins them: it repeats the record and the outcome.
fn events_after_applied(core: &Core) -> Vec<u8> {
    let run = core.events();
    let (kind, fields) = split_events(run).next().expect("CommandApplied");
    assert_eq!(kind, 1, "CommandApplied comes first");
    run[4 + fields.len()..].to_vec()
}

fn same<T: PartialEq + Debug>(place: &str, what: &str, found: T, expected: T) {
    assert_eq!(found, expected, "{place}: {what} (found, expected)");
}

fn check(core: &mut Core, expected: &Expected<'_>) {
    let place = &expected.place;
    let record = Record::first(&expected.record).unwrap_or_else(|| panic!("{place}: no record"));
    same(place, "length of the record", record.bytes.len(), expected.record.len());
    let mut outcome = Outcome::default();
    core.apply(record.time, &record.command(), record.meta, &mut outcome);
    let o = outcome;
    let numbers =
        format!("{} {} {} {:?} {:?} {} {:?}", o.code, o.id, o.status as u8, o.filled, o.remaining, o.count, o.total);
    let place = &format!("{place}, command of kind {}", record.kind);
    same(place, "code, id, status, filled, remaining, count, total", numbers, expected.outcome.join(" "));
    let events = events_after_applied(core);
    let shown = match expected.events.as_bytes() {
        [b'='] | [b'=', ..] => format!("={}", &blake3::hash(&events).to_hex()[..16]),
        _ if events.is_empty() => "-".to_owned(),
        _ => hex(&events),
    };
    same(place, "events", shown.as_str(), expected.events);
    core.forget_events(0);
    same(place, "state hash", hex(&core.state_hash()[..8]).as_str(), expected.hash);
    same(place, "violation of the ledger", core.violation(), None);
}

/// Plays a file; how many scenarios and commands there were.
fn play(name: &str, vectors: &str) -> (u32, u32) {
    let mut start = Core::new();
    let mut core = start.clone();
    let (mut scenario, mut scenarios, mut commands) = ("set up", 0, 0);
    for (number, line) in vectors.lines().enumerate() {
        let place = format!("{name}:{} ({scenario})", number + 1);
        match line.split_once(' ') {
            Some(("#", words)) => {
                scenario = words;
                scenarios += 1;
                core = start.clone();
            }
            Some(("@", state)) => {
                core = Core::restore(&bytes(state)).unwrap_or_else(|error| panic!("{place}: {error}"));
            }
            Some((">", line)) => {
                check(&mut start, &expected(place, line));
                commands += 1;
            }
            _ => {
                check(&mut core, &expected(place, line));
                commands += 1;
            }
        }
    }
    (scenarios, commands)
}

#[test]
fn the_scenarios_of_the_twin() {
    let (scenarios, commands) = play("rules.txt", RULES);
    assert!(scenarios > 15 && commands > 400, "{commands} commands of {scenarios} scenarios: the file is cut short");
}

#[test]
fn random_commands_as_the_twin_applies_them() {
    let (scenarios, commands) = play("traffic.txt", TRAFFIC);
    assert!(scenarios > 5 && commands > 900, "{commands} commands of {scenarios} venues: the file is cut short");
}

#[test]
fn random_commands_to_linked_markets_as_the_twin_applies_them() {
    let (scenarios, commands) = play("linked_traffic.txt", LINKED_TRAFFIC);
    assert!(scenarios > 5 && commands > 900, "{commands} commands of {scenarios} venues: the file is cut short");
}
