//! Placing a stop whose trigger follows the price.

use crate::command::{PlaceOrder, PlaceTrailing};
use crate::core::Core;
use crate::event::Event;
use crate::outcome::RejectReason::{AlreadyExpired, CombinationInvalid, EnumInvalid, NoLastPrice, TrailInvalid};
use crate::outcome::{Answer, Outcome, reject_if};
use crate::rules::place::{check_enums, check_sizes, contradicts};
use crate::stops::Awaited;
use crate::trailing::{Trail, TrailingStop};
use crate::types::{Price, TimeInForce};

impl Core {
    pub(crate) fn place_trailing(&mut self, c: &PlaceTrailing, outcome: &mut Outcome) -> Answer {
        let asked = &c.order;
        let enums = check_enums(self, asked)?;
        let (side, order_type, tif, _) = enums;
        let trail = Trail::by(asked.flags, c.trail).ok_or(EnumInvalid)?;
        reject_if(!order_type.is_stop(), EnumInvalid)?;
        // As of a stop with some stop price and without flags.
        let plain = PlaceOrder { stop_price: Price(1), flags: 0, ..*asked };
        reject_if(contradicts(&plain, side, order_type, tif), CombinationInvalid)?;
        reject_if(!trail.is_valid(), TrailInvalid)?;
        let market = self.market(asked.market);
        let extreme = market.last_price;
        reject_if(extreme.is_none(), NoLastPrice)?;
        let awaited = Awaited::by(side, 0);
        let placed = PlaceOrder { stop_price: trail.trigger(awaited, extreme), ..*asked };
        check_sizes(market, &placed, order_type)?;
        reject_if(tif == TimeInForce::Gtd && asked.expire_at <= self.time, AlreadyExpired)?;
        self.check_client_id(asked.account, asked.client_id)?;
        let order = self.order_of(&placed, enums);
        self.check_standing(&order)?;
        self.accept(&order, &placed);
        let (order_id, account, market, stop_price) = (order.order_id, order.account, order.market, placed.stop_price);
        self.events.push(Event::StopTrailed { order_id, account, market, trail: c.trail, stop_price });
        let held = self.hold_of(&order);
        self.hold(&order, held);
        self.shelve(&order);
        let stops = &mut self.market_mut(market).book.stops;
        stops.insert_trailing(awaited, TrailingStop { order_id, trail, extreme });
        outcome.wait(&order);
        self.trigger_stops(market, order_id, outcome);
        Ok(())
    }
}
