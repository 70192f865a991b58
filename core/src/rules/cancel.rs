//! Cancelling live orders: one, some, or all of an account.

use crate::command::OrderIds;
use crate::core::Core;
use crate::orders::{LiveOrder, Slot};
use crate::outcome::RejectReason::{
    AccountNotFound, EnumInvalid, MarketNotFound, NotYourOrder, OrderNotFound, OrderNotLive,
};
use crate::outcome::{Answer, Outcome, Rejection, Status, reject_if};
use crate::types::{ALL_MARKETS, AccountId, BOTH_SIDES, DoneReason, MarketId, OrderId};

impl Core {
    /// The slot of `account`'s live order, or why there is none.
    #[inline]
    pub(super) fn own_order(&self, account: AccountId, order_id: OrderId) -> Result<Slot, Rejection> {
        reject_if(!self.account_exists(account), AccountNotFound)?;
        reject_if(order_id == OrderId(0) || order_id >= self.next_order_id, OrderNotFound)?;
        let slot = self.orders.find(order_id).ok_or(OrderNotLive)?;
        reject_if(self.orders[slot].account != account, NotYourOrder)?;
        Ok(slot)
    }

    #[inline]
    pub(crate) fn cancel_order(&mut self, account: AccountId, order_id: OrderId, outcome: &mut Outcome) -> Answer {
        let slot = self.own_order(account, order_id)?;
        outcome.id = order_id.0;
        outcome.status = Status::Done;
        outcome.remaining = self.orders[slot].remaining;
        self.cancel_slot(slot, DoneReason::Cancelled);
        Ok(())
    }

    pub(crate) fn cancel_many(&mut self, account: AccountId, order_ids: OrderIds<'_>, outcome: &mut Outcome) -> Answer {
        reject_if(!self.account_exists(account), AccountNotFound)?;
        for order_id in order_ids.iter() {
            if let Ok(slot) = self.own_order(account, order_id) {
                outcome.count += self.cancel_slot(slot, DoneReason::Cancelled);
            }
        }
        Ok(())
    }

    pub(crate) fn cancel_all(
        &mut self,
        account: AccountId,
        market: MarketId,
        side: u8,
        outcome: &mut Outcome,
    ) -> Answer {
        reject_if(!self.account_exists(account), AccountNotFound)?;
        reject_if(market != ALL_MARKETS && !self.market_exists(market), MarketNotFound)?;
        reject_if(side > 1 && side != BOTH_SIDES, EnumInvalid)?;
        let concerned = |order: &LiveOrder| {
            (market == ALL_MARKETS || order.market == market) && (side == BOTH_SIDES || order.side as u8 == side)
        };
        outcome.count = self.cancel_where(account, DoneReason::Cancelled, concerned);
        Ok(())
    }

    /// Ends the account's live orders that are `concerned`, in order of id; how many.
    pub(super) fn cancel_where(
        &mut self,
        account: AccountId,
        reason: DoneReason,
        concerned: impl Fn(&LiveOrder) -> bool,
    ) -> u32 {
        let mut slots: Vec<(OrderId, Slot)> = self
            .orders
            .of_account(account)
            .filter(|slot| concerned(&self.orders[*slot]))
            .map(|slot| (self.orders[slot].order_id, slot))
            .collect();
        slots.sort_unstable();
        let mut ended = 0;
        for (order_id, slot) in &slots {
            // A leg may have gone with the other one already.
            if self.orders.find(*order_id).is_some() {
                ended += self.cancel_slot(*slot, reason);
            }
        }
        ended
    }
}
