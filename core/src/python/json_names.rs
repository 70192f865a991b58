//! The names in a JSON object: whether one is there twice, of which most readers keep the last.

use pyo3::prelude::*;

/// Names that are compared with each other; an object of a request has a dozen.
const MOST: usize = 32;

#[pyfunction]
fn all_names_differ(text: &[u8]) -> bool {
    let mut names: [&[u8]; MOST] = [b""; MOST];
    let mut count = 0;
    let Some((b'{', mut rest)) = text.trim_ascii_start().split_first() else { return false };
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        match byte {
            b'{' | b'[' => return false,
            b'"' => {
                let Some(end) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\')) else { return false };
                if rest[end] == b'\\' {
                    return false;
                }
                let string = &rest[..end];
                rest = rest[end + 1..].trim_ascii_start();
                if rest.first() == Some(&b':') {
                    if count == MOST || names[..count].contains(&string) {
                        return false;
                    }
                    names[count] = string;
                    count += 1;
                }
            }
            _ => {}
        }
    }
    true
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(all_names_differ, module)?)
}
