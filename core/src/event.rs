//! What happened, in the past tense: enough to rebuild every view without asking the core.

use crate::command::{MarketLimits, PlaceOrder};
use crate::event_buffer::{EventBuffer, Room};
use crate::market::MarketTerms;
use crate::types::{
    AccountId, Amount, AssetId, Atoms, Business, DoneReason, MarketId, Micros, OrderId, Ppm, Price, Side,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    OrderAccepted(OrderAccepted),
    OrderRejected {
        account: AccountId,
        market: MarketId,
        code: u16,
    },
    TradeExecuted(TradeExecuted),
    OrderDone(OrderDone),
    OrderReplaced(OrderReplaced),
    StopTriggered {
        order_id: OrderId,
        account: AccountId,
        market: MarketId,
        last_price: Price,
    },
    BalanceChanged(BalanceChanged),
    BookLevelChanged {
        market: MarketId,
        side: Side,
        orders: u32,
        price: Price,
        amount: Amount,
    },
    TransferPosted(TransferMoved, bool),
    TransferPending(TransferMoved),
    TransferVoided(TransferMoved),
    AccountOpened {
        account: AccountId,
    },
    AssetCreated {
        asset: AssetId,
        scale: u8,
        display_scale: u8,
        code: [u8; 12],
    },
    MarketCreated {
        market: MarketId,
        terms: MarketTerms,
        limits: MarketLimits,
        maker_ppm: Ppm,
        taker_ppm: Ppm,
    },
    MarketLimitsSet {
        market: MarketId,
        limits: MarketLimits,
    },
    MarketStatusSet {
        market: MarketId,
        status: u8,
    },
    MarketFeesSet {
        market: MarketId,
        maker_ppm: Ppm,
        taker_ppm: Ppm,
    },
    AccountFeesSet {
        account: AccountId,
        maker_ppm: Ppm,
        taker_ppm: Ppm,
    },
    MaxOpenOrdersSet {
        count: u32,
    },
    CancelAfterSet {
        account: AccountId,
        due: Micros,
    },
    CancelAfterFired {
        account: AccountId,
        orders: u32,
        due: Micros,
    },
    /// A trade between two markets of a group: as the taker's sees it, and as the maker's does.
    ConvertedTradeExecuted(TradeExecuted, Resting),
    LinkedGroupCreated {
        group: u16,
        base: AssetId,
        anchor: AssetId,
        fee_ppm: Ppm,
        max_age: Micros,
    },
    MarketLinked {
        group: u16,
        market: MarketId,
    },
    MarketUnlinked {
        group: u16,
        market: MarketId,
    },
    LinkedGroupTermsSet {
        group: u16,
        fee_ppm: Ppm,
        max_age: Micros,
    },
    ConversionRateSet {
        group: u16,
        asset: AssetId,
        rate: u64,
    },
    StopTrailed {
        order_id: OrderId,
        account: AccountId,
        market: MarketId,
        trail: u64,
        stop_price: Price,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderAccepted {
    pub order_id: OrderId,
    pub maker_ppm: Ppm,
    pub taker_ppm: Ppm,
    /// As it was asked for.
    pub order: PlaceOrder,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TradeExecuted {
    pub trade_id: u64,
    pub time: Micros,
    pub market: MarketId,
    pub taker_side: Side,
    /// The taker named no price: a market order, or a triggered stop-market one.
    pub taker_market: bool,
    pub maker_account: AccountId,
    pub taker_account: AccountId,
    pub maker_order: OrderId,
    pub taker_order: OrderId,
    pub price: Price,
    pub amount: Amount,
    pub maker_remaining: Amount,
    pub taker_remaining: Amount,
    /// Atoms of quote.
    pub total: Atoms,
    /// In the asset that the maker received.
    pub maker_fee: Atoms,
    /// In the asset that the taker received.
    pub taker_fee: Atoms,
}

/// A converted trade in the market in which the maker's order rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resting {
    pub market: MarketId,
    pub price: Price,
    /// Atoms of that market's quote.
    pub total: Atoms,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderDone {
    pub order_id: OrderId,
    pub account: AccountId,
    pub market: MarketId,
    pub side: Side,
    pub reason: DoneReason,
    pub remaining: Amount,
    /// Over the order's whole life.
    pub filled: Amount,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderReplaced {
    pub order_id: OrderId,
    pub account: AccountId,
    pub market: MarketId,
    pub kept_priority: bool,
    pub price: Price,
    pub amount: Amount,
    pub stop_price: Price,
    pub remaining: Amount,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BalanceChanged {
    pub entry_id: u64,
    pub account: AccountId,
    pub asset: AssetId,
    pub business: Business,
    /// Trade id, order id, or the low 64 bits of the transfer id, by `business`.
    pub reference: u64,
    pub change_available: Atoms,
    pub change_held: Atoms,
    pub available: Atoms,
    pub held: Atoms,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransferMoved {
    pub transfer_id: u128,
    pub from: AccountId,
    pub to: AccountId,
    pub asset: AssetId,
    pub kind: u8,
    pub amount: Atoms,
}

impl EventBuffer {
    #[inline(always)]
    pub fn push(&mut self, event: Event) {
        event.write(self);
    }
}

impl Event {
    /// Inlined, so that the event's kind is known and its fields are written from where they are.
    #[inline(always)]
    fn write(&self, buffer: &mut EventBuffer) {
        match self {
            Event::BalanceChanged(e) => {
                let mut out = buffer.event::<88>(8);
                out.u64(e.entry_id).u32(e.account.0).u16(e.asset.0).u8(e.business as u8).u8(0).u64(e.reference);
                out.i128(e.change_available.0).i128(e.change_held.0).i128(e.available.0).i128(e.held.0);
                out.end();
            }
            Event::BookLevelChanged { market, side, orders, price, amount } => {
                let mut out = buffer.event::<24>(9);
                out.u16(market.0).u8(*side as u8).u8(0).u32(*orders).u64(price.0).u64(amount.0);
                out.end();
            }
            Event::OrderAccepted(e) => {
                let mut out = buffer.event::<92>(2);
                let o = &e.order;
                out.u64(e.order_id.0).u32(o.account.0).u16(o.market.0).u8(o.side).u8(o.order_type).u8(o.tif);
                out.u8(o.flags).u8(o.self_trade).u8(0).u64(o.price.0).u64(o.amount.0).u64(o.stop_price.0);
                out.u64(o.expire_at).u128(o.funds).u128(o.client_id).u32(e.maker_ppm).u32(e.taker_ppm);
                out.end();
            }
            Event::TradeExecuted(e) => {
                let mut out = buffer.event::<124>(4);
                e.write(&mut out);
                out.end();
            }
            Event::OrderDone(e) => {
                let mut out = buffer.event::<32>(5);
                out.u64(e.order_id.0).u32(e.account.0).u16(e.market.0).u8(e.side as u8).u8(e.reason as u8);
                out.u64(e.remaining.0).u64(e.filled.0);
                out.end();
            }
            _ => self.write_rare(buffer),
        }
    }

    #[inline(never)]
    fn write_rare(&self, buffer: &mut EventBuffer) {
        match self {
            Event::OrderRejected { account, market, code } => {
                let mut out = buffer.event::<8>(3);
                out.u32(account.0).u16(market.0).u16(*code);
                out.end();
            }
            Event::OrderReplaced(e) => {
                let mut out = buffer.event::<48>(6);
                out.u64(e.order_id.0).u32(e.account.0).u16(e.market.0).u8(u8::from(e.kept_priority)).u8(0);
                out.u64(e.price.0).u64(e.amount.0).u64(e.stop_price.0).u64(e.remaining.0);
                out.end();
            }
            Event::StopTriggered { order_id, account, market, last_price } => {
                let mut out = buffer.event::<24>(7);
                out.u64(order_id.0).u32(account.0).u16(market.0).u16(0).u64(last_price.0);
                out.end();
            }
            Event::StopTrailed { order_id, account, market, trail, stop_price } => {
                let mut out = buffer.event::<32>(23);
                out.u64(order_id.0).u32(account.0).u16(market.0).u16(0).u64(*trail).u64(stop_price.0);
                out.end();
            }
            Event::TransferPosted(e, was_pending) => e.write(buffer, 10, u8::from(*was_pending)),
            Event::TransferPending(e) => e.write(buffer, 11, 0),
            Event::TransferVoided(e) => e.write(buffer, 12, 0),
            Event::CancelAfterSet { account, due } => {
                let mut out = buffer.event::<12>(21);
                out.u32(account.0).u64(*due);
                out.end();
            }
            Event::CancelAfterFired { account, orders, due } => {
                let mut out = buffer.event::<16>(22);
                out.u32(account.0).u32(*orders).u64(*due);
                out.end();
            }
            Event::ConvertedTradeExecuted(e, resting) => {
                let mut out = buffer.event::<152>(40);
                e.write(&mut out);
                out.u16(resting.market.0).u16(0).u64(resting.price.0).i128(resting.total.0);
                out.end();
            }
            _ => self.write_setting(buffer),
        }
    }

    /// Accounts, assets, markets and their terms.
    #[inline(never)]
    fn write_setting(&self, buffer: &mut EventBuffer) {
        match self {
            Event::AccountOpened { account } => {
                let mut out = buffer.event::<4>(13);
                out.u32(account.0);
                out.end();
            }
            Event::AssetCreated { asset, scale, display_scale, code } => {
                let mut out = buffer.event::<16>(14);
                out.u16(asset.0).u8(*scale).u8(*display_scale).bytes(*code);
                out.end();
            }
            Event::MarketCreated { market, terms, limits, maker_ppm, taker_ppm } => {
                let mut out = buffer.event::<66>(15);
                out.u16(market.0).u16(terms.base.0).u16(terms.quote.0).u8(terms.price_scale).u8(terms.amount_scale);
                out.u8(terms.self_trade as u8).u8(0);
                out.limits(limits);
                out.u32(*maker_ppm).u32(*taker_ppm);
                out.end();
            }
            Event::MarketLimitsSet { market, limits } => {
                let mut out = buffer.event::<50>(16);
                out.u16(market.0);
                out.limits(limits);
                out.end();
            }
            Event::MarketStatusSet { market, status } => {
                let mut out = buffer.event::<3>(17);
                out.u16(market.0).u8(*status);
                out.end();
            }
            Event::MarketFeesSet { market, maker_ppm, taker_ppm } => {
                let mut out = buffer.event::<10>(18);
                out.u16(market.0).u32(*maker_ppm).u32(*taker_ppm);
                out.end();
            }
            Event::AccountFeesSet { account, maker_ppm, taker_ppm } => {
                let mut out = buffer.event::<12>(19);
                out.u32(account.0).u32(*maker_ppm).u32(*taker_ppm);
                out.end();
            }
            Event::MaxOpenOrdersSet { count } => {
                let mut out = buffer.event::<4>(20);
                out.u32(*count);
                out.end();
            }
            _ => self.write_linking(buffer),
        }
    }

    /// Linked groups and their rates.
    #[inline(never)]
    fn write_linking(&self, buffer: &mut EventBuffer) {
        match self {
            Event::LinkedGroupCreated { group, base, anchor, fee_ppm, max_age } => {
                let mut out = buffer.event::<20>(41);
                out.u16(*group).u16(base.0).u16(anchor.0).u16(0).u32(*fee_ppm).u64(*max_age);
                out.end();
            }
            Event::MarketLinked { group, market } => {
                let mut out = buffer.event::<4>(42);
                out.u16(*group).u16(market.0);
                out.end();
            }
            Event::MarketUnlinked { group, market } => {
                let mut out = buffer.event::<4>(43);
                out.u16(*group).u16(market.0);
                out.end();
            }
            Event::LinkedGroupTermsSet { group, fee_ppm, max_age } => {
                let mut out = buffer.event::<16>(44);
                out.u16(*group).u16(0).u32(*fee_ppm).u64(*max_age);
                out.end();
            }
            Event::ConversionRateSet { group, asset, rate } => {
                let mut out = buffer.event::<12>(45);
                out.u16(*group).u16(asset.0).u64(*rate);
                out.end();
            }
            Event::OrderAccepted(_)
            | Event::TradeExecuted(_)
            | Event::OrderDone(_)
            | Event::BalanceChanged(_)
            | Event::BookLevelChanged { .. }
            | Event::OrderRejected { .. }
            | Event::OrderReplaced(_)
            | Event::StopTriggered { .. }
            | Event::StopTrailed { .. }
            | Event::TransferPosted(..)
            | Event::TransferPending(_)
            | Event::TransferVoided(_)
            | Event::CancelAfterSet { .. }
            | Event::CancelAfterFired { .. }
            | Event::ConvertedTradeExecuted(..)
            | Event::AccountOpened { .. }
            | Event::AssetCreated { .. }
            | Event::MarketCreated { .. }
            | Event::MarketLimitsSet { .. }
            | Event::MarketStatusSet { .. }
            | Event::MarketFeesSet { .. }
            | Event::AccountFeesSet { .. }
            | Event::MaxOpenOrdersSet { .. } => unreachable!("written by the callers"),
        }
    }
}

impl TradeExecuted {
    /// 124 bytes.
    #[inline(always)]
    fn write(&self, out: &mut Room<'_>) {
        out.u64(self.trade_id).u64(self.time).u16(self.market.0).u8(self.taker_side as u8);
        out.u8(u8::from(self.taker_market)).u32(self.maker_account.0).u32(self.taker_account.0);
        out.u64(self.maker_order.0).u64(self.taker_order.0).u64(self.price.0).u64(self.amount.0);
        out.u64(self.maker_remaining.0).u64(self.taker_remaining.0);
        out.i128(self.total.0).i128(self.maker_fee.0).i128(self.taker_fee.0);
    }
}

impl TransferMoved {
    fn write(&self, buffer: &mut EventBuffer, kind: u8, flag: u8) {
        let mut out = buffer.event::<44>(kind);
        out.u128(self.transfer_id).u32(self.from.0).u32(self.to.0).u16(self.asset.0).u8(self.kind).u8(flag);
        out.i128(self.amount.0);
        out.end();
    }
}
