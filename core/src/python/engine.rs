//! `Engine`: the core with its outboxes of command records and events.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use pyo3::create_exception;
use pyo3::exceptions::{PyException, PyIndexError, PyOverflowError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::command_runs::{self, not_a_record};
use super::converted_books::ConvertedBooks;
use super::numbers::Wide;
use super::replay::Unfinished;
use super::views::{AssetSpec, Balance, LinkedGroup, LiveOrder, MarketSpec, Outcome, PendingTransfer};
use crate::command::{
    Command, ConversionRates, CreateAsset, CreateMarket, MarketLimits, OrderIds, PlaceOco, PlaceOrder, PlaceTrailing,
    ReplaceOrder, Transfer,
};
use crate::core::Core;
use crate::outcome;
use crate::replay::Limits;
use crate::types::{
    ALL_MARKETS, AccountId, Amount, AssetId, Atoms, BOTH_SIDES, MAX_META, MarketId, OrderId, Price, Side, prefetch,
};
use crate::warm::Soon;
use crate::wire::{Record, RecordError, write_record};

/// How far ahead of the record in hand a run is asked for from memory, in bytes: where a record begins is known only from the one before.
const AHEAD: usize = 1 << 12;
const NO_META: &[u8] = &[];

/// Numbers engines, so that no two of one process share a catalogue version.
static ENGINES: AtomicU64 = AtomicU64::new(0);

#[pyclass(module = "cambist._core")]
pub struct Engine {
    pub(super) core: Core,
    /// Which engine of this process this is, from 1.
    number: u64,
    commands: Vec<u8>,
    first_seq: u64,
    count: u32,
    last_time: u64,
    batch: Batch,
    /// Orders that were placed here, by market.
    placed: Vec<Placed>,
    replay: Option<Unfinished>,
    /// Converted books that were asked for last, a market each.
    converted: ConvertedBooks,
}

/// What a batch answers, in buffers that are kept: fresh ones of this size would be fresh pages each time.
#[derive(Default)]
struct Batch {
    /// Where each record begins.
    starts: Vec<usize>,
    codes: Vec<u8>,
}

/// How many orders a market took and refused, of those that were placed one by one.
#[derive(Default)]
struct Placed {
    accepted: u64,
    /// By code.
    rejected: BTreeMap<u16, u64>,
}

create_exception!(
    cambist._core,
    LedgerViolation,
    PyException,
    "A command broke the ledger: money came from nowhere or somebody owns less than nothing. The process must stop."
);

fn asset_code(code: &str) -> PyResult<[u8; 12]> {
    let mut padded = [0; 12];
    let bytes = code.as_bytes();
    let room =
        padded.get_mut(..bytes.len()).ok_or_else(|| PyOverflowError::new_err("an asset code has at most 12 bytes"))?;
    room.copy_from_slice(bytes);
    Ok(padded)
}

impl Engine {
    fn holding(core: Core) -> Engine {
        Engine {
            core,
            number: ENGINES.fetch_add(1, Ordering::Relaxed) + 1,
            commands: Vec::new(),
            first_seq: 0,
            count: 0,
            last_time: 0,
            batch: Batch::default(),
            placed: Vec::new(),
            replay: None,
            converted: ConvertedBooks::default(),
        }
    }

    #[inline]
    fn apply(&mut self, time: u64, command: &Command<'_>, meta: &[u8]) -> PyResult<Outcome> {
        if meta.len() > MAX_META {
            return Err(PyOverflowError::new_err("meta has at most 4,096 bytes"));
        }
        let mut outcome = outcome::Outcome::default();
        self.core.apply(time, command, meta, &mut outcome);
        if self.count == 0 {
            self.first_seq = outcome.seq;
        }
        self.count += 1;
        self.last_time = self.core.time();
        write_record(&mut self.commands, time, command, meta);
        Ok(outcome.into())
    }

    /// Markets that do not exist are not counted: a client may name any.
    #[inline]
    fn count_placed(&mut self, market: MarketId, code: u16) {
        let at = market.index();
        if at >= self.placed.len() {
            if at >= self.core.markets().len() {
                return;
            }
            self.placed.resize_with(self.core.markets().len(), Placed::default);
        }
        if code == 0 {
            self.placed[at].accepted += 1;
        } else {
            *self.placed[at].rejected.entry(code).or_default() += 1;
        }
    }

    /// Nothing that came of a broken ledger leaves: not to the journal, not to a view, not into a snapshot.
    #[inline]
    fn sound(&self) -> PyResult<()> {
        match self.core.violation() {
            None => Ok(()),
            Some(violation) => Err(LedgerViolation::new_err(violation.to_string())),
        }
    }

    fn known_account<T>(found: Option<T>) -> PyResult<T> {
        found.ok_or_else(|| PyIndexError::new_err("no such account"))
    }
}

#[pymethods]
impl Engine {
    #[new]
    fn new() -> Engine {
        Engine::holding(Core::new())
    }

    #[staticmethod]
    fn restore(py: Python<'_>, snapshot: &[u8]) -> PyResult<Engine> {
        let core = py.detach(|| Core::restore(snapshot)).map_err(|error| PyValueError::new_err(error.to_string()))?;
        Ok(Engine::holding(core))
    }

    fn snapshot<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.sound()?;
        let bytes = py.detach(|| self.core.snapshot());
        Ok(PyBytes::new(py, &bytes))
    }

    fn state_hash<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.sound()?;
        let hash = py.detach(|| self.core.state_hash());
        Ok(PyBytes::new(py, &hash))
    }

    #[getter]
    fn seq(&self) -> u64 {
        self.core.seq()
    }

    #[getter]
    fn time(&self) -> u64 {
        self.core.time()
    }

    #[getter]
    fn next_order_id(&self) -> OrderId {
        self.core.next_order_id()
    }

    #[getter]
    fn next_trade_id(&self) -> u64 {
        self.core.next_trade_id()
    }

    #[getter]
    fn next_entry_id(&self) -> u64 {
        self.core.next_entry_id()
    }

    #[getter]
    fn catalogue_version(&self) -> u64 {
        self.number << 32 | self.core.catalogue_changes()
    }

    // --- commands ------------------------------------------------------------------------------------------------------

    #[pyo3(signature = (time, meta = NO_META))]
    fn open_account(&mut self, time: u64, meta: &[u8]) -> PyResult<Outcome> {
        self.apply(time, &Command::OpenAccount, meta)
    }

    #[pyo3(signature = (time, code, scale, display_scale, meta = NO_META))]
    fn create_asset(&mut self, time: u64, code: &str, scale: u8, display_scale: u8, meta: &[u8]) -> PyResult<Outcome> {
        let asset = CreateAsset { code: asset_code(code)?, scale, display_scale };
        self.apply(time, &Command::CreateAsset(asset), meta)
    }

    #[pyo3(signature = (time, base, quote, price_scale, amount_scale, self_trade, min_price, max_price, min_amount,
                        max_amount, min_total, maker_ppm, taker_ppm, meta = NO_META))]
    #[allow(clippy::too_many_arguments)] // one parameter a field, as in the typed stub
    fn create_market(
        &mut self,
        time: u64,
        base: AssetId,
        quote: AssetId,
        price_scale: u8,
        amount_scale: u8,
        self_trade: u8,
        min_price: Price,
        max_price: Price,
        min_amount: Amount,
        max_amount: Amount,
        min_total: u128,
        maker_ppm: u32,
        taker_ppm: u32,
        meta: &[u8],
    ) -> PyResult<Outcome> {
        let limits = MarketLimits { min_price, max_price, min_amount, max_amount, min_total };
        let market = CreateMarket { base, quote, price_scale, amount_scale, self_trade, limits, maker_ppm, taker_ppm };
        self.apply(time, &Command::CreateMarket(market), meta)
    }

    #[pyo3(signature = (time, market, min_price, max_price, min_amount, max_amount, min_total, meta = NO_META))]
    #[allow(clippy::too_many_arguments)] // one parameter a field, as in the typed stub
    fn set_market_limits(
        &mut self,
        time: u64,
        market: MarketId,
        min_price: Price,
        max_price: Price,
        min_amount: Amount,
        max_amount: Amount,
        min_total: u128,
        meta: &[u8],
    ) -> PyResult<Outcome> {
        let limits = MarketLimits { min_price, max_price, min_amount, max_amount, min_total };
        self.apply(time, &Command::SetMarketLimits { market, limits }, meta)
    }

    #[pyo3(signature = (time, market, status, meta = NO_META))]
    fn set_market_status(&mut self, time: u64, market: MarketId, status: u8, meta: &[u8]) -> PyResult<Outcome> {
        self.apply(time, &Command::SetMarketStatus { market, status }, meta)
    }

    #[pyo3(signature = (time, market, maker_ppm, taker_ppm, meta = NO_META))]
    fn set_market_fees(
        &mut self,
        time: u64,
        market: MarketId,
        maker_ppm: u32,
        taker_ppm: u32,
        meta: &[u8],
    ) -> PyResult<Outcome> {
        self.apply(time, &Command::SetMarketFees { market, maker_ppm, taker_ppm }, meta)
    }

    #[pyo3(signature = (time, account, maker_ppm, taker_ppm, meta = NO_META))]
    fn set_account_fees(
        &mut self,
        time: u64,
        account: AccountId,
        maker_ppm: u32,
        taker_ppm: u32,
        meta: &[u8],
    ) -> PyResult<Outcome> {
        self.apply(time, &Command::SetAccountFees { account, maker_ppm, taker_ppm }, meta)
    }

    #[pyo3(signature = (time, count, meta = NO_META))]
    fn set_max_open_orders(&mut self, time: u64, count: u32, meta: &[u8]) -> PyResult<Outcome> {
        self.apply(time, &Command::SetMaxOpenOrders { count }, meta)
    }

    #[pyo3(signature = (time, account, market, side, r#type, tif, flags, self_trade, price, amount, stop_price = Price::NONE,
                        expire_at = 0, funds = Wide::ZERO, client_id = Wide::ZERO, meta = NO_META))]
    #[allow(clippy::too_many_arguments)] // one parameter a field, as in the typed stub
    fn place_order(
        &mut self,
        time: u64,
        account: AccountId,
        market: MarketId,
        side: u8,
        r#type: u8,
        tif: u8,
        flags: u8,
        self_trade: u8,
        price: Price,
        amount: Amount,
        stop_price: Price,
        expire_at: u64,
        funds: Wide,
        client_id: Wide,
        meta: &[u8],
    ) -> PyResult<Outcome> {
        let order = PlaceOrder {
            account,
            market,
            side,
            order_type: r#type,
            tif,
            flags,
            self_trade,
            price,
            amount,
            stop_price,
            expire_at,
            funds: funds.0,
            client_id: client_id.0,
        };
        let outcome = self.apply(time, &Command::PlaceOrder(order), meta)?;
        self.count_placed(market, outcome.code());
        Ok(outcome)
    }

    #[pyo3(signature = (time, account, market, side, tif, flags, self_trade, price, amount, stop_price,
                        stop_limit_price = Price::NONE, expire_at = 0, client_id = Wide::ZERO, stop_client_id = Wide::ZERO,
                        meta = NO_META))]
    #[allow(clippy::too_many_arguments)] // one parameter a field, as in the typed stub
    fn place_oco(
        &mut self,
        time: u64,
        account: AccountId,
        market: MarketId,
        side: u8,
        tif: u8,
        flags: u8,
        self_trade: u8,
        price: Price,
        amount: Amount,
        stop_price: Price,
        stop_limit_price: Price,
        expire_at: u64,
        client_id: Wide,
        stop_client_id: Wide,
        meta: &[u8],
    ) -> PyResult<Outcome> {
        let pair = PlaceOco {
            account,
            market,
            side,
            tif,
            flags,
            self_trade,
            price,
            amount,
            stop_price,
            stop_limit_price,
            expire_at,
            client_id: client_id.0,
            stop_client_id: stop_client_id.0,
        };
        let outcome = self.apply(time, &Command::PlaceOco(pair), meta)?;
        self.count_placed(market, outcome.code());
        Ok(outcome)
    }

    #[pyo3(signature = (time, account, market, side, r#type, tif, flags, self_trade, price, amount, trail, expire_at = 0,
                        funds = Wide::ZERO, client_id = Wide::ZERO, meta = NO_META))]
    #[allow(clippy::too_many_arguments)] // one parameter a field, as in the typed stub
    fn place_trailing(
        &mut self,
        time: u64,
        account: AccountId,
        market: MarketId,
        side: u8,
        r#type: u8,
        tif: u8,
        flags: u8,
        self_trade: u8,
        price: Price,
        amount: Amount,
        trail: u64,
        expire_at: u64,
        funds: Wide,
        client_id: Wide,
        meta: &[u8],
    ) -> PyResult<Outcome> {
        let order = PlaceOrder {
            account,
            market,
            side,
            order_type: r#type,
            tif,
            flags,
            self_trade,
            price,
            amount,
            stop_price: Price::NONE,
            expire_at,
            funds: funds.0,
            client_id: client_id.0,
        };
        let outcome = self.apply(time, &Command::PlaceTrailing(PlaceTrailing { order, trail }), meta)?;
        self.count_placed(market, outcome.code());
        Ok(outcome)
    }

    #[pyo3(signature = (time, account, order_id, meta = NO_META))]
    fn cancel_order(&mut self, time: u64, account: AccountId, order_id: OrderId, meta: &[u8]) -> PyResult<Outcome> {
        self.apply(time, &Command::CancelOrder { account, order_id }, meta)
    }

    #[pyo3(signature = (time, account, order_ids, meta = NO_META))]
    fn cancel_many(&mut self, time: u64, account: AccountId, order_ids: Vec<u64>, meta: &[u8]) -> PyResult<Outcome> {
        let bytes: Vec<u8> = order_ids.iter().flat_map(|id| id.to_le_bytes()).collect();
        let order_ids = OrderIds::from_le_bytes(&bytes)
            .ok_or_else(|| PyOverflowError::new_err("at most 65,535 orders in one command"))?;
        self.apply(time, &Command::CancelMany { account, order_ids }, meta)
    }

    #[pyo3(signature = (time, account, market = ALL_MARKETS, side = BOTH_SIDES, meta = NO_META))]
    fn cancel_all(
        &mut self,
        time: u64,
        account: AccountId,
        market: MarketId,
        side: u8,
        meta: &[u8],
    ) -> PyResult<Outcome> {
        self.apply(time, &Command::CancelAll { account, market, side }, meta)
    }

    #[pyo3(signature = (time, account, order_id, price = Price::NONE, amount = Amount::ZERO, stop_price = Price::NONE, meta = NO_META))]
    #[allow(clippy::too_many_arguments)] // one parameter a field, as in the typed stub
    fn replace_order(
        &mut self,
        time: u64,
        account: AccountId,
        order_id: OrderId,
        price: Price,
        amount: Amount,
        stop_price: Price,
        meta: &[u8],
    ) -> PyResult<Outcome> {
        let replace = ReplaceOrder { account, order_id, price, amount, stop_price };
        self.apply(time, &Command::ReplaceOrder(replace), meta)
    }

    #[pyo3(signature = (time, account, due, meta = NO_META))]
    fn set_cancel_after(&mut self, time: u64, account: AccountId, due: u64, meta: &[u8]) -> PyResult<Outcome> {
        self.apply(time, &Command::SetCancelAfter { account, due }, meta)
    }

    #[pyo3(signature = (time, transfer_id, source, destination, asset, kind, pending, amount, meta = NO_META))]
    #[allow(clippy::too_many_arguments)] // one parameter a field, as in the typed stub
    fn transfer(
        &mut self,
        time: u64,
        transfer_id: u128,
        source: AccountId,
        destination: AccountId,
        asset: AssetId,
        kind: u8,
        pending: u8,
        amount: u128,
        meta: &[u8],
    ) -> PyResult<Outcome> {
        let transfer = Transfer { transfer_id, from: source, to: destination, asset, kind, pending, amount };
        self.apply(time, &Command::Transfer(transfer), meta)
    }

    #[pyo3(signature = (time, transfer_id, meta = NO_META))]
    fn post_transfer(&mut self, time: u64, transfer_id: u128, meta: &[u8]) -> PyResult<Outcome> {
        self.apply(time, &Command::PostTransfer { transfer_id }, meta)
    }

    #[pyo3(signature = (time, transfer_id, meta = NO_META))]
    fn void_transfer(&mut self, time: u64, transfer_id: u128, meta: &[u8]) -> PyResult<Outcome> {
        self.apply(time, &Command::VoidTransfer { transfer_id }, meta)
    }

    #[pyo3(signature = (time, meta = NO_META))]
    fn advance_time(&mut self, time: u64, meta: &[u8]) -> PyResult<Outcome> {
        self.apply(time, &Command::AdvanceTime, meta)
    }

    #[pyo3(signature = (time, meta = NO_META))]
    fn note(&mut self, time: u64, meta: &[u8]) -> PyResult<Outcome> {
        self.apply(time, &Command::Note, meta)
    }

    #[pyo3(signature = (time, base, anchor, fee_ppm, max_age, meta = NO_META))]
    fn create_linked_group(
        &mut self,
        time: u64,
        base: AssetId,
        anchor: AssetId,
        fee_ppm: u32,
        max_age: u64,
        meta: &[u8],
    ) -> PyResult<Outcome> {
        self.apply(time, &Command::CreateLinkedGroup { base, anchor, fee_ppm, max_age }, meta)
    }

    #[pyo3(signature = (time, group, market, meta = NO_META))]
    fn link_market(&mut self, time: u64, group: u16, market: MarketId, meta: &[u8]) -> PyResult<Outcome> {
        self.apply(time, &Command::LinkMarket { group, market }, meta)
    }

    #[pyo3(signature = (time, market, meta = NO_META))]
    fn unlink_market(&mut self, time: u64, market: MarketId, meta: &[u8]) -> PyResult<Outcome> {
        self.apply(time, &Command::UnlinkMarket { market }, meta)
    }

    #[pyo3(signature = (time, group, fee_ppm, max_age, meta = NO_META))]
    fn set_linked_group_terms(
        &mut self,
        time: u64,
        group: u16,
        fee_ppm: u32,
        max_age: u64,
        meta: &[u8],
    ) -> PyResult<Outcome> {
        self.apply(time, &Command::SetLinkedGroupTerms { group, fee_ppm, max_age }, meta)
    }

    #[pyo3(signature = (time, group, rates, meta = NO_META))]
    fn set_conversion_rates(
        &mut self,
        time: u64,
        group: u16,
        rates: Vec<(AssetId, u64)>,
        meta: &[u8],
    ) -> PyResult<Outcome> {
        let entry = |(asset, rate): &(AssetId, u64)| asset.0.to_le_bytes().into_iter().chain(rate.to_le_bytes());
        let bytes: Vec<u8> = rates.iter().flat_map(entry).collect();
        let rates = ConversionRates::from_le_bytes(&bytes)
            .ok_or_else(|| PyOverflowError::new_err("at most 65,535 rates in one command"))?;
        self.apply(time, &Command::SetConversionRates { group, rates }, meta)
    }

    fn submit(&mut self, time: u64, records: &[u8]) -> PyResult<Outcome> {
        let Engine { core, commands, count, .. } = self;
        let (before, known) = (core.seq(), *count);
        let mut placed = Vec::new();
        let last = command_runs::apply(core, records, Some(time), |time, command, meta, outcome| {
            write_record(commands, time, command, meta);
            *count += 1;
            placed.extend(command_runs::placed_in(command).map(|market| (market, outcome.code)));
        })?;
        if known == 0 {
            self.first_seq = before + 1;
        }
        self.last_time = self.core.time();
        placed.into_iter().for_each(|(market, code)| self.count_placed(market, code));
        Ok(last.into())
    }

    fn follow(&mut self, records: &[u8]) -> PyResult<Outcome> {
        let last = command_runs::apply(&mut self.core, records, None, |_, _, _, _| ())?;
        self.sound()?;
        Ok(last.into())
    }

    #[pyo3(signature = (commands, events = true))]
    fn apply_batch<'py>(
        &mut self,
        py: Python<'py>,
        commands: &[u8],
        events: bool,
    ) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyBytes>)> {
        let Engine { core, batch, .. } = self;
        let before = core.events().len();
        let applied = py.detach(|| {
            // All or nothing: a malformed record is found before the first one is applied.
            let Batch { starts, codes } = batch;
            starts.clear();
            codes.clear();
            let mut start = 0;
            while start < commands.len() {
                starts.push(start);
                if let Some(soon) = commands.get(start + AHEAD) {
                    prefetch(soon);
                }
                let record = Record::first(&commands[start..]).ok_or(RecordError { offset: start })?;
                start += record.bytes.len();
            }
            let record_at = |at: usize| Record::first(&commands[*starts.get(at)?..]);
            let mut outcome = outcome::Outcome::default();
            for at in 0..starts.len() {
                core.warm(at, |at| Some(Soon::in_record(&commands[*starts.get(at)?..])));
                let record = record_at(at).expect("checked above");
                core.apply(record.time, &record.command(), record.meta, &mut outcome);
                codes.extend_from_slice(&outcome.code.to_le_bytes());
                if !events {
                    core.forget_events(before);
                }
            }
            Ok::<_, RecordError>(())
        });
        applied.map_err(|error| not_a_record(&error))?;
        self.sound()?;
        let Engine { core, batch, .. } = self;
        let answer = (PyBytes::new(py, &batch.codes), PyBytes::new(py, &core.events()[before..]));
        core.forget_events(before);
        Ok(answer)
    }

    #[allow(clippy::type_complexity)] // the tuple of the typed stub
    fn take_commands<'py>(&mut self, py: Python<'py>) -> PyResult<(u64, u32, u64, Bound<'py, PyBytes>)> {
        self.sound()?;
        let taken = (self.first_seq, self.count, self.last_time, PyBytes::new(py, &self.commands));
        self.commands.clear();
        self.count = 0;
        Ok(taken)
    }

    fn take_events<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.sound()?;
        let taken = PyBytes::new(py, self.core.events());
        self.core.forget_events(0);
        Ok(taken)
    }

    #[pyo3(signature = (journal, until_seq = None, events = false, frames = u64::MAX, event_bytes = usize::MAX))]
    fn replay<'py>(
        &mut self,
        journal: &Bound<'py, PyAny>,
        until_seq: Option<u64>,
        events: bool,
        frames: u64,
        event_bytes: usize,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let Engine { core, replay, .. } = self;
        let limits = Limits { until: until_seq.unwrap_or(u64::MAX), frames, event_bytes };
        let answer = super::replay::run(journal.py(), core, replay, journal, limits, events)?;
        self.sound()?;
        Ok(answer)
    }

    // --- reads ---------------------------------------------------------------------------------------------------------

    fn assets(&self) -> Vec<AssetSpec> {
        let spec = |(id, (code, scale, display_scale)): (usize, (&str, u8, u8))| AssetSpec {
            id: AssetId::at(id),
            code: code.to_owned(),
            scale,
            display_scale,
        };
        self.core.assets().enumerate().map(spec).collect()
    }

    fn markets(&self) -> Vec<MarketSpec> {
        self.core.markets().iter().map(MarketSpec::from).collect()
    }

    fn market(&self, market: MarketId) -> PyResult<MarketSpec> {
        let found = self.core.markets().get(market.index()).map(MarketSpec::from);
        found.ok_or_else(|| PyIndexError::new_err("no such market"))
    }

    #[getter]
    fn accounts(&self) -> usize {
        self.core.accounts()
    }

    fn balance(&self, account: AccountId, asset: AssetId) -> PyResult<(Atoms, Atoms)> {
        let balance = Engine::known_account(self.core.balance(account, asset))?;
        Ok((balance.available, balance.held))
    }

    fn balances(&self, account: AccountId) -> PyResult<Vec<Balance>> {
        Ok(Engine::known_account(self.core.balances(account))?.iter().map(Balance::from).collect())
    }

    fn available_text(&self, account: AccountId, template: &AvailableTemplate) -> PyResult<String> {
        self.core
            .available_text(account, &template.pieces)
            .ok_or_else(|| PyIndexError::new_err("no such account, or not one piece more than there are assets"))
    }

    fn account_fees(&self, account: AccountId, market: MarketId) -> PyResult<(u32, u32)> {
        let fees = self.core.account_fees(account, market);
        fees.ok_or_else(|| PyIndexError::new_err("no such account or market"))
    }

    fn order(&self, order_id: OrderId) -> Option<LiveOrder> {
        self.core.order(order_id).map(|order| LiveOrder::of(&self.core, order))
    }

    #[pyo3(signature = (account, market = ALL_MARKETS))]
    fn open_orders(&self, account: AccountId, market: MarketId) -> Vec<LiveOrder> {
        self.core.open_orders(account, market).into_iter().map(|order| LiveOrder::of(&self.core, order)).collect()
    }

    fn open_order_count(&self, account: AccountId) -> PyResult<u32> {
        Engine::known_account(self.core.open_order_count(account))
    }

    fn order_by_client_id(&self, account: AccountId, client_id: u128) -> OrderId {
        self.core.order_by_client_id(account, client_id).unwrap_or_default()
    }

    fn depth(&self, market: MarketId, limit: usize) -> (Levels, Levels) {
        let limit = if limit == 0 { usize::MAX } else { limit };
        let side = |side| self.core.depth(market, side).take(limit).collect();
        (side(Side::Buy), side(Side::Sell))
    }

    fn best(&self, market: MarketId) -> (Price, Price) {
        let best = |side| self.core.depth(market, side).next().map_or(Price::NONE, |(price, _)| price);
        (best(Side::Buy), best(Side::Sell))
    }

    fn linked_groups(&self) -> Vec<LinkedGroup> {
        let groups = self.core.linked_groups().iter().enumerate();
        groups.map(|(id, group)| LinkedGroup::new(id as u16, group)).collect()
    }

    fn linked_group_of(&self, market: MarketId) -> Option<u16> {
        self.core.linked_group_of(market)
    }

    fn converted_depth(&mut self, market: MarketId, limit: usize) -> (Levels, Levels) {
        let limit = if limit == 0 { usize::MAX } else { limit };
        self.converted.levels(&self.core, market, limit)
    }

    fn placed_orders(&self) -> Vec<(u64, Vec<(u16, u64)>)> {
        let counts =
            |placed: &Placed| (placed.accepted, placed.rejected.iter().map(|(code, count)| (*code, *count)).collect());
        self.placed.iter().map(counts).collect()
    }

    fn live_orders(&self, market: MarketId) -> usize {
        self.core.live_orders(market)
    }

    fn next_expiry(&self) -> u64 {
        self.core.next_expiry().unwrap_or(0)
    }

    fn cancel_after(&self, account: AccountId) -> PyResult<u64> {
        Engine::known_account(self.core.cancel_after(account))
    }

    fn pending_transfer(&self, transfer_id: u128) -> Option<PendingTransfer> {
        self.core.pending_transfer(transfer_id).map(PendingTransfer::from)
    }

    fn pending_transfers(&self) -> Vec<PendingTransfer> {
        self.core.pending_transfers().map(PendingTransfer::from).collect()
    }

    fn transfer_used(&self, transfer_id: u128) -> bool {
        self.core.transfer_used(transfer_id)
    }

    fn totals(&self) -> Vec<(Atoms, Atoms, Atoms)> {
        self.core.totals()
    }
}

/// Text with a gap for what is available of each asset.
#[pyclass(frozen, get_all, module = "cambist._core")]
pub struct AvailableTemplate {
    pieces: Vec<String>,
}

#[pymethods]
impl AvailableTemplate {
    #[new]
    fn new(pieces: Vec<String>) -> AvailableTemplate {
        AvailableTemplate { pieces }
    }
}

/// (price, amount), best first.
pub(super) type Levels = Vec<(Price, Amount)>;

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("LedgerViolation", module.py().get_type::<LedgerViolation>())?;
    module.add_class::<Engine>()?;
    module.add_class::<AvailableTemplate>()
}
