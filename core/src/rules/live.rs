//! Orders that rest or wait: how they come to stand, what they hold, and how they end.

use crate::book::LevelNow;
use crate::core::Core;
use crate::event::{Event, OrderDone};
use crate::order::Order;
use crate::orders::{LiveOrder, Slot};
use crate::outcome::{Outcome, Status};
use crate::stops::Awaited;
use crate::types::{Amount, Atoms, Business, DoneReason, MarketId, Side};

impl Core {
    /// A stop takes its place in the index, with its whole cost held.
    pub(super) fn wait(&mut self, order: &Order, outcome: &mut Outcome) {
        let held = self.hold_of(order);
        self.hold(order, held);
        self.shelve(order);
        self.market_mut(order.market).book.stops.insert(order.awaited(), order.rare.stop_price, order.order_id);
        outcome.id = order.order_id.0;
        outcome.status = Status::Waiting;
        outcome.remaining = order.remaining();
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

    /// What a resting or waiting order holds of the asset it pays with.
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

    /// Ends an order that has already left its level or index, and releases what it held.
    #[inline]
    pub(super) fn cancel_unlinked(&mut self, slot: Slot, reason: DoneReason) {
        let LiveOrder { order_id, account, market, side, price, remaining, .. } = self.orders[slot];
        let funds = if self.orders[slot].is_plain() { 0 } else { self.orders.rare(slot).funds };
        let terms = &self.market(market).terms;
        let held = if funds == 0 { terms.cost(side, price, remaining) } else { Atoms::of(funds) };
        let asset = terms.paid(side);
        let filled = self.orders.amount(slot) - remaining;
        self.retire(slot, reason, remaining, filled);
        self.accounts.hold(&mut self.events, (Business::Release, order_id.0), account, asset, -held);
    }

    /// Ends a live order, wherever it stands.
    #[inline]
    pub(super) fn cancel_slot(&mut self, slot: Slot, reason: DoneReason) {
        let LiveOrder { order_id, market, side, flags, .. } = self.orders[slot];
        let book = &mut self.markets[market.index()].book;
        if self.orders[slot].is_waiting() {
            book.stops.remove(Awaited::by(side, flags), self.orders.rare(slot).stop_price, order_id);
            self.cancel_unlinked(slot, reason);
            return;
        }
        let level = book.remove(&mut self.orders, slot);
        self.cancel_unlinked(slot, reason);
        self.level_changed(market, side, &level);
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
