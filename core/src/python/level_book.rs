//! `LevelBook`: a market's durable book for public reads.

use pyo3::prelude::*;

use super::rows::{RowForm, RowText, Source};
use crate::level_book::{Cursor, Level, Levels, merged_price};
use crate::types::{Amount, Price, Side};

#[pyclass(module = "cambist._core")]
pub struct LevelBook {
    bids: Levels,
    asks: Levels,
}

impl LevelBook {
    fn side(&self, side: u8) -> &Levels {
        if side == Side::Buy as u8 { &self.bids } else { &self.asks }
    }
}

type Pairs = Vec<(Price, Amount)>;
/// Amounts add up beyond what one order may have.
type Merged = Vec<(Price, u128)>;

fn merged(levels: &Levels, step: u64, limit: usize, bids: bool) -> Merged {
    let mut found: Merged = Vec::new();
    for level in levels.iter() {
        let price = u64::try_from(merged_price(u128::from(level.price), u128::from(step), bids)).unwrap_or(u64::MAX);
        let full = found.len() == limit;
        match found.last_mut() {
            Some((last, amount)) if last.0 == price => *amount += u128::from(level.amount),
            _ if full => break,
            _ => found.push((Price(price), u128::from(level.amount))),
        }
    }
    found
}

#[pymethods]
impl LevelBook {
    #[new]
    fn new() -> LevelBook {
        LevelBook { bids: Levels::bids(), asks: Levels::asks() }
    }

    fn load(&mut self, bids: Pairs, asks: Pairs) {
        self.bids = Levels::bids();
        self.asks = Levels::asks();
        for (side, pairs) in [(&mut self.bids, bids), (&mut self.asks, asks)] {
            for (price, amount) in pairs {
                side.set(Level { price: price.0, amount: amount.0, changed: 0 });
            }
        }
    }

    fn set(&mut self, side: u8, price: u64, amount: u64, time: u64) -> u64 {
        let levels = if side == Side::Buy as u8 { &mut self.bids } else { &mut self.asks };
        levels.set(Level { price, amount, changed: time })
    }

    fn changed_at(&self, side: u8, price: u64) -> u64 {
        self.side(side).get(price).map_or(0, |level| level.changed)
    }

    #[pyo3(signature = (limit = 0, step = 1))]
    fn depth(&self, limit: usize, step: u64) -> (Merged, Merged) {
        let limit = if limit == 0 { usize::MAX } else { limit };
        (merged(&self.bids, step, limit, true), merged(&self.asks, step, limit, false))
    }

    fn best(&self) -> (Price, Price) {
        let best = |levels: &Levels| levels.iter().next().map_or(Price::NONE, |level| Price(level.price));
        (best(&self.bids), best(&self.asks))
    }

    /// What is taken from one side: at most `amount`, best levels first; (amount, sum of price times amount).
    fn taken(&self, side: u8, amount: u64) -> (u64, u128) {
        let (mut left, mut notional) = (amount, 0_u128);
        for level in self.side(side).iter() {
            if left == 0 {
                break;
            }
            let part = left.min(level.amount);
            left -= part;
            notional += u128::from(part) * u128::from(level.price);
        }
        (amount - left, notional)
    }

    fn __len__(&self) -> usize {
        self.bids.count() + self.asks.count()
    }

    #[pyo3(signature = (side, form, *, step = 1, multiply = 1, near = 0, worst_first = false))]
    fn text(
        &self,
        side: u8,
        form: Bound<'_, RowForm>,
        step: u64,
        multiply: u64,
        near: u64,
        worst_first: bool,
    ) -> PyResult<RowText> {
        let levels = self.side(side).clone();
        let bids = side == Side::Buy as u8;
        let count = if near == 0 { usize::MAX } else { within(&levels, near, bids) };
        let cursor = Cursor::new(levels, count, worst_first);
        RowText::new(form, Source::Levels { cursor, bids, step: u128::from(step), multiply: u128::from(multiply) })
    }
}

/// How many levels lie at most `percent` from the best one.
fn within(levels: &Levels, percent: u64, bids: bool) -> usize {
    let Some(best) = levels.iter().next().map(|level| u128::from(level.price)) else {
        return 0;
    };
    let near = |level: &Level| {
        let price = u128::from(level.price) * 100;
        if bids {
            price >= best * u128::from(100_u64.saturating_sub(percent))
        } else {
            price <= best * u128::from(100 + percent)
        }
    };
    levels.iter().take_while(near).count()
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<LevelBook>()
}
