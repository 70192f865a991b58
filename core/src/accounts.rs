//! The ledger: what every account has of every asset, and the only function that changes it.

use std::collections::{BTreeMap, VecDeque};

use crate::event::{BalanceChanged, Event};
use crate::types::{
    AccountId, AssetId, Atoms, Business, FIRST_USER_ACCOUNT, NO_FEE_OVERRIDE, OrderId, Ppm, REMEMBERED_CLIENT_IDS,
};

/// One account's holding of one asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    pub asset: AssetId,
    pub available: Atoms,
    pub held: Atoms,
}

#[derive(Clone, Debug)]
pub(crate) struct Account {
    /// Only touched assets, in order of asset: a handful, so a walk beats any index.
    pub balances: Vec<Balance>,
    pub fees: Option<(Ppm, Ppm)>,
    pub client_ids: Option<Box<ClientIds>>,
}

/// Client order ids an account may not use again yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct ClientIds {
    orders: BTreeMap<u128, OrderId>,
    finished: VecDeque<u128>,
}

impl ClientIds {
    fn finish(&mut self, client_id: u128) {
        self.finished.push_back(client_id);
        if self.finished.len() > REMEMBERED_CLIENT_IDS {
            let oldest = self.finished.pop_front().expect("just grew beyond the limit");
            self.orders.remove(&oldest);
        }
    }

    pub fn finished(&self) -> impl ExactSizeIterator<Item = (u128, OrderId)> + '_ {
        self.finished.iter().map(|id| (*id, self.orders[id]))
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Accounts {
    rows: Vec<Account>,
    pub next_entry_id: u64,
}

/// A change of one balance, before it has a number.
#[derive(Clone, Copy)]
pub(crate) struct Change {
    pub account: AccountId,
    pub asset: AssetId,
    pub business: Business,
    pub reference: u64,
    pub available: Atoms,
    pub held: Atoms,
}

impl Account {
    fn new() -> Account {
        Account { balances: Vec::new(), fees: None, client_ids: None }
    }

    #[inline]
    pub fn balance(&self, asset: AssetId) -> Balance {
        match self.balances.iter().find(|row| row.asset == asset) {
            Some(row) => *row,
            None => Balance { asset, available: 0, held: 0 },
        }
    }

    #[inline]
    fn balance_mut(&mut self, asset: AssetId) -> &mut Balance {
        let at = match self.balances.iter().position(|row| row.asset >= asset) {
            Some(at) if self.balances[at].asset == asset => at,
            Some(at) => self.insert(at, asset),
            None => self.insert(self.balances.len(), asset),
        };
        &mut self.balances[at]
    }

    #[cold]
    fn insert(&mut self, at: usize, asset: AssetId) -> usize {
        // A trader touches two assets at first; growing by doubling from four would waste memory on a million accounts.
        self.balances.reserve_exact(if self.balances.is_empty() { 2 } else { 1 });
        self.balances.insert(at, Balance { asset, available: 0, held: 0 });
        at
    }
}

impl Accounts {
    pub fn new() -> Accounts {
        let rows = (0..FIRST_USER_ACCOUNT).map(|_| Account::new()).collect();
        Accounts { rows, next_entry_id: 1 }
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn open(&mut self) -> AccountId {
        self.rows.push(Account::new());
        (self.rows.len() - 1) as AccountId
    }

    #[inline]
    pub fn get(&self, account: AccountId) -> Option<&Account> {
        self.rows.get(account as usize)
    }

    pub fn get_mut(&mut self, account: AccountId) -> &mut Account {
        &mut self.rows[account as usize]
    }

    pub fn iter(&self) -> impl Iterator<Item = &Account> {
        self.rows.iter()
    }

    #[inline]
    pub fn available(&self, account: AccountId, asset: AssetId) -> Atoms {
        self.rows[account as usize].balance(asset).available
    }

    /// Moves one balance and tells: no money moves anywhere else.
    #[inline]
    pub fn change(&mut self, events: &mut Vec<Event>, change: Change) {
        let row = self.rows[change.account as usize].balance_mut(change.asset);
        row.available += change.available;
        row.held += change.held;
        debug_assert!(change.account == crate::types::WORLD || (row.available >= 0 && row.held >= 0));
        events.push(Event::BalanceChanged(BalanceChanged {
            entry_id: self.next_entry_id,
            account: change.account,
            asset: change.asset,
            business: change.business,
            reference: change.reference,
            change_available: change.available,
            change_held: change.held,
            available: row.available,
            held: row.held,
        }));
        self.next_entry_id += 1;
    }

    /// (maker, taker) rates a new order of this account gets where the market asks `market`.
    #[inline]
    pub fn fees(&self, account: AccountId, market: (Ppm, Ppm)) -> (Ppm, Ppm) {
        self.rows[account as usize].fees.unwrap_or(market)
    }

    /// The order that used this client id, while it is remembered.
    pub fn order_by_client_id(&self, account: AccountId, client_id: u128) -> Option<OrderId> {
        self.rows[account as usize].client_ids.as_ref()?.orders.get(&client_id).copied()
    }

    pub fn remember_client_id(&mut self, account: AccountId, client_id: u128, order_id: OrderId) {
        if client_id != 0 {
            let ids = self.rows[account as usize].client_ids.get_or_insert_default();
            ids.orders.insert(client_id, order_id);
        }
    }

    /// From here on the id is one of the last finished ones.
    pub fn finish_client_id(&mut self, account: AccountId, client_id: u128) {
        if client_id != 0 {
            self.rows[account as usize].client_ids.get_or_insert_default().finish(client_id);
        }
    }

    /// The fee fields as they are journaled: both [`NO_FEE_OVERRIDE`] for none.
    pub fn fee_fields(&self, account: AccountId) -> (Ppm, Ppm) {
        self.rows[account as usize].fees.unwrap_or((NO_FEE_OVERRIDE, NO_FEE_OVERRIDE))
    }
}
