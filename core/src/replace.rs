//! Changing a live order.

use crate::command::ReplaceOrder;
use crate::core::Core;
use crate::event::{Event, OrderReplaced};
use crate::market::HALTED;
use crate::orders::{Order, Rare, Slot, Ticket};
use crate::outcome::Reject::{
    AmountBelowFilled, CombinationInvalid, InsufficientFunds, LevelFull, MarketHalted, NotReplaceable, WouldCross,
};
use crate::outcome::{Answer, Outcome, Refusal, Status, refuse};
use crate::place::{check_amount, check_price, check_total};
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
    pub(crate) fn replace_order(&mut self, c: &ReplaceOrder) -> Answer {
        let slot = self.own_order(c.account, c.order_id)?;
        let order = self.orders[slot];
        let rare = self.orders.rare(&order);
        let change = self.check_replace(c, &order, &rare)?;
        let mut outcome = if order.is_waiting() {
            self.replace_waiting(slot, &change)
        } else if change.price == order.price && change.amount <= order.amount {
            return Ok(self.shrink_resting(slot, &change));
        } else {
            self.replace_resting(slot, &change)
        };
        self.trigger_stops(order.market, c.order_id, &mut outcome);
        Ok(outcome)
    }

    /// One column of refusals, in the order of the page.
    fn check_replace(&self, c: &ReplaceOrder, order: &Order, rare: &Rare) -> Result<Change, Refusal> {
        let market = self.market(order.market);
        refuse(market.status == HALTED, MarketHalted)?;
        refuse(rare.funds != 0, NotReplaceable)?;
        let waiting = order.is_waiting();
        refuse(c.stop_price != 0 && !waiting, CombinationInvalid)?;
        refuse(c.price != 0 && order.order_type == OrderType::StopMarket, CombinationInvalid)?;
        let or = |given: u64, own: u64| if given == 0 { own } else { given };
        let (price, amount) = (or(c.price, order.price), or(c.amount, order.amount));
        let stop_price = or(c.stop_price, rare.stop_price);
        if order.order_type.is_limit() {
            check_price(market, price)?;
        }
        if waiting {
            check_price(market, stop_price)?;
        }
        check_amount(market, amount)?;
        refuse(amount <= order.filled, AmountBelowFilled)?;
        if order.order_type.is_limit() {
            check_total(market, price, amount)?;
        }
        refuse(order.flags & POST_ONLY != 0 && market.book.crosses(order.side, price), WouldCross)?;
        let old_hold = market.terms.cost(order.side, order.price, order.remaining());
        let new_hold = market.terms.cost(order.side, price, amount - order.filled);
        let available = self.accounts.available(order.account, market.terms.paid(order.side));
        refuse(available + old_hold < new_hold, InsufficientFunds)?;
        if !waiting {
            let own = if price == order.price { order.remaining() } else { 0 };
            let others = market.book.side(order.side).amount_at(price) - own;
            refuse(others.checked_add(amount - order.filled).is_none(), LevelFull)?;
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

    fn replace_waiting(&mut self, slot: Slot, change: &Change) -> Outcome {
        let order = self.orders[slot];
        self.replaced(&order, change, false);
        let mut ticket = self.retire(slot);
        let stops = &mut self.market_mut(order.market).book.stops;
        stops.remove(order.side, ticket.rare.stop_price, order.order_id);
        stops.insert(order.side, change.stop_price, order.order_id);
        self.hold(&ticket, -change.old_hold);
        change.write_to(&mut ticket);
        self.hold(&ticket, change.new_hold);
        self.shelve(&ticket);
        Outcome { id: order.order_id, status: Status::Waiting, remaining: ticket.remaining(), ..Outcome::default() }
    }

    /// The amount alone shrinks (or nothing changes): the order keeps its place.
    fn shrink_resting(&mut self, slot: Slot, change: &Change) -> Outcome {
        let order = self.orders[slot];
        self.replaced(&order, change, true);
        let remaining = change.amount - order.filled;
        if change.new_hold < change.old_hold {
            let market = self.market(order.market);
            let release =
                market.terms.hold(order.account, order.side, order.order_id, change.new_hold - change.old_hold);
            self.accounts.change(&mut self.events, release);
            let side = self.markets[order.market as usize].book.side_mut(order.side);
            let level = side.shrink(&mut self.orders, slot, change.amount);
            self.level_changed(order.market, order.side, &level);
        }
        Outcome { id: order.order_id, status: Status::Resting, remaining, ..Outcome::default() }
    }

    /// Leaves its place and comes in again under the same id.
    fn replace_resting(&mut self, slot: Slot, change: &Change) -> Outcome {
        let order = self.orders[slot];
        self.replaced(&order, change, false);
        let side = self.markets[order.market as usize].book.side_mut(order.side);
        let level = side.remove(&mut self.orders, slot);
        let mut ticket = self.retire(slot);
        self.hold(&ticket, -change.old_hold);
        self.level_changed(order.market, order.side, &level);
        change.write_to(&mut ticket);
        self.enter(ticket)
    }
}

impl Change {
    fn write_to(&self, ticket: &mut Ticket) {
        ticket.price = self.price;
        ticket.amount = self.amount;
        ticket.rare.stop_price = self.stop_price;
    }
}
