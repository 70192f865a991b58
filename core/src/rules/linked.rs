//! Matching in a linked market: all books of its group, by effective price (docs/internals/core.md, Linked groups).

use crate::accounts::Holding;
use crate::book::{Level, LevelNow};
use crate::core::Core;
use crate::event::{Event, Resting, TradeExecuted};
use crate::linked::{Conversion, Link, largest};
use crate::market::HALTED;
use crate::order::Order;
use crate::orders::{LiveOrder, NIL};
use crate::rules::matching::{MatchEnd, TakerFill};
use crate::types::{
    Amount, AssetId, Atoms, Business, CONVERSION, DoneReason, FEES, MAX_ATOMS, MarketId, ONE_CANCELS_OTHER, OrderId,
    Price, SelfTrade, Side, fee,
};

/// Who goes through the books of a group.
pub(super) struct LinkedTaker {
    pub market: MarketId,
    pub link: Link,
    pub side: Side,
    /// `None` for one that names no price.
    pub limit: Option<Price>,
    /// Places in the group whose books it has done with.
    pub passed_over: u32,
}

/// The level that comes next.
pub(super) struct Next {
    pub market: MarketId,
    /// In the group.
    pub position: usize,
    /// As the taker's market calls it.
    pub effective: Price,
    /// Another book offers the same effective price: then orders take turns by their ids.
    pub tied: bool,
}

/// The books as they stand, or as a look ahead has left them.
pub(super) trait OfferedLevels {
    /// Price of the best level on the side that the taker takes from.
    fn best(&self, position: usize, market: MarketId) -> Option<Price>;

    /// The order that stands first in that level.
    fn oldest(&self, position: usize, market: MarketId) -> OrderId;

    /// What the conversion account can pay of the asset, the quote of the market at that place.
    fn payable(&self, position: usize, asset: AssetId) -> Atoms;
}

/// The books as they stand, looked at from one side.
struct Standing<'a> {
    core: &'a Core,
    side: Side,
}

impl OfferedLevels for Standing<'_> {
    #[inline]
    fn best(&self, _: usize, market: MarketId) -> Option<Price> {
        self.core.market(market).book.best_price(self.side)
    }

    fn oldest(&self, _: usize, market: MarketId) -> OrderId {
        let level = self.core.market(market).book.best(self.side).expect("it has a best price");
        self.core.orders[level.head].order_id
    }

    fn payable(&self, _: usize, asset: AssetId) -> Atoms {
        self.core.accounts.available(CONVERSION, asset)
    }
}

impl LinkedTaker {
    pub fn new(order: &Order, link: Link) -> LinkedTaker {
        let limit = order.order_type.is_limit().then_some(order.price);
        LinkedTaker { market: order.market, link, side: order.side, limit, passed_over: 0 }
    }

    fn own(&self) -> usize {
        usize::from(self.link.position)
    }

    fn is_worse(&self, price: Price, than: Price) -> bool {
        match self.side {
            Side::Buy => price > than,
            Side::Sell => price < than,
        }
    }

    pub fn pass_over(&mut self, position: usize) {
        self.passed_over |= 1 << position;
    }
}

/// What of a fill with a foreign order the conversion account lets happen.
pub(super) struct ForeignFill {
    /// 0: the level is out of reach.
    pub amount: Amount,
    /// The conversion account could not pay for more.
    pub is_last: bool,
}

impl Core {
    /// The level that the taker comes to next.
    #[inline]
    pub(super) fn next_level(&self, taker: &LinkedTaker, books: &impl OfferedLevels) -> Option<Next> {
        let group = &self.groups[usize::from(taker.link.group)];
        let own = taker.own();
        let own_best = books.best(own, taker.market);
        let accepted = own_best.filter(|price| !taker.limit.is_some_and(|limit| taker.is_worse(*price, limit)));
        let mut best = accepted.map(|effective| Next { market: taker.market, position: own, effective, tied: false });
        for (position, market) in group.markets.iter().copied().enumerate() {
            let Some(conversion) = group.conversion(own, position) else { continue };
            let Some(price) = books.best(position, market) else { continue };
            let bound = best.as_ref().map(|best| best.effective).or(taker.limit);
            // What most books fail by comes first.
            let out_of_the_question = bound.is_some_and(|bound| conversion.is_beyond(taker.side, price, bound))
                || taker.passed_over >> position & 1 == 1
                || self.time > conversion.current_until
                || self.market(market).status == HALTED;
            if out_of_the_question {
                continue;
            }
            let Some(effective) = conversion.effective(taker.side, price) else { continue };
            if bound.is_some_and(|bound| taker.is_worse(effective, bound)) {
                continue;
            }
            let equal = best.as_ref().filter(|best| best.effective == effective);
            if equal.is_some_and(|best| best.position == own)
                || !self.is_within_reach(taker, books, (position, market), (price, effective))
            {
                continue;
            }
            let tied = equal.is_some();
            let comes_first =
                equal.is_none_or(|best| books.oldest(position, market) < books.oldest(best.position, best.market));
            if comes_first {
                best = Some(Next { market, position, effective, tied });
            } else if let Some(best) = &mut best {
                best.tied = true;
            }
        }
        best
    }

    /// Of a level with a current conversion, in an open market.
    fn is_within_reach(
        &self,
        taker: &LinkedTaker,
        books: &impl OfferedLevels,
        (position, market): (usize, MarketId),
        (price, effective): (Price, Price),
    ) -> bool {
        let limits = &self.market(taker.market).limits;
        limits.min_price <= effective
            && effective <= limits.max_price
            && self.foreign_payable(taker, books, (position, market), price, Amount(1)) == Amount(1)
    }

    /// How much of `wanted` at most the conversion account can pay for.
    pub(super) fn foreign_payable(
        &self,
        taker: &LinkedTaker,
        books: &impl OfferedLevels,
        (position, market): (usize, MarketId),
        price: Price,
        wanted: Amount,
    ) -> Amount {
        let unit = self.unit_total(market, price);
        match taker.side {
            Side::Buy => {
                let payable = books.payable(position, self.market(market).terms.quote).unsigned();
                if unit * u128::from(wanted.0) <= payable {
                    wanted
                } else {
                    Amount((payable / unit) as u64) // less than wanted
                }
            }
            Side::Sell => {
                let payable = books.payable(taker.own(), self.market(taker.market).terms.quote);
                let conversion = self.conversion(taker.link, position);
                Amount(largest(wanted.0, payable, |amount| conversion.total(Side::Sell, unit * u128::from(amount))))
            }
        }
    }

    /// Atoms of its quote that one unit of amount costs at a price.
    #[inline]
    fn unit_total(&self, market: MarketId, price: Price) -> u128 {
        self.market(market).terms.total(price, Amount(1)).unsigned()
    }

    /// Of a market that is in reach of the linked one.
    #[inline]
    pub(super) fn conversion(&self, link: Link, position: usize) -> &Conversion {
        let group = &self.groups[usize::from(link.group)];
        group.conversion(usize::from(link.position), position).expect("levels within reach have a conversion")
    }

    /// Would the order trade at once with another book of its group?
    #[inline(never)]
    pub(super) fn crosses_linked(&self, order: &Order, link: Link) -> bool {
        let books = Standing { core: self, side: order.side.opposite() };
        self.next_level(&LinkedTaker::new(order, link), &books).is_some()
    }

    #[inline(never)]
    pub(super) fn match_linked(&mut self, order: &mut Order, taken: &mut TakerFill, link: Link) -> MatchEnd {
        let opposite = order.side.opposite();
        let mut taker = LinkedTaker::new(order, link);
        // The level that was changed and not left yet.
        let mut changed: Option<(MarketId, LevelNow)> = None;
        let end = loop {
            if order.is_complete(taken) {
                break MatchEnd::Complete;
            }
            let Some(next) = self.next_level(&taker, &Standing { core: self, side: opposite }) else {
                break MatchEnd::NoMatch;
            };
            let before = *self.market(next.market).book.best(opposite).expect("it comes next");
            if let Some((market, level)) = changed {
                if market != next.market || level.price != before.price {
                    self.level_changed(market, opposite, &level);
                    changed = None;
                }
            }
            let mut level = before;
            let trades = taken.trades;
            let end = if next.market == order.market {
                self.match_level(&mut level, order, taken)
            } else {
                self.match_foreign_level(&mut level, order, taken, &mut taker, &next)
            };
            if taken.trades != trades {
                self.market_mut(next.market).book.stops.follow(before.price);
                if next.market != order.market {
                    self.market_mut(order.market).book.stops.follow(next.effective);
                }
            }
            if level.amount != before.amount || level.orders != before.orders {
                self.market_mut(next.market).book.put_best(opposite, &level);
                changed = Some((next.market, level.now()));
            }
            if let Some(end) = end {
                break end;
            }
        };
        if let Some((market, level)) = changed {
            self.level_changed(market, opposite, &level);
        }
        end
    }

    /// Trades with one level of another market. `None`: somewhere else it may go on.
    fn match_foreign_level(
        &mut self,
        level: &mut Level,
        order: &mut Order,
        taken: &mut TakerFill,
        taker: &mut LinkedTaker,
        next: &Next,
    ) -> Option<MatchEnd> {
        let mode = self.market(order.market).self_trade(order.self_trade);
        let conversion = *self.conversion(taker.link, next.position);
        while level.head != NIL {
            if order.is_complete(taken) {
                return Some(MatchEnd::Complete);
            }
            let slot = level.head;
            let maker = self.orders[slot];
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
            } else {
                let fill = match self.foreign_fill(order, taken, &maker, taker, &conversion) {
                    Ok(fill) => fill,
                    Err(end) => return Some(end),
                };
                if !fill.amount.is_zero() {
                    order.filled += fill.amount;
                    taken.filled += fill.amount;
                    taken.trades += 1;
                    taken.total += self.trade_converted(&maker, order, fill.amount, next.effective, &conversion);
                    if maker.remaining == fill.amount {
                        level.unlink(&mut self.orders, slot);
                        let filled = self.orders.amount(slot);
                        self.retire(slot, DoneReason::Filled, Amount::ZERO, filled);
                    } else {
                        self.orders[slot].remaining -= fill.amount;
                        level.amount -= fill.amount;
                    }
                    if maker.flags & ONE_CANCELS_OTHER != 0 {
                        self.end_stop_leg(maker.order_id, maker.price);
                    }
                }
                if fill.is_last {
                    taker.pass_over(next.position);
                    return None;
                }
            }
            if next.tied {
                return None;
            }
        }
        None
    }

    /// How much the taker trades with this order of another market.
    fn foreign_fill(
        &self,
        order: &Order,
        taken: &TakerFill,
        maker: &LiveOrder,
        taker: &LinkedTaker,
        conversion: &Conversion,
    ) -> Result<ForeignFill, MatchEnd> {
        let books = Standing { core: self, side: maker.side };
        let place = (self.position_of(maker.market), maker.market);
        if self.foreign_payable(taker, &books, place, maker.price, Amount(1)).is_zero() {
            return Ok(ForeignFill { amount: Amount::ZERO, is_last: true });
        }
        let unit = self.unit_total(maker.market, maker.price);
        let total = |amount: u64| conversion.total(order.side, unit * u128::from(amount));
        let wanted = if order.has_funds() { Amount::MAX - order.filled } else { order.amount - order.filled };
        let mut amount = largest(maker.remaining.min(wanted).0, Atoms::of(MAX_ATOMS), total);
        if !order.order_type.is_limit() {
            amount = match order.side {
                Side::Buy => largest(amount, Atoms::of(taken.money(order)), total),
                Side::Sell => {
                    let base_unit = u128::from(self.market(order.market).terms.base_unit);
                    let paid = u128::from(taken.filled.0) * base_unit;
                    u64::try_from((taken.purse - paid) / base_unit).map_or(amount, |affordable| amount.min(affordable))
                }
            };
            if amount == 0 {
                let buys_none = order.has_funds() && total(1).is_none_or(|one| taken.funds_left(order) < one);
                return Err(if buys_none { MatchEnd::Complete } else { MatchEnd::OutOfFunds });
            }
        }
        let payable = self.foreign_payable(taker, &books, place, maker.price, Amount(amount));
        Ok(ForeignFill { amount: payable, is_last: payable < Amount(amount) })
    }

    fn position_of(&self, market: MarketId) -> usize {
        usize::from(self.market(market).link.expect("a linked market").position)
    }

    /// Settles one trade with an order of another market; returns what the taker pays or receives of its own quote.
    fn trade_converted(
        &mut self,
        maker: &LiveOrder,
        order: &Order,
        fill: Amount,
        effective: Price,
        conversion: &Conversion,
    ) -> Atoms {
        self.market_mut(order.market).last_price = effective;
        self.market_mut(maker.market).last_price = maker.price;
        let (terms, resting) = (self.market(order.market).terms, self.market(maker.market).terms);
        let resting_total = resting.total(maker.price, fill);
        let total = conversion.total(order.side, resting_total.unsigned()).expect("at most MAX_ATOMS, or no fill");
        let total = Atoms::of(total);
        let base = terms.base_atoms(fill);
        let taker_buys = order.side == Side::Buy;
        let (maker_receives, taker_receives) = if taker_buys { (resting_total, base) } else { (base, total) };
        let maker_fee = fee(maker_receives, maker.maker_ppm);
        let taker_fee = fee(taker_receives, order.taker_ppm);
        let trade_id = self.number_trade();
        let trade = TradeExecuted {
            trade_id,
            time: self.last_trade_time,
            market: order.market,
            taker_side: order.side,
            taker_market: !order.order_type.is_limit(),
            maker_account: maker.account,
            taker_account: order.account,
            maker_order: maker.order_id,
            taker_order: order.order_id,
            price: effective,
            amount: fill,
            maker_remaining: maker.remaining - fill,
            taker_remaining: order.remaining(),
            total,
            maker_fee,
            taker_fee,
        };
        let appears = Resting { market: maker.market, price: maker.price, total: resting_total };
        self.events.push(Event::ConvertedTradeExecuted(trade, appears));
        let (taker, maker) = ((order.account, terms.quote, total), (maker.account, resting.quote, resting_total));
        let legs = if taker_buys {
            Legs { buyer: taker, seller: maker, base, base_fee: taker_fee, quote_fee: maker_fee, taker_buys }
        } else {
            Legs { buyer: maker, seller: taker, base, base_fee: maker_fee, quote_fee: taker_fee, taker_buys }
        };
        self.settle_converted(trade_id, terms.base, &legs);
        total
    }

    /// The balance changes of one converted trade: each asset adds up to nothing by itself.
    fn settle_converted(&mut self, trade_id: u64, base_asset: AssetId, legs: &Legs) {
        let Legs { buyer: (buyer, paid_in, paid), seller: (seller, earned_in, earned), base, .. } = *legs;
        let Legs { base_fee, quote_fee, taker_buys, .. } = *legs;
        let (from_buyer_held, from_seller_held) = if taker_buys { (Atoms::ZERO, base) } else { (paid, Atoms::ZERO) };
        let why = (Business::Trade, trade_id);
        let mut change = |account, asset, available, held| {
            self.accounts.change(&mut self.events, why, account, asset, Holding { available, held })
        };
        let mut in_paid = change(buyer, paid_in, from_buyer_held - paid, -from_buyer_held);
        let mut in_base = change(buyer, base_asset, base - base_fee, Atoms::ZERO);
        in_base += change(seller, base_asset, from_seller_held - base, -from_seller_held);
        let mut in_earned = change(seller, earned_in, earned - quote_fee, Atoms::ZERO);
        in_paid += change(CONVERSION, paid_in, paid, Atoms::ZERO);
        in_earned += change(CONVERSION, earned_in, -earned, Atoms::ZERO);
        if base_fee > Atoms::ZERO {
            in_base += change(FEES, base_asset, base_fee, Atoms::ZERO);
        }
        if quote_fee > Atoms::ZERO {
            in_earned += change(FEES, earned_in, quote_fee, Atoms::ZERO);
        }
        for (asset, net) in [(paid_in, in_paid), (base_asset, in_base), (earned_in, in_earned)] {
            self.accounts.audit.close(self.seq, asset, net);
        }
    }
}

/// Who pays what to whom in a converted trade: (account, its quote, atoms of it).
struct Legs {
    buyer: (crate::types::AccountId, AssetId, Atoms),
    seller: (crate::types::AccountId, AssetId, Atoms),
    base: Atoms,
    base_fee: Atoms,
    quote_fee: Atoms,
    /// Then the buyer pays from available, else from held; the seller the other way round.
    taker_buys: bool,
}
