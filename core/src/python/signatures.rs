//! Signatures of requests: HMACs (RFC 2104) under a key whose own part of the work is done once.

use std::borrow::Cow;

use hmac::{Hmac, KeyInit, Mac};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use sha2::{Sha256, Sha384, Sha512};

#[derive(Clone)]
enum Keyed {
    Sha256(Hmac<Sha256>),
    Sha384(Hmac<Sha384>),
    Sha512(Hmac<Sha512>),
}

impl Keyed {
    fn of(digest: &str, secret: &[u8]) -> Option<Keyed> {
        match digest {
            "sha256" => Hmac::new_from_slice(secret).ok().map(Keyed::Sha256),
            "sha384" => Hmac::new_from_slice(secret).ok().map(Keyed::Sha384),
            "sha512" => Hmac::new_from_slice(secret).ok().map(Keyed::Sha512),
            _ => None,
        }
    }

    /// The HMAC of a message that comes in parts, before its end.
    fn over(&self, parts: &[&[u8]]) -> Keyed {
        let mut keyed = self.clone();
        for part in parts {
            match &mut keyed {
                Keyed::Sha256(mac) => mac.update(part),
                Keyed::Sha384(mac) => mac.update(part),
                Keyed::Sha512(mac) => mac.update(part),
            }
        }
        keyed
    }

    /// Takes the same time wherever they differ.
    fn is(self, signature: &[u8]) -> bool {
        match self {
            Keyed::Sha256(mac) => mac.verify_slice(signature),
            Keyed::Sha384(mac) => mac.verify_slice(signature),
            Keyed::Sha512(mac) => mac.verify_slice(signature),
        }
        .is_ok()
    }

    fn bytes(self, py: Python<'_>) -> Bound<'_, PyBytes> {
        match self {
            Keyed::Sha256(mac) => PyBytes::new(py, &mac.finalize().into_bytes()),
            Keyed::Sha384(mac) => PyBytes::new(py, &mac.finalize().into_bytes()),
            Keyed::Sha512(mac) => PyBytes::new(py, &mac.finalize().into_bytes()),
        }
    }
}

/// Bytes of the longest digest.
const LONGEST: usize = 64;

/// What lower-case hex digits say, and how many bytes that is; None for anything else, and for more than a digest has.
fn from_hex(text: &[u8]) -> Option<([u8; LONGEST], usize)> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; LONGEST];
    let size = text.len() / 2;
    if text.len() % 2 == 1 || size > LONGEST {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some((bytes, size))
}

#[pyclass(frozen, module = "cambist._core")]
pub struct HmacKey {
    keyed: Keyed,
}

#[pymethods]
impl HmacKey {
    #[new]
    fn new(digest: &str, secret: &[u8]) -> PyResult<HmacKey> {
        let keyed = Keyed::of(digest, secret).ok_or_else(|| PyValueError::new_err("sha256, sha384 or sha512"))?;
        Ok(HmacKey { keyed })
    }

    fn mac<'py>(&self, py: Python<'py>, message: &[u8]) -> Bound<'py, PyBytes> {
        self.keyed.over(&[message]).bytes(py)
    }

    fn verify(&self, message: &[u8], mac: &[u8]) -> bool {
        self.keyed.over(&[message]).is(mac)
    }

    fn verify_hex(&self, message: &[u8], mac: &[u8]) -> bool {
        from_hex(mac).is_some_and(|(bytes, size)| self.verify(message, &bytes[..size]))
    }
}

const WRONG_SIGNATURE: i64 = 0;
const WRONG_TIMESTAMP: i64 = 1;
/// Digits of a timestamp, at most.
const MAX_TIMESTAMP: usize = 17;

/// The header fields by which requests are signed that say when they were made.
#[pyclass(frozen, module = "cambist._core")]
pub struct SignedRequests {
    timestamp: Py<PyBytes>,
    signature: Py<PyBytes>,
    window: u64,
}

#[pymethods]
impl SignedRequests {
    #[new]
    fn new(timestamp: Py<PyBytes>, signature: Py<PyBytes>, window: u64) -> SignedRequests {
        SignedRequests { timestamp, signature, window }
    }

    #[allow(clippy::too_many_arguments)]
    fn hmac_nonce(
        &self,
        key: &Bound<'_, HmacKey>,
        headers: &Bound<'_, PyDict>,
        method: &str,
        path: &str,
        query: &[u8],
        body: &[u8],
        now: i64,
    ) -> PyResult<i64> {
        let Some(signature) = headers.get_item(&self.signature)? else { return Ok(WRONG_SIGNATURE) };
        let Some((signature, size)) = from_hex(signature.extract()?) else { return Ok(WRONG_SIGNATURE) };
        let timestamp = self.timestamp(headers)?;
        let path = latin1(path)?;
        if !key.get().keyed.over(&message(timestamp.as_bytes(), method, &path, query, body)).is(&signature[..size]) {
            return Ok(WRONG_SIGNATURE);
        }
        Ok(self.nonce_at(&signature, timestamp.as_bytes(), now))
    }

    fn message<'py>(
        &self,
        headers: &Bound<'py, PyDict>,
        method: &str,
        path: &str,
        query: &[u8],
        body: &[u8],
    ) -> PyResult<Bound<'py, PyBytes>> {
        let timestamp = self.timestamp(headers)?;
        let path = latin1(path)?;
        Ok(PyBytes::new(headers.py(), &message(timestamp.as_bytes(), method, &path, query, body).concat()))
    }

    fn nonce(&self, digest: &[u8], headers: &Bound<'_, PyDict>, now: i64) -> PyResult<i64> {
        Ok(self.nonce_at(digest, self.timestamp(headers)?.as_bytes(), now))
    }
}

impl SignedRequests {
    fn timestamp<'py>(&self, headers: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyBytes>> {
        let sent = headers.get_item(&self.timestamp)?;
        Ok(sent.map_or_else(|| Ok(PyBytes::new(headers.py(), b"")), |field| field.cast_into())?)
    }

    /// The nonce that stands for a request of that digest, if it was made about `now`.
    fn nonce_at(&self, digest: &[u8], timestamp: &[u8], now: i64) -> i64 {
        match whole(timestamp) {
            Some(made) if made.abs_diff(now) <= self.window => once_only(digest),
            _ => WRONG_TIMESTAMP,
        }
    }
}

fn message<'a>(timestamp: &'a [u8], method: &'a str, path: &'a [u8], query: &'a [u8], body: &'a [u8]) -> [&'a [u8]; 9] {
    [timestamp, b"\n", method.as_bytes(), b"\n", path, b"\n", query, b"\n", body]
}

/// The bytes of a text whose characters are bytes as they came over the wire.
fn latin1(text: &str) -> PyResult<Cow<'_, [u8]>> {
    if text.is_ascii() {
        return Ok(Cow::Borrowed(text.as_bytes()));
    }
    let bytes: Result<Vec<u8>, _> = text.chars().map(u8::try_from).collect();
    bytes.map(Cow::Owned).map_err(|_| PyValueError::new_err("a path has characters of a byte each"))
}

/// A number in plain digits.
fn whole(text: &[u8]) -> Option<i64> {
    let digits = (1..=MAX_TIMESTAMP).contains(&text.len()) && text.iter().all(u8::is_ascii_digit);
    digits.then(|| text.iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0')))
}

/// The first eight bytes of a digest, as once-only nonces are written: negative.
fn once_only(digest: &[u8]) -> i64 {
    let number = digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte));
    -1 - (number % i64::MAX.unsigned_abs()) as i64
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<HmacKey>()?;
    module.add_class::<SignedRequests>()
}
