//! Waiting stops, found by the price that triggers them.

use std::collections::BTreeSet;

use crate::types::{OrderId, Price, Side, TAKE_PROFIT};

/// Where the price must go for a stop to be triggered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Awaited {
    Rise,
    Fall,
}

impl Awaited {
    /// What a stop with that side and those flags waits for.
    #[inline]
    pub fn by(side: Side, flags: u8) -> Awaited {
        if (side == Side::Buy) == (flags & TAKE_PROFIT == 0) { Awaited::Rise } else { Awaited::Fall }
    }
}

/// Waiting stops by the price that triggers them; the first of each set is the next to trigger.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stops {
    rising: BTreeSet<(Price, OrderId)>,
    /// Prices inverted, so that the highest comes first and equal ones keep the order of their ids.
    falling: BTreeSet<(Price, OrderId)>,
}

impl Stops {
    pub fn insert(&mut self, awaited: Awaited, stop_price: Price, order_id: OrderId) {
        match awaited {
            Awaited::Rise => self.rising.insert((stop_price, order_id)),
            Awaited::Fall => self.falling.insert((inverted(stop_price), order_id)),
        };
    }

    #[inline]
    pub fn remove(&mut self, awaited: Awaited, stop_price: Price, order_id: OrderId) {
        let removed = match awaited {
            Awaited::Rise => self.rising.remove(&(stop_price, order_id)),
            Awaited::Fall => self.falling.remove(&(inverted(stop_price), order_id)),
        };
        debug_assert!(removed, "a waiting stop is in its index");
    }

    /// The stop that `last_price` triggers first.
    #[inline]
    pub fn triggered(&self, last_price: Price) -> Option<OrderId> {
        let rising = self.rising.first().filter(|(stop, _)| *stop <= last_price).map(|(_, id)| *id);
        let falling = self.falling.first().filter(|(stop, _)| inverted(*stop) >= last_price).map(|(_, id)| *id);
        match (rising, falling) {
            (Some(rising), Some(falling)) => Some(rising.min(falling)),
            (one, other) => one.or(other),
        }
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.rising.is_empty() && self.falling.is_empty()
    }

    pub fn len(&self) -> usize {
        self.rising.len() + self.falling.len()
    }

    pub fn ids(&self) -> Vec<OrderId> {
        let mut ids: Vec<OrderId> = self.rising.iter().chain(&self.falling).map(|(_, id)| *id).collect();
        ids.sort_unstable();
        ids
    }
}

fn inverted(price: Price) -> Price {
    Price(!price.0)
}
