//! `Journal`, `read_journal` and the snapshot functions.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use pyo3::create_exception;
use pyo3::exceptions::{PyException, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::journal::{FileJournal, JournalError as Error, NewFrame, Options, Reader, Result, snapshot};

create_exception!(
    cambist._core,
    JournalError,
    PyException,
    "The journal refused or could not do something; it is as it was."
);
create_exception!(cambist._core, JournalLocked, JournalError, "Another process has the directory open.");
create_exception!(
    cambist._core,
    JournalDamaged,
    JournalError,
    "args: (reason, file, offset). Damage that was never a torn tail; the files are left as they are."
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
            Error::Io { .. } | Error::NoSpace { .. } | Error::Refused(_) => JournalError::new_err(text),
        }
    }
}

#[pyclass(frozen, module = "cambist._core")]
pub struct Journal {
    journal: FileJournal,
}

#[pymethods]
impl Journal {
    #[staticmethod]
    #[pyo3(signature = (directory, segment_bytes = 64 << 20, create = true, *, verify_from = 1, space_retry_seconds = 1.0))]
    fn open(
        py: Python<'_>,
        directory: PathBuf,
        segment_bytes: u64,
        create: bool,
        verify_from: u64,
        space_retry_seconds: f64,
    ) -> PyResult<Journal> {
        let space_retry = Duration::try_from_secs_f64(space_retry_seconds)
            .map_err(|error| PyValueError::new_err(format!("space_retry_seconds: {error}")))?;
        let options = Options { segment_bytes, create, verify_from, space_retry, ..Options::default() };
        Ok(Journal { journal: py.detach(|| FileJournal::open(&directory, options))? })
    }

    #[getter]
    fn last_seq(&self) -> u64 {
        self.journal.last_seq()
    }

    #[getter]
    fn durable_seq(&self) -> u64 {
        self.journal.durable_seq()
    }

    #[getter]
    fn epoch(&self) -> u64 {
        self.journal.epoch()
    }

    #[getter]
    fn idle(&self) -> bool {
        self.journal.idle()
    }

    #[getter]
    fn space_low(&self) -> bool {
        self.journal.space_low()
    }

    /// (file, offset, bytes) of the torn tail that opening removed.
    #[getter]
    fn cut(&self) -> Option<(String, u64, u64)> {
        self.journal.cut().map(|cut| (cut.file.to_string_lossy().into_owned(), cut.offset, cut.bytes))
    }

    fn fileno(&self) -> i32 {
        self.journal.event_fd()
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
        if let Some(seq) = self.journal.try_append(expected_last_seq, epoch, frame)? {
            return Ok(seq);
        }
        Ok(py.detach(|| self.journal.append(expected_last_seq, epoch, frame))?)
    }

    fn checkpoint(&self, py: Python<'_>, seq: u64, state_hash: &[u8]) -> PyResult<()> {
        let hash: &[u8; 32] = state_hash.try_into().map_err(|_| PyValueError::new_err("a state hash has 32 bytes"))?;
        Ok(py.detach(|| self.journal.checkpoint(seq, self.journal.epoch(), hash))?)
    }

    fn acknowledge(&self) -> PyResult<u64> {
        Ok(self.journal.acknowledge()?)
    }

    fn wait(&self, py: Python<'_>) -> PyResult<u64> {
        Ok(py.detach(|| self.journal.wait())?)
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        Ok(py.detach(|| self.journal.close())?)
    }
}

#[pyclass(frozen, get_all, module = "cambist._core")]
pub struct Frame {
    kind: u8,
    epoch: u64,
    first_seq: u64,
    count: u32,
    time: u64,
    payload: Py<PyBytes>,
    hash: Py<PyBytes>,
    file: Py<PyString>,
    offset: u64,
}

#[pymethods]
impl Frame {
    fn __repr__(&self) -> String {
        let kind = if self.kind == 1 { "commands" } else { "checkpoint" };
        format!("Frame({kind}, epoch={}, first_seq={}, count={})", self.epoch, self.first_seq, self.count)
    }
}

/// What `read_journal` returns. Its lock is never waited for: the GIL orders its callers.
#[pyclass(frozen, module = "cambist._core")]
struct FrameIterator {
    reader: Mutex<Reader>,
}

#[pymethods]
impl FrameIterator {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Frame>> {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(frame) = reader.next()? else {
            return Ok(None);
        };
        Ok(Some(Frame {
            kind: frame.kind as u8,
            epoch: frame.epoch,
            first_seq: frame.first_seq,
            count: frame.count,
            time: frame.time,
            payload: PyBytes::new(py, frame.payload).unbind(),
            hash: PyBytes::new(py, &frame.hash).unbind(),
            file: PyString::new(py, &frame.file.to_string_lossy()).unbind(),
            offset: frame.offset,
        }))
    }
}

#[pyfunction]
#[pyo3(signature = (directory, from_seq = 1))]
fn read_journal(py: Python<'_>, directory: PathBuf, from_seq: u64) -> PyResult<FrameIterator> {
    Ok(FrameIterator { reader: Mutex::new(py.detach(|| Reader::open(&directory, from_seq))?) })
}

#[pyfunction]
#[pyo3(signature = (directory, seq, state, keep = 3))]
fn write_snapshot(py: Python<'_>, directory: PathBuf, seq: u64, state: &[u8], keep: usize) -> PyResult<String> {
    let path = py.detach(|| snapshot::write(&directory, seq, state, keep))?;
    Ok(path.to_string_lossy().into_owned())
}

#[pyfunction]
#[pyo3(signature = (directory, at_most_seq = None))]
fn read_snapshot(
    py: Python<'_>,
    directory: PathBuf,
    at_most_seq: Option<u64>,
) -> PyResult<Option<(u64, Bound<'_, PyBytes>)>> {
    let found = py.detach(|| snapshot::read(&directory, at_most_seq))?;
    Ok(found.map(|(seq, state)| (seq, PyBytes::new(py, &state))))
}

#[pyfunction]
fn list_snapshots(py: Python<'_>, directory: PathBuf) -> PyResult<Vec<(u64, String, bool)>> {
    let listed: Result<Vec<_>> = py.detach(|| snapshot::list(&directory));
    Ok(listed?.into_iter().map(|one| (one.seq, one.path.to_string_lossy().into_owned(), one.valid)).collect())
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("JournalError", py.get_type::<JournalError>())?;
    module.add("JournalLocked", py.get_type::<JournalLocked>())?;
    module.add("JournalDamaged", py.get_type::<JournalDamaged>())?;
    module.add("JournalFailed", py.get_type::<JournalFailed>())?;
    module.add_class::<Journal>()?;
    module.add_class::<Frame>()?;
    module.add_function(wrap_pyfunction!(read_journal, module)?)?;
    module.add_function(wrap_pyfunction!(write_snapshot, module)?)?;
    module.add_function(wrap_pyfunction!(read_snapshot, module)?)?;
    module.add_function(wrap_pyfunction!(list_snapshots, module)?)
}
