//! Stops that the last trade price has reached.

use crate::core::Core;
use crate::event::Event;
use crate::outcome::Outcome;
use crate::types::{MarketId, ONE_CANCELS_OTHER, OrderId};

impl Core {
    /// Triggers until no stop of this market, or of its group, is reached any more; trades of one may reach the next.
    ///
    /// `outcome` belongs to order `own`: it is brought up to date when that order itself triggers.
    #[inline]
    pub(super) fn trigger_stops(&mut self, market: MarketId, own: OrderId, outcome: &mut Outcome) {
        while let Some((market, order_id)) = self.next_reached_stop(market) {
            let mut of_other = Outcome::default();
            let outcome = if order_id == own { &mut *outcome } else { &mut of_other };
            self.trigger(market, order_id, outcome);
        }
    }

    /// Of the market itself first, then of the others of its group, in order of number.
    #[inline]
    fn next_reached_stop(&self, market: MarketId) -> Option<(MarketId, OrderId)> {
        match (self.reached_stop(market), self.market(market).link) {
            (Some(order_id), _) => Some((market, order_id)),
            (None, None) => None,
            (None, Some(link)) => {
                let mut others = self.groups[usize::from(link.group)].markets.iter();
                others.find_map(|other| self.reached_stop(*other).map(|order_id| (*other, order_id)))
            }
        }
    }

    #[inline]
    fn reached_stop(&self, market: MarketId) -> Option<OrderId> {
        let market = self.market(market);
        if market.last_price.is_none() { None } else { market.book.stops.triggered(market.last_price) }
    }

    fn trigger(&mut self, market: MarketId, order_id: OrderId, outcome: &mut Outcome) {
        let slot = self.orders.find(order_id).expect("a waiting stop is live");
        let mut order = self.order_at(slot);
        let held = self.held_by_stop(&order);
        self.leave_index(&order);
        self.take_out(slot);
        let last_price = self.market(market).last_price;
        self.events.push(Event::StopTriggered { order_id, account: order.account, market, last_price });
        if order.flags & ONE_CANCELS_OTHER != 0 {
            self.end_limit_leg(order_id);
        }
        self.release_some(&order, held);
        order.order_type = order.order_type.triggered();
        self.enter_triggered(&mut order, outcome);
    }
}
