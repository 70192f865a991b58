//! What happens because time has come: orders expire, cancel-afters fire.

use crate::core::Core;
use crate::event::Event;
use crate::outcome::RejectReason::{AccountNotFound, AlreadyExpired, SystemAccount};
use crate::outcome::{Answer, Outcome, reject_if};
use crate::types::{AccountId, DoneReason, FIRST_USER_ACCOUNT, Micros};

impl Core {
    pub(crate) fn set_cancel_after(&mut self, account: AccountId, due: Micros) -> Answer {
        reject_if(!self.account_exists(account), AccountNotFound)?;
        reject_if(account < FIRST_USER_ACCOUNT, SystemAccount)?;
        reject_if(due != 0 && due <= self.time, AlreadyExpired)?;
        if due == 0 {
            self.cancel_afters.disarm(account);
        } else {
            self.cancel_afters.arm(account, due);
        }
        self.events.push(Event::CancelAfterSet { account, due });
        Ok(())
    }

    /// Everything that is due, each at its own hour; at the same hour orders expire before cancel-afters fire.
    pub(crate) fn advance_time(&mut self, outcome: &mut Outcome) -> Answer {
        loop {
            let expiry = self.expiries.first().copied().filter(|(expire_at, _)| *expire_at <= self.time);
            let cancel_after = self.cancel_afters.first().filter(|(due, _)| *due <= self.time);
            match (expiry, cancel_after) {
                (None, None) => return Ok(()),
                (Some((expire_at, order_id)), other) if other.is_none_or(|(due, _)| expire_at <= due) => {
                    let slot = self.orders.find(order_id).expect("only live orders have an expiry");
                    outcome.count += self.cancel_slot(slot, DoneReason::Expired);
                }
                (_, Some((due, account))) => outcome.count += self.fire_cancel_after(account, due),
                (Some(_), None) => unreachable!("an expiry without a rival is taken"),
            }
        }
    }

    fn fire_cancel_after(&mut self, account: AccountId, due: Micros) -> u32 {
        self.cancel_afters.disarm(account);
        let orders = self.orders.count_of(account);
        self.events.push(Event::CancelAfterFired { account, orders, due });
        self.cancel_where(account, DoneReason::CancelAfter, |_| true)
    }
}
