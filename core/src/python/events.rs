//! Events as Python objects, made from their bytes.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};

use super::trade_log;
use crate::wire::Fields;

/// Declares the classes, their reading off the wire in the order of the fields, and their registration.
macro_rules! event_classes {
    ($($kind:literal => $class:ident { $($field:ident : $type:ty = $read:ident),* $(,)? } $(with { $($method:tt)* })?)*) => {
        $(
            #[pyclass(frozen, get_all, eq, module = "cambist._core")]
            #[derive(Debug, PartialEq)]
            pub struct $class {
                $(pub(super) $field: $type),*
            }

            #[pymethods]
            impl $class {
                #[classattr]
                pub(super) const KIND: u8 = $kind;

                fn __repr__(&self) -> String {
                    format!("{self:?}")
                }

                $($($method)*)?
            }

            impl $class {
                pub(super) fn read(f: &mut Fields<'_>) -> Option<$class> {
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
    const KIND: u8 = COMMAND_APPLIED;

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
    21 => CancelAfterSet { account: u32 = u32, due: u64 = u64 }
    22 => CancelAfterFired { account: u32 = u32, orders: u32 = u32, due: u64 = u64 }
    23 => StopTrailed {
        order_id: u64 = u64, account: u32 = u32, market: u16 = u16_padded, trail: u64 = u64, stop_price: u64 = u64,
    }
    40 => ConvertedTradeExecuted {
        trade_id: u64 = u64, time: u64 = u64, market: u16 = u16, taker_side: u8 = u8, taker_market: bool = flag,
        maker_account: u32 = u32, taker_account: u32 = u32, maker_order: u64 = u64, taker_order: u64 = u64, price: u64 = u64, amount: u64 = u64,
        maker_remaining: u64 = u64, taker_remaining: u64 = u64, total: i128 = i128, maker_fee: i128 = i128,
        taker_fee: i128 = i128, resting_market: u16 = u16_padded, resting_price: u64 = u64, resting_total: i128 = i128,
    } with {
        /// The trade as an ordinary one of the taker's market.
        pub(super) fn as_taker(&self) -> TradeExecuted {
            TradeExecuted {
                trade_id: self.trade_id,
                time: self.time,
                market: self.market,
                taker_side: self.taker_side,
                taker_market: self.taker_market,
                maker_account: self.maker_account,
                taker_account: self.taker_account,
                maker_order: self.maker_order,
                taker_order: self.taker_order,
                price: self.price,
                amount: self.amount,
                maker_remaining: self.maker_remaining,
                taker_remaining: self.taker_remaining,
                total: self.total,
                maker_fee: self.maker_fee,
                taker_fee: self.taker_fee,
            }
        }

        /// The trade as an ordinary one of the market in which the maker's order rests.
        pub(super) fn as_maker(&self) -> TradeExecuted {
            TradeExecuted {
                market: self.resting_market,
                price: self.resting_price,
                total: self.resting_total,
                ..self.as_taker()
            }
        }
    }
    41 => LinkedGroupCreated { group: u16 = u16, base: u16 = u16, anchor: u16 = u16_padded, fee_ppm: u32 = u32, max_age: u64 = u64 }
    42 => MarketLinked { group: u16 = u16, market: u16 = u16 }
    43 => MarketUnlinked { group: u16 = u16, market: u16 = u16 }
    44 => LinkedGroupTermsSet { group: u16 = u16_padded, fee_ppm: u32 = u32, max_age: u64 = u64 }
    45 => ConversionRateSet { group: u16 = u16, asset: u16 = u16, rate: u64 = u64 }
}

/// How a trade appears in a market (`cambist.domain.trades.Appearance`): it is the only one, or the buyer's or the seller's of two.
pub(super) const ONLY: u8 = 0;
pub(super) const PRIMARY: u8 = 1;
pub(super) const SECONDARY: u8 = 2;

/// The events of an encoded run, in order; of `kinds` (bit n for kind n) only. Making an object costs far more than passing over its bytes.
#[pyfunction]
#[pyo3(signature = (events, kinds = u64::MAX, commands = u64::MAX, word = NO_WORD))]
fn decode_events<'py>(
    py: Python<'py>,
    events: &[u8],
    kinds: u64,
    commands: u64,
    word: &[u8],
) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    for event in Events::of(events) {
        let event = event?;
        let wanted = kinds >> event.kind & 1 == 1
            && (event.kind != COMMAND_APPLIED
                || commands == u64::MAX
                || is_wanted_command(event.fields, commands, word));
        if wanted {
            list.append(read_whole(py, event.kind, event.fields).ok_or(event.broken())??)?;
        }
    }
    Ok(list)
}

const NO_WORD: &[u8] = &[];

fn is_wanted_command(fields: &[u8], commands: u64, word: &[u8]) -> bool {
    let of_kind = fields.get(COMMAND_KIND).is_some_and(|command| commands >> (command & 63) & 1 == 1);
    let meta = fields.get(META..).unwrap_or_default();
    of_kind || (!word.is_empty() && meta.windows(word.len()).any(|part| part == word))
}

pub(super) const COMMAND_APPLIED: u8 = 1;
/// Where a command's number and its meta stand in CommandApplied.
const COMMAND_KIND: usize = 16;
pub(super) const META: usize = 28;

/// (side, price)
type Place = (u8, u64);
/// (amount, orders, time)
type LevelAt = (u64, u32, u64);

/// What a run did to one market.
#[derive(Default)]
struct MarketChanges {
    /// Where a place stands in `changed`: it may change many times.
    levels: HashMap<Place, usize>,
    changed: Vec<(Place, LevelAt)>,
    trades: Vec<trade_log::Trade>,
}

#[pyfunction]
fn market_changes<'py>(py: Python<'py>, runs: &Bound<'py, PyList>) -> PyResult<Bound<'py, PyList>> {
    let mut markets: Vec<(u16, MarketChanges)> = Vec::new();
    for run in runs {
        fold_markets(&mut markets, run.cast::<PyBytes>()?.as_bytes())?;
    }
    let list = PyList::empty(py);
    for (market, changes) in markets {
        let levels = PyDict::new(py);
        for (place, now) in changes.changed {
            levels.set_item(place, now)?;
        }
        list.append((market, levels, changes.trades))?;
    }
    Ok(list)
}

fn fold_markets(markets: &mut Vec<(u16, MarketChanges)>, run: &[u8]) -> Result<(), EventError> {
    let mut time = 0;
    for event in Events::of(run) {
        let event = event?;
        match event.kind {
            COMMAND_APPLIED => {
                let read_time = |f: &mut Fields<'_>| f.u64().and_then(|_| f.u64());
                time = read_time(&mut Fields(event.fields)).ok_or(event.broken())?;
            }
            BookLevelChanged::KIND => {
                let level = event.read(BookLevelChanged::read)?;
                let market = of_market(markets, level.market);
                let place = (level.side, level.price);
                let now = (level.amount, level.orders, time);
                match market.levels.entry(place) {
                    Entry::Occupied(at) => market.changed[*at.get()].1 = now,
                    Entry::Vacant(free) => {
                        free.insert(market.changed.len());
                        market.changed.push((place, now));
                    }
                }
            }
            TradeExecuted::KIND => {
                let t = event.read(TradeExecuted::read)?;
                of_market(markets, t.market).trades.push(t.logged(ONLY));
            }
            ConvertedTradeExecuted::KIND => {
                let t = event.read(ConvertedTradeExecuted::read)?;
                let taker_buys = t.taker_side == 0;
                for (trade, of_buyer) in [(t.as_taker(), taker_buys), (t.as_maker(), !taker_buys)] {
                    let appearance = if of_buyer { PRIMARY } else { SECONDARY };
                    of_market(markets, trade.market).trades.push(trade.logged(appearance));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

impl TradeExecuted {
    fn logged(&self, appearance: u8) -> trade_log::Trade {
        (self.trade_id, self.time, self.taker_side, self.price, self.amount, self.taker_market, appearance)
    }
}

/// Few markets trade within one run: a search costs less than a map.
fn of_market(markets: &mut Vec<(u16, MarketChanges)>, market: u16) -> &mut MarketChanges {
    let at = markets.iter().position(|(known, _)| *known == market).unwrap_or_else(|| {
        markets.push((market, MarketChanges::default()));
        markets.len() - 1
    });
    &mut markets[at].1
}

/// The events of a run, one after the other; what is none ends them with an error.
pub(super) struct Events<'r> {
    run: &'r [u8],
    rest: &'r [u8],
}

/// Bytes that are no whole, well-formed event, so far into a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct EventError(usize);

impl From<EventError> for PyErr {
    fn from(EventError(offset): EventError) -> PyErr {
        PyValueError::new_err(format!("no event at byte {offset} of the run"))
    }
}

pub(super) struct Encoded<'r> {
    pub kind: u8,
    pub fields: &'r [u8],
    offset: usize,
}

impl<'r> Encoded<'r> {
    pub fn broken(&self) -> EventError {
        EventError(self.offset)
    }

    /// All of the fields, read by `read`.
    pub fn read<E>(&self, read: impl FnOnce(&mut Fields<'r>) -> Option<E>) -> Result<E, EventError> {
        let mut fields = Fields(self.fields);
        read(&mut fields).filter(|_| fields.0.is_empty()).ok_or(self.broken())
    }
}

impl<'r> Events<'r> {
    pub fn of(run: &'r [u8]) -> Events<'r> {
        Events { run, rest: run }
    }
}

impl<'r> Iterator for Events<'r> {
    type Item = Result<Encoded<'r>, EventError>;

    fn next(&mut self) -> Option<Result<Encoded<'r>, EventError>> {
        if self.rest.is_empty() {
            return None;
        }
        let offset = self.run.len() - self.rest.len();
        let Some((kind, length)) = header(self.rest) else {
            self.rest = &[];
            return Some(Err(EventError(offset)));
        };
        let (event, rest) = self.rest.split_at(length);
        self.rest = rest;
        Some(Ok(Encoded { kind, fields: &event[HEADER..], offset }))
    }
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
    module.add_function(wrap_pyfunction!(decode_events, module)?)?;
    module.add_function(wrap_pyfunction!(market_changes, module)?)
}
