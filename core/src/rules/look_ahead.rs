//! What an order of a linked market would meet: the match's own walk, without trading.

use crate::core::Core;
use crate::linked::{Link, largest};
use crate::order::Order;
use crate::orders::{LiveOrder, NIL, Slot};
use crate::rules::linked::{LinkedTaker, Next, OfferedLevels};
use crate::types::{Amount, AssetId, Atoms, CONVERSION, MAX_ATOMS, MarketId, OrderId, Price, SelfTrade, Side};

/// What the walk does with the order in front of it.
enum Wish {
    /// Up to so much of it.
    Take(Amount),
    PassBy,
    Stop,
}

/// On whose behalf the walk goes.
trait Walker {
    fn wish(&self, maker: &LiveOrder, effective: Price) -> Wish;

    /// So much was there at that price.
    fn took(&mut self, effective: Price, amount: Amount, total: u128);
}

/// How far the walk has come in one book.
#[derive(Clone, Copy)]
struct Place {
    market: MarketId,
    /// Levels behind it.
    depth: usize,
    price: Price,
    /// The order in front of it; [`NIL`] at the end of the book.
    slot: Slot,
    left: Amount,
    /// What the conversion account has paid, of this market's quote.
    paid: u128,
}

struct LookAhead<'a> {
    core: &'a Core,
    taker: LinkedTaker,
    places: Vec<Place>,
}

impl OfferedLevels for LookAhead<'_> {
    fn best(&self, position: usize, _: MarketId) -> Option<Price> {
        let place = &self.places[position];
        (place.slot != NIL).then_some(place.price)
    }

    fn oldest(&self, position: usize, _: MarketId) -> OrderId {
        self.core.orders[self.places[position].slot].order_id
    }

    fn payable(&self, position: usize, asset: AssetId) -> Atoms {
        self.core.accounts.available(CONVERSION, asset) - Atoms::of(self.places[position].paid)
    }
}

impl<'a> LookAhead<'a> {
    fn new(core: &'a Core, taker: LinkedTaker) -> LookAhead<'a> {
        let markets = &core.groups[usize::from(taker.link.group)].markets;
        let places = markets.iter().map(|market| Place::at(core, *market, taker.side, 0, 0)).collect();
        LookAhead { core, taker, places }
    }

    fn run(&mut self, walker: &mut impl Walker) {
        while let Some(next) = self.core.next_level(&self.taker, self) {
            let depth = self.places[next.position].depth;
            while self.places[next.position].depth == depth && self.places[next.position].slot != NIL {
                match walker.wish(&self.core.orders[self.places[next.position].slot], next.effective) {
                    Wish::Stop => return,
                    Wish::PassBy => self.advance(next.position),
                    Wish::Take(most) => {
                        if self.take(&next, most, walker) {
                            self.taker.pass_over(next.position);
                            break;
                        }
                    }
                }
                if next.tied {
                    break;
                }
            }
        }
    }

    /// True when the conversion account cannot pay for more.
    fn take(&mut self, next: &Next, most: Amount, walker: &mut impl Walker) -> bool {
        let place = self.places[next.position];
        let wanted = place.left.min(most);
        let resting = self.core.market(place.market).terms;
        let (amount, total, is_last) = if next.market == self.taker.market {
            (wanted, resting.total(place.price, wanted).unsigned(), false)
        } else {
            let conversion = self.core.conversion(self.taker.link, next.position);
            let unit = resting.total(place.price, Amount(1)).unsigned();
            let total = |amount: u64| conversion.total(self.taker.side, unit * u128::from(amount));
            let wanted = Amount(largest(wanted.0, Atoms::of(MAX_ATOMS), total));
            let here = (next.position, place.market);
            let amount = self.core.foreign_payable(&self.taker, self, here, place.price, wanted);
            let total = total(amount.0).expect("at most MAX_ATOMS");
            let (payer, paid) = match self.taker.side {
                Side::Buy => (next.position, unit * u128::from(amount.0)),
                Side::Sell => (usize::from(self.taker.link.position), total),
            };
            self.places[payer].paid += paid;
            (amount, total, amount < wanted)
        };
        if !amount.is_zero() {
            walker.took(next.effective, amount, total);
            self.places[next.position].left -= amount;
            if self.places[next.position].left.is_zero() {
                self.advance(next.position);
            }
        }
        is_last
    }

    fn advance(&mut self, position: usize) {
        let place = &mut self.places[position];
        let next = self.core.orders[place.slot].next;
        if next == NIL {
            *place = Place::at(self.core, place.market, self.taker.side, place.depth + 1, place.paid);
        } else {
            place.slot = next;
            place.left = self.core.orders[next].remaining;
        }
    }
}

impl Place {
    fn at(core: &Core, market: MarketId, taker_side: Side, depth: usize, paid: u128) -> Place {
        match core.market(market).book.nth_best(taker_side.opposite(), depth) {
            None => Place { market, depth, price: Price::NONE, slot: NIL, left: Amount::ZERO, paid },
            Some(level) => {
                let left = core.orders[level.head].remaining;
                Place { market, depth, price: level.price, slot: level.head, left, paid }
            }
        }
    }
}

/// An order that wants all or nothing.
struct FillOrKill<'o> {
    order: &'o Order,
    mode: SelfTrade,
    needed: Amount,
    cost: u128,
}

impl Walker for FillOrKill<'_> {
    fn wish(&self, maker: &LiveOrder, _: Price) -> Wish {
        if self.needed.is_zero() {
            return Wish::Stop;
        }
        if maker.account != self.order.account {
            return Wish::Take(self.needed);
        }
        match self.mode {
            SelfTrade::CancelOldest => Wish::PassBy,
            SelfTrade::CancelNewest | SelfTrade::CancelBoth => Wish::Stop,
            SelfTrade::Allow | SelfTrade::MarketDefault => Wish::Take(self.needed),
        }
    }

    fn took(&mut self, _: Price, amount: Amount, total: u128) {
        self.needed -= amount;
        self.cost += total;
    }
}

/// Levels of one side, equal effective prices added up.
struct Levels {
    levels: Vec<(Price, Amount)>,
    limit: usize,
}

impl Walker for Levels {
    fn wish(&self, _: &LiveOrder, effective: Price) -> Wish {
        let is_new = self.levels.last().is_none_or(|(price, _)| *price != effective);
        if is_new && self.levels.len() >= self.limit { Wish::Stop } else { Wish::Take(Amount::MAX) }
    }

    fn took(&mut self, effective: Price, amount: Amount, _: u128) {
        match self.levels.last_mut() {
            Some((price, sum)) if *price == effective => *sum = sum.checked_add(amount).unwrap_or(Amount::MAX),
            _ => self.levels.push((effective, amount)),
        }
    }
}

impl Core {
    /// (what is missing, what the rest would cost) if the order were let loose on its group.
    pub(super) fn look_ahead(&self, order: &Order, link: Link) -> (Amount, u128) {
        let mode = self.market(order.market).self_trade(order.self_trade);
        let mut walker = FillOrKill { order, mode, needed: order.amount - order.filled, cost: 0 };
        LookAhead::new(self, LinkedTaker::new(order, link)).run(&mut walker);
        (walker.needed, walker.cost)
    }

    /// Everything that [`Core::converted_depth`] of a linked market depends on: while this is the same, so is that.
    pub fn converted_depth_key(&self, market: MarketId) -> Option<Vec<u128>> {
        let link = self.markets.get(market.index())?.link?;
        let group = &self.groups[usize::from(link.group)];
        let mut key = vec![u128::from(group.changes), u128::from(self.catalogue_changes)];
        for (position, linked) in group.markets.iter().enumerate() {
            let conversion = group.conversion(usize::from(link.position), position);
            let is_current = conversion.is_some_and(|conversion| self.time <= conversion.current_until);
            let linked = self.market(*linked);
            key.push(self.accounts.available(CONVERSION, linked.terms.quote).unsigned());
            key.push(u128::from(linked.book.changes) << 1 | u128::from(is_current));
        }
        Some(key)
    }

    /// What a taker could take in this market right now, best first; of a market without a group its own levels.
    ///
    /// `side` is the one that rests. At most `limit` levels.
    pub fn converted_depth(&self, market: MarketId, side: Side, limit: usize) -> Vec<(Price, Amount)> {
        let Some(link) = self.markets.get(market.index()).and_then(|market| market.link) else {
            return self.depth(market, side).take(limit).collect();
        };
        let taker = LinkedTaker { market, link, side: side.opposite(), limit: None, passed_over: 0 };
        let mut walker = Levels { levels: Vec::new(), limit };
        LookAhead::new(self, taker).run(&mut walker);
        walker.levels
    }
}
