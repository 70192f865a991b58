//! Waiting stops, found by the price that triggers them.

use std::collections::BTreeSet;

use crate::types::{OrderId, Price, Side};

/// Waiting stops by the price that triggers them; the first of each set is the next to trigger.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stops {
    buys: BTreeSet<(Price, OrderId)>,
    /// Prices inverted, so that the highest comes first and equal ones keep the order of their ids.
    sells: BTreeSet<(Price, OrderId)>,
}

impl Stops {
    pub fn insert(&mut self, side: Side, stop_price: Price, order_id: OrderId) {
        match side {
            Side::Buy => self.buys.insert((stop_price, order_id)),
            Side::Sell => self.sells.insert((inverted(stop_price), order_id)),
        };
    }

    #[inline]
    pub fn remove(&mut self, side: Side, stop_price: Price, order_id: OrderId) {
        let removed = match side {
            Side::Buy => self.buys.remove(&(stop_price, order_id)),
            Side::Sell => self.sells.remove(&(inverted(stop_price), order_id)),
        };
        debug_assert!(removed, "a waiting stop is in its index");
    }

    /// The stop that `last_price` triggers first.
    #[inline]
    pub fn triggered(&self, last_price: Price) -> Option<OrderId> {
        let buy = self.buys.first().filter(|(stop, _)| *stop <= last_price).map(|(_, id)| *id);
        let sell = self.sells.first().filter(|(stop, _)| inverted(*stop) >= last_price).map(|(_, id)| *id);
        match (buy, sell) {
            (Some(buy), Some(sell)) => Some(buy.min(sell)),
            (one, other) => one.or(other),
        }
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.buys.is_empty() && self.sells.is_empty()
    }

    pub fn len(&self) -> usize {
        self.buys.len() + self.sells.len()
    }

    pub fn ids(&self) -> Vec<OrderId> {
        let mut ids: Vec<OrderId> = self.buys.iter().chain(&self.sells).map(|(_, id)| *id).collect();
        ids.sort_unstable();
        ids
    }
}

fn inverted(price: Price) -> Price {
    Price(!price.0)
}
