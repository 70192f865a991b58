//! Armed cancel-afters: when an account's orders are cancelled unless its owner asks for more time first.

use std::collections::{BTreeMap, BTreeSet};

use crate::types::{AccountId, Micros};

/// At most one for each account.
#[derive(Clone, Debug, Default)]
pub(crate) struct CancelAfters {
    by_account: BTreeMap<AccountId, Micros>,
    by_due: BTreeSet<(Micros, AccountId)>,
}

impl CancelAfters {
    /// In place of the one that the account had.
    pub fn arm(&mut self, account: AccountId, due: Micros) {
        self.disarm(account);
        self.by_account.insert(account, due);
        self.by_due.insert((due, account));
    }

    pub fn disarm(&mut self, account: AccountId) {
        if let Some(due) = self.by_account.remove(&account) {
            self.by_due.remove(&(due, account));
        }
    }

    /// The account's, where it is armed.
    pub fn due(&self, account: AccountId) -> Option<Micros> {
        self.by_account.get(&account).copied()
    }

    /// The next to fire: the earliest, of equal ones that of the lowest account.
    pub fn first(&self) -> Option<(Micros, AccountId)> {
        self.by_due.first().copied()
    }

    /// In order of account.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (AccountId, Micros)> + '_ {
        self.by_account.iter().map(|(account, due)| (*account, *due))
    }
}
