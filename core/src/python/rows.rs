//! Rows of numbers as text: bytes between them, and a form for each number; written bit by bit where there are many.

use std::ops::Range;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

use super::trade_log::{Trades, row};
use crate::decimal;
use crate::level_book::{Cursor, merged_price};

const MAX_DIGITS: u8 = 36;

#[derive(Clone)]
enum Form {
    Decimal { scale: u8, digits: Option<u8> },
    Integer { multiply: u64, divide: u64, plus: u64, zero: u128 },
    Utc { digits: u8 },
    Choice(Vec<Vec<u8>>),
}

/// One number of a row, and how it is written.
#[pyclass(frozen, module = "cambist._core")]
#[derive(Clone)]
pub struct Column {
    field: usize,
    form: Form,
}

#[pymethods]
impl Column {
    #[staticmethod]
    #[pyo3(signature = (field, scale, digits = -1))]
    fn decimal(field: usize, scale: u8, digits: i16) -> PyResult<Column> {
        let digits = (digits >= 0).then(|| u8::try_from(digits).unwrap_or(u8::MAX));
        if scale > MAX_DIGITS || digits.is_some_and(|digits| digits > MAX_DIGITS) {
            return Err(PyValueError::new_err("at most 36 digits after the point"));
        }
        Ok(Column { field, form: Form::Decimal { scale, digits } })
    }

    #[staticmethod]
    #[pyo3(signature = (field, multiply = 1, divide = 1, plus = 0, zero = 0))]
    fn integer(field: usize, multiply: u64, divide: u64, plus: u64, zero: u64) -> PyResult<Column> {
        if divide == 0 {
            return Err(PyValueError::new_err("divide is at least 1"));
        }
        Ok(Column { field, form: Form::Integer { multiply, divide, plus, zero: u128::from(zero) } })
    }

    #[staticmethod]
    #[pyo3(signature = (field, digits = 3))]
    fn utc(field: usize, digits: u8) -> PyResult<Column> {
        if digits > 6 {
            return Err(PyValueError::new_err("at most microseconds"));
        }
        Ok(Column { field, form: Form::Utc { digits } })
    }

    #[staticmethod]
    fn choice(field: usize, texts: Vec<Vec<u8>>) -> PyResult<Column> {
        if texts.is_empty() {
            return Err(PyValueError::new_err("a choice of nothing"));
        }
        Ok(Column { field, form: Form::Choice(texts) })
    }
}

/// What stands between the numbers of a row, and between rows.
#[pyclass(frozen, module = "cambist._core")]
pub struct RowForm {
    pieces: Vec<Vec<u8>>,
    columns: Vec<Column>,
    separator: Vec<u8>,
}

#[pymethods]
impl RowForm {
    #[new]
    #[pyo3(signature = (pieces, columns, separator = b",".to_vec()))]
    fn new(pieces: Vec<Vec<u8>>, columns: Vec<PyRef<'_, Column>>, separator: Vec<u8>) -> PyResult<RowForm> {
        if pieces.len() != columns.len() + 1 {
            return Err(PyValueError::new_err("one piece more than there are columns"));
        }
        Ok(RowForm { pieces, columns: columns.iter().map(|column| (*column).clone()).collect(), separator })
    }
}

impl RowForm {
    /// ValueError unless every column's field is one of so many.
    fn check(&self, fields: usize) -> PyResult<()> {
        match self.columns.iter().find(|column| column.field >= fields) {
            Some(column) => Err(PyValueError::new_err(format!("a row has no field {}", column.field))),
            None => Ok(()),
        }
    }

    fn write_separator(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.separator);
    }

    /// `row` has the fields that `check` was told.
    #[inline]
    fn write(&self, out: &mut Vec<u8>, row: &[u128]) {
        for (piece, column) in self.pieces.iter().zip(&self.columns) {
            out.extend_from_slice(piece);
            let value = row[column.field];
            match &column.form {
                Form::Decimal { scale, digits } => decimal::append_bytes(out, value, *scale, *digits),
                Form::Integer { zero, plus: 0, .. } if value == 0 => decimal::append_bytes(out, *zero, 0, Some(0)),
                Form::Integer { multiply, divide, plus, .. } => {
                    let value = value.saturating_mul(u128::from(*multiply));
                    // Dividing 128 bits costs several times as much as dividing 64.
                    let value = if *divide == 1 { value } else { value / u128::from(*divide) };
                    decimal::append_bytes(out, value.saturating_add(u128::from(*plus)), 0, Some(0));
                }
                Form::Utc { digits } => decimal::append_utc(out, value, *digits),
                Form::Choice(texts) => {
                    let at = usize::try_from(value).unwrap_or(usize::MAX).min(texts.len() - 1);
                    out.extend_from_slice(&texts[at]);
                }
            }
        }
        out.extend_from_slice(self.pieces.last().expect("one piece more than columns"));
    }
}

/// Most fields that a row has.
pub const FIELDS: usize = 7;

pub type Row = [u128; FIELDS];

/// Where a text's rows come from; nobody changes it any more.
pub enum Source {
    /// Price, amount, time of the last change.
    Levels {
        cursor: Cursor,
        bids: bool,
        step: u128,
        multiply: u128,
    },
    Trades {
        trades: Trades,
        range: Range<usize>,
        oldest_first: bool,
    },
}

impl Source {
    fn left(&self) -> usize {
        match self {
            Source::Levels { cursor, .. } => cursor.left(),
            Source::Trades { range, .. } => range.len(),
        }
    }

    fn fields(&self) -> usize {
        match self {
            Source::Levels { .. } => 3,
            Source::Trades { .. } => FIELDS,
        }
    }

    fn merges(&self) -> bool {
        matches!(self, Source::Levels { step, .. } if *step > 1)
    }

    #[inline]
    fn next(&mut self) -> Option<Row> {
        match self {
            Source::Trades { trades, range, oldest_first } => {
                let at = if *oldest_first { range.next() } else { range.next_back() }?;
                Some(row(&trades[at]))
            }
            Source::Levels { cursor, bids, step, multiply } => {
                let level = cursor.next()?;
                let price = merged_price(u128::from(level.price) * *multiply, *step, *bids);
                Some([price, u128::from(level.amount), u128::from(level.changed), 0, 0, 0, 0])
            }
        }
    }
}

struct Part {
    text: Py<PyBytes>,
    /// Where each row ends.
    ends: Vec<u32>,
}

#[pyclass(module = "cambist._core")]
pub struct RowText {
    source: Source,
    form: Py<RowForm>,
    /// The row that further levels may still belong to.
    bucket: Option<Row>,
    parts: Vec<Part>,
    rows: usize,
    size: usize,
    done: bool,
}

/// A part in the making.
struct Writing<'a> {
    form: &'a RowForm,
    out: Vec<u8>,
    ends: Vec<u32>,
    first: bool,
}

impl Writing<'_> {
    fn write(&mut self, row: &Row) {
        if !self.first {
            self.form.write_separator(&mut self.out);
        }
        self.first = false;
        self.form.write(&mut self.out, row);
        // A part has so few rows that its size fits.
        self.ends.push(u32::try_from(self.out.len()).unwrap_or(u32::MAX));
    }
}

impl RowText {
    /// ValueError when the form has a column that these rows lack.
    pub fn new(form: Bound<'_, RowForm>, source: Source) -> PyResult<RowText> {
        form.get().check(source.fields())?;
        let form = form.unbind();
        Ok(RowText { source, form, bucket: None, parts: Vec::new(), rows: 0, size: 0, done: false })
    }
}

#[pymethods]
impl RowText {
    #[getter]
    fn size(&self) -> usize {
        self.size
    }

    fn has(&self, rows: usize) -> bool {
        self.done || (rows > 0 && self.rows >= rows)
    }

    fn write(&mut self, py: Python<'_>, rows: usize, looks: usize) -> bool {
        let rows = if rows == 0 { usize::MAX } else { rows };
        if self.done || self.rows >= rows {
            return true;
        }
        let room = looks.min(rows - self.rows).min(self.source.left() + 1) * 64;
        let form = self.form.get();
        let mut writing = Writing { form, out: Vec::with_capacity(room), ends: Vec::new(), first: self.rows == 0 };
        let merges = self.source.merges();
        let mut looked = 0;
        while looked < looks && self.rows + writing.ends.len() < rows {
            let Some(row) = self.source.next() else {
                if let Some(bucket) = self.bucket.take() {
                    writing.write(&bucket);
                }
                self.done = true;
                break;
            };
            looked += 1;
            if !merges {
                writing.write(&row);
                continue;
            }
            match &mut self.bucket {
                Some(bucket) if bucket[0] == row[0] => {
                    bucket[1] += row[1];
                    bucket[2] = bucket[2].max(row[2]);
                }
                bucket => {
                    if let Some(full) = bucket.replace(row) {
                        writing.write(&full);
                    }
                }
            }
        }
        if !writing.ends.is_empty() {
            self.rows += writing.ends.len();
            self.size += writing.out.len();
            self.parts.push(Part { text: PyBytes::new(py, &writing.out).unbind(), ends: writing.ends });
        }
        self.done || self.rows >= rows
    }

    #[pyo3(signature = (rows = 0))]
    fn parts<'py>(&self, py: Python<'py>, rows: usize) -> PyResult<Bound<'py, PyTuple>> {
        let mut left = if rows == 0 { usize::MAX } else { rows };
        let mut found = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            if left == 0 {
                break;
            }
            if part.ends.len() <= left {
                left -= part.ends.len();
                found.push(part.text.clone_ref(py).into_bound(py));
            } else {
                let end = part.ends[left - 1] as usize;
                found.push(PyBytes::new(py, &part.text.as_bytes(py)[..end]));
                left = 0;
            }
        }
        PyTuple::new(py, found)
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Column>()?;
    module.add_class::<RowForm>()?;
    module.add_class::<RowText>()
}
