//! Runs of command records as other processes send them: taken apart, looked through for who sent what, and applied.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::events::{COMMAND_APPLIED, Events, META};
use crate::command::{Command, PlaceOco, PlaceOrder, PlaceTrailing};
use crate::core::Core;
use crate::outcome::Outcome;
use crate::types::MarketId;
use crate::wire::{Fields, Record, RecordError, records};

/// (kind, time, body, meta) per record of a run.
#[pyfunction]
fn decode_commands<'py>(py: Python<'py>, records: &[u8]) -> PyResult<Vec<CommandParts<'py>>> {
    crate::wire::records(records)
        .map(|record| {
            let record = record.map_err(|error| not_a_record(&error))?;
            Ok((record.kind, record.time, PyBytes::new(py, record.body()), PyBytes::new(py, record.meta)))
        })
        .collect()
}

type CommandParts<'py> = (u8, u64, Bound<'py, PyBytes>, Bound<'py, PyBytes>);

pub(super) fn not_a_record(error: &RecordError) -> PyErr {
    PyValueError::new_err(format!("no command record at byte {} of the run", error.offset))
}

/// What the meta of a command from an edge ends with: its last two items, each in its widest form, so that they are found from the end.
const SENDER: usize = 14;
/// A MessagePack array of seven items: a meta with a sender.
const SEVEN_ITEMS: u8 = 0x97;

/// (edge, counter) of a command that came over an edge (`cambist.domain.meta`).
fn sender(meta: &[u8]) -> Option<(u32, u64)> {
    let mut f = Fields(meta.last_chunk::<SENDER>().filter(|_| meta[0] == SEVEN_ITEMS)?);
    let edge = (f.u8()? == 0xce).then_some(u32::from_be_bytes(f.bytes()?))?;
    let counter = (f.u8()? == 0xcf).then_some(u64::from_be_bytes(f.bytes()?))?;
    Some((edge, counter))
}

/// An integer of MessagePack that fits 64 bits with a sign.
fn integer(f: &mut Fields<'_>) -> Option<i64> {
    Some(match f.u8()? {
        small @ 0x00..=0x7f => i64::from(small),
        negative @ 0xe0..=0xff => i64::from(negative as i8),
        0xcc => i64::from(f.u8()?),
        0xcd => i64::from(u16::from_be_bytes(f.bytes()?)),
        0xce => i64::from(u32::from_be_bytes(f.bytes()?)),
        0xcf => i64::try_from(u64::from_be_bytes(f.bytes()?)).ok()?,
        0xd0 => i64::from(i8::from_be_bytes(f.bytes()?)),
        0xd1 => i64::from(i16::from_be_bytes(f.bytes()?)),
        0xd2 => i64::from(i32::from_be_bytes(f.bytes()?)),
        0xd3 => i64::from_be_bytes(f.bytes()?),
        _ => return None,
    })
}

/// (key id, nonce) of a command's meta: the second and the third item.
fn key_and_nonce(meta: &[u8]) -> Option<(i64, i64)> {
    let mut f = Fields(meta);
    if !(0x93..=0x9f).contains(&f.u8()?) {
        return None;
    }
    integer(&mut f)?;
    Some((integer(&mut f)?, integer(&mut f)?))
}

/// Kind, key id, nonce, edge, counter, where the record ends.
type SentCommand = (u8, i64, i64, u32, u64, usize);

/// Of each record of a run that an edge sent.
#[pyfunction]
fn sent_commands(run: &[u8]) -> PyResult<Vec<SentCommand>> {
    let mut end = 0;
    records(run)
        .map(|record| {
            let record = record.map_err(|error| not_a_record(&error))?;
            end += record.bytes.len();
            let (Some((edge, counter)), Some((key, nonce))) = (sender(record.meta), key_and_nonce(record.meta)) else {
                return Err(PyValueError::new_err("a command without edge and counter, or without key and nonce"));
            };
            Ok((record.kind, key, nonce, edge, counter, end))
        })
        .collect()
}

/// (kind, counter, where the record ends) of the records that this edge sent.
#[pyfunction]
fn commands_of_edge(run: &[u8], edge: u32) -> PyResult<Vec<(u8, u64, usize)>> {
    let mut found = Vec::new();
    let mut end = 0;
    for record in records(run) {
        let record = record.map_err(|error| not_a_record(&error))?;
        end += record.bytes.len();
        if let Some((of, counter)) = sender(record.meta)
            && of == edge
        {
            found.push((record.kind, counter, end));
        }
    }
    Ok(found)
}

/// Key id, nonce, seq, time.
type UsedNonce = (i64, i64, u64, u64);

/// Of each command of a run of events that used a nonce.
#[pyfunction]
fn used_nonces(events: &[u8]) -> PyResult<Vec<UsedNonce>> {
    let mut used = Vec::new();
    for event in Events::of(events) {
        let event = event?;
        if event.kind != COMMAND_APPLIED {
            continue;
        }
        let mut f = Fields(event.fields);
        let (Some(seq), Some(time), Some(meta)) = (f.u64(), f.u64(), event.fields.get(META..)) else {
            return Err(event.broken().into());
        };
        if let Some((key, nonce)) = key_and_nonce(meta).filter(|(key, nonce)| *key != 0 && *nonce != 0) {
            used.push((key, nonce, seq, time));
        }
    }
    Ok(used)
}

/// Applies a whole run, or nothing of one that is malformed or empty; the last outcome. `stamp` takes the place of the records' own times.
/// `each` hears of every command that was applied.
pub(super) fn apply<'a>(
    core: &mut Core,
    run: &'a [u8],
    stamp: Option<u64>,
    mut each: impl FnMut(u64, &Command<'a>, &'a [u8], &Outcome),
) -> PyResult<Outcome> {
    let run: Vec<Record<'a>> = records(run).collect::<Result<_, _>>().map_err(|error| not_a_record(&error))?;
    if run.is_empty() {
        return Err(PyValueError::new_err("a run without commands"));
    }
    let mut outcome = Outcome::default();
    for record in &run {
        let (time, command) = (stamp.unwrap_or(record.time), record.command());
        core.apply(time, &command, record.meta, &mut outcome);
        each(time, &command, record.meta, &outcome);
    }
    Ok(outcome)
}

/// The market that an order is placed in, for whoever counts them.
pub(super) fn placed_in(command: &Command<'_>) -> Option<MarketId> {
    match command {
        Command::PlaceOrder(PlaceOrder { market, .. })
        | Command::PlaceOco(PlaceOco { market, .. })
        | Command::PlaceTrailing(PlaceTrailing { order: PlaceOrder { market, .. }, .. }) => Some(*market),
        _ => None,
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(decode_commands, module)?)?;
    module.add_function(wrap_pyfunction!(sent_commands, module)?)?;
    module.add_function(wrap_pyfunction!(commands_of_edge, module)?)?;
    module.add_function(wrap_pyfunction!(used_nonces, module)?)
}
