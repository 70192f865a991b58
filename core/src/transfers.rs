//! Money between accounts that no order moves: deposits, withdrawals, coupons, payments.

use std::collections::{BTreeMap, BTreeSet};

use crate::accounts::Holding;
use crate::command::Transfer;
use crate::core::Core;
use crate::event::{Event, TransferMoved};
use crate::outcome::Reject::{
    AccountNotFound, AssetNotFound, EnumInvalid, InsufficientFunds, SameAccount, TransferAmountInvalid, TransferIdUsed,
    TransferNotFound, TransferNotPending, WorldLimit,
};
use crate::outcome::{Answer, Outcome, Refusal, refuse};
use crate::types::{AccountId, Atoms, Business, MAX_ATOMS, WORLD, WORLD_LIMIT};

const LAST_KIND: u8 = 8;

#[derive(Clone, Debug, Default)]
pub(crate) struct Transfers {
    pub pending: BTreeMap<u128, TransferMoved>,
    /// Every id ever used: what makes each money movement happen once. Ordered, because it is part of the canonical state.
    pub used: BTreeSet<u128>,
}

impl Core {
    pub(crate) fn transfer(&mut self, c: &Transfer, outcome: &mut Outcome) -> Answer {
        self.check_transfer(c)?;
        let moved = TransferMoved {
            transfer_id: c.transfer_id,
            from: c.from,
            to: c.to,
            asset: c.asset,
            kind: c.kind,
            amount: c.amount as Atoms,
        };
        let entry_id = self.accounts.next_entry_id;
        self.transfers.used.insert(c.transfer_id);
        if c.pending == 1 {
            self.transfers.pending.insert(c.transfer_id, moved);
            self.events.push(Event::TransferPending(moved));
            self.move_balance(&moved, c.from, -moved.amount, moved.amount);
        } else {
            self.events.push(Event::TransferPosted(moved, false));
            self.move_balance(&moved, c.from, -moved.amount, 0);
            self.move_balance(&moved, c.to, moved.amount, 0);
        }
        outcome.id = entry_id;
        Ok(())
    }

    /// One column of refusals, in the order of the page.
    fn check_transfer(&self, c: &Transfer) -> Result<(), Refusal> {
        refuse(!self.account_exists(c.from) || !self.account_exists(c.to), AccountNotFound)?;
        refuse(c.from == c.to, SameAccount)?;
        refuse(!self.asset_exists(c.asset), AssetNotFound)?;
        refuse(c.kind == 0 || c.kind > LAST_KIND || c.pending > 1, EnumInvalid)?;
        refuse(c.amount == 0 || c.amount > MAX_ATOMS, TransferAmountInvalid)?;
        refuse(c.transfer_id == 0 || self.transfers.used.contains(&c.transfer_id), TransferIdUsed)?;
        let left = self.accounts.available(c.from, c.asset) - c.amount as Atoms;
        refuse(c.from != WORLD && left < 0, InsufficientFunds)?;
        refuse(c.from == WORLD && left < -WORLD_LIMIT, WorldLimit)
    }

    pub(crate) fn post_transfer(&mut self, transfer_id: u128, outcome: &mut Outcome) -> Answer {
        let moved = self.take_pending(transfer_id)?;
        let entry_id = self.accounts.next_entry_id;
        self.events.push(Event::TransferPosted(moved, true));
        self.move_balance(&moved, moved.from, 0, -moved.amount);
        self.move_balance(&moved, moved.to, moved.amount, 0);
        outcome.id = entry_id;
        Ok(())
    }

    pub(crate) fn void_transfer(&mut self, transfer_id: u128, outcome: &mut Outcome) -> Answer {
        let moved = self.take_pending(transfer_id)?;
        let entry_id = self.accounts.next_entry_id;
        self.events.push(Event::TransferVoided(moved));
        self.move_balance(&moved, moved.from, moved.amount, -moved.amount);
        outcome.id = entry_id;
        Ok(())
    }

    fn take_pending(&mut self, transfer_id: u128) -> Result<TransferMoved, Refusal> {
        refuse(!self.transfers.used.contains(&transfer_id), TransferNotFound)?;
        self.transfers.pending.remove(&transfer_id).ok_or(TransferNotPending.into())
    }

    fn move_balance(&mut self, moved: &TransferMoved, account: AccountId, available: Atoms, held: Atoms) {
        let why = (Business::Transfer, moved.transfer_id as u64);
        self.accounts.change(&mut self.events, why, account, moved.asset, Holding { available, held });
    }
}
