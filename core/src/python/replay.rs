//! `Engine.replay`: natively from a journal of this module, frame by frame through Python from any other implementation of the port.

use std::path::{Path, PathBuf};

use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyIterator};

use super::journal::{Frame, Journal, ReadOnlyJournal, hash_of};
use crate::core::Core;
use crate::journal::{FrameKind, FrameRef, FrameStream, JournalError, JournalReads, Result};
use crate::replay::{Limits, Replay};

/// A replay that has not come to its end: kept, so that going on costs no second look for the place.
pub struct Unfinished {
    journal: Py<PyAny>,
    replay: Replay,
}

/// Runs `journal` on from where `core` stands, or goes on with what is `unfinished`. Returns the events when they are kept.
pub fn run<'py>(
    py: Python<'py>,
    core: &mut Core,
    unfinished: &mut Option<Unfinished>,
    journal: &Bound<'py, PyAny>,
    limits: Limits,
    keep_events: bool,
) -> PyResult<Bound<'py, PyBytes>> {
    let mut going = match unfinished.take() {
        Some(going) if going.journal.is(journal) && going.replay.continues(core) => going,
        _ => Unfinished {
            journal: journal.clone().unbind(),
            replay: Replay::new(frames(journal, core.seq() + 1)?, core),
        },
    };
    let events = core.events().len();
    let ran = py.detach(|| going.replay.run(core, limits, keep_events));
    let kept = PyBytes::new(py, &core.events()[events..]);
    core.forget_events(events);
    if ran? {
        *unfinished = Some(going);
    }
    Ok(kept)
}

fn frames(journal: &Bound<'_, PyAny>, from_seq: u64) -> PyResult<Box<dyn FrameStream>> {
    let py = journal.py();
    if let Ok(native) = journal.cast::<Journal>() {
        let native = native.get();
        return Ok(py.detach(|| native.port.read(from_seq))?);
    }
    if let Ok(native) = journal.cast::<ReadOnlyJournal>() {
        let native = native.get();
        return Ok(py.detach(|| native.journal.read(from_seq))?);
    }
    let frames = journal.call_method1("read", (from_seq,))?.try_iter()?.unbind();
    Ok(Box::new(PythonFrames { frames, current: None }))
}

/// The frames of a journal that is written in Python.
struct PythonFrames {
    frames: Py<PyIterator>,
    current: Option<Owned>,
}

struct Owned {
    kind: FrameKind,
    epoch: u64,
    first_seq: u64,
    count: u32,
    time: u64,
    prev_hash: [u8; 32],
    payload: PyBackedBytes,
    hash: [u8; 32],
    file: PathBuf,
    offset: u64,
}

impl PythonFrames {
    fn advance(&self, py: Python<'_>) -> PyResult<Option<Owned>> {
        let Some(next) = self.frames.bind(py).clone().next() else {
            return Ok(None);
        };
        let next = next?;
        let frame = next.cast::<Frame>()?.get();
        Ok(Some(Owned {
            kind: frame.frame_kind(),
            epoch: frame.epoch,
            first_seq: frame.first_seq,
            count: frame.count,
            time: frame.time,
            prev_hash: hash_of(frame.prev_hash.as_bytes(py))?,
            payload: frame.payload.bind(py).extract()?,
            hash: hash_of(frame.hash.as_bytes(py))?,
            file: frame.file.bind(py).extract()?,
            offset: frame.offset,
        }))
    }
}

impl FrameStream for PythonFrames {
    fn next(&mut self) -> Result<Option<FrameRef<'_>>> {
        self.current = Python::attach(|py| self.advance(py)).map_err(|error| JournalError::Other(Box::new(error)))?;
        Ok(self.current.as_ref().map(|frame| FrameRef {
            kind: frame.kind,
            epoch: frame.epoch,
            first_seq: frame.first_seq,
            count: frame.count,
            time: frame.time,
            prev_hash: frame.prev_hash,
            payload: &frame.payload,
            hash: frame.hash,
            file: Path::new(&frame.file),
            offset: frame.offset,
        }))
    }
}
