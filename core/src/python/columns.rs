//! Values of rows in the order of their columns, in two forms: Python's, and the lines of PostgreSQL's COPY.

use std::io::Write;

use pyo3::prelude::*;
use pyo3::types::{PyInt, PyString};

/// Where a row's values go, in the order of its columns.
pub(super) trait Columns {
    fn small(&mut self, value: impl Into<i64>) -> &mut Self;
    fn wide(&mut self, value: i128) -> &mut Self;
    fn wide_unsigned(&mut self, value: u128) -> &mut Self;
    fn text(&mut self, text: &str) -> &mut Self;
    fn none(&mut self) -> &mut Self;

    fn unsigned(&mut self, value: u64) -> &mut Self {
        self.wide(i128::from(value))
    }
}

/// Python values. What has more than 64 bits is decimal text.
pub(super) struct Values<'py> {
    py: Python<'py>,
    pub(super) values: Vec<Bound<'py, PyAny>>,
}

impl Columns for Values<'_> {
    fn small(&mut self, value: impl Into<i64>) -> &mut Self {
        let Ok(value) = value.into().into_pyobject(self.py);
        self.values.push(Bound::<PyInt>::into_any(value));
        self
    }

    fn wide(&mut self, value: i128) -> &mut Self {
        match i64::try_from(value) {
            Ok(value) => self.small(value),
            Err(_) => self.text(&value.to_string()),
        }
    }

    fn wide_unsigned(&mut self, value: u128) -> &mut Self {
        match i64::try_from(value) {
            Ok(value) => self.small(value),
            Err(_) => self.text(&value.to_string()),
        }
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.values.push(PyString::new(self.py, text).into_any());
        self
    }

    fn none(&mut self) -> &mut Self {
        self.values.push(self.py.None().into_bound(self.py));
        self
    }
}

/// Lines as PostgreSQL's `COPY ... FROM STDIN` reads them. A text is what stands between the quotes of its JSON form: PostgreSQL
/// has no text with a NUL in it, and people may send one.
#[derive(Default)]
pub(super) struct CopyText {
    bytes: Vec<u8>,
}

impl CopyText {
    fn value(&mut self, value: impl std::fmt::Display) -> &mut Self {
        // Writing into memory cannot fail.
        let _ = write!(self.bytes, "{value}\t");
        self
    }

    /// The last value's tab becomes the line's end.
    fn end_row(&mut self) {
        self.bytes.pop();
        self.bytes.push(b'\n');
    }
}

impl Columns for CopyText {
    fn small(&mut self, value: impl Into<i64>) -> &mut Self {
        self.value(value.into())
    }

    fn wide(&mut self, value: i128) -> &mut Self {
        match i64::try_from(value) {
            Ok(value) => self.value(value), // several times as fast to write
            Err(_) => self.value(value),
        }
    }

    fn wide_unsigned(&mut self, value: u128) -> &mut Self {
        match u64::try_from(value) {
            Ok(value) => self.value(value),
            Err(_) => self.value(value),
        }
    }

    fn text(&mut self, text: &str) -> &mut Self {
        for byte in text.bytes() {
            // JSON's escapes, their backslashes doubled for COPY.
            let escaped: &[u8] = match byte {
                b'"' => b"\\\\\"",
                b'\\' => b"\\\\\\\\",
                0x08 => b"\\\\b",
                0x0c => b"\\\\f",
                b'\n' => b"\\\\n",
                b'\r' => b"\\\\r",
                b'\t' => b"\\\\t",
                0x00..=0x1f => {
                    let _ = write!(self.bytes, "\\\\u{byte:04x}");
                    continue;
                }
                _ => {
                    self.bytes.push(byte);
                    continue;
                }
            };
            self.bytes.extend_from_slice(escaped);
        }
        self.bytes.push(b'\t');
        self
    }

    fn none(&mut self) -> &mut Self {
        self.value("\\N")
    }
}

/// The rows from `first` on, at most `count`.
pub(super) fn part<R>(rows: &[R], first: usize, count: usize) -> &[R] {
    let end = first.saturating_add(count).min(rows.len());
    &rows[first.min(end)..end]
}

pub(super) fn copied<R>(rows: &[R], put: impl Fn(&R, &mut CopyText)) -> Vec<u8> {
    let mut out = CopyText::default();
    for row in rows {
        put(row, &mut out);
        out.end_row();
    }
    out.bytes
}

pub(super) fn put_all<'py, R>(
    py: Python<'py>,
    rows: &[R],
    width: usize,
    put: impl Fn(&R, &mut Values<'py>),
) -> Values<'py> {
    let mut out = Values { py, values: Vec::with_capacity(rows.len() * width) };
    for row in rows {
        put(row, &mut out);
    }
    out
}
