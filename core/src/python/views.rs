//! What reads return: frozen objects with plain attributes.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use super::numbers::{MAX_DIGITS, TOO_MANY_DIGITS};
use crate::accounts;
use crate::core::Core;
use crate::decimal;
use crate::event::TransferMoved;
use crate::linked;
use crate::market;
use crate::order;
use crate::outcome;
use crate::types::{AccountId, Amount, AssetId, Atoms, MarketId, OrderId, Price};

#[pyclass(frozen, get_all, eq, module = "cambist._core")]
#[derive(Debug, PartialEq)]
pub struct Outcome {
    code: u16,
    seq: u64,
    id: u64,
    status: u8,
    filled: Amount,
    remaining: Amount,
    count: u32,
    total: Atoms,
}

impl Outcome {
    /// 0 for what was done, else why it was not.
    pub(super) fn code(&self) -> u16 {
        self.code
    }
}

impl From<outcome::Outcome> for Outcome {
    fn from(o: outcome::Outcome) -> Outcome {
        Outcome {
            code: o.code,
            seq: o.seq,
            id: o.id,
            status: o.status as u8,
            filled: o.filled,
            remaining: o.remaining,
            count: o.count,
            total: o.total,
        }
    }
}

#[pyclass(frozen, get_all, eq, module = "cambist._core")]
#[derive(Debug, PartialEq)]
pub struct Balance {
    asset: AssetId,
    available: Atoms,
    held: Atoms,
}

impl From<&accounts::Balance> for Balance {
    fn from(b: &accounts::Balance) -> Balance {
        Balance { asset: b.asset, available: b.available, held: b.held }
    }
}

#[pyclass(frozen, get_all, eq, module = "cambist._core")]
#[derive(Debug, PartialEq)]
pub struct AssetSpec {
    pub id: AssetId,
    pub code: String,
    pub scale: u8,
    pub display_scale: u8,
}

#[pyclass(frozen, get_all, eq, module = "cambist._core")]
#[derive(Debug, PartialEq)]
pub struct MarketSpec {
    id: MarketId,
    base: AssetId,
    quote: AssetId,
    price_scale: u8,
    amount_scale: u8,
    self_trade: u8,
    status: u8,
    min_price: Price,
    max_price: Price,
    min_amount: Amount,
    max_amount: Amount,
    min_total: u128,
    maker_ppm: u32,
    taker_ppm: u32,
    last_price: Price,
    quote_unit: u64,
    base_unit: u64,
}

impl From<&market::Market> for MarketSpec {
    fn from(m: &market::Market) -> MarketSpec {
        MarketSpec {
            id: m.id,
            base: m.terms.base,
            quote: m.terms.quote,
            price_scale: m.terms.price_scale,
            amount_scale: m.terms.amount_scale,
            self_trade: m.terms.self_trade as u8,
            status: m.status,
            min_price: m.limits.min_price,
            max_price: m.limits.max_price,
            min_amount: m.limits.min_amount,
            max_amount: m.limits.max_amount,
            min_total: m.limits.min_total,
            maker_ppm: m.maker_ppm,
            taker_ppm: m.taker_ppm,
            last_price: m.last_price,
            quote_unit: m.terms.quote_unit,
            base_unit: m.terms.base_unit,
        }
    }
}

#[pyclass(frozen, get_all, eq, module = "cambist._core")]
#[derive(Debug, PartialEq)]
pub struct LiveOrder {
    order_id: OrderId,
    account: AccountId,
    market: MarketId,
    side: u8,
    r#type: u8,
    tif: u8,
    flags: u8,
    self_trade: u8,
    price: Price,
    amount: Amount,
    filled: Amount,
    remaining: Amount,
    stop_price: Price,
    expire_at: u64,
    funds: u128,
    client_id: u128,
    maker_ppm: u32,
    taker_ppm: u32,
    created: u64,
    waiting: bool,
    /// Of a stop that trails and waits.
    trail: u64,
}

impl LiveOrder {
    /// `core`: the one that the order is live in.
    pub fn of(core: &Core, o: order::Order) -> LiveOrder {
        let rare = &o.rare;
        LiveOrder {
            order_id: o.order_id,
            account: o.account,
            market: o.market,
            side: o.side as u8,
            r#type: o.order_type as u8,
            tif: o.tif as u8,
            flags: o.flags,
            self_trade: o.self_trade as u8,
            price: o.price,
            amount: o.amount,
            filled: o.filled,
            remaining: o.remaining(),
            stop_price: rare.stop_price,
            expire_at: rare.expire_at,
            funds: rare.funds,
            client_id: rare.client_id,
            maker_ppm: o.maker_ppm,
            taker_ppm: o.taker_ppm,
            created: o.created,
            waiting: o.is_waiting(),
            trail: core.trail(&o),
        }
    }
}

#[pyclass(frozen, get_all, eq, module = "cambist._core")]
#[derive(Debug, PartialEq)]
pub struct PendingTransfer {
    transfer_id: u128,
    source: AccountId,
    destination: AccountId,
    asset: AssetId,
    kind: u8,
    amount: Atoms,
}

impl From<&TransferMoved> for PendingTransfer {
    fn from(t: &TransferMoved) -> PendingTransfer {
        PendingTransfer {
            transfer_id: t.transfer_id,
            source: t.from,
            destination: t.to,
            asset: t.asset,
            kind: t.kind,
            amount: t.amount,
        }
    }
}

#[pyclass(frozen, get_all, eq, module = "cambist._core")]
#[derive(Debug, PartialEq)]
pub struct LinkedGroup {
    id: u16,
    base: AssetId,
    anchor: AssetId,
    fee_ppm: u32,
    max_age: u64,
    markets: Vec<MarketId>,
    /// (asset, rate, set_at), in order of asset.
    rates: Vec<(AssetId, u64, u64)>,
}

impl LinkedGroup {
    pub(super) fn new(id: u16, group: &linked::LinkedGroup) -> LinkedGroup {
        LinkedGroup {
            id,
            base: group.base,
            anchor: group.anchor,
            fee_ppm: group.fee_ppm,
            max_age: group.max_age,
            markets: group.markets.clone(),
            rates: group.rates.iter().map(|(asset, rate)| (*asset, rate.rate, rate.set_at)).collect(),
        }
    }
}

macro_rules! debug_repr {
    ($($class:ident),*) => {$(
        #[pymethods]
        impl $class {
            fn __repr__(&self) -> String {
                format!("{self:?}")
            }
        }
    )*};
}

#[pymethods]
impl Outcome {
    /// For rejections that never reach the core.
    #[staticmethod]
    fn refused(code: u16, seq: u64) -> Outcome {
        Outcome::from(outcome::Outcome { code, seq, ..outcome::Outcome::default() })
    }

    fn __repr__(&self) -> String {
        format!("{self:?}")
    }

    /// (number, filled, remaining, total).
    fn texts(&self, amount_scale: u8, total_scale: u8) -> PyResult<(String, String, String, String)> {
        if amount_scale > MAX_DIGITS || total_scale > MAX_DIGITS {
            return Err(PyValueError::new_err(TOO_MANY_DIGITS));
        }
        let amount = |Amount(units)| decimal::format(i128::from(units), amount_scale, None);
        let total = decimal::format(self.total.0, total_scale, None);
        Ok((self.id.to_string(), amount(self.filled), amount(self.remaining), total))
    }
}

debug_repr!(Balance, AssetSpec, MarketSpec, LiveOrder, PendingTransfer, LinkedGroup);

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Outcome>()?;
    module.add_class::<Balance>()?;
    module.add_class::<AssetSpec>()?;
    module.add_class::<MarketSpec>()?;
    module.add_class::<LiveOrder>()?;
    module.add_class::<PendingTransfer>()?;
    module.add_class::<LinkedGroup>()
}
