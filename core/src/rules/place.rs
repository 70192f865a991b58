//! Placing an order: its checks, in the order of the page, and what becomes of it.

use crate::command::PlaceOrder;
use crate::core::Core;
use crate::event::{Event, OrderAccepted};
use crate::market::{HALTED, Market};
use crate::order::{Order, Rare};
use crate::outcome::RejectReason::{
    AccountNotFound, AlreadyExpired, AmountTooLarge, AmountTooSmall, ClientIdUsed, CombinationInvalid, EnumInvalid,
    FillOrKillUnfillable, InsufficientFunds, LevelFull, MarketHalted, MarketNotFound, PriceTooHigh, PriceTooLow,
    SystemAccount, TooManyOpenOrders, TotalTooLarge, TotalTooSmall, WouldCross,
};
use crate::outcome::{Answer, Outcome, Rejection, reject_if};
use crate::types::{
    AccountId, Amount, Atoms, FIRST_USER_ACCOUNT, MAX_ATOMS, ORDER_FLAGS, OrderType, POST_ONLY, Price, SelfTrade, Side,
    TAKE_PROFIT, TimeInForce,
};

/// The fields that must hold together whatever the market (core.md, PlaceOrder 3).
#[inline]
pub(super) fn contradicts(c: &PlaceOrder, side: Side, order_type: OrderType, tif: TimeInForce) -> bool {
    // Most orders are plain limit orders that rest: nothing in them can contradict.
    let plain = order_type == OrderType::Limit && tif == TimeInForce::Gtc;
    let take_profit = c.flags & TAKE_PROFIT != 0;
    if plain && !take_profit && c.funds == 0 && c.stop_price.is_none() && c.expire_at == 0 {
        return false;
    }
    let post_only = c.flags & POST_ONLY != 0;
    let by_type = if order_type.is_limit() {
        c.funds != 0
    } else {
        !c.price.is_none()
            || !matches!(tif, TimeInForce::Ioc | TimeInForce::Fok)
            || post_only
            || (c.funds != 0 && (side == Side::Sell || !c.amount.is_zero() || tif == TimeInForce::Fok))
    };
    let stop_market =
        order_type == OrderType::StopMarket && (tif == TimeInForce::Fok || (side == Side::Buy && c.funds == 0));
    by_type
        || stop_market
        || order_type.is_stop() == c.stop_price.is_none()
        || (take_profit && !order_type.is_stop())
        || (post_only && (order_type != OrderType::Limit || !tif.rests()))
        || (tif == TimeInForce::Gtd) != (c.expire_at != 0)
}

impl Core {
    #[inline]
    pub(crate) fn place_order(&mut self, c: &PlaceOrder, outcome: &mut Outcome) -> Answer {
        let enums = check_enums(self, c)?;
        let (side, order_type, tif, _) = enums;
        reject_if(c.flags > ORDER_FLAGS, EnumInvalid)?;
        let market = self.market(c.market);
        reject_if(contradicts(c, side, order_type, tif), CombinationInvalid)?;
        check_sizes(market, c, order_type)?;
        reject_if(tif == TimeInForce::Gtd && c.expire_at <= self.time, AlreadyExpired)?;
        self.check_client_id(c.account, c.client_id)?;
        let mut order = self.order_of(c, enums);
        self.check_standing(&order)?;
        self.accept(&order, c);
        let order_id = order.order_id;
        if order_type.is_stop() {
            self.wait(&order);
            outcome.wait(&order);
        } else {
            self.enter(&mut order, outcome);
        }
        let market = self.market(c.market);
        // Stops of other markets are reached by trades with their orders alone.
        if !market.book.stops.is_empty() || (market.link.is_some() && outcome.count > 0) {
            self.trigger_stops(c.market, order_id, outcome);
        }
        Ok(())
    }

    #[inline(always)]
    pub(super) fn check_client_id(&self, account: AccountId, client_id: u128) -> Result<(), Rejection> {
        if client_id != 0 {
            if let Some(id) = self.accounts.order_by_client_id(account, client_id) {
                return Err(Rejection { reason: ClientIdUsed, id: id.0 });
            }
        }
        Ok(())
    }

    /// The order that the command would become.
    #[inline(always)]
    pub(super) fn order_of(&self, c: &PlaceOrder, (side, order_type, tif, self_trade): Enums) -> Order {
        let market = self.market(c.market);
        let (maker_ppm, taker_ppm) = self.accounts.fees(c.account, (market.maker_ppm, market.taker_ppm));
        Order {
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
            filled: Amount::ZERO,
            created: self.time,
            maker_ppm,
            taker_ppm,
            rare: Rare { stop_price: c.stop_price, expire_at: c.expire_at, funds: c.funds, client_id: c.client_id },
        }
    }

    /// From here on there is such an order; where it stands is the caller's.
    #[inline(always)]
    pub(super) fn accept(&mut self, order: &Order, c: &PlaceOrder) {
        let Order { order_id, maker_ppm, taker_ppm, .. } = *order;
        self.next_order_id.0 += 1;
        if c.client_id != 0 {
            self.accounts.remember_client_id(c.account, c.client_id, order_id);
        }
        self.events.push(Event::OrderAccepted(OrderAccepted { order_id, maker_ppm, taker_ppm, order: *c }));
    }

    /// The checks against what the account has and what stands in the book (core.md, PlaceOrder 8 to 12).
    #[inline(always)]
    pub(super) fn check_standing(&self, order: &Order) -> Result<(), Rejection> {
        let market = self.market(order.market);
        let (side, price) = (order.side, order.price);
        let is_limit = order.order_type.is_limit();
        let is_stop = order.order_type.is_stop();
        let rests = is_stop || (is_limit && order.tif.rests());
        reject_if(rests && self.orders.count_of(order.account) >= self.max_open_orders, TooManyOpenOrders)?;
        reject_if(order.flags & POST_ONLY != 0 && self.would_cross(order, price), WouldCross)?;
        let available = self.accounts.available(order.account, market.terms.paid(side));
        reject_if(available < least_needed(market, order), InsufficientFunds)?;
        reject_if(order.tif == TimeInForce::Fok && !is_stop && !self.is_fillable(order), FillOrKillUnfillable)?;
        reject_if(is_limit && order.tif.rests() && !market.book.has_room(side, price, order.amount), LevelFull)
    }

    /// Could all of this fill-or-kill order trade right now?
    pub(super) fn is_fillable(&self, order: &Order) -> bool {
        let market = self.market(order.market);
        let (needed, cost) = match market.link {
            Some(link) => self.look_ahead(order, link),
            None => self.look_through_own_book(order),
        };
        let available = self.accounts.available(order.account, market.terms.paid(order.side));
        let affordable = order.order_type.is_limit()
            || match order.side {
                Side::Buy => cost <= available.max(Atoms::ZERO).unsigned(),
                Side::Sell => market.terms.base_atoms(order.amount) <= available,
            };
        needed.is_zero() && affordable
    }

    /// (what would be missing, what the rest would cost) if the order were let loose on its own book.
    fn look_through_own_book(&self, order: &Order) -> (Amount, u128) {
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
                cost += market.terms.total(level.price, fill).unsigned();
                needed -= fill;
                if needed.is_zero() {
                    break 'walk;
                }
            }
        }
        (needed, cost)
    }

    /// Would the order trade at once at that price?
    #[inline]
    pub(super) fn would_cross(&self, order: &Order, price: Price) -> bool {
        let market = self.market(order.market);
        market.book.crosses(order.side, price)
            || market.link.is_some_and(|link| self.crosses_linked(&Order { price, ..*order }, link))
    }
}

pub(super) type Enums = (Side, OrderType, TimeInForce, SelfTrade);

/// The order's enumerations, after the checks that come before them (core.md, PlaceOrder 1 and 2). Which flags it may have is the caller's.
#[inline]
pub(super) fn check_enums(core: &Core, c: &PlaceOrder) -> Result<Enums, Rejection> {
    reject_if(!core.account_exists(c.account), AccountNotFound)?;
    reject_if(c.account < FIRST_USER_ACCOUNT, SystemAccount)?;
    reject_if(!core.market_exists(c.market), MarketNotFound)?;
    reject_if(core.market(c.market).status == HALTED, MarketHalted)?;
    let side = Side::from_u8(c.side).ok_or(EnumInvalid)?;
    let order_type = OrderType::from_u8(c.order_type).ok_or(EnumInvalid)?;
    let tif = TimeInForce::from_u8(c.tif).ok_or(EnumInvalid)?;
    let self_trade = SelfTrade::from_u8(c.self_trade).ok_or(EnumInvalid)?;
    Ok((side, order_type, tif, self_trade))
}

/// core.md, PlaceOrder 4 and 5.
#[inline]
pub(super) fn check_sizes(market: &Market, c: &PlaceOrder, order_type: OrderType) -> Result<(), Rejection> {
    if order_type.is_limit() {
        check_price(market, c.price)?;
    }
    if order_type.is_stop() {
        check_price(market, c.stop_price)?;
    }
    if c.funds == 0 {
        check_amount(market, c.amount)?;
    } else {
        reject_if(c.funds > MAX_ATOMS, TotalTooLarge)?;
        reject_if(c.funds < market.limits.min_total, TotalTooSmall)?;
    }
    if order_type.is_limit() {
        check_total(market, c.price, c.amount)?;
    }
    Ok(())
}

#[inline]
pub(super) fn check_price(market: &Market, price: Price) -> Result<(), Rejection> {
    reject_if(price < market.limits.min_price, PriceTooLow)?;
    reject_if(price > market.limits.max_price, PriceTooHigh)
}

#[inline]
pub(super) fn check_amount(market: &Market, amount: Amount) -> Result<(), Rejection> {
    reject_if(amount < market.limits.min_amount, AmountTooSmall)?;
    reject_if(amount > market.limits.max_amount, AmountTooLarge)
}

#[inline]
pub(super) fn check_total(market: &Market, price: Price, amount: Amount) -> Result<(), Rejection> {
    let min_total = market.limits.min_total;
    reject_if(min_total != 0 && market.terms.total(price, amount).unsigned() < min_total, TotalTooSmall)
}

/// The least that must be available for the order to be taken at all (core.md, PlaceOrder 10).
#[inline]
fn least_needed(market: &Market, order: &Order) -> Atoms {
    match (order.order_type, order.side) {
        (OrderType::Limit | OrderType::StopLimit, side) => market.terms.cost(side, order.price, order.amount),
        (OrderType::StopMarket, Side::Buy) => Atoms::of(order.rare.funds),
        (OrderType::StopMarket, Side::Sell) => market.terms.base_atoms(order.amount),
        (OrderType::Market, Side::Buy) => Atoms(1),
        (OrderType::Market, Side::Sell) => Atoms::of(u128::from(market.terms.base_unit)),
    }
}
