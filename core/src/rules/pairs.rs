//! Pairs of which one leg cancels the other: a limit order that rests, and a stop with the next id.

use crate::command::{PlaceOco, PlaceOrder};
use crate::core::Core;
use crate::order::Order;
use crate::outcome::RejectReason::{
    AlreadyExpired, CombinationInvalid, EnumInvalid, InsufficientFunds, LevelFull, TooManyOpenOrders, WouldCross,
};
use crate::outcome::{Answer, Outcome, Rejection, Status, reject_if};
use crate::rules::place::{Enums, check_amount, check_enums, check_price, check_total};
use crate::types::{Atoms, DoneReason, ONE_CANCELS_OTHER, OrderId, OrderType, POST_ONLY, Price, Side, TimeInForce};

/// The limit leg would not be reached before the stop leg is triggered.
pub(super) fn is_beyond(side: Side, (price, stop_price): (Price, Price)) -> bool {
    match side {
        Side::Buy => price >= stop_price,
        Side::Sell => price <= stop_price,
    }
}

/// Both legs as the commands that would place each alone.
fn legs(c: &PlaceOco) -> (PlaceOrder, PlaceOrder) {
    let limit = PlaceOrder {
        account: c.account,
        market: c.market,
        side: c.side,
        order_type: OrderType::Limit as u8,
        tif: c.tif,
        flags: c.flags | ONE_CANCELS_OTHER,
        self_trade: c.self_trade,
        price: c.price,
        amount: c.amount,
        stop_price: Price::NONE,
        expire_at: c.expire_at,
        funds: 0,
        client_id: c.client_id,
    };
    let stop = PlaceOrder {
        flags: ONE_CANCELS_OTHER,
        price: c.stop_limit_price,
        stop_price: c.stop_price,
        client_id: c.stop_client_id,
        ..limit
    };
    let stop = if c.stop_limit_price.is_none() {
        PlaceOrder { order_type: OrderType::StopMarket as u8, tif: TimeInForce::Ioc as u8, expire_at: 0, ..stop }
    } else {
        PlaceOrder { order_type: OrderType::StopLimit as u8, ..stop }
    };
    (limit, stop)
}

fn contradicts(c: &PlaceOco, side: Side, tif: TimeInForce) -> bool {
    !tif.rests()
        || (tif == TimeInForce::Gtd) != (c.expire_at != 0)
        || c.stop_price.is_none()
        || (side == Side::Buy && c.stop_limit_price.is_none())
        || is_beyond(side, (c.price, c.stop_price))
        || (c.client_id != 0 && c.client_id == c.stop_client_id)
}

impl Core {
    pub(crate) fn place_oco(&mut self, c: &PlaceOco, outcome: &mut Outcome) -> Answer {
        let (limit, stop) = legs(c);
        let enums = check_enums(self, &limit)?;
        let mut limit_leg = self.order_of(&limit, enums);
        let stop_leg =
            Order { order_id: OrderId(limit_leg.order_id.0 + 1), ..self.order_of(&stop, stop_enums(c, enums)) };
        self.check_oco(c, &limit_leg, &stop_leg)?;
        self.accept(&limit_leg, &limit);
        self.accept(&stop_leg, &stop);
        self.enter(&mut limit_leg, outcome);
        self.place_stop_leg(&limit_leg, &stop_leg, outcome);
        self.trigger_stops(c.market, limit_leg.order_id, outcome);
        Ok(())
    }

    /// One column of rejections, in the order of the page.
    fn check_oco(&self, c: &PlaceOco, limit: &Order, stop: &Order) -> Result<(), Rejection> {
        let market = self.market(c.market);
        reject_if(c.flags > POST_ONLY, EnumInvalid)?;
        reject_if(contradicts(c, limit.side, limit.tif), CombinationInvalid)?;
        check_price(market, c.price)?;
        check_price(market, c.stop_price)?;
        if !c.stop_limit_price.is_none() {
            check_price(market, c.stop_limit_price)?;
        }
        check_amount(market, c.amount)?;
        check_total(market, c.price, c.amount)?;
        if !c.stop_limit_price.is_none() {
            check_total(market, c.stop_limit_price, c.amount)?;
        }
        reject_if(limit.tif == TimeInForce::Gtd && c.expire_at <= self.time, AlreadyExpired)?;
        self.check_client_id(c.account, c.client_id)?;
        self.check_client_id(c.account, c.stop_client_id)?;
        let live = u64::from(self.orders.count_of(c.account));
        reject_if(live + 2 > u64::from(self.max_open_orders), TooManyOpenOrders)?;
        reject_if(limit.flags & POST_ONLY != 0 && self.would_cross(limit, c.price), WouldCross)?;
        let available = self.accounts.available(c.account, market.terms.paid(limit.side));
        reject_if(available < self.hold_of(limit).max(self.hold_of(stop)), InsufficientFunds)?;
        reject_if(!market.book.has_room(limit.side, c.price, c.amount), LevelFull)
    }

    /// What becomes of the stop leg once the limit leg has come in: `outcome` tells how that went.
    pub(super) fn place_stop_leg(&mut self, limit: &Order, stop: &Order, outcome: &Outcome) {
        if outcome.status == Status::Resting && limit.filled.is_zero() {
            self.wait(stop);
        } else {
            self.done(stop, DoneReason::OneCancelsOther);
        }
    }

    /// What a stop that waits holds: of a pair what its limit leg does not hold for both.
    pub(super) fn held_by_stop(&self, stop: &Order) -> Atoms {
        if stop.flags & ONE_CANCELS_OTHER == 0 {
            return self.hold_of(stop);
        }
        let limit = self.orders.find(limit_leg_of(stop.order_id)).expect("its limit leg rests while it waits");
        self.held_above(stop, self.orders[limit].price)
    }

    fn held_above(&self, stop: &Order, limit_price: Price) -> Atoms {
        let by_limit = self.market(stop.market).terms.cost(stop.side, limit_price, stop.amount);
        (self.hold_of(stop) - by_limit).max(Atoms::ZERO)
    }

    /// The other leg of the live pair that an order is of, if it is of one.
    #[inline]
    pub(super) fn other_leg(&self, order: &Order) -> Option<Order> {
        if order.flags & ONE_CANCELS_OTHER == 0 { None } else { self.find_other_leg(order) }
    }

    #[cold]
    fn find_other_leg(&self, order: &Order) -> Option<Order> {
        if order.is_waiting() {
            return self.orders.find(limit_leg_of(order.order_id)).map(|slot| self.orders.order(slot));
        }
        self.stop_leg_after(order.order_id)
    }

    /// The stop leg that waits behind this order. There is none behind a leg that is alone: the next id is then of another order, and no
    /// stop leg, because that would have this id's order as its limit leg.
    fn stop_leg_after(&self, order_id: OrderId) -> Option<Order> {
        let slot = self.orders.find(OrderId(order_id.0 + 1))?;
        let found = &self.orders[slot];
        (found.flags & ONE_CANCELS_OTHER != 0 && found.is_waiting()).then(|| self.orders.order(slot))
    }

    /// After its limit leg, which had that price, was filled or ended; how many ended.
    #[cold]
    pub(super) fn end_stop_leg(&mut self, limit: OrderId, limit_price: Price) -> u32 {
        let Some(stop) = self.stop_leg_after(limit) else { return 0 };
        let held = self.held_above(&stop, limit_price);
        self.leave_index(&stop);
        let slot = self.orders.find(stop.order_id).expect("just found");
        self.retire(slot, DoneReason::OneCancelsOther, stop.remaining(), stop.filled);
        self.release_some(&stop, held);
        1
    }

    /// After its stop leg was triggered or ended; how many ended.
    #[cold]
    pub(super) fn end_limit_leg(&mut self, stop: OrderId) -> u32 {
        let slot = self.orders.find(limit_leg_of(stop)).expect("it rests while its stop leg waits");
        self.cancel_resting(slot, DoneReason::OneCancelsOther);
        1
    }

    /// Takes a stop leg out while its limit leg, which had that price, comes in anew.
    pub(super) fn set_aside(&mut self, stop: &Order, limit_price: Price) {
        let held = self.held_above(stop, limit_price);
        self.leave_index(stop);
        let slot = self.orders.find(stop.order_id).expect("the caller found it");
        self.take_out(slot);
        self.release_some(stop, held);
    }
}

fn stop_enums(c: &PlaceOco, (side, _, tif, self_trade): Enums) -> Enums {
    if c.stop_limit_price.is_none() {
        (side, OrderType::StopMarket, TimeInForce::Ioc, self_trade)
    } else {
        (side, OrderType::StopLimit, tif, self_trade)
    }
}

fn limit_leg_of(stop: OrderId) -> OrderId {
    OrderId(stop.0 - 1)
}
