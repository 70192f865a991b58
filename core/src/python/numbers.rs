//! Numbers and number texts for Python.

use std::convert::Infallible;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyInt;

use crate::decimal::{self, ParseError};
use crate::types::{AccountId, Amount, AssetId, Atoms, MarketId, OrderId, Price};

/// The core's numbers are plain integers in Python; what does not fit is an OverflowError, as with any integer.
macro_rules! plain_integers {
    ($($name:ident($inner:ty))*) => {$(
        impl<'a, 'py> FromPyObject<'a, 'py> for $name {
            type Error = PyErr;

            #[inline]
            fn extract(value: Borrowed<'a, 'py, PyAny>) -> PyResult<$name> {
                value.extract::<$inner>().map($name)
            }
        }

        impl<'py> IntoPyObject<'py> for $name {
            type Target = PyInt;
            type Output = Bound<'py, PyInt>;
            type Error = Infallible;

            #[inline]
            fn into_pyobject(self, py: Python<'py>) -> Result<Bound<'py, PyInt>, Infallible> {
                self.0.into_pyobject(py)
            }
        }
    )*};
}

plain_integers! {
    AccountId(u32)
    AssetId(u16)
    MarketId(u16)
    OrderId(u64)
    Price(u64)
    Amount(u64)
    Atoms(i128)
}

/// Largest scale and digit count a caller may ask for: far above what any asset has, and what a text of it costs is bounded.
pub const MAX_DIGITS: u8 = 36;
pub const TOO_MANY_DIGITS: &str = "at most 36 digits after the point";

#[pyfunction]
#[pyo3(signature = (value, scale, digits = -1))]
fn format_units(value: &Bound<'_, PyAny>, scale: u8, digits: i16) -> PyResult<String> {
    let digits = (digits >= 0).then(|| u8::try_from(digits).unwrap_or(u8::MAX));
    if scale > MAX_DIGITS || digits.is_some_and(|digits| digits > MAX_DIGITS) {
        return Err(PyValueError::new_err(TOO_MANY_DIGITS));
    }
    let value = match value.extract::<i64>() {
        Ok(small) => i128::from(small),
        Err(_) => value.extract::<i128>()?,
    };
    Ok(decimal::format(value, scale, digits))
}

#[pyfunction]
fn parse_units<'py>(py: Python<'py>, text: &str, scale: u8) -> PyResult<Bound<'py, PyInt>> {
    if scale > MAX_DIGITS {
        return Err(PyValueError::new_err(TOO_MANY_DIGITS));
    }
    let units = decimal::parse(text, scale).map_err(|error| {
        PyValueError::new_err(match error {
            ParseError::NotANumber => "not a non-negative decimal number".to_owned(),
            ParseError::TooPrecise => format!("more than {scale} digits after the point"),
            ParseError::TooLarge => "too large".to_owned(),
        })
    })?;
    Ok(integer(py, units))
}

/// A wide integer argument. Nearly all of them are small, and the limited API converts small ones far faster.
pub struct Wide(pub u128);

impl Wide {
    pub const ZERO: Wide = Wide(0);
}

impl<'a, 'py> FromPyObject<'a, 'py> for Wide {
    type Error = PyErr;

    #[inline]
    fn extract(value: Borrowed<'a, 'py, PyAny>) -> PyResult<Wide> {
        match value.extract::<u64>() {
            Ok(small) => Ok(Wide(u128::from(small))),
            Err(_) => value.extract::<u128>().map(Wide),
        }
    }
}

/// Longest number text of a client that is read: 2^64 with 18 decimals and an exponent is half of it.
const MAX_CLIENT_TEXT: usize = 64;

#[pyfunction]
fn client_units<'py>(py: Python<'py>, text: &str, scale: u8) -> Option<Bound<'py, PyInt>> {
    if scale > MAX_DIGITS || text.len() > MAX_CLIENT_TEXT {
        return None;
    }
    decimal::parse(text, scale).ok().map(|units| integer(py, units.min(1 << 64)))
}

/// Digits before and behind the point of a plain decimal text, at most.
const MAX_PLAIN: (usize, usize) = (30, 18);

#[pyfunction]
fn plain_units<'py>(py: Python<'py>, text: &str, scale: u8) -> Option<Bound<'py, PyInt>> {
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let is_plain =
        |part: &str, most: usize| (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    if scale > MAX_DIGITS || !is_plain(whole, MAX_PLAIN.0) || !fraction.is_none_or(|part| is_plain(part, MAX_PLAIN.1)) {
        return None;
    }
    decimal::parse(text, scale).ok().map(|units| integer(py, units))
}

/// Decimal digits of the longest whole number of a client: 2^64 has as many.
const MAX_WHOLE_TEXT: usize = 20;

#[pyfunction]
fn whole_number<'py>(py: Python<'py>, text: &str) -> Option<Bound<'py, PyInt>> {
    let digits = (1..=MAX_WHOLE_TEXT).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| integer(py, text.bytes().fold(0, |value, digit| value * 10 + u128::from(digit - b'0'))))
}

/// Nearly all are small, and the limited API makes integers of the small ones far faster.
fn integer(py: Python<'_>, value: u128) -> Bound<'_, PyInt> {
    let Ok(integer) = match u64::try_from(value) {
        Ok(small) => small.into_pyobject(py),
        Err(_) => value.into_pyobject(py),
    };
    integer
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(format_units, module)?)?;
    module.add_function(wrap_pyfunction!(parse_units, module)?)?;
    module.add_function(wrap_pyfunction!(client_units, module)?)?;
    module.add_function(wrap_pyfunction!(plain_units, module)?)?;
    module.add_function(wrap_pyfunction!(whole_number, module)?)
}
