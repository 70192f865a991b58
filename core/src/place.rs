//! Placing, matching, resting and cancelling orders.

use crate::accounts::Holding;
use crate::book::{Level, LevelNow};
use crate::command::{OrderIds, PlaceOrder};
use crate::core::Core;
use crate::event::{Event, OrderAccepted, OrderDone, TradeExecuted};
use crate::market::{HALTED, Market};
use crate::orders::{LiveOrder, NIL, Order, Rare, Slot};
use crate::outcome::Reject::{
    AccountNotFound, AlreadyExpired, AmountTooLarge, AmountTooSmall, ClientIdUsed, CombinationInvalid, EnumInvalid,
    FillOrKillUnfillable, InsufficientFunds, LevelFull, MarketHalted, MarketNotFound, NotYourOrder, OrderNotFound,
    OrderNotLive, PriceTooHigh, PriceTooLow, SystemAccount, TooManyOpenOrders, TotalTooLarge, TotalTooSmall,
    WouldCross,
};
use crate::outcome::{Answer, Outcome, Refusal, Status, refuse};
use crate::types::{
    ALL_MARKETS, AccountId, Amount, Atoms, BOTH_SIDES, Business, DoneReason, FEES, FIRST_USER_ACCOUNT, MAX_ATOMS,
    MarketId, Micros, OrderId, OrderType, POST_ONLY, Price, SelfTrade, Side, TimeInForce, fee,
};

/// What an order did as a taker within one command.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Run {
    pub filled: Amount,
    pub total: Atoms,
    pub trades: u32,
    /// What a market order may pay in all: what was available when it began. What trades with its own account bring back is not paid twice.
    purse: u128,
}

/// Why matching ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    Complete,
    NoMatch,
    SelfTrade,
    OutOfFunds,
}

impl Order {
    #[inline]
    fn is_complete(&self, run: &Run) -> bool {
        if self.has_funds() { run.total as u128 == self.rare.funds } else { self.amount == self.filled }
    }
}

/// The fields that must hold together whatever the market (core.md, PlaceOrder 3).
#[inline]
fn contradicts(c: &PlaceOrder, side: Side, order_type: OrderType, tif: TimeInForce) -> bool {
    // Most orders are plain limit orders that rest: nothing in them can contradict.
    let plain = order_type == OrderType::Limit && tif == TimeInForce::Gtc;
    if plain && c.funds == 0 && c.stop_price == 0 && c.expire_at == 0 {
        return false;
    }
    let post_only = c.flags & POST_ONLY != 0;
    let by_type = if order_type.is_limit() {
        c.funds != 0
    } else {
        c.price != 0
            || !matches!(tif, TimeInForce::Ioc | TimeInForce::Fok)
            || post_only
            || (c.funds != 0 && (side == Side::Sell || c.amount != 0 || tif == TimeInForce::Fok))
    };
    let stop_market =
        order_type == OrderType::StopMarket && (tif == TimeInForce::Fok || (side == Side::Buy && c.funds == 0));
    by_type
        || stop_market
        || order_type.is_stop() != (c.stop_price != 0)
        || (post_only && (order_type != OrderType::Limit || !tif.rests()))
        || (tif == TimeInForce::Gtd) != (c.expire_at != 0)
}

impl Core {
    #[inline]
    pub(crate) fn place_order(&mut self, c: &PlaceOrder, outcome: &mut Outcome) -> Answer {
        let (side, order_type, tif, self_trade) = check_enums(self, c)?;
        let market = self.market(c.market);
        refuse(contradicts(c, side, order_type, tif), CombinationInvalid)?;
        check_sizes(market, c, order_type)?;
        refuse(tif == TimeInForce::Gtd && c.expire_at <= self.time, AlreadyExpired)?;
        if c.client_id != 0 {
            if let Some(id) = self.accounts.order_by_client_id(c.account, c.client_id) {
                return Err(Refusal { reject: ClientIdUsed, id });
            }
        }
        let (maker_ppm, taker_ppm) = self.accounts.fees(c.account, (market.maker_ppm, market.taker_ppm));
        let mut order = Order {
            order_id: self.next_order_id,
            account: c.account,
            market: c.market,
            side,
            order_type,
            tif,
            flags: c.flags,
            self_trade,
            price: c.price,
            amount: c.amount,
            filled: 0,
            created: self.time,
            maker_ppm,
            taker_ppm,
            rare: Rare { stop_price: c.stop_price, expire_at: c.expire_at, funds: c.funds, client_id: c.client_id },
        };
        self.check_standing(&order)?;
        self.next_order_id += 1;
        if c.client_id != 0 {
            self.accounts.remember_client_id(c.account, c.client_id, order.order_id);
        }
        let order_id = order.order_id;
        self.events.push(Event::OrderAccepted(OrderAccepted { order_id, maker_ppm, taker_ppm, order: *c }));
        if order_type.is_stop() {
            self.wait(&order, outcome);
        } else {
            self.enter(&mut order, outcome);
        }
        if !self.market(c.market).book.stops.is_empty() {
            self.trigger_stops(c.market, order_id, outcome);
        }
        Ok(())
    }

    /// The checks against what the account has and what stands in the book (core.md, PlaceOrder 8 to 12).
    #[inline(always)]
    fn check_standing(&self, order: &Order) -> Result<(), Refusal> {
        let market = self.market(order.market);
        let (side, price) = (order.side, order.price);
        let is_limit = order.order_type.is_limit();
        let is_stop = order.order_type.is_stop();
        let rests = is_stop || (is_limit && order.tif.rests());
        refuse(rests && self.orders.count_of(order.account) >= self.max_open_orders, TooManyOpenOrders)?;
        refuse(order.flags & POST_ONLY != 0 && market.book.crosses(side, price), WouldCross)?;
        let available = self.accounts.available(order.account, market.terms.paid(side));
        refuse(available < least_needed(market, order), InsufficientFunds)?;
        refuse(order.tif == TimeInForce::Fok && !is_stop && !self.is_fillable(order), FillOrKillUnfillable)?;
        refuse(is_limit && order.tif.rests() && !market.book.has_room(side, price, order.amount), LevelFull)
    }

    /// Could all of this fill-or-kill order trade right now?
    fn is_fillable(&self, order: &Order) -> bool {
        let market = self.market(order.market);
        let mode = market.self_trade(order.self_trade);
        let mut needed = order.amount - order.filled;
        let mut cost: u128 = 0;
        'walk: for level in market.book.best_first(order.side.opposite()) {
            if order.order_type.is_limit() && !market.book.reaches(order.side, order.price, level.price) {
                break;
            }
            for slot in level.slots(&self.orders) {
                let maker = &self.orders[slot];
                if maker.account == order.account {
                    match mode {
                        SelfTrade::CancelOldest => continue,
                        SelfTrade::CancelNewest | SelfTrade::CancelBoth => break 'walk,
                        SelfTrade::Allow | SelfTrade::MarketDefault => {}
                    }
                }
                let fill = needed.min(maker.remaining);
                cost += market.terms.total(level.price, fill) as u128;
                needed -= fill;
                if needed == 0 {
                    break 'walk;
                }
            }
        }
        let available = self.accounts.available(order.account, market.terms.paid(order.side));
        let affordable = order.order_type.is_limit()
            || match order.side {
                Side::Buy => cost <= available.max(0) as u128,
                Side::Sell => market.terms.base_atoms(order.amount) <= available,
            };
        needed == 0 && affordable
    }

    /// A stop takes its place in the index, with its whole cost held.
    fn wait(&mut self, order: &Order, outcome: &mut Outcome) {
        let held = self.hold_of(order);
        self.hold(order, held);
        self.shelve(order);
        self.market_mut(order.market).book.stops.insert(order.side, order.rare.stop_price, order.order_id);
        outcome.id = order.order_id;
        outcome.status = Status::Waiting;
        outcome.remaining = order.remaining();
    }

    /// Matches a limit or market order against the book, then rests or finishes what is left.
    #[inline]
    pub(crate) fn enter(&mut self, order: &mut Order, outcome: &mut Outcome) {
        let mut run = Run::default();
        // Most orders do not cross: then there is nothing to set up.
        let stop = if !order.order_type.is_limit() || self.market(order.market).book.crosses(order.side, order.price) {
            self.match_taker(order, &mut run)
        } else {
            Stop::NoMatch
        };
        outcome.id = order.order_id;
        outcome.status = self.finish(order, stop);
        outcome.filled = run.filled;
        outcome.remaining = order.remaining();
        outcome.total = run.total;
        outcome.count = run.trades;
    }

    fn match_taker(&mut self, order: &mut Order, run: &mut Run) -> Stop {
        let opposite = order.side.opposite();
        let is_limit = order.order_type.is_limit();
        if !is_limit {
            let paid_in = self.market(order.market).terms.paid(order.side);
            run.purse = self.accounts.available(order.account, paid_in).max(0) as u128;
        }
        loop {
            if order.is_complete(run) {
                return Stop::Complete;
            }
            let book = &self.market(order.market).book;
            let Some(best) = book.best(opposite) else {
                return Stop::NoMatch;
            };
            if is_limit && !book.crosses(order.side, order.price) {
                return Stop::NoMatch;
            }
            // The level is worked on as a copy and written back once, when the matcher leaves it.
            let before = *best;
            let mut level = before;
            let stop = self.match_level(&mut level, order, run);
            if level.amount != before.amount || level.orders != before.orders {
                self.market_mut(order.market).book.put_best(opposite, &level);
                self.level_changed(order.market, opposite, &level.now());
            }
            if let Some(stop) = stop {
                return stop;
            }
        }
    }

    /// Trades with one level, oldest order first. `None`: the level is used up.
    fn match_level(&mut self, level: &mut Level, order: &mut Order, run: &mut Run) -> Option<Stop> {
        let mode = self.market(order.market).self_trade(order.self_trade);
        while level.head != NIL {
            if order.is_complete(run) {
                return Some(Stop::Complete);
            }
            let slot = level.head;
            let maker = self.orders[slot];
            self.orders.prefetch_next(maker.next);
            self.accounts.prefetch(maker.account);
            if maker.account == order.account && mode != SelfTrade::Allow {
                if mode != SelfTrade::CancelNewest {
                    level.unlink(&mut self.orders, slot);
                    self.cancel_unlinked(slot, DoneReason::SelfTrade);
                }
                if mode != SelfTrade::CancelOldest {
                    return Some(Stop::SelfTrade);
                }
                continue;
            }
            let fill = match self.next_fill(order, run, &maker) {
                Ok(fill) => fill,
                Err(stop) => return Some(stop),
            };
            order.filled += fill;
            run.filled += fill;
            run.trades += 1;
            run.total += self.trade(&maker, order, fill);
            if maker.remaining == fill {
                level.unlink(&mut self.orders, slot);
                let filled = self.orders.amount(slot);
                self.retire(slot, DoneReason::Filled, 0, filled);
            } else {
                self.orders[slot].remaining -= fill;
                level.amount -= fill;
            }
        }
        None
    }

    /// How much the taker trades with this maker: at least 1.
    #[inline]
    fn next_fill(&self, order: &Order, run: &Run, maker: &LiveOrder) -> Result<Amount, Stop> {
        let offered = maker.remaining;
        if order.order_type.is_limit() {
            return Ok(offered.min(order.amount - order.filled));
        }
        let terms = &self.market(order.market).terms;
        let (unit, paid) = match order.side {
            Side::Buy => (u128::from(maker.price) * u128::from(terms.quote_unit), run.total as u128),
            Side::Sell => (u128::from(terms.base_unit), u128::from(run.filled) * u128::from(terms.base_unit)),
        };
        let available = run.purse - paid;
        let (wanted, money) = if order.has_funds() {
            let left = order.rare.funds - run.total as u128;
            if left < unit {
                return Err(Stop::Complete);
            }
            (Amount::MAX - order.filled, available.min(left))
        } else {
            (order.amount - order.filled, available)
        };
        let affordable = Amount::try_from(money / unit).unwrap_or(Amount::MAX);
        match offered.min(wanted).min(affordable) {
            0 => Err(Stop::OutOfFunds),
            fill => Ok(fill),
        }
    }

    /// Settles one trade: returns its total in atoms of quote. The taker pays from available, the maker from held.
    #[inline]
    fn trade(&mut self, maker: &LiveOrder, order: &Order, fill: Amount) -> Atoms {
        let market = &mut self.markets[order.market as usize];
        market.last_price = maker.price;
        let terms = &market.terms;
        let total = terms.total(maker.price, fill);
        let base = terms.base_atoms(fill);
        let taker_buys = order.side == Side::Buy;
        let (maker_receives, taker_receives) = if taker_buys { (total, base) } else { (base, total) };
        let maker_fee = fee(maker_receives, maker.maker_ppm);
        let taker_fee = fee(taker_receives, order.taker_ppm);
        let (quote, base_asset) = (terms.quote, terms.base);
        let trade_id = self.next_trade_id;
        self.next_trade_id += 1;
        self.last_trade_time = self.time.max(self.last_trade_time.saturating_add(1));
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
            (order.account, maker.account, taker_fee, maker_fee, 0, base)
        } else {
            (maker.account, order.account, maker_fee, taker_fee, total, 0)
        };
        let why = (Business::Trade, trade_id);
        let mut change = |account, asset, available, held| {
            self.accounts.change(&mut self.events, why, account, asset, Holding { available, held });
        };
        change(buyer, quote, from_buyer_held - total, -from_buyer_held);
        change(buyer, base_asset, base - base_fee, 0);
        change(seller, base_asset, from_seller_held - base, -from_seller_held);
        change(seller, quote, total - quote_fee, 0);
        if base_fee > 0 {
            change(FEES, base_asset, base_fee, 0);
        }
        if quote_fee > 0 {
            change(FEES, quote, quote_fee, 0);
        }
        total
    }

    /// What becomes of a taker when matching has ended.
    #[inline]
    fn finish(&mut self, order: &Order, stop: Stop) -> Status {
        let reason = match stop {
            Stop::NoMatch if order.order_type.is_limit() && order.tif.rests() => {
                // Only a triggered stop gets here without its room checked.
                let checked = order.rare.stop_price == 0;
                let book = &self.market(order.market).book;
                if checked || book.has_room(order.side, order.price, order.remaining()) {
                    self.rest(order);
                    return Status::Resting;
                }
                DoneReason::Unfilled
            }
            Stop::NoMatch => DoneReason::Unfilled,
            Stop::Complete => DoneReason::Filled,
            Stop::SelfTrade => DoneReason::SelfTrade,
            Stop::OutOfFunds => DoneReason::InsufficientFunds,
        };
        self.done(order, reason);
        Status::Done
    }

    /// Puts the remainder into the book, its cost held.
    #[inline]
    fn rest(&mut self, order: &Order) {
        let held = self.hold_of(order);
        self.hold(order, held);
        let slot = self.shelve(order);
        let level = self.markets[order.market as usize].book.push(&mut self.orders, slot);
        self.level_changed(order.market, order.side, &level);
    }

    /// What a resting or waiting order holds of the asset it pays with.
    #[inline]
    pub(crate) fn hold_of(&self, order: &Order) -> Atoms {
        if order.has_funds() {
            return order.rare.funds as Atoms;
        }
        self.market(order.market).terms.cost(order.side, order.price, order.amount - order.filled)
    }

    /// Moves `atoms` of what the order pays with from available to held.
    #[inline]
    pub(crate) fn hold(&mut self, order: &Order, atoms: Atoms) {
        let asset = self.market(order.market).terms.paid(order.side);
        let change = Holding { available: -atoms, held: atoms };
        self.accounts.change(&mut self.events, (Business::Hold, order.order_id), order.account, asset, change);
    }

    /// Moves `atoms` back from held to available.
    #[inline]
    pub(crate) fn release(&mut self, order: &Order, atoms: Atoms) {
        let asset = self.market(order.market).terms.paid(order.side);
        let change = Holding { available: atoms, held: -atoms };
        self.accounts.change(&mut self.events, (Business::Release, order.order_id), order.account, asset, change);
    }

    /// Into the slab, and into the expiry index where it has an end.
    #[inline]
    pub(crate) fn shelve(&mut self, order: &Order) -> Slot {
        if order.rare.expire_at != 0 {
            self.expiries.insert((order.rare.expire_at, order.order_id));
        }
        self.orders.insert(order)
    }

    /// Out of the slab and the expiry index, to be matched again; the book level or stop index is the caller's.
    pub(crate) fn take_out(&mut self, slot: Slot) -> Order {
        let order = self.orders.order(slot);
        self.orders.remove(slot);
        if order.rare.expire_at != 0 {
            self.expiries.remove(&(order.rare.expire_at, order.order_id));
        }
        order
    }

    fn done(&mut self, order: &Order, reason: DoneReason) {
        self.accounts.finish_client_id(order.account, order.rare.client_id);
        self.events.push(Event::OrderDone(OrderDone {
            order_id: order.order_id,
            account: order.account,
            market: order.market,
            side: order.side,
            reason,
            remaining: order.remaining(),
            filled: order.filled,
        }));
    }

    /// Ends an order in the slab that has already left its level or index.
    #[inline]
    fn retire(&mut self, slot: Slot, reason: DoneReason, remaining: Amount, filled: Amount) {
        let order = &self.orders[slot];
        self.events.push(Event::OrderDone(OrderDone {
            order_id: order.order_id,
            account: order.account,
            market: order.market,
            side: order.side,
            reason,
            remaining,
            filled,
        }));
        if !order.is_plain() {
            let (account, order_id, rare) = (order.account, order.order_id, self.orders.rare(slot));
            self.accounts.finish_client_id(account, rare.client_id);
            self.expiries.remove(&(rare.expire_at, order_id));
        }
        self.orders.remove(slot);
    }

    #[inline]
    pub(crate) fn level_changed(&mut self, market: MarketId, side: Side, level: &LevelNow) {
        self.events.push(Event::BookLevelChanged {
            market,
            side,
            orders: level.orders,
            price: level.price,
            amount: level.amount,
        });
    }

    /// Ends an order that has already left its level or index, and releases what it held.
    #[inline]
    fn cancel_unlinked(&mut self, slot: Slot, reason: DoneReason) {
        let LiveOrder { order_id, account, market, side, price, remaining, .. } = self.orders[slot];
        let funds = if self.orders[slot].is_plain() { 0 } else { self.orders.rare(slot).funds };
        let terms = &self.market(market).terms;
        let held = if funds == 0 { terms.cost(side, price, remaining) } else { funds as Atoms };
        let asset = terms.paid(side);
        let filled = self.orders.amount(slot) - remaining;
        self.retire(slot, reason, remaining, filled);
        let change = Holding { available: held, held: -held };
        self.accounts.change(&mut self.events, (Business::Release, order_id), account, asset, change);
    }

    /// Ends a live order, wherever it stands.
    #[inline]
    fn cancel_slot(&mut self, slot: Slot, reason: DoneReason) {
        let LiveOrder { order_id, market, side, .. } = self.orders[slot];
        let book = &mut self.markets[market as usize].book;
        if self.orders[slot].is_waiting() {
            book.stops.remove(side, self.orders.rare(slot).stop_price, order_id);
            self.cancel_unlinked(slot, reason);
            return;
        }
        let level = book.remove(&mut self.orders, slot);
        self.cancel_unlinked(slot, reason);
        self.level_changed(market, side, &level);
    }

    /// The slot of `account`'s live order, or why there is none.
    #[inline]
    pub(crate) fn own_order(&self, account: AccountId, order_id: OrderId) -> Result<Slot, Refusal> {
        refuse(!self.account_exists(account), AccountNotFound)?;
        refuse(order_id == 0 || order_id >= self.next_order_id, OrderNotFound)?;
        let slot = self.orders.find(order_id).ok_or(OrderNotLive)?;
        refuse(self.orders[slot].account != account, NotYourOrder)?;
        Ok(slot)
    }

    #[inline]
    pub(crate) fn cancel_order(&mut self, account: AccountId, order_id: OrderId, outcome: &mut Outcome) -> Answer {
        let slot = self.own_order(account, order_id)?;
        outcome.id = order_id;
        outcome.status = Status::Done;
        outcome.remaining = self.orders[slot].remaining;
        self.cancel_slot(slot, DoneReason::Cancelled);
        Ok(())
    }

    pub(crate) fn cancel_many(&mut self, account: AccountId, order_ids: OrderIds<'_>, outcome: &mut Outcome) -> Answer {
        refuse(!self.account_exists(account), AccountNotFound)?;
        for order_id in order_ids.iter() {
            if let Ok(slot) = self.own_order(account, order_id) {
                self.cancel_slot(slot, DoneReason::Cancelled);
                outcome.count += 1;
            }
        }
        Ok(())
    }

    pub(crate) fn cancel_all(
        &mut self,
        account: AccountId,
        market: MarketId,
        side: u8,
        outcome: &mut Outcome,
    ) -> Answer {
        refuse(!self.account_exists(account), AccountNotFound)?;
        refuse(market != ALL_MARKETS && !self.market_exists(market), MarketNotFound)?;
        refuse(side > 1 && side != BOTH_SIDES, EnumInvalid)?;
        let concerned = |order: &LiveOrder| {
            (market == ALL_MARKETS || order.market == market) && (side == BOTH_SIDES || order.side as u8 == side)
        };
        outcome.count = self.cancel_where(account, DoneReason::Cancelled, concerned);
        Ok(())
    }

    pub(crate) fn set_cancel_after(&mut self, account: AccountId, due: Micros) -> Answer {
        refuse(!self.account_exists(account), AccountNotFound)?;
        refuse(account < FIRST_USER_ACCOUNT, SystemAccount)?;
        refuse(due != 0 && due <= self.time, AlreadyExpired)?;
        if due == 0 {
            self.cancel_afters.disarm(account);
        } else {
            self.cancel_afters.arm(account, due);
        }
        self.events.push(Event::CancelAfterSet { account, due });
        Ok(())
    }

    /// Everything that is due, each at its own hour; at the same hour orders expire before cancel-afters fire.
    pub(crate) fn advance_time(&mut self, outcome: &mut Outcome) -> Answer {
        loop {
            let expiry = self.expiries.first().copied().filter(|(expire_at, _)| *expire_at <= self.time);
            let cancel_after = self.cancel_afters.first().filter(|(due, _)| *due <= self.time);
            match (expiry, cancel_after) {
                (None, None) => return Ok(()),
                (Some((expire_at, order_id)), other) if other.is_none_or(|(due, _)| expire_at <= due) => {
                    let slot = self.orders.find(order_id).expect("only live orders have an expiry");
                    self.cancel_slot(slot, DoneReason::Expired);
                    outcome.count += 1;
                }
                (_, Some((due, account))) => outcome.count += self.fire_cancel_after(account, due),
                (Some(_), None) => unreachable!("an expiry without a rival is taken"),
            }
        }
    }

    fn fire_cancel_after(&mut self, account: AccountId, due: Micros) -> u32 {
        self.cancel_afters.disarm(account);
        let orders = self.orders.count_of(account);
        self.events.push(Event::CancelAfterFired { account, orders, due });
        self.cancel_where(account, DoneReason::CancelAfter, |_| true)
    }

    /// Ends the account's live orders that are `concerned`, in order of id; how many.
    fn cancel_where(&mut self, account: AccountId, reason: DoneReason, concerned: impl Fn(&LiveOrder) -> bool) -> u32 {
        let mut slots: Vec<(OrderId, Slot)> = self
            .orders
            .of_account(account)
            .filter(|slot| concerned(&self.orders[*slot]))
            .map(|slot| (self.orders[slot].order_id, slot))
            .collect();
        slots.sort_unstable();
        for (_, slot) in &slots {
            self.cancel_slot(*slot, reason);
        }
        slots.len() as u32
    }

    /// After a stop triggered: as for a new order, but what cannot be filled or rest ends instead of being refused.
    pub(crate) fn enter_triggered(&mut self, order: &mut Order, outcome: &mut Outcome) {
        if order.tif == TimeInForce::Fok && !self.is_fillable(order) {
            self.done(order, DoneReason::Fok);
            outcome.id = order.order_id;
            outcome.status = Status::Done;
            outcome.remaining = order.remaining();
            return;
        }
        self.enter(order, outcome);
    }
}

/// The order's enumerations, after the checks that come before them (core.md, PlaceOrder 1 and 2).
#[inline]
fn check_enums(core: &Core, c: &PlaceOrder) -> Result<(Side, OrderType, TimeInForce, SelfTrade), Refusal> {
    refuse(!core.account_exists(c.account), AccountNotFound)?;
    refuse(c.account < FIRST_USER_ACCOUNT, SystemAccount)?;
    refuse(!core.market_exists(c.market), MarketNotFound)?;
    refuse(core.market(c.market).status == HALTED, MarketHalted)?;
    let side = Side::from_u8(c.side).ok_or(EnumInvalid)?;
    let order_type = OrderType::from_u8(c.order_type).ok_or(EnumInvalid)?;
    let tif = TimeInForce::from_u8(c.tif).ok_or(EnumInvalid)?;
    let self_trade = SelfTrade::from_u8(c.self_trade).ok_or(EnumInvalid)?;
    refuse(c.flags > POST_ONLY, EnumInvalid)?;
    Ok((side, order_type, tif, self_trade))
}

/// core.md, PlaceOrder 4 and 5.
#[inline]
fn check_sizes(market: &Market, c: &PlaceOrder, order_type: OrderType) -> Result<(), Refusal> {
    if order_type.is_limit() {
        check_price(market, c.price)?;
    }
    if order_type.is_stop() {
        check_price(market, c.stop_price)?;
    }
    if c.funds == 0 {
        check_amount(market, c.amount)?;
    } else {
        refuse(c.funds > MAX_ATOMS, TotalTooLarge)?;
        refuse(c.funds < market.limits.min_total, TotalTooSmall)?;
    }
    if order_type.is_limit() {
        check_total(market, c.price, c.amount)?;
    }
    Ok(())
}

#[inline]
pub(crate) fn check_price(market: &Market, price: Price) -> Result<(), Refusal> {
    refuse(price < market.limits.min_price, PriceTooLow)?;
    refuse(price > market.limits.max_price, PriceTooHigh)
}

#[inline]
pub(crate) fn check_amount(market: &Market, amount: Amount) -> Result<(), Refusal> {
    refuse(amount < market.limits.min_amount, AmountTooSmall)?;
    refuse(amount > market.limits.max_amount, AmountTooLarge)
}

#[inline]
pub(crate) fn check_total(market: &Market, price: Price, amount: Amount) -> Result<(), Refusal> {
    let min_total = market.limits.min_total;
    refuse(min_total != 0 && (market.terms.total(price, amount) as u128) < min_total, TotalTooSmall)
}

/// The least that must be available for the order to be taken at all (core.md, PlaceOrder 10).
#[inline]
fn least_needed(market: &Market, order: &Order) -> Atoms {
    match (order.order_type, order.side) {
        (OrderType::Limit | OrderType::StopLimit, side) => market.terms.cost(side, order.price, order.amount),
        (OrderType::StopMarket, Side::Buy) => order.rare.funds as Atoms,
        (OrderType::StopMarket, Side::Sell) => market.terms.base_atoms(order.amount),
        (OrderType::Market, Side::Buy) => 1,
        (OrderType::Market, Side::Sell) => Atoms::from(market.terms.base_unit),
    }
}
