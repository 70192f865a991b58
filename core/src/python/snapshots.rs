//! Snapshot files.

use std::io;
use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::journal::hash_of;
use crate::journal::JournalError as Error;
use crate::journal::snapshot::{self, Origin};

/// A snapshot as its file holds it.
#[pyclass(frozen, get_all, module = "cambist._core")]
struct Snapshot {
    seq: u64,
    path: String,
    state: Py<PyBytes>,
    origin: Option<Py<SnapshotOrigin>>,
}

#[pyclass(frozen, get_all, module = "cambist._core")]
struct SnapshotOrigin {
    journal_identity: u64,
    epoch: u64,
    frame_seq: u64,
    frame_hash: Py<PyBytes>,
}

#[pymethods]
impl SnapshotOrigin {
    #[new]
    fn new(
        journal_identity: u64,
        epoch: u64,
        frame_seq: u64,
        frame_hash: &Bound<'_, PyBytes>,
    ) -> PyResult<SnapshotOrigin> {
        hash_of(frame_hash.as_bytes())?;
        Ok(SnapshotOrigin { journal_identity, epoch, frame_seq, frame_hash: frame_hash.clone().unbind() })
    }
}

#[pyfunction]
#[pyo3(signature = (directory, seq, origin, state, keep = 3))]
fn write_snapshot(
    py: Python<'_>,
    directory: PathBuf,
    seq: u64,
    origin: &SnapshotOrigin,
    state: &[u8],
    keep: usize,
) -> PyResult<String> {
    let origin = Origin {
        journal_id: origin.journal_identity,
        epoch: origin.epoch,
        frame_seq: origin.frame_seq,
        frame_hash: hash_of(origin.frame_hash.as_bytes(py))?,
    };
    let path = py.detach(|| snapshot::write(&directory, seq, &origin, state, keep))?;
    Ok(path.to_string_lossy().into_owned())
}

#[pyfunction]
fn load_snapshot(py: Python<'_>, path: PathBuf) -> PyResult<Option<Snapshot>> {
    let loaded = match py.detach(|| snapshot::load(&path)) {
        Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => return Err(source.into()),
        other => other?,
    };
    let Some(snapshot::Snapshot { seq, origin, state }) = loaded else {
        return Ok(None);
    };
    let origin = origin.map(|origin| {
        let Origin { journal_id, epoch, frame_seq, frame_hash } = origin;
        let frame_hash = PyBytes::new(py, &frame_hash).unbind();
        Py::new(py, SnapshotOrigin { journal_identity: journal_id, epoch, frame_seq, frame_hash })
    });
    let path = path.to_string_lossy().into_owned();
    Ok(Some(Snapshot { seq, path, state: PyBytes::new(py, &state).unbind(), origin: origin.transpose()? }))
}

#[pyfunction]
fn snapshot_files(py: Python<'_>, directory: PathBuf) -> PyResult<Vec<(u64, String)>> {
    let files = py.detach(|| snapshot::files(&directory))?;
    Ok(files.into_iter().map(|(seq, path)| (seq, path.to_string_lossy().into_owned())).collect())
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Snapshot>()?;
    module.add_class::<SnapshotOrigin>()?;
    module.add_function(wrap_pyfunction!(write_snapshot, module)?)?;
    module.add_function(wrap_pyfunction!(load_snapshot, module)?)?;
    module.add_function(wrap_pyfunction!(snapshot_files, module)?)
}
