//! Nonces that a key may use once, in any order: millions of them are remembered for two minutes.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use pyo3::exceptions::{PyOverflowError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

const NONCE_BYTES: usize = size_of::<i64>();

/// Key ids and nonces as Python has them; runs of nonces are native-endian bytes, eight a nonce.
#[pyclass(module = "cambist._core")]
pub struct OnceOnlyNonces {
    most: usize,
    used: HashMap<u64, HashSet<i64>>,
    newest: HashMap<u64, Vec<i64>>,
}

#[pymethods]
impl OnceOnlyNonces {
    #[new]
    fn new(most: usize) -> OnceOnlyNonces {
        OnceOnlyNonces { most, used: HashMap::new(), newest: HashMap::new() }
    }

    #[pyo3(name = "use")]
    fn use_once(&mut self, py: Python<'_>, key_id: u64, nonce: &Bound<'_, PyAny>) -> PyResult<bool> {
        let nonce = match nonce.extract::<i64>() {
            Ok(i64::MIN) => return Ok(false),
            Ok(nonce) => nonce,
            Err(error) if error.is_instance_of::<PyOverflowError>(py) => return Ok(false),
            Err(error) => return Err(error),
        };
        let used = self.used.entry(key_id).or_default();
        if used.len() >= self.most || !used.insert(nonce) {
            return Ok(false);
        }
        self.newest.entry(key_id).or_default().push(nonce);
        Ok(true)
    }

    fn remember(&mut self, key_id: u64, nonce: i64) {
        if self.used.entry(key_id).or_default().insert(nonce) {
            self.newest.entry(key_id).or_default().push(nonce);
        }
    }

    fn take_newest<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let taken = PyDict::new(py);
        for (key_id, nonces) in self.newest.drain() {
            let run: Vec<u8> = nonces.into_iter().flat_map(i64::to_ne_bytes).collect();
            taken.set_item(key_id, PyBytes::new(py, &run))?;
        }
        Ok(taken)
    }

    fn load(&mut self, key_id: u64, run: &[u8]) -> PyResult<()> {
        self.used.entry(key_id).or_default().extend(nonces(run)?);
        Ok(())
    }

    fn forget(&mut self, key_id: u64, run: &[u8]) -> PyResult<()> {
        if let Entry::Occupied(mut used) = self.used.entry(key_id) {
            for nonce in nonces(run)? {
                used.get_mut().remove(&nonce);
            }
            if used.get().is_empty() {
                used.remove();
            }
        }
        Ok(())
    }

    fn key_ids(&self) -> Vec<u64> {
        self.used.keys().copied().collect()
    }
}

fn nonces(run: &[u8]) -> PyResult<impl Iterator<Item = i64>> {
    if run.len() % NONCE_BYTES != 0 {
        return Err(PyValueError::new_err("a nonce has eight bytes"));
    }
    Ok(run.chunks_exact(NONCE_BYTES).map(|bytes| i64::from_ne_bytes(bytes.try_into().expect("eight bytes"))))
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<OnceOnlyNonces>()
}
