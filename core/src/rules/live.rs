//! Orders that rest or wait: how they come to stand, what they hold, and how they end.

use crate::book::LevelNow;
use crate::core::Core;
use crate::event::{Event, OrderDone};
use crate::order::Order;
use crate::orders::{LiveOrder, Slot};
use crate::types::{Amount, Atoms, Business, DoneReason, MarketId, ONE_CANCELS_OTHER, Price, Side};

impl Core {
    /// A stop that does not trail takes its place in the index, with what it needs held.
    pub(super) fn wait(&mut self, order: &Order) {
        let held = self.held_by_stop(order);
        self.hold_some(order, held);
        self.shelve(order);
        self.market_mut(order.market).book.stops.insert(order.awaited(), order.rare.stop_price, order.order_id);
    }

    /// Puts the remainder into the book, its cost held.
    #[inline]
    pub(super) fn rest(&mut self, order: &Order) {
        let held = self.hold_of(order);
        self.hold(order, held);
        let slot = self.shelve(order);
        let level = self.markets[order.market.index()].book.push(&mut self.orders, slot);
        self.level_changed(order.market, order.side, &level);
    }

    /// What an order can come to cost of the asset it pays with: what it holds, unless it is the stop leg of a pair.
    #[inline]
    pub(super) fn hold_of(&self, order: &Order) -> Atoms {
        if order.has_funds() {
            return Atoms::of(order.rare.funds);
        }
        self.market(order.market).terms.cost(order.side, order.price, order.amount - order.filled)
    }

    /// Moves `atoms` of what the order pays with from available to held.
    #[inline]
    pub(super) fn hold(&mut self, order: &Order, atoms: Atoms) {
        let asset = self.market(order.market).terms.paid(order.side);
        self.accounts.hold(&mut self.events, (Business::Hold, order.order_id.0), order.account, asset, atoms);
    }

    /// Moves `atoms` back from held to available.
    #[inline]
    pub(super) fn release(&mut self, order: &Order, atoms: Atoms) {
        let asset = self.market(order.market).terms.paid(order.side);
        self.accounts.hold(&mut self.events, (Business::Release, order.order_id.0), order.account, asset, -atoms);
    }

    /// As `hold`; a leg of a pair may hold nothing, which is no event.
    pub(super) fn hold_some(&mut self, order: &Order, atoms: Atoms) {
        if !atoms.is_zero() {
            self.hold(order, atoms);
        }
    }

    /// As `release`, of what may be nothing.
    pub(super) fn release_some(&mut self, order: &Order, atoms: Atoms) {
        if !atoms.is_zero() {
            self.release(order, atoms);
        }
    }

    /// Into the slab, and into the expiry index where it has an end.
    #[inline]
    pub(crate) fn shelve(&mut self, order: &Order) -> Slot {
        if order.rare.expire_at != 0 {
            self.expiries.insert((order.rare.expire_at, order.order_id));
        }
        self.orders.insert(order)
    }

    /// Out of the slab and the expiry index, to be matched again; the book level or stop index is the caller's.
    pub(super) fn take_out(&mut self, slot: Slot) -> Order {
        let order = self.orders.order(slot);
        self.orders.remove(slot);
        if order.rare.expire_at != 0 {
            self.expiries.remove(&(order.rare.expire_at, order.order_id));
        }
        order
    }

    pub(super) fn done(&mut self, order: &Order, reason: DoneReason) {
        self.accounts.finish_client_id(order.account, order.rare.client_id);
        self.events.push(Event::OrderDone(OrderDone {
            order_id: order.order_id,
            account: order.account,
            market: order.market,
            side: order.side,
            reason,
            remaining: order.remaining(),
            filled: order.filled,
        }));
    }

    /// Ends an order in the slab that has already left its level or index.
    #[inline]
    pub(super) fn retire(&mut self, slot: Slot, reason: DoneReason, remaining: Amount, filled: Amount) {
        let order = &self.orders[slot];
        self.events.push(Event::OrderDone(OrderDone {
            order_id: order.order_id,
            account: order.account,
            market: order.market,
            side: order.side,
            reason,
            remaining,
            filled,
        }));
        if !order.is_plain() {
            let (account, order_id, rare) = (order.account, order.order_id, self.orders.rare(slot));
            self.accounts.finish_client_id(account, rare.client_id);
            self.expiries.remove(&(rare.expire_at, order_id));
        }
        self.orders.remove(slot);
    }

    /// Ends an order that has already left its level, and releases what it held.
    #[inline]
    pub(super) fn cancel_unlinked(&mut self, slot: Slot, reason: DoneReason) {
        let LiveOrder { order_id, account, market, side, price, remaining, .. } = self.orders[slot];
        let terms = &self.market(market).terms;
        let held = terms.cost(side, price, remaining);
        let asset = terms.paid(side);
        let filled = self.orders.amount(slot) - remaining;
        self.retire(slot, reason, remaining, filled);
        self.accounts.hold(&mut self.events, (Business::Release, order_id.0), account, asset, -held);
    }

    /// Ends a live order, wherever it stands, and with it the other leg of its pair: how many ended.
    #[inline]
    pub(super) fn cancel_slot(&mut self, slot: Slot, reason: DoneReason) -> u32 {
        let LiveOrder { order_id, price, flags, .. } = self.orders[slot];
        if self.orders[slot].is_waiting() {
            return self.cancel_waiting(slot, reason);
        }
        self.cancel_resting(slot, reason);
        if flags & ONE_CANCELS_OTHER == 0 { 1 } else { 1 + self.end_stop_leg(order_id, price) }
    }

    #[inline]
    pub(super) fn cancel_resting(&mut self, slot: Slot, reason: DoneReason) {
        let LiveOrder { market, side, .. } = self.orders[slot];
        let level = self.markets[market.index()].book.remove(&mut self.orders, slot);
        self.cancel_unlinked(slot, reason);
        self.level_changed(market, side, &level);
    }

    #[inline(never)]
    fn cancel_waiting(&mut self, slot: Slot, reason: DoneReason) -> u32 {
        let order = self.order_at(slot);
        let held = self.held_by_stop(&order);
        self.leave_index(&order);
        self.retire(slot, reason, order.remaining(), order.filled);
        self.release_some(&order, held);
        if order.flags & ONE_CANCELS_OTHER == 0 { 1 } else { 1 + self.end_limit_leg(order.order_id) }
    }

    /// A stop waits no longer; the last trigger of one that trails is told.
    pub(super) fn leave_index(&mut self, order: &Order) {
        let Order { order_id, account, market, .. } = *order;
        let stops = &mut self.market_mut(market).book.stops;
        if order.trails() {
            let (stop, stop_price) = stops.trailing(order_id).expect("it waits");
            stops.remove_trailing(order.awaited(), order_id);
            let trail = stop.trail.value;
            self.events.push(Event::StopTrailed { order_id, account, market, trail, stop_price });
        } else {
            stops.remove(order.awaited(), order.rare.stop_price, order_id);
        }
    }

    /// A live order as it is: of a stop that trails with the trigger that it has now.
    #[inline]
    pub(crate) fn order_at(&self, slot: Slot) -> Order {
        let mut order = self.orders.order(slot);
        if order.trails() {
            order.rare.stop_price = self.trigger_of(&order);
        }
        order
    }

    /// Where an order is triggered that trails or did.
    #[cold]
    fn trigger_of(&self, order: &Order) -> Price {
        let trailing = self.market(order.market).book.stops.trailing(order.order_id);
        trailing.map_or(order.rare.stop_price, |(_, trigger)| trigger)
    }

    #[inline]
    pub(super) fn level_changed(&mut self, market: MarketId, side: Side, level: &LevelNow) {
        self.events.push(Event::BookLevelChanged {
            market,
            side,
            orders: level.orders,
            price: level.price,
            amount: level.amount,
        });
    }
}
