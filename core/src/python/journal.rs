//! `Journal`, `ReadOnlyJournal`, followers and frames.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use pyo3::create_exception;
use pyo3::exceptions::{PyException, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::journal::disk::{Disk, RealDisk, UnsyncedDisk};
use crate::journal::frame::{self, Header};
use crate::journal::{
    self, FileJournal, Follower as FollowerPort, FrameKind, FrameRef, FrameStream, JournalError as Error, JournalPort,
    JournalReads, NewFrame, Options, Rejection,
};

create_exception!(
    cambist._core,
    JournalError,
    PyException,
    "The journal refused or could not do something; it is as it was."
);
create_exception!(cambist._core, JournalLocked, JournalError, "Another process has the directory open.");
create_exception!(
    cambist._core,
    JournalFenced,
    JournalError,
    "The epoch is not that of the newest opening: another writer has taken over. Nothing was appended."
);
create_exception!(
    cambist._core,
    JournalDamaged,
    JournalError,
    "args: (reason, file, offset). Damage that was never a torn tail; the files are left as they are."
);
create_exception!(
    cambist._core,
    JournalFormatUnknown,
    JournalError,
    "The files are of a format that another version of this program writes."
);
create_exception!(cambist._core, JournalFailed, JournalError, "A write or sync failed: the process must stop.");

impl From<Error> for PyErr {
    fn from(error: Error) -> PyErr {
        let text = error.to_string();
        match error {
            Error::Damaged { file, offset, reason } => {
                JournalDamaged::new_err((reason, file.to_string_lossy().into_owned(), offset))
            }
            Error::Locked { .. } => JournalLocked::new_err(text),
            Error::Failed { .. } => JournalFailed::new_err(text),
            Error::Rejected(Rejection::StaleEpoch { .. }) => JournalFenced::new_err(text),
            Error::Rejected(Rejection::UnknownFormat { .. }) => JournalFormatUnknown::new_err(text),
            Error::Io { .. } | Error::NoSpace { .. } | Error::Rejected(_) => JournalError::new_err(text),
            // What an implementation in Python raised goes on as it is.
            Error::Other(error) => match error.downcast::<PyErr>() {
                Ok(raised) => *raised,
                Err(_) => JournalError::new_err(text),
            },
        }
    }
}

/// The file journal. The rest of this class knows only the port.
#[pyclass(frozen, module = "cambist._core")]
pub struct Journal {
    pub(super) port: Box<dyn JournalPort>,
    /// (file, offset, bytes) of the torn tail that opening removed.
    cut: Option<(String, u64, u64)>,
}

#[pymethods]
impl Journal {
    #[staticmethod]
    #[pyo3(signature = (directory, segment_bytes = 64 << 20, create = true, *, verify_from = 1, space_retry_seconds = 1.0, synced = true))]
    fn open(
        py: Python<'_>,
        directory: PathBuf,
        segment_bytes: u64,
        create: bool,
        verify_from: u64,
        space_retry_seconds: f64,
        synced: bool,
    ) -> PyResult<Journal> {
        let space_retry = Duration::try_from_secs_f64(space_retry_seconds)
            .map_err(|error| PyValueError::new_err(format!("space_retry_seconds: {error}")))?;
        let disk: Arc<dyn Disk> = if synced { Arc::new(RealDisk) } else { Arc::new(UnsyncedDisk) };
        let options = Options { segment_bytes, create, verify_from, space_retry, disk, ..Options::default() };
        let journal = py.detach(|| FileJournal::open(&directory, options))?;
        let cut = journal.cut().map(|cut| (cut.file.to_string_lossy().into_owned(), cut.offset, cut.bytes));
        Ok(Journal { port: Box::new(journal), cut })
    }

    #[getter]
    fn cut(&self) -> Option<(String, u64, u64)> {
        self.cut.clone()
    }

    #[getter]
    fn identity(&self) -> u64 {
        self.port.identity()
    }

    #[getter]
    fn epoch(&self) -> u64 {
        self.port.epoch()
    }

    #[getter]
    fn space_low(&self) -> bool {
        self.port.space_low()
    }

    fn fileno(&self) -> i32 {
        self.port.wake_fd()
    }

    fn last(&self, py: Python<'_>) -> Last {
        Last::new_of(py, &self.port.last())
    }

    #[pyo3(signature = (from_seq = 1))]
    fn read(&self, py: Python<'_>, from_seq: u64) -> PyResult<FrameIterator> {
        Ok(FrameIterator(Mutex::new(py.detach(|| self.port.read(from_seq))?)))
    }

    #[pyo3(signature = (from_seq = 1))]
    fn follow(&self, py: Python<'_>, from_seq: u64) -> PyResult<Follower> {
        let follower = py.detach(|| self.port.follow(from_seq))?;
        Ok(Follower { wake_fd: follower.wake_fd(), follower: Mutex::new(Some(follower)) })
    }

    fn append(
        &self,
        py: Python<'_>,
        expected_last_seq: u64,
        epoch: u64,
        count: u32,
        time: u64,
        commands: &[u8],
    ) -> PyResult<u64> {
        let frame = NewFrame { count, time, payload: commands };
        // Releasing the GIL here would hand it to whatever thread wants it, for milliseconds: only when there is a wait.
        if let Some(seq) = self.port.try_append(expected_last_seq, epoch, frame)? {
            return Ok(seq);
        }
        Ok(py.detach(|| self.port.append(expected_last_seq, epoch, frame))?)
    }

    fn checkpoint(&self, py: Python<'_>, seq: u64, epoch: u64, state_hash: &[u8]) -> PyResult<()> {
        let hash = hash_of(state_hash)?;
        Ok(py.detach(|| self.port.checkpoint(seq, epoch, &hash))?)
    }

    fn acknowledge(&self) -> PyResult<u64> {
        Ok(self.port.acknowledge()?)
    }

    fn wait(&self, py: Python<'_>) -> PyResult<u64> {
        Ok(py.detach(|| self.port.wait())?)
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        Ok(py.detach(|| self.port.close())?)
    }
}

/// The files of a log that is written elsewhere.
#[pyclass(frozen, module = "cambist._core")]
struct JournalCopy {
    copy: journal::JournalCopy,
}

#[pymethods]
impl JournalCopy {
    #[staticmethod]
    #[pyo3(signature = (directory, identity = None, segment_bytes = 64 << 20, *, synced = true))]
    fn open(
        py: Python<'_>,
        directory: PathBuf,
        identity: Option<u64>,
        segment_bytes: u64,
        synced: bool,
    ) -> PyResult<JournalCopy> {
        let disk: Arc<dyn Disk> = if synced { Arc::new(RealDisk) } else { Arc::new(UnsyncedDisk) };
        let copy = py.detach(|| journal::JournalCopy::open(&directory, identity, segment_bytes, disk))?;
        Ok(JournalCopy { copy })
    }

    #[getter]
    fn cut(&self) -> Option<(String, u64, u64)> {
        self.copy.cut().map(|cut| (cut.file.to_string_lossy().into_owned(), cut.offset, cut.bytes))
    }

    #[getter]
    fn identity(&self) -> u64 {
        self.copy.identity()
    }

    #[getter]
    fn epoch(&self) -> u64 {
        self.copy.epoch()
    }

    fn last(&self, py: Python<'_>) -> Last {
        Last::new_of(py, &self.copy.last())
    }

    fn append(&self, py: Python<'_>, encoded: &[u8]) -> PyResult<Last> {
        let last = py.detach(|| self.copy.append(encoded))?;
        Ok(Last::new_of(py, &last))
    }

    fn sync(&self, py: Python<'_>) -> PyResult<()> {
        Ok(py.detach(|| self.copy.sync())?)
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        Ok(py.detach(|| self.copy.close())?)
    }
}

/// A journal's files for whoever only looks at them.
#[pyclass(frozen, module = "cambist._core")]
pub struct ReadOnlyJournal {
    pub(super) journal: journal::ReadOnlyJournal,
}

#[pymethods]
impl ReadOnlyJournal {
    #[new]
    fn new(directory: PathBuf) -> PyResult<ReadOnlyJournal> {
        Ok(ReadOnlyJournal { journal: journal::ReadOnlyJournal::open(&directory)? })
    }

    #[getter]
    fn identity(&self) -> u64 {
        self.journal.identity()
    }

    #[pyo3(signature = (from_seq = 1))]
    fn read(&self, py: Python<'_>, from_seq: u64) -> PyResult<FrameIterator> {
        Ok(FrameIterator(Mutex::new(py.detach(|| self.journal.read(from_seq))?)))
    }
}

/// Where a log ends.
#[pyclass(frozen, get_all, module = "cambist._core")]
pub struct Last {
    seq: u64,
    durable_seq: u64,
    hash: Py<PyBytes>,
}

impl Last {
    fn new_of(py: Python<'_>, last: &journal::Last) -> Last {
        Last { seq: last.seq, durable_seq: last.durable_seq, hash: PyBytes::new(py, &last.hash).unbind() }
    }
}

#[pymethods]
impl Last {
    #[new]
    fn new(seq: u64, durable_seq: u64, hash: &Bound<'_, PyBytes>) -> PyResult<Last> {
        hash_of(hash.as_bytes())?;
        Ok(Last { seq, durable_seq, hash: hash.clone().unbind() })
    }

    fn __repr__(&self) -> String {
        format!("Last(seq={}, durable_seq={})", self.seq, self.durable_seq)
    }
}

#[pyclass(frozen, get_all, module = "cambist._core")]
pub struct Frame {
    pub(super) kind: u8,
    pub(super) epoch: u64,
    pub(super) first_seq: u64,
    pub(super) count: u32,
    pub(super) time: u64,
    pub(super) prev_hash: Py<PyBytes>,
    pub(super) payload: Py<PyBytes>,
    pub(super) hash: Py<PyBytes>,
    pub(super) file: Py<PyString>,
    pub(super) offset: u64,
}

impl Frame {
    fn new(py: Python<'_>, frame: &FrameRef<'_>) -> Frame {
        Frame {
            kind: frame.kind as u8,
            epoch: frame.epoch,
            first_seq: frame.first_seq,
            count: frame.count,
            time: frame.time,
            prev_hash: PyBytes::new(py, &frame.prev_hash).unbind(),
            payload: PyBytes::new(py, frame.payload).unbind(),
            hash: PyBytes::new(py, &frame.hash).unbind(),
            file: PyString::new(py, &frame.file.to_string_lossy()).unbind(),
            offset: frame.offset,
        }
    }

    pub(super) fn frame_kind(&self) -> FrameKind {
        if self.kind == FrameKind::Commands as u8 { FrameKind::Commands } else { FrameKind::Checkpoint }
    }
}

#[pymethods]
impl Frame {
    #[getter]
    fn last_seq(&self) -> u64 {
        match self.frame_kind() {
            FrameKind::Commands => self.first_seq + u64::from(self.count) - 1,
            FrameKind::Checkpoint => self.first_seq,
        }
    }

    fn __repr__(&self) -> String {
        let kind = if self.frame_kind() == FrameKind::Commands { "commands" } else { "checkpoint" };
        format!("Frame({kind}, epoch={}, first_seq={}, count={})", self.epoch, self.first_seq, self.count)
    }
}

pub(super) fn hash_of(bytes: &[u8]) -> PyResult<[u8; 32]> {
    bytes.try_into().map_err(|_| PyValueError::new_err(format!("a hash has 32 bytes, not {}", bytes.len())))
}

#[pyfunction]
#[pyo3(signature = (journal_identity, epoch, kind, first_seq, count, time, prev_hash, payload))]
#[allow(clippy::too_many_arguments)] // one parameter a field, as in the typed stub
fn encode_frame<'py>(
    py: Python<'py>,
    journal_identity: u64,
    epoch: u64,
    kind: u8,
    first_seq: u64,
    count: u32,
    time: u64,
    prev_hash: &[u8],
    payload: &[u8],
) -> PyResult<Bound<'py, PyBytes>> {
    let header = Header {
        kind: FrameKind::from_code(kind).ok_or_else(|| PyValueError::new_err("unknown kind of frame"))?,
        journal_id: journal_identity,
        epoch,
        first_seq,
        count,
        payload_len: payload
            .len()
            .try_into()
            .map_err(|_| PyValueError::new_err("a payload has at most 2^32 - 1 bytes"))?,
        time,
        prev_hash: hash_of(prev_hash)?,
    };
    let encoded = frame::encode(&header, payload);
    // What no reader would take must not be written.
    Header::decode(&encoded).map_err(PyValueError::new_err)?;
    Ok(PyBytes::new(py, &encoded))
}

#[pyfunction]
#[pyo3(signature = (encoded, journal_identity, file, offset))]
fn decode_frame(py: Python<'_>, encoded: &[u8], journal_identity: u64, file: PathBuf, offset: u64) -> PyResult<Frame> {
    let damaged = |reason: &str| Error::Damaged { file: file.clone(), offset, reason: reason.to_owned() };
    let (header, hash, payload) = frame::decode(encoded).map_err(damaged)?;
    if header.journal_id != journal_identity {
        return Err(damaged("the frame belongs to another journal").into());
    }
    let Header { kind, epoch, first_seq, count, time, prev_hash, .. } = header;
    let frame = FrameRef { kind, epoch, first_seq, count, time, prev_hash, payload, hash, file: &file, offset };
    Ok(Frame::new(py, &frame))
}

/// One thread at a time: waiting for another one here, with the GIL in hand, could wait for ever.
fn exclusive<T>(held: &Mutex<T>) -> PyResult<MutexGuard<'_, T>> {
    held.try_lock().map_err(|_| PyRuntimeError::new_err("another thread is reading from this"))
}

/// What `read` returns.
#[pyclass(frozen, module = "cambist._core")]
struct FrameIterator(Mutex<Box<dyn FrameStream>>);

#[pymethods]
impl FrameIterator {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Frame>> {
        Ok(exclusive(&self.0)?.next()?.map(|frame| Frame::new(py, &frame)))
    }
}

/// What `follow` returns; empty when it was closed.
#[pyclass(frozen, module = "cambist._core")]
struct Follower {
    follower: Mutex<Option<Box<dyn FollowerPort>>>,
    wake_fd: i32,
}

#[pymethods]
impl Follower {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Frame>> {
        let mut held = exclusive(&self.follower)?;
        let follower = held.as_mut().ok_or(Error::Rejected(Rejection::Closed))?;
        Ok(follower.next()?.map(|frame| Frame::new(py, &frame)))
    }

    #[pyo3(signature = (timeout_seconds = None))]
    fn wait(&self, py: Python<'_>, timeout_seconds: Option<f64>) -> PyResult<bool> {
        let timeout = match timeout_seconds {
            None => Duration::MAX,
            Some(seconds) => Duration::try_from_secs_f64(seconds)
                .map_err(|error| PyValueError::new_err(format!("timeout_seconds: {error}")))?,
        };
        let mut held = exclusive(&self.follower)?;
        let follower = held.as_mut().ok_or(Error::Rejected(Rejection::Closed))?;
        Ok(py.detach(|| follower.wait(timeout))?)
    }

    fn fileno(&self) -> i32 {
        self.wake_fd
    }

    fn close(&self) -> PyResult<()> {
        exclusive(&self.follower)?.take();
        Ok(())
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("JournalError", py.get_type::<JournalError>())?;
    module.add("JournalLocked", py.get_type::<JournalLocked>())?;
    module.add("JournalFenced", py.get_type::<JournalFenced>())?;
    module.add("JournalFormatUnknown", py.get_type::<JournalFormatUnknown>())?;
    module.add("JournalDamaged", py.get_type::<JournalDamaged>())?;
    module.add("JournalFailed", py.get_type::<JournalFailed>())?;
    module.add_class::<Journal>()?;
    module.add_class::<JournalCopy>()?;
    module.add_class::<ReadOnlyJournal>()?;
    module.add_class::<Last>()?;
    module.add_class::<Frame>()?;
    module.add_class::<Follower>()?;
    module.add_function(wrap_pyfunction!(encode_frame, module)?)?;
    module.add_function(wrap_pyfunction!(decode_frame, module)?)
}
