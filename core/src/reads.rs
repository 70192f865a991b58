//! Reads: pure functions of the log.

use crate::accounts::Balance;
use crate::core::Core;
use crate::decimal;
use crate::event::TransferMoved;
use crate::linked::LinkedGroup;
use crate::market::Market;
use crate::order::Order;
use crate::types::{
    ALL_MARKETS, AccountId, Amount, AssetId, Atoms, MarketId, Micros, OrderId, Ppm, Price, Side, WORLD,
};

impl Core {
    pub fn seq(&self) -> u64 {
        self.seq
    }

    pub fn time(&self) -> Micros {
        self.time
    }

    pub fn next_order_id(&self) -> OrderId {
        self.next_order_id
    }

    pub fn next_trade_id(&self) -> u64 {
        self.next_trade_id
    }

    pub fn next_entry_id(&self) -> u64 {
        self.accounts.next_entry_id
    }

    /// How many accounts there are, system accounts included.
    pub fn accounts(&self) -> usize {
        self.accounts.len()
    }

    /// (code, scale, display_scale) of every asset.
    pub fn assets(&self) -> impl ExactSizeIterator<Item = (&str, u8, u8)> {
        self.assets.iter().map(|asset| {
            let length = asset.code.iter().position(|byte| *byte == 0).unwrap_or(asset.code.len());
            let code = std::str::from_utf8(&asset.code[..length]).expect("checked to be ASCII");
            (code, asset.scale, asset.display_scale)
        })
    }

    pub fn markets(&self) -> &[Market] {
        &self.markets
    }

    pub fn balance(&self, account: AccountId, asset: AssetId) -> Option<Balance> {
        self.accounts.get(account).map(|found| found.balance(asset))
    }

    /// The assets that the account touched, in order of asset.
    pub fn balances(&self, account: AccountId) -> Option<Vec<Balance>> {
        self.accounts.get(account).map(|found| found.balances())
    }

    /// `pieces` with, between each two of them, what `account` has available of the next asset: cut to its display scale, in shortest fixed notation.
    ///
    /// `None` when there is no such account, or not one piece more than there are assets.
    pub fn available_text(&self, account: AccountId, pieces: &[String]) -> Option<String> {
        let account = self.accounts.get(account).filter(|_| pieces.len() == self.assets.len() + 1)?;
        let mut text = Vec::with_capacity(32 * pieces.len());
        for (id, piece) in pieces.iter().enumerate() {
            text.extend_from_slice(piece.as_bytes());
            if let Some(asset) = self.assets.get(id) {
                let available = account.balance(AssetId::at(id)).available;
                decimal::append_shown(&mut text, available.0, asset.scale, asset.display_scale);
            }
        }
        // Checked once: for a text that grows number by number the digits of each would be.
        Some(String::from_utf8(text).expect("pieces are text and digits ASCII"))
    }

    /// (maker, taker) rates that a new order would get.
    pub fn account_fees(&self, account: AccountId, market: MarketId) -> Option<(Ppm, Ppm)> {
        let market = self.markets.get(market.index())?;
        self.account_exists(account).then(|| self.accounts.fees(account, (market.maker_ppm, market.taker_ppm)))
    }

    pub fn order(&self, order_id: OrderId) -> Option<Order> {
        Some(self.order_at(self.orders.find(order_id)?))
    }

    /// How far a waiting stop trails behind the price, in its own unit; 0 for any other order.
    pub fn trail(&self, order: &Order) -> u64 {
        let stops = &self.market(order.market).book.stops;
        stops.trailing(order.order_id).map_or(0, |(stop, _)| stop.trail.value)
    }

    /// An account's live orders in order of id.
    pub fn open_orders(&self, account: AccountId, market: MarketId) -> Vec<Order> {
        let mut found: Vec<Order> = self
            .orders
            .of_account(account)
            .map(|slot| self.order_at(slot))
            .filter(|order| market == ALL_MARKETS || order.market == market)
            .collect();
        found.sort_unstable_by_key(|order| order.order_id);
        found
    }

    pub fn open_order_count(&self, account: AccountId) -> Option<u32> {
        self.account_exists(account).then(|| self.orders.count_of(account))
    }

    pub fn order_by_client_id(&self, account: AccountId, client_id: u128) -> Option<OrderId> {
        self.account_exists(account).then(|| self.accounts.order_by_client_id(account, client_id))?
    }

    /// Levels of one side, best first.
    pub fn depth(&self, market: MarketId, side: Side) -> impl Iterator<Item = (Price, Amount)> + '_ {
        let levels = self.markets.get(market.index()).map(|market| market.book.best_first(side));
        levels.into_iter().flatten().map(|level| (level.price, level.amount))
    }

    pub fn linked_groups(&self) -> &[LinkedGroup] {
        &self.groups
    }

    /// The number of the group that the market is in.
    pub fn linked_group_of(&self, market: MarketId) -> Option<u16> {
        Some(self.markets.get(market.index())?.link?.group)
    }

    /// How many orders rest or wait in a market.
    pub fn live_orders(&self, market: MarketId) -> usize {
        let Some(market) = self.markets.get(market.index()) else {
            return 0;
        };
        let resting = |side| market.book.best_first(side).map(|level| level.orders as usize).sum::<usize>();
        resting(Side::Buy) + resting(Side::Sell) + market.book.stops.len()
    }

    /// When time has to be advanced next: a live order ends then, or a cancel-after fires.
    pub fn next_expiry(&self) -> Option<Micros> {
        let expiry = self.expiries.first().map(|(expire_at, _)| *expire_at);
        let due = self.cancel_afters.first().map(|(due, _)| due);
        [expiry, due].into_iter().flatten().min()
    }

    /// When the account's orders are cancelled; `Some(0)`: that is not armed. `None`: no such account.
    pub fn cancel_after(&self, account: AccountId) -> Option<Micros> {
        self.account_exists(account).then(|| self.cancel_afters.due(account).unwrap_or(0))
    }

    /// How many commands changed assets, markets, fees or limits since this core was made or restored.
    pub fn catalogue_changes(&self) -> u64 {
        self.catalogue_changes
    }

    pub fn pending_transfers(&self) -> impl Iterator<Item = &TransferMoved> {
        self.transfers.pending.values()
    }

    pub fn pending_transfer(&self, transfer_id: u128) -> Option<&TransferMoved> {
        self.transfers.pending.get(&transfer_id)
    }

    pub fn transfer_used(&self, transfer_id: u128) -> bool {
        self.transfers.used.contains(&transfer_id)
    }

    /// Per asset (world, everybody else's available, everybody else's held).
    pub fn totals(&self) -> Vec<(Atoms, Atoms, Atoms)> {
        let mut totals = vec![(Atoms::ZERO, Atoms::ZERO, Atoms::ZERO); self.assets.len()];
        for (id, account) in self.accounts.iter().enumerate() {
            for row in account.balances() {
                let total = &mut totals[row.asset.index()];
                if id == WORLD.index() {
                    total.0 += row.available + row.held;
                } else {
                    total.1 += row.available;
                    total.2 += row.held;
                }
            }
        }
        totals
    }
}
