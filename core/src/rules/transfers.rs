//! Money between accounts that no order moves: deposits, withdrawals, coupons, payments.

use crate::accounts::{Holding, Why};
use crate::audit::Net;
use crate::command::Transfer;
use crate::core::Core;
use crate::event::{Event, TransferMoved};
use crate::outcome::RejectReason::{
    AccountNotFound, AssetNotFound, EnumInvalid, InsufficientFunds, SameAccount, TransferAmountInvalid, TransferIdUsed,
    TransferNotFound, TransferNotPending, WorldLimit,
};
use crate::outcome::{Answer, Outcome, Rejection, reject_if};
use crate::types::{Atoms, Business, MAX_ATOMS, WORLD, WORLD_LIMIT};

const LAST_KIND: u8 = 8;

impl Core {
    pub(crate) fn transfer(&mut self, c: &Transfer, outcome: &mut Outcome) -> Answer {
        self.check_transfer(c)?;
        let moved = TransferMoved {
            transfer_id: c.transfer_id,
            from: c.from,
            to: c.to,
            asset: c.asset,
            kind: c.kind,
            amount: Atoms::of(c.amount),
        };
        let entry_id = self.accounts.next_entry_id;
        self.transfers.used.insert(c.transfer_id);
        if c.pending == 1 {
            self.transfers.pending.insert(c.transfer_id, moved);
            self.events.push(Event::TransferPending(moved));
            self.hold_transfer(&moved, moved.amount);
        } else {
            self.events.push(Event::TransferPosted(moved, false));
            self.pay_transfer(&moved, Holding { available: -moved.amount, held: Atoms::ZERO });
        }
        outcome.id = entry_id;
        Ok(())
    }

    /// One column of rejections, in the order of the page.
    fn check_transfer(&self, c: &Transfer) -> Result<(), Rejection> {
        reject_if(!self.account_exists(c.from) || !self.account_exists(c.to), AccountNotFound)?;
        reject_if(c.from == c.to, SameAccount)?;
        reject_if(!self.asset_exists(c.asset), AssetNotFound)?;
        reject_if(c.kind == 0 || c.kind > LAST_KIND || c.pending > 1, EnumInvalid)?;
        reject_if(c.amount == 0 || c.amount > MAX_ATOMS, TransferAmountInvalid)?;
        reject_if(c.transfer_id == 0 || self.transfers.used.contains(&c.transfer_id), TransferIdUsed)?;
        let left = self.accounts.available(c.from, c.asset) - Atoms::of(c.amount);
        reject_if(c.from != WORLD && left < Atoms::ZERO, InsufficientFunds)?;
        reject_if(c.from == WORLD && left < -WORLD_LIMIT, WorldLimit)
    }

    pub(crate) fn post_transfer(&mut self, transfer_id: u128, outcome: &mut Outcome) -> Answer {
        let moved = self.take_pending(transfer_id)?;
        let entry_id = self.accounts.next_entry_id;
        self.events.push(Event::TransferPosted(moved, true));
        self.pay_transfer(&moved, Holding { available: Atoms::ZERO, held: -moved.amount });
        outcome.id = entry_id;
        Ok(())
    }

    pub(crate) fn void_transfer(&mut self, transfer_id: u128, outcome: &mut Outcome) -> Answer {
        let moved = self.take_pending(transfer_id)?;
        let entry_id = self.accounts.next_entry_id;
        self.events.push(Event::TransferVoided(moved));
        self.hold_transfer(&moved, -moved.amount);
        outcome.id = entry_id;
        Ok(())
    }

    fn take_pending(&mut self, transfer_id: u128) -> Result<TransferMoved, Rejection> {
        reject_if(!self.transfers.used.contains(&transfer_id), TransferNotFound)?;
        self.transfers.pending.remove(&transfer_id).ok_or(TransferNotPending.into())
    }

    /// From what is available or held to what the receiver has available.
    fn pay_transfer(&mut self, moved: &TransferMoved, paid: Holding) {
        let mut net = Net::ZERO;
        let received = Holding { available: moved.amount, held: Atoms::ZERO };
        for (account, change) in [(moved.from, paid), (moved.to, received)] {
            net += self.accounts.change(&mut self.events, moved.why(), account, moved.asset, change);
        }
        self.accounts.audit.close(self.seq, moved.asset, net);
    }

    fn hold_transfer(&mut self, moved: &TransferMoved, atoms: Atoms) {
        self.accounts.hold(&mut self.events, moved.why(), moved.from, moved.asset, atoms);
    }
}

impl TransferMoved {
    fn why(&self) -> Why {
        (Business::Transfer, self.transfer_id as u64)
    }
}
