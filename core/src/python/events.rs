//! Events as Python objects, made from their bytes.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

use crate::wire::Fields;

/// Declares the classes, their reading off the wire in the order of the fields, and their registration.
macro_rules! event_classes {
    ($($kind:literal => $class:ident { $($field:ident : $type:ty = $read:ident),* $(,)? })*) => {
        $(
            #[pyclass(frozen, get_all, eq, module = "cambist._core")]
            #[derive(Debug, PartialEq)]
            pub struct $class {
                $($field: $type),*
            }

            #[pymethods]
            impl $class {
                #[classattr]
                const KIND: u8 = $kind;

                fn __repr__(&self) -> String {
                    format!("{self:?}")
                }
            }

            impl $class {
                fn read(f: &mut Fields<'_>) -> Option<$class> {
                    Some($class { $($field: $read(f)?),* })
                }
            }
        )*

        fn read_event<'py>(py: Python<'py>, kind: u8, f: &mut Fields<'_>) -> Option<PyResult<Bound<'py, PyAny>>> {
            Some(match kind {
                $($kind => Bound::new(py, $class::read(f)?).map(Bound::into_any),)*
                _ => return None,
            })
        }

        /// Adds the classes, and `Event`, the union of all of them.
        fn register_classes(module: &Bound<'_, PyModule>) -> PyResult<()> {
            let py = module.py();
            let mut union = py.get_type::<CommandApplied>().into_any();
            $(
                module.add_class::<$class>()?;
                union = union.bitor(py.get_type::<$class>())?;
            )*
            module.add("Event", union)
        }
    };
}

fn u8(f: &mut Fields<'_>) -> Option<u8> {
    f.u8()
}

/// A byte that only pads.
fn u8_padded(f: &mut Fields<'_>) -> Option<u8> {
    let value = f.u8()?;
    f.u8()?;
    Some(value)
}

fn flag(f: &mut Fields<'_>) -> Option<bool> {
    f.u8().map(|byte| byte != 0)
}

fn flag_padded(f: &mut Fields<'_>) -> Option<bool> {
    u8_padded(f).map(|byte| byte != 0)
}

fn u16(f: &mut Fields<'_>) -> Option<u16> {
    f.u16()
}

fn u16_padded(f: &mut Fields<'_>) -> Option<u16> {
    let value = f.u16()?;
    f.u16()?;
    Some(value)
}

fn u32(f: &mut Fields<'_>) -> Option<u32> {
    f.u32()
}

fn u64(f: &mut Fields<'_>) -> Option<u64> {
    f.u64()
}

fn u128(f: &mut Fields<'_>) -> Option<u128> {
    f.u128()
}

fn i128(f: &mut Fields<'_>) -> Option<i128> {
    f.i128()
}

fn code(f: &mut Fields<'_>) -> Option<String> {
    let code: [u8; 12] = f.bytes()?;
    String::from_utf8(code.into_iter().take_while(|byte| *byte != 0).collect()).ok()
}

fn meta(f: &mut Fields<'_>) -> Option<Py<PyBytes>> {
    let bytes = f.rest();
    // The reader below is only ever called with the interpreter attached; attaching again is then free.
    Some(Python::attach(|py| PyBytes::new(py, bytes).unbind()))
}

/// CommandApplied stands apart: its meta is a Python object, which has no `==` of its own here.
#[pyclass(frozen, get_all, module = "cambist._core")]
#[derive(Debug)]
pub struct CommandApplied {
    seq: u64,
    time: u64,
    command: u8,
    code: u16,
    id: u64,
    meta: Py<PyBytes>,
}

#[pymethods]
impl CommandApplied {
    #[classattr]
    const KIND: u8 = 1;

    fn __repr__(&self, py: Python<'_>) -> String {
        let CommandApplied { seq, time, command, code, id, meta } = self;
        let meta = meta.as_bytes(py).len();
        format!(
            "CommandApplied {{ seq: {seq}, time: {time}, command: {command}, code: {code}, id: {id}, meta: {meta} bytes }}"
        )
    }

    fn __eq__(&self, py: Python<'_>, other: &CommandApplied) -> bool {
        let same = |c: &CommandApplied| (c.seq, c.time, c.command, c.code, c.id);
        same(self) == same(other) && self.meta.as_bytes(py) == other.meta.as_bytes(py)
    }
}

impl CommandApplied {
    fn read(f: &mut Fields<'_>) -> Option<CommandApplied> {
        Some(CommandApplied {
            seq: f.u64()?,
            time: f.u64()?,
            command: u8_padded(f)?,
            code: f.u16()?,
            id: f.u64()?,
            meta: meta(f)?,
        })
    }
}

event_classes! {
    2 => OrderAccepted {
        order_id: u64 = u64, account: u32 = u32, market: u16 = u16, side: u8 = u8, r#type: u8 = u8, tif: u8 = u8,
        flags: u8 = u8, self_trade: u8 = u8_padded, price: u64 = u64, amount: u64 = u64, stop_price: u64 = u64,
        expire_at: u64 = u64, funds: u128 = u128, client_id: u128 = u128, maker_ppm: u32 = u32, taker_ppm: u32 = u32,
    }
    3 => OrderRejected { account: u32 = u32, market: u16 = u16, code: u16 = u16 }
    4 => TradeExecuted {
        trade_id: u64 = u64, time: u64 = u64, market: u16 = u16, taker_side: u8 = u8, taker_market: bool = flag,
        maker_account: u32 = u32, taker_account: u32 = u32, maker_order: u64 = u64, taker_order: u64 = u64, price: u64 = u64, amount: u64 = u64,
        maker_remaining: u64 = u64, taker_remaining: u64 = u64, total: i128 = i128, maker_fee: i128 = i128,
        taker_fee: i128 = i128,
    }
    5 => OrderDone {
        order_id: u64 = u64, account: u32 = u32, market: u16 = u16, side: u8 = u8, reason: u8 = u8,
        remaining: u64 = u64, filled: u64 = u64,
    }
    6 => OrderReplaced {
        order_id: u64 = u64, account: u32 = u32, market: u16 = u16, kept_priority: bool = flag_padded,
        price: u64 = u64, amount: u64 = u64, stop_price: u64 = u64, remaining: u64 = u64,
    }
    7 => StopTriggered { order_id: u64 = u64, account: u32 = u32, market: u16 = u16_padded, last_price: u64 = u64 }
    8 => BalanceChanged {
        entry_id: u64 = u64, account: u32 = u32, asset: u16 = u16, business: u8 = u8_padded, reference: u64 = u64,
        change_available: i128 = i128, change_held: i128 = i128, available: i128 = i128, held: i128 = i128,
    }
    9 => BookLevelChanged {
        market: u16 = u16, side: u8 = u8_padded, orders: u32 = u32, price: u64 = u64, amount: u64 = u64,
    }
    10 => TransferPosted {
        transfer_id: u128 = u128, source: u32 = u32, destination: u32 = u32, asset: u16 = u16, kind: u8 = u8,
        was_pending: bool = flag, amount: i128 = i128,
    }
    11 => TransferPending {
        transfer_id: u128 = u128, source: u32 = u32, destination: u32 = u32, asset: u16 = u16, kind: u8 = u8_padded,
        amount: i128 = i128,
    }
    12 => TransferVoided {
        transfer_id: u128 = u128, source: u32 = u32, destination: u32 = u32, asset: u16 = u16, kind: u8 = u8_padded,
        amount: i128 = i128,
    }
    13 => AccountOpened { account: u32 = u32 }
    14 => AssetCreated { asset: u16 = u16, scale: u8 = u8, display_scale: u8 = u8, code: String = code }
    15 => MarketCreated {
        market: u16 = u16, base: u16 = u16, quote: u16 = u16, price_scale: u8 = u8, amount_scale: u8 = u8,
        self_trade: u8 = u8_padded, min_price: u64 = u64, max_price: u64 = u64, min_amount: u64 = u64,
        max_amount: u64 = u64, min_total: u128 = u128, maker_ppm: u32 = u32, taker_ppm: u32 = u32,
    }
    16 => MarketLimitsSet {
        market: u16 = u16, min_price: u64 = u64, max_price: u64 = u64, min_amount: u64 = u64, max_amount: u64 = u64,
        min_total: u128 = u128,
    }
    17 => MarketStatusSet { market: u16 = u16, status: u8 = u8 }
    18 => MarketFeesSet { market: u16 = u16, maker_ppm: u32 = u32, taker_ppm: u32 = u32 }
    19 => AccountFeesSet { account: u32 = u32, maker_ppm: u32 = u32, taker_ppm: u32 = u32 }
    20 => MaxOpenOrdersSet { count: u32 = u32 }
}

/// The events of an encoded run, in order; of `kinds` (bit n for kind n) only. Making an object costs far more than passing over its bytes.
#[pyfunction]
#[pyo3(signature = (events, kinds = u64::MAX))]
fn decode_events<'py>(py: Python<'py>, events: &[u8], kinds: u64) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    let mut rest = events;
    while !rest.is_empty() {
        let broken = || {
            let offset = events.len() - rest.len();
            PyValueError::new_err(format!("no event at byte {offset} of the run"))
        };
        let (kind, length) = header(rest).ok_or_else(broken)?;
        if kinds >> kind & 1 == 1 {
            list.append(read_whole(py, kind, &rest[HEADER..length]).ok_or_else(broken)??)?;
        }
        rest = &rest[length..];
    }
    Ok(list)
}

const HEADER: usize = 4;

/// (kind, whole length) of the event at the front of a run.
fn header(run: &[u8]) -> Option<(u8, usize)> {
    let mut header = Fields(run);
    let length = usize::from(header.u16()?);
    let kind = header.u8()?;
    header.u8()?;
    (HEADER..=run.len()).contains(&length).then_some((kind & 63, length))
}

fn read_whole<'py>(py: Python<'py>, kind: u8, fields: &[u8]) -> Option<PyResult<Bound<'py, PyAny>>> {
    let mut fields = Fields(fields);
    let event = match kind {
        1 => Bound::new(py, CommandApplied::read(&mut fields)?).map(Bound::into_any),
        _ => read_event(py, kind, &mut fields)?,
    };
    fields.0.is_empty().then_some(event)
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<CommandApplied>()?;
    register_classes(module)?;
    module.add_function(wrap_pyfunction!(decode_events, module)?)
}
