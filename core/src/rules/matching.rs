//! Matching: a taker against the opposite side of the book, and what becomes of what is left of it.

use crate::accounts::Holding;
use crate::book::Level;
use crate::core::Core;
use crate::event::{Event, TradeExecuted};
use crate::order::Order;
use crate::orders::{LiveOrder, NIL};
use crate::outcome::{Outcome, Status};
use crate::types::{Amount, Atoms, Business, DoneReason, FEES, ONE_CANCELS_OTHER, SelfTrade, Side, TimeInForce, fee};

/// What an order did as a taker within one command.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TakerFill {
    pub filled: Amount,
    pub total: Atoms,
    pub trades: u32,
    /// What a market order may pay in all: what was available when it began. What trades with its own account bring back is not paid twice.
    pub(super) purse: u128,
}

impl TakerFill {
    /// What is left of an order's funds.
    pub(super) fn funds_left(&self, order: &Order) -> u128 {
        order.rare.funds - self.total.unsigned()
    }

    /// What a market order that buys can still pay.
    pub(super) fn money(&self, order: &Order) -> u128 {
        let available = self.purse - self.total.unsigned();
        if order.has_funds() { available.min(self.funds_left(order)) } else { available }
    }
}

/// Why matching ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MatchEnd {
    Complete,
    NoMatch,
    SelfTrade,
    OutOfFunds,
}

impl Order {
    #[inline]
    pub(super) fn is_complete(&self, fill: &TakerFill) -> bool {
        if self.has_funds() { fill.total.unsigned() == self.rare.funds } else { self.amount == self.filled }
    }
}

impl Core {
    /// Matches a limit or market order against the book, then rests or finishes what is left.
    #[inline]
    pub(super) fn enter(&mut self, order: &mut Order, outcome: &mut Outcome) {
        let mut taken = TakerFill::default();
        let link = self.market(order.market).link;
        // Most orders do not cross: then there is nothing to set up.
        let end = if let Some(link) = link {
            self.open_purse(order, &mut taken);
            self.match_linked(order, &mut taken, link)
        } else if !order.order_type.is_limit() || self.market(order.market).book.crosses(order.side, order.price) {
            self.match_taker(order, &mut taken)
        } else {
            MatchEnd::NoMatch
        };
        outcome.id = order.order_id.0;
        outcome.status = self.finish(order, end);
        outcome.filled = taken.filled;
        outcome.remaining = order.remaining();
        outcome.total = taken.total;
        outcome.count = taken.trades;
    }

    /// After a stop triggered: as for a new order, but what cannot be filled or rest ends instead of being rejected.
    pub(super) fn enter_triggered(&mut self, order: &mut Order, outcome: &mut Outcome) {
        if order.tif == TimeInForce::Fok && !self.is_fillable(order) {
            self.done(order, DoneReason::Fok);
            outcome.id = order.order_id.0;
            outcome.status = Status::Done;
            outcome.remaining = order.remaining();
            return;
        }
        self.enter(order, outcome);
    }

    #[inline]
    fn open_purse(&self, order: &Order, taken: &mut TakerFill) {
        if !order.order_type.is_limit() {
            let paid_in = self.market(order.market).terms.paid(order.side);
            taken.purse = self.accounts.available(order.account, paid_in).max(Atoms::ZERO).unsigned();
        }
    }

    fn match_taker(&mut self, order: &mut Order, taken: &mut TakerFill) -> MatchEnd {
        let opposite = order.side.opposite();
        let is_limit = order.order_type.is_limit();
        self.open_purse(order, taken);
        loop {
            if order.is_complete(taken) {
                return MatchEnd::Complete;
            }
            let book = &self.market(order.market).book;
            let Some(best) = book.best(opposite) else {
                return MatchEnd::NoMatch;
            };
            if is_limit && !book.crosses(order.side, order.price) {
                return MatchEnd::NoMatch;
            }
            // The level is worked on as a copy and written back once, when the matcher leaves it.
            let before = *best;
            let mut level = before;
            let trades = taken.trades;
            let end = self.match_level(&mut level, order, taken);
            if taken.trades != trades {
                self.market_mut(order.market).book.stops.follow(level.price);
            }
            if level.amount != before.amount || level.orders != before.orders {
                self.market_mut(order.market).book.put_best(opposite, &level);
                self.level_changed(order.market, opposite, &level.now());
            }
            if let Some(end) = end {
                return end;
            }
        }
    }

    /// Trades with one level, oldest order first. `None`: the level is used up.
    pub(super) fn match_level(
        &mut self,
        level: &mut Level,
        order: &mut Order,
        taken: &mut TakerFill,
    ) -> Option<MatchEnd> {
        let mode = self.market(order.market).self_trade(order.self_trade);
        while level.head != NIL {
            if order.is_complete(taken) {
                return Some(MatchEnd::Complete);
            }
            let slot = level.head;
            let maker = self.orders[slot];
            self.orders.prefetch_next(maker.next);
            self.accounts.prefetch(maker.account);
            if maker.account == order.account && mode != SelfTrade::Allow {
                if mode != SelfTrade::CancelNewest {
                    level.unlink(&mut self.orders, slot);
                    self.cancel_unlinked(slot, DoneReason::SelfTrade);
                    if maker.flags & ONE_CANCELS_OTHER != 0 {
                        self.end_stop_leg(maker.order_id, maker.price);
                    }
                }
                if mode != SelfTrade::CancelOldest {
                    return Some(MatchEnd::SelfTrade);
                }
                continue;
            }
            let fill = match self.next_fill(order, taken, &maker) {
                Ok(fill) => fill,
                Err(end) => return Some(end),
            };
            order.filled += fill;
            taken.filled += fill;
            taken.trades += 1;
            taken.total += self.trade(&maker, order, fill);
            if maker.remaining == fill {
                level.unlink(&mut self.orders, slot);
                let filled = self.orders.amount(slot);
                self.retire(slot, DoneReason::Filled, Amount::ZERO, filled);
            } else {
                self.orders[slot].remaining -= fill;
                level.amount -= fill;
            }
            if maker.flags & ONE_CANCELS_OTHER != 0 {
                self.end_stop_leg(maker.order_id, maker.price);
            }
        }
        None
    }

    /// How much the taker trades with this maker: at least 1.
    #[inline]
    fn next_fill(&self, order: &Order, taken: &TakerFill, maker: &LiveOrder) -> Result<Amount, MatchEnd> {
        let offered = maker.remaining;
        if order.order_type.is_limit() {
            return Ok(offered.min(order.amount - order.filled));
        }
        let terms = &self.market(order.market).terms;
        let (unit, paid) = match order.side {
            Side::Buy => (u128::from(maker.price.0) * u128::from(terms.quote_unit), taken.total.unsigned()),
            Side::Sell => (u128::from(terms.base_unit), u128::from(taken.filled.0) * u128::from(terms.base_unit)),
        };
        let available = taken.purse - paid;
        let (wanted, money) = if order.has_funds() {
            let left = order.rare.funds - taken.total.unsigned();
            if left < unit {
                return Err(MatchEnd::Complete);
            }
            (Amount::MAX - order.filled, available.min(left))
        } else {
            (order.amount - order.filled, available)
        };
        let affordable = u64::try_from(money / unit).map_or(Amount::MAX, Amount);
        match offered.min(wanted).min(affordable) {
            Amount::ZERO => Err(MatchEnd::OutOfFunds),
            fill => Ok(fill),
        }
    }

    /// Settles one trade: returns its total in atoms of quote. The taker pays from available, the maker from held.
    #[inline]
    fn trade(&mut self, maker: &LiveOrder, order: &Order, fill: Amount) -> Atoms {
        let market = &mut self.markets[order.market.index()];
        market.last_price = maker.price;
        let terms = &market.terms;
        let total = terms.total(maker.price, fill);
        let base = terms.base_atoms(fill);
        let taker_buys = order.side == Side::Buy;
        let (maker_receives, taker_receives) = if taker_buys { (total, base) } else { (base, total) };
        let maker_fee = fee(maker_receives, maker.maker_ppm);
        let taker_fee = fee(taker_receives, order.taker_ppm);
        let (quote, base_asset) = (terms.quote, terms.base);
        let trade_id = self.number_trade();
        self.events.push(Event::TradeExecuted(TradeExecuted {
            trade_id,
            time: self.last_trade_time,
            market: order.market,
            taker_side: order.side,
            taker_market: !order.order_type.is_limit(),
            maker_account: maker.account,
            taker_account: order.account,
            maker_order: maker.order_id,
            taker_order: order.order_id,
            price: maker.price,
            amount: fill,
            maker_remaining: maker.remaining - fill,
            taker_remaining: order.remaining(),
            total,
            maker_fee,
            taker_fee,
        }));
        // Either both of the buyer's or both of the seller's sides are the taker's, who pays from available.
        let (buyer, seller, base_fee, quote_fee, from_buyer_held, from_seller_held) = if taker_buys {
            (order.account, maker.account, taker_fee, maker_fee, Atoms::ZERO, base)
        } else {
            (maker.account, order.account, maker_fee, taker_fee, total, Atoms::ZERO)
        };
        let why = (Business::Trade, trade_id);
        let mut change = |account, asset, available, held| {
            self.accounts.change(&mut self.events, why, account, asset, Holding { available, held })
        };
        let mut in_quote = change(buyer, quote, from_buyer_held - total, -from_buyer_held);
        let mut in_base = change(buyer, base_asset, base - base_fee, Atoms::ZERO);
        in_base += change(seller, base_asset, from_seller_held - base, -from_seller_held);
        in_quote += change(seller, quote, total - quote_fee, Atoms::ZERO);
        if base_fee > Atoms::ZERO {
            in_base += change(FEES, base_asset, base_fee, Atoms::ZERO);
        }
        if quote_fee > Atoms::ZERO {
            in_quote += change(FEES, quote, quote_fee, Atoms::ZERO);
        }
        self.accounts.audit.close(self.seq, quote, in_quote);
        self.accounts.audit.close(self.seq, base_asset, in_base);
        total
    }

    /// The id of the trade that happens next, at [`Core::last_trade_time`].
    #[inline]
    pub(super) fn number_trade(&mut self) -> u64 {
        let trade_id = self.next_trade_id;
        self.next_trade_id += 1;
        self.last_trade_time = self.time.max(self.last_trade_time.saturating_add(1));
        trade_id
    }

    /// What becomes of a taker when matching has ended.
    #[inline]
    fn finish(&mut self, order: &Order, end: MatchEnd) -> Status {
        let reason = match end {
            MatchEnd::NoMatch if order.order_type.is_limit() && order.tif.rests() => {
                // Only a triggered end gets here without its room checked.
                let checked = order.rare.stop_price.is_none();
                let book = &self.market(order.market).book;
                if checked || book.has_room(order.side, order.price, order.remaining()) {
                    self.rest(order);
                    return Status::Resting;
                }
                DoneReason::Unfilled
            }
            MatchEnd::NoMatch => DoneReason::Unfilled,
            MatchEnd::Complete => DoneReason::Filled,
            MatchEnd::SelfTrade => DoneReason::SelfTrade,
            MatchEnd::OutOfFunds => DoneReason::InsufficientFunds,
        };
        self.done(order, reason);
        Status::Done
    }
}
