//! Waiting stops, found by the price that triggers them.

use std::collections::BTreeSet;

use crate::trailing::{Trailing, TrailingStop};
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

/// The lowest is triggered first: the trigger (inverted where a fall is awaited), the ppm that it trails by, the id.
pub(crate) type Rank = (Price, u64, OrderId);

/// Waiting stops by the price that triggers them; the first of each set is the next to trigger.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stops {
    rising: BTreeSet<(Price, OrderId)>,
    /// Prices inverted, so that the highest comes first and equal ones keep the order of their ids.
    falling: BTreeSet<(Price, OrderId)>,
    /// Made for the first stop that trails: few markets ever have one.
    trailing: Option<Box<Trailing>>,
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

    pub fn insert_trailing(&mut self, awaited: Awaited, stop: TrailingStop) {
        self.trailing.get_or_insert_default().insert(awaited, stop);
    }

    pub fn remove_trailing(&mut self, awaited: Awaited, order_id: OrderId) {
        if let Some(trailing) = &mut self.trailing {
            trailing.remove(awaited, order_id);
        }
    }

    /// A stop that trails, and its trigger.
    pub fn trailing(&self, order_id: OrderId) -> Option<(TrailingStop, Price)> {
        self.trailing.as_ref()?.get(order_id)
    }

    /// The ids of the stops that trail, in no meaningful order.
    pub fn trailing_ids(&self) -> impl Iterator<Item = OrderId> + '_ {
        self.trailing.iter().flat_map(|trailing| trailing.ids())
    }

    /// A trade at `price`: what trails comes after it.
    #[inline]
    pub fn follow(&mut self, price: Price) {
        if let Some(trailing) = &mut self.trailing {
            trailing.follow(price);
        }
    }

    /// The stop that `last_price` triggers first.
    #[inline]
    pub fn triggered(&self, last_price: Price) -> Option<OrderId> {
        let rising = self.first(Awaited::Rise, self.rising.first()).filter(|(stop, ..)| *stop <= last_price);
        let falling =
            self.first(Awaited::Fall, self.falling.first()).filter(|(stop, ..)| inverted(*stop) >= last_price);
        match (rising, falling) {
            (Some((.., rising)), Some((.., falling))) => Some(rising.min(falling)),
            (one, other) => one.or(other).map(|(.., id)| id),
        }
    }

    #[inline]
    fn first(&self, awaited: Awaited, plain: Option<&(Price, OrderId)>) -> Option<Rank> {
        let plain = plain.map(|(price, id)| (*price, 0, *id));
        let Some(trailing) = &self.trailing else { return plain };
        [plain, trailing.first(awaited)].into_iter().flatten().min()
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.rising.is_empty() && self.falling.is_empty() && self.trailing.as_ref().is_none_or(|found| found.len() == 0)
    }

    pub fn len(&self) -> usize {
        self.rising.len() + self.falling.len() + self.trailing.as_ref().map_or(0, |found| found.len())
    }

    pub fn ids(&self) -> Vec<OrderId> {
        let plain = self.rising.iter().chain(&self.falling).map(|(_, id)| *id);
        let mut ids: Vec<OrderId> = plain.chain(self.trailing_ids()).collect();
        ids.sort_unstable();
        ids
    }
}

pub(crate) fn inverted(price: Price) -> Price {
    Price(!price.0)
}
