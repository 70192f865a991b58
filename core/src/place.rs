//! Placing, matching, resting and cancelling orders.

use crate::accounts::Change;
use crate::book::{Level, reaches};
use crate::command::{OrderIds, PlaceOrder};
use crate::core::Core;
use crate::event::{Event, OrderAccepted, OrderDone, TradeExecuted};
use crate::market::{HALTED, Market};
use crate::orders::{NIL, Order, Rare, Slot, Ticket};
use crate::outcome::Reject::{
    AccountNotFound, AlreadyExpired, AmountTooLarge, AmountTooSmall, ClientIdUsed, CombinationInvalid, EnumInvalid,
    FillOrKillUnfillable, InsufficientFunds, LevelFull, MarketHalted, MarketNotFound, NotYourOrder, OrderNotFound,
    OrderNotLive, PriceTooHigh, PriceTooLow, SystemAccount, TooManyOpenOrders, TotalTooLarge, TotalTooSmall,
    WouldCross,
};
use crate::outcome::{Answer, Outcome, Refusal, Status, refuse};
use crate::types::{
    ALL_MARKETS, AccountId, Amount, Atoms, BOTH_SIDES, Business, DoneReason, FEES, FIRST_USER_ACCOUNT, MAX_ATOMS,
    MarketId, OrderId, OrderType, POST_ONLY, Price, SelfTrade, Side, TimeInForce, fee,
};

/// What an order did as a taker within one command.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Run {
    pub filled: Amount,
    pub total: Atoms,
    pub trades: u32,
}

/// Why matching ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    Complete,
    NoMatch,
    SelfTrade,
    OutOfFunds,
}

impl Ticket {
    #[inline]
    fn has_funds(&self) -> bool {
        self.rare.funds != 0
    }

    /// What is left to trade; 0 for an order that names funds instead.
    #[inline]
    pub fn remaining(&self) -> Amount {
        if self.has_funds() { 0 } else { self.amount - self.filled }
    }

    #[inline]
    fn is_complete(&self, run: &Run) -> bool {
        if self.has_funds() { run.total as u128 == self.rare.funds } else { self.amount == self.filled }
    }
}

/// The fields that must hold together whatever the market (core.md, PlaceOrder 3).
fn contradicts(c: &PlaceOrder, side: Side, order_type: OrderType, tif: TimeInForce) -> bool {
    let post_only = c.flags & POST_ONLY != 0;
    let by_type = if order_type.is_limit() {
        c.funds != 0
    } else {
        c.price != 0
            || !matches!(tif, TimeInForce::Ioc | TimeInForce::Fok)
            || post_only
            || (c.funds != 0 && (side == Side::Sell || c.amount != 0 || tif == TimeInForce::Fok))
    };
    let stop_market = order_type == OrderType::StopMarket
        && (tif == TimeInForce::Fok || (side == Side::Buy && c.funds == 0));
    by_type
        || stop_market
        || order_type.is_stop() != (c.stop_price != 0)
        || (post_only && (order_type != OrderType::Limit || !tif.rests()))
        || (tif == TimeInForce::Gtd) != (c.expire_at != 0)
}

impl Core {
    pub(crate) fn place_order(&mut self, c: &PlaceOrder) -> Answer {
        let ticket = self.check_place(c)?;
        self.next_order_id += 1;
        self.accounts.remember_client_id(c.account, c.client_id, ticket.order_id);
        self.events.push(OrderAccepted::of(ticket.order_id, c, ticket.maker_ppm, ticket.taker_ppm));
        let mut outcome = if ticket.order_type.is_stop() { self.wait(&ticket) } else { self.enter(ticket) };
        self.trigger_stops(c.market, ticket.order_id, &mut outcome);
        Ok(outcome)
    }

    /// One column of refusals, in the order of the page.
    #[inline]
    fn check_place(&self, c: &PlaceOrder) -> Result<Ticket, Refusal> {
        refuse(!self.account_exists(c.account), AccountNotFound)?;
        refuse(c.account < FIRST_USER_ACCOUNT, SystemAccount)?;
        refuse(!self.market_exists(c.market), MarketNotFound)?;
        let market = self.market(c.market);
        refuse(market.status == HALTED, MarketHalted)?;
        let side = Side::from_u8(c.side).ok_or(EnumInvalid)?;
        let order_type = OrderType::from_u8(c.order_type).ok_or(EnumInvalid)?;
        let tif = TimeInForce::from_u8(c.tif).ok_or(EnumInvalid)?;
        let self_trade = SelfTrade::from_u8(c.self_trade).ok_or(EnumInvalid)?;
        refuse(c.flags > POST_ONLY, EnumInvalid)?;
        refuse(contradicts(c, side, order_type, tif), CombinationInvalid)?;
        check_sizes(market, c, order_type)?;
        refuse(tif == TimeInForce::Gtd && c.expire_at <= self.time, AlreadyExpired)?;
        if c.client_id != 0 {
            if let Some(id) = self.accounts.order_by_client_id(c.account, c.client_id) {
                return Err(Refusal { reject: ClientIdUsed, id });
            }
        }
        let rests = order_type.is_stop() || (order_type == OrderType::Limit && tif.rests());
        refuse(rests && self.orders.count_of(c.account) >= self.max_open_orders, TooManyOpenOrders)?;
        refuse(c.flags & POST_ONLY != 0 && market.book.crosses(side, c.price), WouldCross)?;
        let (maker_ppm, taker_ppm) = self.accounts.fees(c.account, (market.maker_ppm, market.taker_ppm));
        let ticket = Ticket {
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
        let available = self.accounts.available(c.account, market.terms.paid(side));
        refuse(available < least_needed(market, &ticket), InsufficientFunds)?;
        refuse(
            tif == TimeInForce::Fok && !order_type.is_stop() && !self.is_fillable(&ticket),
            FillOrKillUnfillable,
        )?;
        if order_type.is_limit() && tif.rests() {
            let level = market.book.side(side).amount_at(c.price);
            refuse(level.checked_add(c.amount).is_none(), LevelFull)?;
        }
        Ok(ticket)
    }

    /// Could all of this fill-or-kill order trade right now?
    fn is_fillable(&self, ticket: &Ticket) -> bool {
        let market = self.market(ticket.market);
        let mode = market.self_trade(ticket.self_trade);
        let mut needed = ticket.amount - ticket.filled;
        let mut cost: u128 = 0;
        'walk: for level in market.book.side(ticket.side.opposite()).best_first() {
            if ticket.order_type.is_limit() && !reaches(ticket.side, ticket.price, level.price) {
                break;
            }
            for slot in level.slots(&self.orders) {
                let maker = &self.orders[slot];
                if maker.account == ticket.account {
                    match mode {
                        SelfTrade::CancelOldest => continue,
                        SelfTrade::CancelNewest | SelfTrade::CancelBoth => break 'walk,
                        SelfTrade::Allow | SelfTrade::MarketDefault => {}
                    }
                }
                let fill = needed.min(maker.remaining());
                cost += market.terms.total(level.price, fill) as u128;
                needed -= fill;
                if needed == 0 {
                    break 'walk;
                }
            }
        }
        let available = self.accounts.available(ticket.account, market.terms.paid(ticket.side));
        let affordable = ticket.order_type.is_limit()
            || match ticket.side {
                Side::Buy => cost <= available.max(0) as u128,
                Side::Sell => market.terms.base_atoms(ticket.amount) <= available,
            };
        needed == 0 && affordable
    }

    /// A stop takes its place in the index, with its whole cost held.
    fn wait(&mut self, ticket: &Ticket) -> Outcome {
        let held = self.hold_of(ticket);
        self.hold(ticket, held);
        let slot = self.shelve(ticket);
        debug_assert!(self.orders[slot].is_waiting());
        self.market_mut(ticket.market).book.stops.insert(ticket.side, ticket.rare.stop_price, ticket.order_id);
        Outcome { id: ticket.order_id, status: Status::Waiting, remaining: ticket.remaining(), ..Outcome::default() }
    }

    /// Matches a limit or market order against the book, then rests or finishes what is left.
    #[inline]
    pub(crate) fn enter(&mut self, mut ticket: Ticket) -> Outcome {
        let mut run = Run::default();
        let stop = self.match_taker(&mut ticket, &mut run);
        let status = self.finish(&ticket, stop);
        Outcome {
            id: ticket.order_id,
            status,
            filled: run.filled,
            remaining: ticket.remaining(),
            total: run.total,
            count: run.trades,
            ..Outcome::default()
        }
    }

    #[inline]
    fn match_taker(&mut self, ticket: &mut Ticket, run: &mut Run) -> Stop {
        let opposite = ticket.side.opposite();
        let is_limit = ticket.order_type.is_limit();
        loop {
            if ticket.is_complete(run) {
                return Stop::Complete;
            }
            let Some(best) = self.market(ticket.market).book.side(opposite).levels.last() else {
                return Stop::NoMatch;
            };
            if is_limit && !reaches(ticket.side, ticket.price, best.price) {
                return Stop::NoMatch;
            }
            // The level is worked on as a copy and written back once, when the matcher leaves it.
            let before = *best;
            let mut level = before;
            let stop = self.match_level(&mut level, ticket, run);
            if level.amount != before.amount || level.orders != before.orders {
                let levels = &mut self.market_mut(ticket.market).book.side_mut(opposite).levels;
                if level.orders == 0 {
                    levels.pop();
                } else {
                    *levels.last_mut().expect("it was there") = level;
                }
                self.level_changed(ticket.market, opposite, &level);
            }
            if let Some(stop) = stop {
                return stop;
            }
        }
    }

    /// Trades with one level, oldest order first. `None`: the level is used up.
    fn match_level(&mut self, level: &mut Level, ticket: &mut Ticket, run: &mut Run) -> Option<Stop> {
        let mode = self.market(ticket.market).self_trade(ticket.self_trade);
        while level.head != NIL {
            if ticket.is_complete(run) {
                return Some(Stop::Complete);
            }
            let slot = level.head;
            let maker = self.orders[slot];
            if maker.account == ticket.account && mode != SelfTrade::Allow {
                if mode != SelfTrade::CancelNewest {
                    level.unlink(&mut self.orders, slot);
                    self.cancel_unlinked(slot, DoneReason::SelfTrade);
                }
                if mode != SelfTrade::CancelOldest {
                    return Some(Stop::SelfTrade);
                }
                continue;
            }
            let fill = match self.next_fill(ticket, run, &maker) {
                Ok(fill) => fill,
                Err(stop) => return Some(stop),
            };
            ticket.filled += fill;
            run.filled += fill;
            run.trades += 1;
            run.total += self.trade(&maker, ticket, fill);
            if maker.remaining() == fill {
                level.unlink(&mut self.orders, slot);
                let mut done = self.retire(slot);
                done.filled = done.amount;
                self.done(&done, DoneReason::Filled);
            } else {
                self.orders[slot].filled += fill;
                level.amount -= fill;
            }
        }
        None
    }

    /// How much the taker trades with this maker: at least 1.
    #[inline]
    fn next_fill(&self, ticket: &Ticket, run: &Run, maker: &Order) -> Result<Amount, Stop> {
        let offered = maker.remaining();
        if ticket.order_type.is_limit() {
            return Ok(offered.min(ticket.amount - ticket.filled));
        }
        let terms = &self.market(ticket.market).terms;
        let available = self.accounts.available(ticket.account, terms.paid(ticket.side)).max(0) as u128;
        let unit = match ticket.side {
            Side::Buy => u128::from(maker.price) * terms.quote_unit,
            Side::Sell => terms.base_unit,
        };
        let (wanted, money) = if ticket.has_funds() {
            let left = ticket.rare.funds - run.total as u128;
            if left < unit {
                return Err(Stop::Complete);
            }
            (Amount::MAX - ticket.filled, available.min(left))
        } else {
            (ticket.amount - ticket.filled, available)
        };
        let affordable = Amount::try_from(money / unit).unwrap_or(Amount::MAX);
        match offered.min(wanted).min(affordable) {
            0 => Err(Stop::OutOfFunds),
            fill => Ok(fill),
        }
    }

    /// Settles one trade: returns its total in atoms of quote. The taker pays from available, the maker from held.
    #[inline]
    fn trade(&mut self, maker: &Order, ticket: &Ticket, fill: Amount) -> Atoms {
        let market = &mut self.markets[ticket.market as usize];
        market.last_price = maker.price;
        let terms = market.terms;
        let total = terms.total(maker.price, fill);
        let base = terms.base_atoms(fill);
        let (maker_receives, taker_receives) = match ticket.side {
            Side::Buy => (total, base),
            Side::Sell => (base, total),
        };
        let maker_fee = fee(maker_receives, maker.maker_ppm);
        let taker_fee = fee(taker_receives, ticket.taker_ppm);
        let trade_id = self.next_trade_id;
        self.next_trade_id += 1;
        self.last_trade_time = self.time.max(self.last_trade_time + 1);
        self.events.push(Event::TradeExecuted(TradeExecuted {
            trade_id,
            time: self.last_trade_time,
            market: ticket.market,
            taker_side: ticket.side,
            maker_account: maker.account,
            taker_account: ticket.account,
            maker_order: maker.order_id,
            taker_order: ticket.order_id,
            price: maker.price,
            amount: fill,
            maker_remaining: maker.remaining() - fill,
            taker_remaining: ticket.remaining(),
            total,
            maker_fee,
            taker_fee,
        }));
        let change = |account, asset, available, held| Change {
            account,
            asset,
            business: Business::Trade,
            reference: trade_id,
            available,
            held,
        };
        let (quote, base_asset) = (terms.quote, terms.base);
        let legs = match ticket.side {
            Side::Buy => [
                change(ticket.account, quote, -total, 0),
                change(ticket.account, base_asset, base - taker_fee, 0),
                change(maker.account, base_asset, 0, -base),
                change(maker.account, quote, total - maker_fee, 0),
                change(FEES, base_asset, taker_fee, 0),
                change(FEES, quote, maker_fee, 0),
            ],
            Side::Sell => [
                change(maker.account, quote, 0, -total),
                change(maker.account, base_asset, base - maker_fee, 0),
                change(ticket.account, base_asset, -base, 0),
                change(ticket.account, quote, total - taker_fee, 0),
                change(FEES, base_asset, maker_fee, 0),
                change(FEES, quote, taker_fee, 0),
            ],
        };
        for leg in &legs[..4] {
            self.accounts.change(&mut self.events, *leg);
        }
        for leg in legs[4..].iter().filter(|leg| leg.available != 0) {
            self.accounts.change(&mut self.events, *leg);
        }
        total
    }

    /// What becomes of a taker when matching has ended.
    #[inline]
    fn finish(&mut self, ticket: &Ticket, stop: Stop) -> Status {
        let reason = match stop {
            Stop::Complete => DoneReason::Filled,
            Stop::SelfTrade => DoneReason::SelfTrade,
            Stop::OutOfFunds => DoneReason::InsufficientFunds,
            Stop::NoMatch if ticket.order_type.is_limit() && ticket.tif.rests() => {
                if self.rest(ticket) {
                    return Status::Resting;
                }
                DoneReason::Unfilled
            }
            Stop::NoMatch => DoneReason::Unfilled,
        };
        self.done(ticket, reason);
        Status::Done
    }

    /// Puts the remainder into the book, its cost held. False when the level cannot take it (only a triggered stop gets here unchecked).
    #[inline]
    fn rest(&mut self, ticket: &Ticket) -> bool {
        let level = self.market(ticket.market).book.side(ticket.side).amount_at(ticket.price);
        if level.checked_add(ticket.remaining()).is_none() {
            return false;
        }
        let held = self.hold_of(ticket);
        self.hold(ticket, held);
        let slot = self.shelve(ticket);
        let side = self.markets[ticket.market as usize].book.side_mut(ticket.side);
        let level = side.push(&mut self.orders, slot);
        self.level_changed(ticket.market, ticket.side, &level);
        true
    }

    /// What a resting or waiting order holds of the asset it pays with.
    #[inline]
    pub(crate) fn hold_of(&self, ticket: &Ticket) -> Atoms {
        if ticket.has_funds() {
            return ticket.rare.funds as Atoms;
        }
        self.market(ticket.market).terms.cost(ticket.side, ticket.price, ticket.remaining())
    }

    /// Moves `atoms` of what the order pays with from available to held; back when negative.
    #[inline]
    pub(crate) fn hold(&mut self, ticket: &Ticket, atoms: Atoms) {
        let change = self.market(ticket.market).terms.hold(ticket.account, ticket.side, ticket.order_id, atoms);
        self.accounts.change(&mut self.events, change);
    }

    /// Into the slab, and into the expiry index where it has an end.
    #[inline]
    pub(crate) fn shelve(&mut self, ticket: &Ticket) -> Slot {
        if ticket.rare.expire_at != 0 {
            self.expiries.insert((ticket.rare.expire_at, ticket.order_id));
        }
        self.orders.insert(ticket)
    }

    /// Out of the slab and the expiry index; the book level or stop index is the caller's.
    #[inline]
    pub(crate) fn retire(&mut self, slot: Slot) -> Ticket {
        let ticket = self.orders.remove(slot);
        if ticket.rare.expire_at != 0 {
            self.expiries.remove(&(ticket.rare.expire_at, ticket.order_id));
        }
        ticket
    }

    #[inline]
    pub(crate) fn done(&mut self, ticket: &Ticket, reason: DoneReason) {
        self.accounts.finish_client_id(ticket.account, ticket.rare.client_id);
        self.events.push(Event::OrderDone(OrderDone {
            order_id: ticket.order_id,
            account: ticket.account,
            market: ticket.market,
            side: ticket.side,
            reason,
            remaining: ticket.remaining(),
            filled: ticket.filled,
        }));
    }

    #[inline]
    pub(crate) fn level_changed(&mut self, market: MarketId, side: Side, level: &Level) {
        self.events.push(Event::BookLevelChanged {
            market,
            side,
            orders: level.orders,
            price: level.price,
            amount: level.amount,
        });
    }

    /// Ends an order that has already left its level or index, and releases what it held.
    fn cancel_unlinked(&mut self, slot: Slot, reason: DoneReason) -> Ticket {
        let ticket = self.retire(slot);
        self.done(&ticket, reason);
        let held = self.hold_of(&ticket);
        self.hold(&ticket, -held);
        ticket
    }

    /// Ends a live order, wherever it stands.
    fn cancel_slot(&mut self, slot: Slot, reason: DoneReason) -> Ticket {
        let order = self.orders[slot];
        let book = &mut self.markets[order.market as usize].book;
        if order.is_waiting() {
            let stop_price = self.orders.rare(&order).stop_price;
            book.stops.remove(order.side, stop_price, order.order_id);
            return self.cancel_unlinked(slot, reason);
        }
        let level = book.side_mut(order.side).remove(&mut self.orders, slot);
        let ticket = self.cancel_unlinked(slot, reason);
        self.level_changed(order.market, order.side, &level);
        ticket
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

    pub(crate) fn cancel_order(&mut self, account: AccountId, order_id: OrderId) -> Answer {
        let slot = self.own_order(account, order_id)?;
        let ticket = self.cancel_slot(slot, DoneReason::Cancelled);
        Ok(Outcome { id: order_id, status: Status::Done, remaining: ticket.remaining(), ..Outcome::default() })
    }

    pub(crate) fn cancel_many(&mut self, account: AccountId, order_ids: OrderIds<'_>) -> Answer {
        refuse(!self.account_exists(account), AccountNotFound)?;
        let mut count = 0;
        for order_id in order_ids.iter() {
            if let Ok(slot) = self.own_order(account, order_id) {
                self.cancel_slot(slot, DoneReason::Cancelled);
                count += 1;
            }
        }
        Ok(Outcome::with_count(count))
    }

    pub(crate) fn cancel_all(&mut self, account: AccountId, market: MarketId, side: u8) -> Answer {
        refuse(!self.account_exists(account), AccountNotFound)?;
        refuse(market != ALL_MARKETS && !self.market_exists(market), MarketNotFound)?;
        refuse(side > 1 && side != BOTH_SIDES, EnumInvalid)?;
        let concerned = |order: &Order| {
            (market == ALL_MARKETS || order.market == market) && (side == BOTH_SIDES || order.side as u8 == side)
        };
        let mut slots: Vec<(OrderId, Slot)> = self
            .orders
            .of_account(account)
            .filter(|slot| concerned(&self.orders[*slot]))
            .map(|slot| (self.orders[slot].order_id, slot))
            .collect();
        slots.sort_unstable();
        for (_, slot) in &slots {
            self.cancel_slot(*slot, DoneReason::Cancelled);
        }
        Ok(Outcome::with_count(slots.len() as u32))
    }

    pub(crate) fn expire_orders(&mut self) -> Answer {
        let mut count = 0;
        while let Some((expire_at, order_id)) = self.expiries.first().copied() {
            if expire_at > self.time {
                break;
            }
            let slot = self.orders.find(order_id).expect("only live orders have an expiry");
            self.cancel_slot(slot, DoneReason::Expired);
            count += 1;
        }
        Ok(Outcome::with_count(count))
    }

    /// After a stop triggered: as for a new order, but what cannot be filled or rest ends instead of being refused.
    pub(crate) fn enter_triggered(&mut self, ticket: Ticket) -> Outcome {
        if ticket.tif == TimeInForce::Fok && !self.is_fillable(&ticket) {
            self.done(&ticket, DoneReason::Fok);
            return Outcome {
                id: ticket.order_id,
                status: Status::Done,
                remaining: ticket.remaining(),
                ..Outcome::default()
            };
        }
        self.enter(ticket)
    }
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
    refuse((market.terms.total(price, amount) as u128) < market.limits.min_total, TotalTooSmall)
}

/// The least that must be available for the order to be taken at all (core.md, PlaceOrder 10).
#[inline]
fn least_needed(market: &Market, ticket: &Ticket) -> Atoms {
    match (ticket.order_type, ticket.side) {
        (OrderType::Limit | OrderType::StopLimit, side) => market.terms.cost(side, ticket.price, ticket.amount),
        (OrderType::StopMarket, Side::Buy) => ticket.rare.funds as Atoms,
        (OrderType::StopMarket, Side::Sell) => market.terms.base_atoms(ticket.amount),
        (OrderType::Market, Side::Buy) => 1,
        (OrderType::Market, Side::Sell) => market.terms.base_unit as Atoms,
    }
}
