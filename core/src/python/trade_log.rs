//! `TradeLog`: the last trades of one market, for public reads.

use std::collections::VecDeque;

use pyo3::prelude::*;

use super::rows::{Row, RowForm, RowText, Source};

/// Trade id, time, taker's side, price, amount, whether the taker named no price.
type Trade = (u64, u64, u8, u64, u64, bool);

#[pyclass(module = "cambist._core")]
pub struct TradeLog {
    /// Oldest first.
    trades: VecDeque<Trade>,
    most: usize,
}

#[pymethods]
impl TradeLog {
    #[new]
    fn new(most: usize) -> TradeLog {
        TradeLog { trades: VecDeque::new(), most }
    }

    fn __len__(&self) -> usize {
        self.trades.len()
    }

    fn extend(&mut self, trades: Vec<Trade>) {
        let over = (self.trades.len() + trades.len()).saturating_sub(self.most);
        self.trades.drain(..over.min(self.trades.len()));
        let skipped = trades.len().saturating_sub(self.most);
        self.trades.extend(trades.into_iter().skip(skipped));
    }

    #[pyo3(signature = (form, *, limit = 0, since_id = 0, since = 0, oldest_first = false))]
    fn text(
        &self,
        form: Bound<'_, RowForm>,
        limit: usize,
        since_id: u64,
        since: u64,
        oldest_first: bool,
    ) -> PyResult<RowText> {
        let limit = if limit == 0 { usize::MAX } else { limit };
        let newer = |trade: &&Trade| trade.0 > since_id && trade.1 >= since;
        let row = |trade: &Trade| -> Row {
            let wide = u128::from;
            [wide(trade.0), wide(trade.1), u128::from(trade.2), wide(trade.3), wide(trade.4), u128::from(trade.5)]
        };
        let mut rows: Vec<Row> = self.trades.iter().rev().take(limit).take_while(newer).map(row).collect();
        if oldest_first {
            rows.reverse();
        }
        RowText::new(form, Source::Rows(rows.into_iter()))
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<TradeLog>()
}
