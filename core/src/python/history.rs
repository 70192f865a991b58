//! The frequent part of folding events into history's rows (`cambist.history.fold`): orders, trades, ledger entries, candles.
//!
//! It is a view's work and decides nothing. It stands here because it is done for every order that ever comes, on a thread
//! that must not keep the interpreter from the event loop: folding needs no interpreter at all, and rows become Python values
//! only in the portions in which they are bound to a statement.

use std::collections::HashMap;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};

use super::columns::{Columns, copied, part, put_all};
use super::events::{
    BalanceChanged, COMMAND_APPLIED, ConvertedTradeExecuted, Encoded, EventError, Events, META, OrderAccepted,
    OrderDone, OrderReplaced, StopTrailed, StopTriggered, TradeExecuted, TransferPending, TransferPosted,
    TransferVoided,
};
use crate::types::{Business, TRAILS};
use crate::wire::Fields;

/// Every so many commands (by seq) one mark.
const MARK_EVERY: u64 = 1024;
const MICROS: u64 = 1_000_000;

/// Which of a trade's balance changes an entry is (`cambist.history.records.Leg`).
const BUYER_PAYS: u8 = 1;
const BUYER_RECEIVES: u8 = 2;
const SELLER_PAYS: u8 = 3;
const SELLER_RECEIVES: u8 = 4;
const BASE_FEE: u8 = 5;
const QUOTE_FEE: u8 = 6;
/// The conversion account's two.
const CONVERSION_RECEIVES: u8 = 7;
const CONVERSION_PAYS: u8 = 8;

struct Order {
    accepted: OrderAccepted,
    price: u64,
    amount: u64,
    stop_price: u64,
    tag: String,
    filled: u128,
    total: i128,
    fee: i128,
    reason: u8,
    triggered: u64,
    created: u64,
    updated: u64,
    seq: u64,
    /// Its first terms are in `terms`.
    replaced: bool,
}

/// What an order asked for from a command on: order, seq, time, price, amount, stop price.
type Terms = (u64, u64, u64, u64, u64, u64);

/// What happened to an order that was accepted before.
#[derive(Default)]
struct Change {
    order_id: u64,
    updated: u64,
    replaced: Option<(u64, u64)>,
    stop_price: Option<u64>,
    filled: u128,
    total: i128,
    fee: i128,
    reason: u8,
    triggered: u64,
}

struct Trade {
    event: TradeExecuted,
    /// Market, price and total as the maker sees it, where that is another market.
    resting: Option<(u16, u64, i128)>,
    entry_id: u64,
    seq: u64,
}

struct Entry {
    event: BalanceChanged,
    leg: u8,
    transfer_kind: u8,
    fee: i128,
    transfer_id: Option<u128>,
    seq: u64,
    time: u64,
}

/// Trades of one market and second: open, high, low, close, volume, notional, count.
struct Candle {
    market: u16,
    second: u64,
    prices: [u64; 4],
    volume: i128,
    notional: i128,
    count: u64,
}

enum Transfer {
    Pending(TransferPending),
    Posted(TransferPosted),
    Voided(TransferVoided),
}

/// A transfer's event, for `cambist.history.fold` to fold: few come, and what they mean stands in their words.
struct Moved {
    event: Transfer,
    seq: u64,
    time: u64,
    meta: Vec<u8>,
    source_entry: u64,
    destination_entry: u64,
}

/// The balance changes that a trade still has, in their order.
#[derive(Default)]
struct Legs {
    legs: [(u8, i128); 8],
    count: usize,
    next: usize,
}

impl Legs {
    fn of(trade: &TradeExecuted, converted: bool) -> Legs {
        let (base_fee, quote_fee) = match trade.taker_side {
            0 => (trade.taker_fee, trade.maker_fee),
            _ => (trade.maker_fee, trade.taker_fee),
        };
        let mut legs = Legs::default();
        let mut add = |leg, fee| {
            legs.legs[legs.count] = (leg, fee);
            legs.count += 1;
        };
        add(BUYER_PAYS, 0);
        add(BUYER_RECEIVES, base_fee);
        add(SELLER_PAYS, 0);
        add(SELLER_RECEIVES, quote_fee);
        if converted {
            add(CONVERSION_RECEIVES, 0);
            add(CONVERSION_PAYS, 0);
        }
        if base_fee > 0 {
            add(BASE_FEE, 0);
        }
        if quote_fee > 0 {
            add(QUOTE_FEE, 0);
        }
        legs
    }

    fn next(&mut self) -> Option<(u8, i128)> {
        let leg = self.legs[..self.count].get(self.next).copied();
        self.next += 1;
        leg
    }
}

/// Collects rows from runs of events.
#[pyclass(module = "cambist._core")]
pub struct RowFold {
    seq: u64,
    time: u64,
    next_order: u64,
    next_trade: u64,
    next_entry: u64,
    orders: Vec<Order>,
    order_at: HashMap<u64, usize>,
    changes: Vec<Change>,
    change_at: HashMap<u64, usize>,
    terms: Vec<Terms>,
    trades: Vec<Trade>,
    entries: Vec<Entry>,
    candles: Vec<Candle>,
    candle_at: HashMap<(u16, u64), usize>,
    marks: Vec<(u64, u64, u64, u64)>,
    legs: Legs,
    /// id, kind and source of the transfer at hand
    transfer: (u128, u8, u32),
}

/// Why a run cannot be folded.
enum Unfolded {
    Broken(EventError),
    Jump(u64, u64),
    NoTrade,
}

impl From<EventError> for Unfolded {
    fn from(error: EventError) -> Unfolded {
        Unfolded::Broken(error)
    }
}

impl From<Unfolded> for PyErr {
    fn from(error: Unfolded) -> PyErr {
        match error {
            Unfolded::Broken(error) => error.into(),
            Unfolded::Jump(from, to) => PyValueError::new_err(format!("events jump from command {from} to {to}")),
            Unfolded::NoTrade => PyValueError::new_err("a balance changed without a TradeExecuted before it"),
        }
    }
}

/// The command whose events come next.
#[derive(Clone, Copy)]
struct Command<'r> {
    meta: &'r [u8],
}

impl RowFold {
    fn fold(&mut self, run: &[u8]) -> Result<Vec<Moved>, Unfolded> {
        let mut moved: Vec<Moved> = Vec::new();
        // A run begins with a command; nothing is the command of what was folded before.
        let mut command: Option<Command<'_>> = None;
        for event in Events::of(run) {
            let event = event?;
            if event.kind == COMMAND_APPLIED {
                command = self.begin(&event)?;
            } else if let Some(command) = command {
                self.take(&event, command, &mut moved)?;
            }
        }
        Ok(moved)
    }

    /// The command, if it is new.
    fn begin<'r>(&mut self, event: &Encoded<'r>) -> Result<Option<Command<'r>>, Unfolded> {
        let mut f = Fields(event.fields);
        let (Some(seq), Some(time), Some(meta)) = (f.u64(), f.u64(), event.fields.get(META..)) else {
            return Err(event.broken().into());
        };
        if seq <= self.seq {
            return Ok(None);
        }
        if seq != self.seq + 1 {
            return Err(Unfolded::Jump(self.seq, seq));
        }
        self.seq = seq;
        self.time = self.time.max(time); // a command that was rejected because time went back carries the earlier one
        if seq % MARK_EVERY == 0 {
            self.marks.push((seq, self.time, self.next_order, self.next_entry));
        }
        Ok(Some(Command { meta }))
    }

    fn take(&mut self, event: &Encoded<'_>, command: Command<'_>, moved: &mut Vec<Moved>) -> Result<(), Unfolded> {
        match event.kind {
            BalanceChanged::KIND => {
                let change: BalanceChanged = event.read(BalanceChanged::read)?;
                self.balance(change, moved)?;
            }
            TradeExecuted::KIND => {
                let trade = event.read(TradeExecuted::read)?;
                self.traded(trade, None);
            }
            ConvertedTradeExecuted::KIND => {
                let trade = event.read(ConvertedTradeExecuted::read)?;
                self.traded(trade.as_taker(), Some(trade.as_maker()));
            }
            OrderAccepted::KIND => {
                let accepted = event.read(OrderAccepted::read)?;
                self.accepted(accepted, tag(command.meta).unwrap_or_default());
            }
            OrderDone::KIND => {
                let done = event.read(OrderDone::read)?;
                self.of_order(done.order_id, |order| order.reason = done.reason, |change| change.reason = done.reason);
            }
            OrderReplaced::KIND => {
                let now = event.read(OrderReplaced::read)?;
                self.keep_terms(&now);
                let terms = (now.price, now.amount, now.stop_price);
                self.of_order(
                    now.order_id,
                    |order| (order.price, order.amount, order.stop_price) = terms,
                    |change| {
                        (change.replaced, change.stop_price) = (Some((now.price, now.amount)), Some(now.stop_price))
                    },
                );
            }
            StopTrailed::KIND => {
                let stop = event.read(StopTrailed::read)?;
                self.of_order(
                    stop.order_id,
                    |order| order.stop_price = stop.stop_price,
                    |change| change.stop_price = Some(stop.stop_price),
                );
            }
            StopTriggered::KIND => {
                let (stop, time) = (event.read(StopTriggered::read)?, self.time);
                self.of_order(stop.order_id, |order| order.triggered = time, |change| change.triggered = time);
            }
            TransferPending::KIND => {
                let event = event.read(TransferPending::read)?;
                self.transfer = (event.transfer_id, event.kind, event.source);
                moved.push(self.moved(Transfer::Pending(event), command));
            }
            TransferPosted::KIND => {
                let event = event.read(TransferPosted::read)?;
                self.transfer = (event.transfer_id, event.kind, event.source);
                moved.push(self.moved(Transfer::Posted(event), command));
            }
            TransferVoided::KIND => {
                let event = event.read(TransferVoided::read)?;
                self.transfer = (event.transfer_id, event.kind, event.source);
                moved.push(self.moved(Transfer::Voided(event), command));
            }
            _ => {}
        }
        Ok(())
    }

    /// The source's change follows at once, and there is always one.
    fn moved(&self, event: Transfer, command: Command<'_>) -> Moved {
        let meta = command.meta.to_vec();
        Moved { event, seq: self.seq, time: self.time, meta, source_entry: self.next_entry, destination_entry: 0 }
    }

    fn balance(&mut self, event: BalanceChanged, moved: &mut [Moved]) -> Result<(), Unfolded> {
        let mut entry =
            Entry { leg: 0, transfer_kind: 0, fee: 0, transfer_id: None, seq: self.seq, time: self.time, event };
        if entry.event.business == Business::Trade as u8 {
            (entry.leg, entry.fee) = self.legs.next().ok_or(Unfolded::NoTrade)?;
        } else if entry.event.business == Business::Transfer as u8 {
            let (transfer_id, kind, source) = self.transfer;
            entry.transfer_id = Some(transfer_id);
            entry.transfer_kind = kind;
            if let Some(moved) = moved.last_mut().filter(|_| entry.event.account != source) {
                moved.destination_entry = entry.event.entry_id;
            }
        }
        self.next_entry = entry.event.entry_id + 1;
        self.entries.push(entry);
        Ok(())
    }

    fn accepted(&mut self, accepted: OrderAccepted, tag: String) {
        self.next_order = accepted.order_id + 1;
        self.order_at.insert(accepted.order_id, self.orders.len());
        self.orders.push(Order {
            price: accepted.price,
            amount: accepted.amount,
            stop_price: accepted.stop_price,
            tag,
            filled: 0,
            total: 0,
            fee: 0,
            reason: 0,
            triggered: 0,
            created: self.time,
            updated: self.time,
            seq: self.seq,
            replaced: false,
            accepted,
        });
    }

    /// Of an order that was accepted before this run, the store has the first terms itself, in its row.
    fn keep_terms(&mut self, now: &OrderReplaced) {
        if let Some(at) = self.order_at.get(&now.order_id) {
            let order = &mut self.orders[*at];
            if !order.replaced {
                order.replaced = true;
                let moves = order.accepted.flags & TRAILS != 0;
                let stop_price = if moves { 0 } else { order.stop_price };
                self.terms.push((now.order_id, order.seq, order.created, order.price, order.amount, stop_price));
            }
        }
        self.terms.push((now.order_id, self.seq, self.time, now.price, now.amount, now.stop_price));
    }

    /// Something happened to an order: to its row where it is new, else to what is to be changed of it.
    fn of_order(&mut self, order_id: u64, new: impl FnOnce(&mut Order), old: impl FnOnce(&mut Change)) {
        if let Some(at) = self.order_at.get(&order_id) {
            let order = &mut self.orders[*at];
            order.updated = self.time;
            new(order);
            return;
        }
        let at = *self.change_at.entry(order_id).or_insert_with(|| {
            self.changes.push(Change { order_id, ..Change::default() });
            self.changes.len() - 1
        });
        let change = &mut self.changes[at];
        change.updated = self.time;
        old(change);
    }

    /// `resting`: as the maker sees it, when that is in another market.
    fn traded(&mut self, trade: TradeExecuted, resting: Option<TradeExecuted>) {
        self.next_trade = trade.trade_id + 1;
        let maker_total = resting.as_ref().map_or(trade.total, |resting| resting.total);
        let sides =
            [(trade.maker_order, maker_total, trade.maker_fee), (trade.taker_order, trade.total, trade.taker_fee)];
        for (order_id, total, fee) in sides {
            let amount = u128::from(trade.amount);
            self.of_order(
                order_id,
                |order| {
                    order.filled += amount;
                    order.total += total;
                    order.fee += fee;
                },
                |change| {
                    change.filled += amount;
                    change.total += total;
                    change.fee += fee;
                },
            );
        }
        self.legs = Legs::of(&trade, resting.is_some());
        self.candle(&trade);
        if let Some(resting) = &resting {
            self.candle(resting);
        }
        let resting = resting.map(|resting| (resting.market, resting.price, resting.total));
        self.trades.push(Trade { event: trade, resting, entry_id: self.next_entry, seq: self.seq });
    }

    fn candle(&mut self, trade: &TradeExecuted) {
        let (market, second, price) = (trade.market, trade.time / MICROS, trade.price);
        let at = *self.candle_at.entry((market, second)).or_insert_with(|| {
            self.candles.push(Candle { market, second, prices: [price; 4], volume: 0, notional: 0, count: 0 });
            self.candles.len() - 1
        });
        let candle = &mut self.candles[at];
        let [_, high, low, close] = &mut candle.prices;
        *high = price.max(*high);
        *low = price.min(*low);
        *close = price;
        candle.volume += i128::from(trade.amount);
        candle.notional += i128::from(price) * i128::from(trade.amount);
        candle.count += 1;
    }
}

/// The tag in a command's meta (`cambist.domain.meta.Meta`): the fourth item of a MessagePack array that begins with three
/// integers. `None` for whatever is none.
fn tag(meta: &[u8]) -> Option<String> {
    let mut f = Fields(meta);
    let items = match f.u8()? {
        short @ 0x90..=0x9f => usize::from(short & 15),
        0xdc => usize::from(u16::from_be_bytes(f.bytes()?)),
        _ => return None,
    };
    if items < 4 {
        return None;
    }
    for _ in 0..3 {
        match f.u8()? {
            0x00..=0x7f | 0xe0..=0xff => {}
            0xcc | 0xd0 => drop(f.bytes::<1>()?),
            0xcd | 0xd1 => drop(f.bytes::<2>()?),
            0xce | 0xd2 => drop(f.bytes::<4>()?),
            0xcf | 0xd3 => drop(f.bytes::<8>()?),
            _ => return None,
        }
    }
    let length = match f.u8()? {
        short @ 0xa0..=0xbf => usize::from(short & 31),
        0xd9 => usize::from(f.u8()?),
        0xda => usize::from(u16::from_be_bytes(f.bytes()?)),
        _ => return None,
    };
    String::from_utf8(f.0.get(..length)?.to_vec()).ok()
}

#[pymethods]
impl RowFold {
    #[new]
    fn new(seq: u64, time: u64, next_order: u64, next_trade: u64, next_entry: u64) -> RowFold {
        RowFold {
            seq,
            time,
            next_order,
            next_trade,
            next_entry,
            orders: Vec::new(),
            order_at: HashMap::new(),
            changes: Vec::new(),
            change_at: HashMap::new(),
            terms: Vec::new(),
            trades: Vec::new(),
            entries: Vec::new(),
            candles: Vec::new(),
            candle_at: HashMap::new(),
            marks: Vec::new(),
            legs: Legs::default(),
            transfer: (0, 0, 0),
        }
    }

    /// (seq, time, next order, next trade, next entry) after what was folded.
    #[getter]
    fn cursor(&self) -> (u64, u64, u64, u64, u64) {
        (self.seq, self.time, self.next_order, self.next_trade, self.next_entry)
    }

    #[getter]
    fn seq(&self) -> u64 {
        self.seq
    }

    #[getter]
    fn size(&self) -> usize {
        self.entries.len() + self.orders.len() + self.trades.len()
    }

    fn feed<'py>(&mut self, py: Python<'py>, run: &[u8]) -> PyResult<Vec<MovedParts<'py>>> {
        py.detach(|| self.fold(run))?
            .into_iter()
            .map(|moved| {
                let event = match moved.event {
                    Transfer::Pending(event) => Bound::new(py, event)?.into_any(),
                    Transfer::Posted(event) => Bound::new(py, event)?.into_any(),
                    Transfer::Voided(event) => Bound::new(py, event)?.into_any(),
                };
                let meta = PyBytes::new(py, &moved.meta);
                Ok((event, moved.seq, moved.time, meta, moved.source_entry, moved.destination_entry))
            })
            .collect()
    }

    fn take_orders(&mut self) -> RowTable {
        self.order_at.clear();
        RowTable(Rows::Orders(std::mem::take(&mut self.orders)))
    }

    fn take_trades(&mut self) -> RowTable {
        RowTable(Rows::Trades(std::mem::take(&mut self.trades)))
    }

    fn take_entries(&mut self) -> RowTable {
        RowTable(Rows::Entries(std::mem::take(&mut self.entries)))
    }

    fn take_order_changes(&mut self) -> Vec<ChangeParts> {
        self.change_at.clear();
        let parts = |c: Change| {
            let (price, amount) = c.replaced.unzip();
            (c.order_id, (c.updated, price, amount, c.stop_price, c.filled, c.total, c.fee, c.reason, c.triggered))
        };
        std::mem::take(&mut self.changes).into_iter().map(parts).collect()
    }

    fn take_terms(&mut self) -> Vec<Terms> {
        std::mem::take(&mut self.terms)
    }

    fn take_seconds(&mut self) -> Vec<SecondParts> {
        self.candle_at.clear();
        let parts = |c: Candle| {
            let [open, high, low, close] = c.prices;
            ((c.market, c.second), (open, high, low, close, c.volume, c.notional, c.count))
        };
        std::mem::take(&mut self.candles).into_iter().map(parts).collect()
    }

    fn take_marks(&mut self) -> Vec<(u64, u64, u64, u64)> {
        std::mem::take(&mut self.marks)
    }
}

/// Event, seq, time, meta, source's entry, destination's entry (0: none).
type MovedParts<'py> = (Bound<'py, PyAny>, u64, u64, Bound<'py, PyBytes>, u64, u64);
/// Id; updated, price, amount, stop price, filled, total, fee, reason, triggered.
type ChangeParts = (u64, (u64, Option<u64>, Option<u64>, Option<u64>, u128, i128, i128, u8, u64));
/// Market, second; open, high, low, close, volume, notional, count.
type SecondParts = ((u16, u64), (u64, u64, u64, u64, i128, i128, u64));

enum Rows {
    Orders(Vec<Order>),
    Trades(Vec<Trade>),
    Entries(Vec<Entry>),
}

/// Rows of one table, made Python values as they are asked for.
#[pyclass(frozen, module = "cambist._core")]
pub struct RowTable(Rows);

impl Order {
    fn put(&self, out: &mut impl Columns) {
        let a = &self.accepted;
        out.unsigned(a.order_id).small(a.account).small(a.market).small(a.side).small(a.r#type).small(a.tif);
        out.small(a.flags).unsigned(self.price).unsigned(self.amount).wide_unsigned(a.funds).unsigned(self.stop_price);
        out.unsigned(a.expire_at).wide_unsigned(a.client_id).text(&self.tag).small(a.maker_ppm).small(a.taker_ppm);
        out.wide_unsigned(self.filled).wide(self.total).wide(self.fee).small(self.reason).unsigned(self.triggered);
        out.unsigned(self.created).unsigned(self.updated).unsigned(self.seq);
    }
}

impl Trade {
    fn put(&self, out: &mut impl Columns) {
        let t = &self.event;
        out.unsigned(t.trade_id).unsigned(t.time).small(t.market).small(t.taker_side).unsigned(t.price);
        out.unsigned(t.amount).wide(t.total).small(t.maker_account).small(t.taker_account).unsigned(t.maker_order);
        out.unsigned(t.taker_order).wide(t.maker_fee).wide(t.taker_fee).unsigned(self.entry_id).unsigned(self.seq);
        out.small(u8::from(t.taker_market));
        match self.resting {
            Some((market, price, total)) => out.small(market).unsigned(price).wide(total),
            None => out.none().none().none(),
        };
    }
}

impl Entry {
    fn put(&self, out: &mut impl Columns) {
        let e = &self.event;
        out.unsigned(e.entry_id).small(e.account).small(e.asset).small(e.business).small(self.leg);
        out.small(self.transfer_kind).unsigned(e.reference).wide(e.change_available).wide(e.change_held);
        out.wide(e.available).wide(e.held).wide(self.fee);
        match self.transfer_id {
            Some(transfer_id) => out.wide_unsigned(transfer_id),
            None => out.none(),
        };
        out.unsigned(self.seq).unsigned(self.time);
    }
}

#[pymethods]
impl RowTable {
    fn __len__(&self) -> usize {
        match &self.0 {
            Rows::Orders(rows) => rows.len(),
            Rows::Trades(rows) => rows.len(),
            Rows::Entries(rows) => rows.len(),
        }
    }

    /// Values of the rows from `first` on, at most `count` rows, one row after the other.
    fn values<'py>(&self, py: Python<'py>, first: usize, count: usize) -> PyResult<Bound<'py, PyList>> {
        let out = match &self.0 {
            Rows::Orders(rows) => put_all(py, part(rows, first, count), 24, Order::put),
            Rows::Trades(rows) => put_all(py, part(rows, first, count), 19, Trade::put),
            Rows::Entries(rows) => put_all(py, part(rows, first, count), 15, Entry::put),
        };
        PyList::new(py, out.values)
    }

    /// The same rows as lines of PostgreSQL's COPY format, made without the interpreter.
    fn copy_text<'py>(&self, py: Python<'py>, first: usize, count: usize) -> Bound<'py, PyBytes> {
        let lines = py.detach(|| match &self.0 {
            Rows::Orders(rows) => copied(part(rows, first, count), Order::put),
            Rows::Trades(rows) => copied(part(rows, first, count), Trade::put),
            Rows::Entries(rows) => copied(part(rows, first, count), Entry::put),
        });
        PyBytes::new(py, &lines)
    }
}

/// Seq of the command that a run of events begins with; 0 for an empty run.
#[pyfunction]
fn first_command(run: &[u8]) -> PyResult<u64> {
    let Some(event) = Events::of(run).next().transpose()? else { return Ok(0) };
    let seq = Fields(event.fields).u64().filter(|_| event.kind == COMMAND_APPLIED);
    Ok(seq.ok_or_else(|| event.broken())?)
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<RowFold>()?;
    module.add_class::<RowTable>()?;
    module.add_function(wrap_pyfunction!(first_command, module)?)
}
