//! The ledger: what every account has of every asset, and the only function that changes it.

use std::collections::{BTreeMap, VecDeque};

use crate::audit::{Audit, Broken, Net};
use crate::event::{BalanceChanged, Event};
use crate::event_buffer::EventBuffer;
use crate::types::{
    AccountId, AssetId, Atoms, Business, FIRST_USER_ACCOUNT, NO_FEE_OVERRIDE, OrderId, Ppm, REMEMBERED_CLIENT_IDS,
    WORLD, prefetch,
};

/// One account's holding of one asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    pub asset: AssetId,
    pub available: Atoms,
    pub held: Atoms,
}

/// One account. Most touch two assets: those stand in the account itself, so that a balance costs one cache miss, not two.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    near: [Holding; 2],
    near_assets: [AssetId; 2],
    far: Option<Box<Far>>,
}

/// In `near_assets`: nothing there yet. No asset has this number.
const NO_ASSET: AssetId = AssetId(u16::MAX);

/// What an account has of an asset, or by how much that changes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Holding {
    pub available: Atoms,
    pub held: Atoms,
}

impl Holding {
    #[inline]
    fn is_negative(self) -> bool {
        self.available.0 | self.held.0 < 0
    }
}

/// What few accounts have.
#[derive(Clone, Debug, Default)]
struct Far {
    /// Assets beyond the first two, as they were touched.
    balances: Vec<Balance>,
    fees: Option<(Ppm, Ppm)>,
    client_ids: ClientIds,
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
    pub audit: Audit,
}

/// Why a balance changes: the business, and the trade, order or transfer it is about.
pub(crate) type Why = (Business, u64);

impl Account {
    fn new() -> Account {
        Account { near: [Holding::default(); 2], near_assets: [NO_ASSET; 2], far: None }
    }

    /// Where `asset` stands among the near ones. Which of the two it is alternates unpredictably: no branch decides it.
    #[inline]
    fn near(&self, asset: AssetId) -> Option<usize> {
        let at = usize::from(self.near_assets[1] == asset);
        (self.near_assets[at] == asset).then_some(at)
    }

    #[inline]
    pub fn balance(&self, asset: AssetId) -> Balance {
        if let Some(at) = self.near(asset) {
            let Holding { available, held } = self.near[at];
            return Balance { asset, available, held };
        }
        let far = self.far.as_ref().and_then(|far| far.balances.iter().find(|row| row.asset == asset));
        far.copied().unwrap_or(Balance { asset, available: Atoms::ZERO, held: Atoms::ZERO })
    }

    /// Every touched asset, in order of asset.
    pub fn balances(&self) -> Vec<Balance> {
        let near = self.near_assets.iter().filter(|asset| **asset != NO_ASSET).map(|asset| self.balance(*asset));
        let far = self.far.iter().flat_map(|far| far.balances.iter().copied());
        let mut rows: Vec<Balance> = near.chain(far).collect();
        rows.sort_unstable_by_key(|row| row.asset);
        rows
    }

    /// Adds to a balance and returns it as it then is.
    #[inline]
    fn add(&mut self, asset: AssetId, available: Atoms, held: Atoms) -> Holding {
        let Some(at) = self.near(asset) else {
            return self.add_far(asset, available, held);
        };
        let row = &mut self.near[at];
        row.available += available;
        row.held += held;
        *row
    }

    #[cold]
    fn add_far(&mut self, asset: AssetId, available: Atoms, held: Atoms) -> Holding {
        if let Some(at) = self.near(NO_ASSET) {
            self.near_assets[at] = asset;
            self.near[at] = Holding { available, held };
            return self.near[at];
        }
        let rows = &mut self.far.get_or_insert_default().balances;
        let at = rows.iter().position(|row| row.asset == asset).unwrap_or_else(|| {
            rows.push(Balance { asset, available: Atoms::ZERO, held: Atoms::ZERO });
            rows.len() - 1
        });
        rows[at].available += available;
        rows[at].held += held;
        Holding { available: rows[at].available, held: rows[at].held }
    }

    #[inline]
    pub fn fees(&self) -> Option<(Ppm, Ppm)> {
        self.far.as_ref().and_then(|far| far.fees)
    }

    pub fn set_fees(&mut self, fees: Option<(Ppm, Ppm)>) {
        if fees.is_some() || self.far.is_some() {
            self.far.get_or_insert_default().fees = fees;
        }
    }

    pub fn client_ids(&self) -> Option<&ClientIds> {
        self.far.as_ref().map(|far| &far.client_ids)
    }

    /// Puts a balance back as a snapshot has it.
    pub fn restore_balance(&mut self, balance: Balance) {
        self.add(balance.asset, balance.available, balance.held);
    }
}

impl Accounts {
    pub fn new() -> Accounts {
        let rows = (0..FIRST_USER_ACCOUNT.0).map(|_| Account::new()).collect();
        Accounts { rows, next_entry_id: 1, audit: Audit::default() }
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn open(&mut self) -> AccountId {
        self.rows.push(Account::new());
        AccountId::at(self.rows.len() - 1)
    }

    #[inline]
    pub fn get(&self, account: AccountId) -> Option<&Account> {
        self.rows.get(account.index())
    }

    pub fn get_mut(&mut self, account: AccountId) -> &mut Account {
        &mut self.rows[account.index()]
    }

    pub fn iter(&self) -> impl Iterator<Item = &Account> {
        self.rows.iter()
    }

    #[inline]
    pub fn prefetch(&self, account: AccountId) {
        if let Some(row) = self.rows.get(account.index()) {
            // An account spans two cache lines.
            prefetch(&row.near);
            prefetch(&row.far);
        }
    }

    #[inline]
    pub fn available(&self, account: AccountId, asset: AssetId) -> Atoms {
        self.rows[account.index()].balance(asset).available
    }

    /// Changes one balance and writes the event: no money moves anywhere else. What it changes the asset's sum by is the caller's to close.
    #[inline(always)]
    pub fn change(
        &mut self,
        events: &mut EventBuffer,
        why: Why,
        account: AccountId,
        asset: AssetId,
        change: Holding,
    ) -> Net {
        let row = self.rows[account.index()].add(asset, change.available, change.held);
        let entry_id = self.next_entry_id;
        self.next_entry_id += 1;
        events.push(Event::BalanceChanged(BalanceChanged {
            entry_id,
            account,
            asset,
            business: why.0,
            reference: why.1,
            change_available: change.available,
            change_held: change.held,
            available: row.available,
            held: row.held,
        }));
        // Last, when little is left to be remembered around the call that hardly ever comes.
        if row.is_negative() {
            self.found_negative(events, account, asset);
        }
        Net::of(change.available + change.held)
    }

    #[cold]
    #[inline(never)]
    fn found_negative(&mut self, events: &EventBuffer, account: AccountId, asset: AssetId) {
        if account != WORLD {
            self.audit.found(events.command_seq(), Broken::Negative { account, asset });
        }
    }

    /// Moves `atoms` of an account from available to held, or back where they are negative.
    #[inline(always)]
    pub fn hold(&mut self, events: &mut EventBuffer, why: Why, account: AccountId, asset: AssetId, atoms: Atoms) {
        let net = self.change(events, why, account, asset, Holding { available: -atoms, held: atoms });
        self.audit.close(events.command_seq(), asset, net);
    }

    /// (maker, taker) rates a new order of this account gets where the market asks `market`.
    #[inline]
    pub fn fees(&self, account: AccountId, market: (Ppm, Ppm)) -> (Ppm, Ppm) {
        self.rows[account.index()].fees().unwrap_or(market)
    }

    /// The order that used this client id, while it is remembered.
    pub fn order_by_client_id(&self, account: AccountId, client_id: u128) -> Option<OrderId> {
        self.rows[account.index()].client_ids()?.orders.get(&client_id).copied()
    }

    pub fn remember_client_id(&mut self, account: AccountId, client_id: u128, order_id: OrderId) {
        let far = self.rows[account.index()].far.get_or_insert_default();
        far.client_ids.orders.insert(client_id, order_id);
    }

    /// From here on the id (0: none) is one of the last finished ones.
    #[inline]
    pub fn finish_client_id(&mut self, account: AccountId, client_id: u128) {
        if client_id != 0 {
            self.rows[account.index()].far.get_or_insert_default().client_ids.finish(client_id);
        }
    }

    /// The fee fields as they are journaled: both [`NO_FEE_OVERRIDE`] for none.
    pub fn fee_fields(&self, account: AccountId) -> (Ppm, Ppm) {
        self.rows[account.index()].fees().unwrap_or((NO_FEE_OVERRIDE, NO_FEE_OVERRIDE))
    }
}
