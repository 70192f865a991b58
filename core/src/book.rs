//! One market's book: price levels in a sorted vector per side, best last, each level a list of orders oldest first.

use std::collections::BTreeSet;

use crate::orders::{NIL, Orders, Slot};
use crate::types::{Amount, OrderId, Price, Side};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Level {
    pub price: Price,
    pub amount: Amount,
    pub head: Slot,
    pub tail: Slot,
    pub orders: u32,
}

/// The levels of one side. The best price stands last, where inserting and removing are cheapest.
#[derive(Clone, Debug)]
pub(crate) struct BookSide {
    side: Side,
    pub levels: Vec<Level>,
}

#[derive(Clone, Debug)]
pub(crate) struct Book {
    bids: BookSide,
    asks: BookSide,
    pub stops: Stops,
}

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
            Side::Sell => self.sells.insert((!stop_price, order_id)),
        };
    }

    pub fn remove(&mut self, side: Side, stop_price: Price, order_id: OrderId) {
        let removed = match side {
            Side::Buy => self.buys.remove(&(stop_price, order_id)),
            Side::Sell => self.sells.remove(&(!stop_price, order_id)),
        };
        debug_assert!(removed, "a waiting stop is in its index");
    }

    /// The stop that `last_price` triggers first.
    pub fn triggered(&self, last_price: Price) -> Option<OrderId> {
        let buy = self.buys.first().filter(|(stop, _)| *stop <= last_price).map(|(_, id)| *id);
        let sell = self.sells.first().filter(|(stop, _)| !*stop >= last_price).map(|(_, id)| *id);
        match (buy, sell) {
            (Some(buy), Some(sell)) => Some(buy.min(sell)),
            (one, other) => one.or(other),
        }
    }

    pub fn ids(&self) -> Vec<OrderId> {
        let mut ids: Vec<OrderId> = self.buys.iter().chain(&self.sells).map(|(_, id)| *id).collect();
        ids.sort_unstable();
        ids
    }
}

impl Book {
    pub fn new() -> Book {
        Book { bids: BookSide::new(Side::Buy), asks: BookSide::new(Side::Sell), stops: Stops::default() }
    }

    #[inline]
    pub fn side(&self, side: Side) -> &BookSide {
        match side {
            Side::Buy => &self.bids,
            Side::Sell => &self.asks,
        }
    }

    #[inline]
    pub fn side_mut(&mut self, side: Side) -> &mut BookSide {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }

    /// Would a limit order of `side` at `price` trade at once?
    #[inline]
    pub fn crosses(&self, side: Side, price: Price) -> bool {
        self.side(side.opposite()).levels.last().is_some_and(|best| reaches(side, price, best.price))
    }
}

/// Does a limit of `side` at `limit` accept `price`?
#[inline]
pub(crate) fn reaches(side: Side, limit: Price, price: Price) -> bool {
    match side {
        Side::Buy => price <= limit,
        Side::Sell => price >= limit,
    }
}

impl BookSide {
    fn new(side: Side) -> BookSide {
        BookSide { side, levels: Vec::new() }
    }

    /// `Ok(index)` of the level at `price`, or `Err(index)` where it belongs.
    #[inline]
    pub fn position(&self, price: Price) -> Result<usize, usize> {
        match self.side {
            Side::Buy => self.levels.binary_search_by(|level| level.price.cmp(&price)),
            Side::Sell => self.levels.binary_search_by(|level| price.cmp(&level.price)),
        }
    }

    /// The amount that rests at `price`.
    #[inline]
    pub fn amount_at(&self, price: Price) -> Amount {
        self.position(price).map_or(0, |at| self.levels[at].amount)
    }

    /// Puts an order at the end of its level and returns the level as it then is.
    #[inline]
    pub fn push(&mut self, orders: &mut Orders, slot: Slot) -> Level {
        let (price, remaining) = (orders[slot].price, orders[slot].remaining());
        let at = match self.position(price) {
            Ok(at) => at,
            Err(at) => {
                self.levels.insert(at, Level { price, amount: 0, head: NIL, tail: NIL, orders: 0 });
                at
            }
        };
        let level = &mut self.levels[at];
        orders[slot].previous = level.tail;
        if level.tail == NIL {
            level.head = slot;
        } else {
            orders[level.tail].next = slot;
        }
        level.tail = slot;
        level.amount += remaining;
        level.orders += 1;
        *level
    }

    /// Takes an order out of its level, wherever it stands; returns the level as it then is (gone when it has no orders).
    #[inline]
    pub fn remove(&mut self, orders: &mut Orders, slot: Slot) -> Level {
        let at = self.position(orders[slot].price).expect("a resting order has its level");
        let level = &mut self.levels[at];
        level.unlink(orders, slot);
        let left = *level;
        if left.orders == 0 {
            self.levels.remove(at);
        }
        left
    }

    /// Shrinks an order in its place; returns the level as it then is.
    pub fn shrink(&mut self, orders: &mut Orders, slot: Slot, amount: Amount) -> Level {
        let at = self.position(orders[slot].price).expect("a resting order has its level");
        let level = &mut self.levels[at];
        level.amount -= orders[slot].amount - amount;
        orders[slot].amount = amount;
        *level
    }

    /// Best level first.
    pub fn best_first(&self) -> impl Iterator<Item = &Level> {
        self.levels.iter().rev()
    }
}

impl Level {
    /// Takes an order out of this level's list and sums.
    #[inline]
    pub fn unlink(&mut self, orders: &mut Orders, slot: Slot) {
        let order = orders[slot];
        if order.previous == NIL {
            self.head = order.next;
        } else {
            orders[order.previous].next = order.next;
        }
        if order.next == NIL {
            self.tail = order.previous;
        } else {
            orders[order.next].previous = order.previous;
        }
        self.amount -= order.remaining();
        self.orders -= 1;
    }

    /// Slots of this level's orders, oldest first.
    pub fn slots(self, orders: &Orders) -> impl Iterator<Item = Slot> + '_ {
        std::iter::successors((self.head != NIL).then_some(self.head), |slot| {
            let next = orders[*slot].next;
            (next != NIL).then_some(next)
        })
    }
}
