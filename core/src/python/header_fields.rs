//! Header fields of HTTP requests: taken from the parser one by one, half a dozen for every request.

use std::collections::HashSet;

use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

pyo3::create_exception!(cambist._core, RepeatedField, PyException);
pyo3::create_exception!(cambist._core, TooManyFields, PyException);

/// Collects a head's fields in a dict by lower-case name. One that is sent again is joined to the first, as RFC 9110 (5.3) has it.
#[pyclass(module = "cambist._core")]
pub struct HeaderFields {
    most: usize,
    once: HashSet<Vec<u8>>,
    fields: Py<PyDict>,
    count: usize,
}

#[pymethods]
impl HeaderFields {
    #[new]
    fn new(py: Python<'_>, most: usize, once: HashSet<Vec<u8>>) -> HeaderFields {
        HeaderFields { most, once, fields: PyDict::new(py).unbind(), count: 0 }
    }

    fn begin<'py>(&mut self, py: Python<'py>) -> Bound<'py, PyDict> {
        let fields = PyDict::new(py);
        self.fields = fields.clone().unbind();
        self.count = 0;
        fields
    }

    fn add(&mut self, name: &Bound<'_, PyBytes>, value: &Bound<'_, PyBytes>) -> PyResult<()> {
        let py = name.py();
        self.count += 1;
        if self.count > self.most {
            return Err(TooManyFields::new_err(()));
        }
        let lower = if name.as_bytes().iter().any(u8::is_ascii_uppercase) {
            PyBytes::new(py, &name.as_bytes().to_ascii_lowercase())
        } else {
            name.clone()
        };
        let fields = self.fields.bind(py);
        match fields.get_item(&lower)? {
            None => fields.set_item(lower, value),
            Some(_) if self.once.contains(lower.as_bytes()) => Err(RepeatedField::new_err((lower.unbind(),))),
            Some(first) => {
                let first = first.cast_into::<PyBytes>()?;
                let between: &[u8] = if lower.as_bytes() == b"cookie" { b"; " } else { b", " };
                let joined = [first.as_bytes(), between, value.as_bytes()].concat();
                fields.set_item(lower, PyBytes::new(py, &joined))
            }
        }
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("RepeatedField", py.get_type::<RepeatedField>())?;
    module.add("TooManyFields", py.get_type::<TooManyFields>())?;
    module.add_class::<HeaderFields>()
}
