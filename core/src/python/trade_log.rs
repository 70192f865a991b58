//! `TradeLog`: the last trades of one market, for public reads.

use std::collections::VecDeque;
use std::sync::Arc;

use pyo3::prelude::*;

use super::rows::{Row, RowForm, RowText, Source};

/// Trade id, time, taker's side, price, amount, whether the taker named no price, appearance.
pub type Trade = (u64, u64, u8, u64, u64, bool, u8);

/// Oldest first; a text in the making shares it.
pub type Trades = Arc<VecDeque<Trade>>;

#[pyclass(module = "cambist._core")]
pub struct TradeLog {
    trades: Trades,
    most: usize,
}

#[inline]
pub fn row(trade: &Trade) -> Row {
    let &(id, time, side, price, amount, market, appearance) = trade;
    [id.into(), time.into(), side.into(), price.into(), amount.into(), market.into(), appearance.into()]
}

#[pymethods]
impl TradeLog {
    #[new]
    fn new(most: usize) -> TradeLog {
        TradeLog { trades: Trades::default(), most }
    }

    fn __len__(&self) -> usize {
        self.trades.len()
    }

    fn extend(&mut self, newer: Vec<Trade>) {
        let trades = Arc::make_mut(&mut self.trades);
        let over = (trades.len() + newer.len()).saturating_sub(self.most);
        trades.drain(..over.min(trades.len()));
        let skipped = newer.len().saturating_sub(self.most);
        trades.extend(newer.into_iter().skip(skipped));
    }

    fn first_id(&self, since: u64) -> u64 {
        self.trades.get(self.trades.partition_point(|trade| trade.1 < since)).map_or(0, |trade| trade.0)
    }

    #[pyo3(signature = (form, *, since_id = 0, oldest_first = false))]
    fn text(&self, form: Bound<'_, RowForm>, since_id: u64, oldest_first: bool) -> PyResult<RowText> {
        let first = self.trades.partition_point(|trade| trade.0 <= since_id);
        RowText::new(
            form,
            Source::Trades { trades: self.trades.clone(), range: first..self.trades.len(), oldest_first },
        )
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<TradeLog>()
}
