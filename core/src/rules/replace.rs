//! Changing a live order.

use crate::command::ReplaceOrder;
use crate::core::Core;
use crate::event::{Event, OrderReplaced};
use crate::market::HALTED;
use crate::order::Order;
use crate::orders::Slot;
use crate::outcome::RejectReason::{
    AmountBelowFilled, CombinationInvalid, InsufficientFunds, LevelFull, MarketHalted, NotReplaceable, WouldCross,
};
use crate::outcome::{Answer, Outcome, Rejection, Status, reject_if};
use crate::rules::pairs::is_beyond;
use crate::rules::place::{check_amount, check_price, check_total};
use crate::types::{Amount, Atoms, OrderType, POST_ONLY, Price};

/// The order's terms after the change, checked.
struct Change {
    price: Price,
    amount: Amount,
    stop_price: Price,
    old_hold: Atoms,
    new_hold: Atoms,
}

impl Core {
    pub(crate) fn replace_order(&mut self, c: &ReplaceOrder, outcome: &mut Outcome) -> Answer {
        let slot = self.own_order(c.account, c.order_id)?;
        let order = self.order_at(slot);
        let other = self.other_leg(&order);
        let change = self.check_replace(c, &order, other.as_ref())?;
        outcome.id = c.order_id.0;
        if order.is_waiting() {
            self.replace_waiting(slot, &change, outcome);
        } else if change.price == order.price && change.amount <= order.amount {
            self.shrink_resting(slot, &change, outcome);
            return Ok(());
        } else {
            self.replace_resting(slot, &change, other.as_ref(), outcome);
        }
        self.trigger_stops(order.market, c.order_id, outcome);
        Ok(())
    }

    /// One column of rejections, in the order of the page.
    fn check_replace(&self, c: &ReplaceOrder, order: &Order, other: Option<&Order>) -> Result<Change, Rejection> {
        let market = self.market(order.market);
        reject_if(market.status == HALTED, MarketHalted)?;
        reject_if(order.has_funds(), NotReplaceable)?;
        let waiting = order.is_waiting();
        reject_if(!c.stop_price.is_none() && (!waiting || order.trails()), CombinationInvalid)?;
        reject_if(!c.price.is_none() && order.order_type == OrderType::StopMarket, CombinationInvalid)?;
        let amount = if c.amount.is_zero() { order.amount } else { c.amount };
        let price = c.price.or(order.price);
        let stop_price = c.stop_price.or(order.rare.stop_price);
        if let Some(other) = other {
            let prices = if waiting { (other.price, stop_price) } else { (price, other.rare.stop_price) };
            reject_if(amount != order.amount || is_beyond(order.side, prices), CombinationInvalid)?;
        }
        if order.order_type.is_limit() {
            check_price(market, price)?;
        }
        if waiting {
            check_price(market, stop_price)?;
        }
        check_amount(market, amount)?;
        reject_if(amount <= order.filled, AmountBelowFilled)?;
        if order.order_type.is_limit() {
            check_total(market, price, amount)?;
        }
        reject_if(order.flags & POST_ONLY != 0 && self.would_cross(order, price), WouldCross)?;
        let old_hold = self.hold_of(order);
        let new_hold = market.terms.cost(order.side, price, amount - order.filled);
        // A pair holds as much as the dearer leg.
        let other_cost = other.map_or(Atoms::ZERO, |other| self.hold_of(other));
        let available = self.accounts.available(order.account, market.terms.paid(order.side));
        reject_if(available + old_hold.max(other_cost) < new_hold.max(other_cost), InsufficientFunds)?;
        if !waiting {
            let own = if price == order.price { order.remaining() } else { Amount::ZERO };
            let others = market.book.amount_at(order.side, price) - own;
            reject_if(others.checked_add(amount - order.filled).is_none(), LevelFull)?;
        }
        Ok(Change { price, amount, stop_price, old_hold, new_hold })
    }

    fn replaced(&mut self, order: &Order, change: &Change, kept_priority: bool) {
        self.events.push(Event::OrderReplaced(OrderReplaced {
            order_id: order.order_id,
            account: order.account,
            market: order.market,
            kept_priority,
            price: change.price,
            amount: change.amount,
            stop_price: change.stop_price,
            remaining: change.amount - order.filled,
        }));
    }

    fn replace_waiting(&mut self, slot: Slot, change: &Change, outcome: &mut Outcome) {
        let mut order = self.take_out(slot);
        self.replaced(&order, change, false);
        if !order.trails() {
            let stops = &mut self.market_mut(order.market).book.stops;
            stops.remove(order.awaited(), order.rare.stop_price, order.order_id);
            stops.insert(order.awaited(), change.stop_price, order.order_id);
        }
        let held = self.held_by_stop(&order);
        self.release_some(&order, held);
        change.write_to(&mut order);
        let held = self.held_by_stop(&order);
        self.hold_some(&order, held);
        self.shelve(&order);
        outcome.wait(&order);
    }

    /// The amount alone shrinks (or nothing changes): the order keeps its place.
    fn shrink_resting(&mut self, slot: Slot, change: &Change, outcome: &mut Outcome) {
        let order = self.orders.order(slot);
        self.replaced(&order, change, true);
        if change.new_hold < change.old_hold {
            self.release(&order, change.old_hold - change.new_hold);
            let book = &mut self.markets[order.market.index()].book;
            let level = book.shrink(&mut self.orders, slot, change.amount);
            self.level_changed(order.market, order.side, &level);
        }
        outcome.status = Status::Resting;
        outcome.remaining = change.amount - order.filled;
    }

    /// Leaves its place and comes in again under the same id. `stop`: the other leg of its pair.
    fn replace_resting(&mut self, slot: Slot, change: &Change, stop: Option<&Order>, outcome: &mut Outcome) {
        let market = self.orders[slot].market;
        let level = self.markets[market.index()].book.remove(&mut self.orders, slot);
        let mut order = self.take_out(slot);
        self.replaced(&order, change, false);
        self.release(&order, change.old_hold);
        if let Some(stop) = stop {
            self.set_aside(stop, order.price);
        }
        self.level_changed(market, order.side, &level);
        change.write_to(&mut order);
        self.enter(&mut order, outcome);
        if let Some(stop) = stop {
            self.place_stop_leg(&order, stop, outcome);
        }
    }
}

impl Change {
    fn write_to(&self, order: &mut Order) {
        order.price = self.price;
        order.amount = self.amount;
        order.rare.stop_price = self.stop_price;
    }
}
