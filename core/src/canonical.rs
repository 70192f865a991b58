//! The canonical state: the snapshot's bytes, and what the state hash is taken of. Laid down in docs/internals/core.md.

use std::fmt;

use crate::accounts::{Account, Accounts, Balance};
use crate::command::MarketLimits;
use crate::core::{Asset, Core};
use crate::event::TransferMoved;
use crate::linked::{LinkedGroup, MAX_RATE, Rate};
use crate::market::{HALTED, Market, MarketTerms};
use crate::order::{Order, Rare};
use crate::trailing::{Trail, TrailingStop};
use crate::types::{
    AccountId, Amount, AssetId, Atoms, FIRST_USER_ACCOUNT, MAX_SCALE, MarketId, NO_FEE_OVERRIDE, ONE_CANCELS_OTHER,
    ORDER_FLAGS, OrderId, OrderType, POST_ONLY, PPM, Price, SelfTrade, Side, TimeInForce, WORLD,
};
use crate::wire::{Fields, Sink, write_limits};

/// Bytes that are no canonical state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestoreError;

impl fmt::Display for RestoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("these bytes are no canonical state of the core")
    }
}

impl std::error::Error for RestoreError {}

impl Core {
    pub fn state_hash(&self) -> [u8; 32] {
        *blake3::hash(&self.snapshot()).as_bytes()
    }

    pub fn snapshot(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let out = &mut Sink(&mut bytes);
        out.u64(self.seq).u64(self.time).u64(self.next_order_id.0).u64(self.next_trade_id);
        out.u64(self.accounts.next_entry_id).u64(self.last_trade_time).u32(self.max_open_orders);
        out.u16(self.assets.len() as u16);
        for asset in &self.assets {
            out.bytes(&asset.code).u8(asset.scale).u8(asset.display_scale);
        }
        out.u16(self.markets.len() as u16);
        for market in &self.markets {
            self.write_market(out, market);
        }
        self.write_accounts(out);
        out.u32(self.transfers.pending.len() as u32);
        for moved in self.transfers.pending.values() {
            out.u128(moved.transfer_id).u32(moved.from.0).u32(moved.to.0).u16(moved.asset.0).u8(moved.kind);
            out.u128(moved.amount.unsigned());
        }
        out.u64(self.transfers.used.len() as u64);
        for id in &self.transfers.used {
            out.u128(*id);
        }
        self.write_tail(out);
        bytes
    }

    fn write_groups(&self, out: &mut Sink<'_>) {
        out.u16(self.groups.len() as u16);
        for group in &self.groups {
            out.u16(group.base.0).u16(group.anchor.0).u32(group.fee_ppm).u64(group.max_age);
            out.u16(group.markets.len() as u16);
            for market in &group.markets {
                out.u16(market.0);
            }
            out.u16(group.rates.len() as u16);
            for (asset, rate) in &group.rates {
                out.u16(asset.0).u64(rate.rate).u64(rate.set_at);
            }
        }
    }

    fn write_market(&self, out: &mut Sink<'_>, market: &Market) {
        let terms = &market.terms;
        out.u16(terms.base.0).u16(terms.quote.0).u8(terms.price_scale).u8(terms.amount_scale);
        out.u8(terms.self_trade as u8).u8(market.status);
        write_limits(out, &market.limits);
        out.u32(market.maker_ppm).u32(market.taker_ppm).u64(market.last_price.0);
        for side in [Side::Buy, Side::Sell] {
            out.u32(market.book.best_first(side).map(|level| level.orders).sum());
            for level in market.book.best_first(side) {
                for slot in level.slots(&self.orders) {
                    write_order(out, &self.orders.order(slot));
                }
            }
        }
        let stops = market.book.stops.ids();
        out.u32(stops.len() as u32);
        for id in stops {
            let slot = self.orders.find(id).expect("a waiting stop is live");
            write_order(out, &self.order_at(slot));
        }
    }

    /// The sections that are left out from the last one with rows on: states from before there were such commands keep their bytes.
    fn write_tail(&self, out: &mut Sink<'_>) {
        let armed = self.cancel_afters.iter();
        let mut trailing: Vec<TrailingStop> = Vec::new();
        for stops in self.markets.iter().map(|market| &market.book.stops) {
            trailing.extend(stops.trailing_ids().filter_map(|id| stops.trailing(id)).map(|(stop, _)| stop));
        }
        if armed.len() > 0 || !self.groups.is_empty() || !trailing.is_empty() {
            out.u32(armed.len() as u32);
            for (account, due) in armed {
                out.u32(account.0).u64(due);
            }
        }
        if !self.groups.is_empty() || !trailing.is_empty() {
            self.write_groups(out);
        }
        if !trailing.is_empty() {
            trailing.sort_unstable_by_key(|stop| stop.order_id);
            out.u32(trailing.len() as u32);
            for stop in trailing {
                out.u64(stop.order_id.0).u64(stop.trail.value).u64(stop.extreme.0);
            }
        }
    }

    fn write_accounts(&self, out: &mut Sink<'_>) {
        out.u32(self.accounts.len() as u32);
        for (id, account) in self.accounts.iter().enumerate() {
            let (maker_ppm, taker_ppm) = self.accounts.fee_fields(AccountId::at(id));
            out.u32(maker_ppm).u32(taker_ppm);
            let mut rows = account.balances();
            rows.retain(|row| !row.available.is_zero() || !row.held.is_zero());
            out.u16(rows.len() as u16);
            for row in &rows {
                out.u16(row.asset.0).i128(row.available.0).i128(row.held.0);
            }
            match account.client_ids() {
                None => {
                    out.u32(0);
                }
                Some(ids) => {
                    let finished = ids.finished();
                    out.u32(finished.len() as u32);
                    for (client_id, order_id) in finished {
                        out.u128(client_id).u64(order_id.0);
                    }
                }
            }
        }
    }

    /// Builds the state that [`Core::snapshot`] wrote.
    pub fn restore(bytes: &[u8]) -> Result<Core, RestoreError> {
        let mut fields = Fields(bytes);
        let core = read_core(&mut fields).ok_or(RestoreError)?;
        // Reading back what was understood must give the same bytes: no second encoding of one state, no unread rest.
        if core.snapshot() == bytes && core.is_balanced() { Ok(core) } else { Err(RestoreError) }
    }
}

fn write_order(out: &mut Sink<'_>, order: &Order) {
    let rare = &order.rare;
    out.u64(order.order_id.0).u32(order.account.0).u8(order.order_type as u8).u8(order.side as u8);
    out.u8(order.tif as u8).u8(order.flags).u8(order.self_trade as u8);
    out.u64(order.price.0).u64(order.amount.0).u64(order.filled.0).u64(rare.stop_price.0).u64(rare.expire_at);
    out.u128(rare.funds).u128(rare.client_id).u32(order.maker_ppm).u32(order.taker_ppm).u64(order.created);
}

fn read_core(f: &mut Fields<'_>) -> Option<Core> {
    let mut core = Core::new();
    core.seq = f.u64()?;
    core.time = f.u64()?;
    core.next_order_id = OrderId(f.u64()?);
    core.next_trade_id = f.u64()?;
    let next_entry_id = f.u64()?;
    core.last_trade_time = f.u64()?;
    core.max_open_orders = f.u32()?;
    for _ in 0..f.u16()? {
        let asset = Asset { code: f.bytes()?, scale: f.u8()?, display_scale: f.u8()? };
        if asset.scale > MAX_SCALE || asset.display_scale > asset.scale {
            return None;
        }
        core.assets.push(asset);
    }
    let mut orders = Vec::new();
    for id in 0..f.u16()? {
        read_market(f, &mut core, MarketId(id), &mut orders)?;
    }
    read_accounts(f, &mut core)?;
    core.accounts.next_entry_id = next_entry_id;
    for order in &orders {
        place_again(&mut core, order)?;
    }
    for _ in 0..f.u32()? {
        let moved = TransferMoved {
            transfer_id: f.u128()?,
            from: AccountId(f.u32()?),
            to: AccountId(f.u32()?),
            asset: AssetId(f.u16()?),
            kind: f.u8()?,
            amount: i128::try_from(f.u128()?).map(Atoms).ok()?,
        };
        if !core.account_exists(moved.from) || !core.account_exists(moved.to) || !core.asset_exists(moved.asset) {
            return None;
        }
        core.transfers.pending.insert(moved.transfer_id, moved);
    }
    for _ in 0..f.u64()? {
        core.transfers.used.insert(f.u128()?);
    }
    if !f.0.is_empty() {
        read_cancel_afters(f, &mut core)?;
    }
    if !f.0.is_empty() {
        for group in 0..f.u16()? {
            read_group(f, &mut core, group)?;
        }
    }
    if !f.0.is_empty() {
        read_trailing(f, &mut core)?;
    }
    orders.iter().all(|order| has_its_limit_leg(&core, order)).then_some(core)
}

/// Takes the stops that trail into their index, where `place_again` left them out.
fn read_trailing(f: &mut Fields<'_>, core: &mut Core) -> Option<()> {
    for _ in 0..f.u32()? {
        let (order_id, value, extreme) = (OrderId(f.u64()?), f.u64()?, Price(f.u64()?));
        let order = core.orders.order(core.orders.find(order_id)?);
        let trail = Trail::by(order.flags, value).filter(|trail| trail.is_valid() && !extreme.is_none())?;
        let stops = &mut core.markets[order.market.index()].book.stops;
        if !order.is_waiting() || stops.trailing(order_id).is_some() {
            return None;
        }
        stops.insert_trailing(order.awaited(), TrailingStop { order_id, trail, extreme });
    }
    Some(())
}

/// A stop leg that waits has a limit leg that rests without a fill.
fn has_its_limit_leg(core: &Core, stop: &Order) -> bool {
    if stop.flags & ONE_CANCELS_OTHER == 0 || !stop.is_waiting() {
        return true;
    }
    let before = OrderId(stop.order_id.0.wrapping_sub(1));
    core.orders.find(before).map(|slot| core.orders.order(slot)).is_some_and(|limit| {
        let pair = |order: &Order| (order.account, order.market, order.side, order.amount);
        limit.flags & ONE_CANCELS_OTHER != 0
            && limit.order_type == OrderType::Limit
            && limit.filled.is_zero()
            && pair(&limit) == pair(stop)
    })
}

fn read_cancel_afters(f: &mut Fields<'_>, core: &mut Core) -> Option<()> {
    for _ in 0..f.u32()? {
        let (account, due) = (AccountId(f.u32()?), f.u64()?);
        if account < FIRST_USER_ACCOUNT || !core.account_exists(account) || due == 0 {
            return None;
        }
        core.cancel_afters.arm(account, due);
    }
    Some(())
}

fn read_group(f: &mut Fields<'_>, core: &mut Core, number: u16) -> Option<()> {
    let (base, anchor, fee_ppm, max_age) = (AssetId(f.u16()?), AssetId(f.u16()?), f.u32()?, f.u64()?);
    if !core.asset_exists(base) || !core.asset_exists(anchor) || fee_ppm > PPM {
        return None;
    }
    core.groups.push(LinkedGroup::new(base, anchor, fee_ppm, max_age));
    for _ in 0..f.u16()? {
        let market = MarketId(f.u16()?);
        if !core.market_exists(market) || core.market(market).link.is_some() || !core.fits_group(number, market) {
            return None;
        }
        let markets = &mut core.groups[usize::from(number)].markets;
        if markets.last().is_some_and(|last| *last >= market) {
            return None;
        }
        markets.push(market);
    }
    for _ in 0..f.u16()? {
        let (asset, rate, set_at) = (AssetId(f.u16()?), f.u64()?, f.u64()?);
        if !core.asset_exists(asset) || asset == base || asset == anchor || rate == 0 || rate > MAX_RATE {
            return None;
        }
        core.groups[usize::from(number)].rates.insert(asset, Rate { rate, set_at });
    }
    core.recompute_group(number);
    Some(())
}

fn read_market(f: &mut Fields<'_>, core: &mut Core, id: MarketId, orders: &mut Vec<Order>) -> Option<()> {
    let (base, quote) = (AssetId(f.u16()?), AssetId(f.u16()?));
    let (price_scale, amount_scale) = (f.u8()?, f.u8()?);
    let self_trade = SelfTrade::from_u8(f.u8()?)?;
    let status = f.u8()?;
    let limits = MarketLimits {
        min_price: Price(f.u64()?),
        max_price: Price(f.u64()?),
        min_amount: Amount(f.u64()?),
        max_amount: Amount(f.u64()?),
        min_total: f.u128()?,
    };
    let scale = |asset: AssetId| core.assets.get(asset.index()).map(|found| (asset, found.scale));
    let terms = MarketTerms::new(scale(base)?, scale(quote)?, price_scale, amount_scale, self_trade)?;
    if status > HALTED || !terms.limits_valid(&limits) {
        return None;
    }
    let mut market = Market::new(id, terms, limits, f.u32()?, f.u32()?);
    market.status = status;
    market.last_price = Price(f.u64()?);
    core.markets.push(market);
    for _ in 0..3 {
        for _ in 0..f.u32()? {
            orders.push(read_order(f, id)?);
        }
    }
    Some(())
}

fn read_order(f: &mut Fields<'_>, market: MarketId) -> Option<Order> {
    let order = Order {
        market,
        order_id: OrderId(f.u64()?),
        account: AccountId(f.u32()?),
        order_type: OrderType::from_u8(f.u8()?)?,
        side: Side::from_u8(f.u8()?)?,
        tif: TimeInForce::from_u8(f.u8()?)?,
        flags: f.u8()?,
        self_trade: SelfTrade::from_u8(f.u8()?)?,
        price: Price(f.u64()?),
        amount: Amount(f.u64()?),
        filled: Amount(f.u64()?),
        rare: Rare { stop_price: Price(f.u64()?), expire_at: f.u64()?, funds: f.u128()?, client_id: f.u128()? },
        maker_ppm: f.u32()?,
        taker_ppm: f.u32()?,
        created: f.u64()?,
    };
    let flags = match order.flags {
        0 | POST_ONLY | ONE_CANCELS_OTHER => true,
        flags if flags == ONE_CANCELS_OTHER | POST_ONLY => true,
        flags => (flags <= ORDER_FLAGS || Trail::by(flags, 0).is_some()) && !order.rare.stop_price.is_none(),
    };
    let sane = flags && order.filled <= order.amount;
    sane.then_some(order)
}

impl Core {
    /// Of each asset the world owes exactly what the others own, and none of them less than nothing.
    fn is_balanced(&self) -> bool {
        let others = self.accounts.iter().skip(WORLD.index() + 1);
        self.totals().iter().all(|(world, available, held)| (*world + *available + *held).is_zero())
            && others.flat_map(Account::balances).all(|row| row.available >= Atoms::ZERO && row.held >= Atoms::ZERO)
    }
}

/// Puts an order back where it stood. Balances already show what it holds.
fn place_again(core: &mut Core, order: &Order) -> Option<()> {
    let fits = core.account_exists(order.account)
        && order.order_id < core.next_order_id
        && core.orders.find(order.order_id).is_none();
    if !fits {
        return None;
    }
    if order.rare.client_id != 0 {
        core.accounts.remember_client_id(order.account, order.rare.client_id, order.order_id);
    }
    let slot = core.shelve(order);
    let book = &mut core.markets[order.market.index()].book;
    if order.order_type.is_stop() && order.trails() {
        return Some(());
    }
    if order.order_type.is_stop() {
        book.stops.insert(order.awaited(), order.rare.stop_price, order.order_id);
        return Some(());
    }
    book.amount_at(order.side, order.price).checked_add(order.remaining())?;
    book.push(&mut core.orders, slot);
    Some(())
}

fn read_accounts(f: &mut Fields<'_>, core: &mut Core) -> Option<()> {
    let count = f.u32()?;
    if count < FIRST_USER_ACCOUNT.0 {
        return None;
    }
    for account in (0..count).map(AccountId) {
        if account >= FIRST_USER_ACCOUNT {
            core.accounts.open();
            core.orders.open_account(account);
        }
        let fees = (f.u32()?, f.u32()?);
        if fees != (NO_FEE_OVERRIDE, NO_FEE_OVERRIDE) {
            core.accounts.get_mut(account).set_fees(Some(fees));
        }
        for _ in 0..f.u16()? {
            let (asset, available, held) = (AssetId(f.u16()?), Atoms(f.i128()?), Atoms(f.i128()?));
            if !core.asset_exists(asset) {
                return None;
            }
            core.accounts.get_mut(account).restore_balance(Balance { asset, available, held });
        }
        read_client_ids(f, &mut core.accounts, account)?;
    }
    Some(())
}

fn read_client_ids(f: &mut Fields<'_>, accounts: &mut Accounts, account: AccountId) -> Option<()> {
    for _ in 0..f.u32()? {
        let (client_id, order_id) = (f.u128()?, OrderId(f.u64()?));
        if client_id == 0 || accounts.order_by_client_id(account, client_id).is_some() {
            return None;
        }
        accounts.remember_client_id(account, client_id, order_id);
        accounts.finish_client_id(account, client_id);
    }
    Some(())
}
