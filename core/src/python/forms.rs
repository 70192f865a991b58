//! Form bodies: every private request of most dialects is one.

use std::borrow::Cow;

use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Fields of an `application/x-www-form-urlencoded` body, at most the first `limit`; empty ones are left out, of a repeated one the
/// last counts. Wrong encodings become U+FFFD.
#[pyfunction]
fn form_fields<'py>(py: Python<'py>, body: &[u8], limit: usize) -> PyResult<Bound<'py, PyDict>> {
    let text = String::from_utf8_lossy(body);
    // Looked for once: most forms have no escape anywhere.
    let escaped = text.bytes().any(|byte| matches!(byte, b'%' | b'+'));
    let fields = PyDict::new(py);
    for part in text.split('&').take(limit) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        if !value.is_empty() {
            if escaped {
                fields.set_item(unescaped(name), unescaped(value))?;
            } else {
                fields.set_item(name, value)?;
            }
        }
    }
    Ok(fields)
}

fn unescaped(raw: &str) -> Cow<'_, str> {
    let raw = raw.as_bytes();
    let mut bytes = Vec::with_capacity(raw.len());
    let mut at = 0;
    while let Some(byte) = raw.get(at) {
        let digit = |place: usize| raw.get(place).and_then(|digit| char::from(*digit).to_digit(16));
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high * 16 + low) as u8);
                at += 3;
                continue;
            }
            (b'+', ..) => bytes.push(b' '),
            (byte, ..) => bytes.push(*byte),
        }
        at += 1;
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(form_fields, module)?)
}
