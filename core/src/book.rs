//! One market's book: price levels, each a list of orders oldest first, and per side a sorted vector of keys, best last.

use crate::orders::{LiveOrder, NIL, Orders, Slot};
use crate::stops::Stops;
use crate::types::{Amount, Price, Side};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Level {
    pub price: Price,
    pub amount: Amount,
    pub head: Slot,
    pub tail: Slot,
    pub orders: u32,
    pub side: Side,
}

/// A level as its event says it: three words, so that nothing wide is read back right after narrow writes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LevelNow {
    pub price: Price,
    pub amount: Amount,
    pub orders: u32,
}

/// The order of one side's levels. Keys grow from the worst price to the best, so both sides are handled by the same code:
/// a bid's key is its price, an ask's the inverted price. The best stands last, where inserting and removing are cheapest.
#[derive(Clone, Debug)]
pub(crate) struct BookSide {
    flip: u64,
    keys: Vec<u64>,
    levels: Vec<u32>,
    /// Everything that rests on this side.
    amount: u128,
}

#[derive(Clone, Debug)]
pub(crate) struct Book {
    sides: [BookSide; 2],
    levels: Vec<Level>,
    free: Vec<u32>,
    /// For each side, where levels were last found, by the low bits of their price: most orders join a level that exists, and
    /// then nothing is searched. Only a hint: whatever it names is checked.
    found: Box<[[u32; FOUND]; 2]>,
    pub stops: Stops,
    /// Grows with every change of a level; no part of the canonical state.
    pub changes: u64,
}

const FOUND: usize = 256;

impl BookSide {
    fn new(flip: u64) -> BookSide {
        BookSide { flip, keys: Vec::new(), levels: Vec::new(), amount: 0 }
    }

    /// `Ok(index)` of the level at `price`, or `Err(index)` where it belongs.
    #[inline]
    fn position(&self, price: Price) -> Result<usize, usize> {
        self.keys.binary_search(&(price.0 ^ self.flip))
    }

    /// Does an incoming order of the *other* side with this limit accept this side's best price?
    #[inline]
    fn is_reached(&self, limit: Price) -> bool {
        self.keys.last().is_some_and(|best| *best >= limit.0 ^ self.flip)
    }

    fn accepts(&self, limit: Price, price: Price) -> bool {
        price.0 ^ self.flip >= limit.0 ^ self.flip
    }
}

impl Book {
    pub fn new() -> Book {
        Book {
            sides: [BookSide::new(0), BookSide::new(u64::MAX)],
            levels: Vec::new(),
            free: Vec::new(),
            found: Box::new([[NIL; FOUND]; 2]),
            stops: Stops::default(),
            changes: 0,
        }
    }

    #[inline]
    fn side(&self, side: Side) -> &BookSide {
        &self.sides[side as usize]
    }

    /// The best level of a side.
    #[inline]
    pub fn best(&self, side: Side) -> Option<&Level> {
        self.side(side).levels.last().map(|level| &self.levels[*level as usize])
    }

    /// The price of the best level of a side: of the keys alone, without a look at the level.
    #[inline]
    pub fn best_price(&self, side: Side) -> Option<Price> {
        let side = self.side(side);
        side.keys.last().map(|key| Price(key ^ side.flip))
    }

    /// The level with `behind` better ones of its side.
    pub fn nth_best(&self, side: Side, behind: usize) -> Option<&Level> {
        let levels = &self.side(side).levels;
        let at = levels.len().checked_sub(behind + 1)?;
        Some(&self.levels[levels[at] as usize])
    }

    /// Writes back the best level after matching with it; a level without orders goes.
    #[inline]
    pub fn put_best(&mut self, side: Side, level: &Level) {
        self.changes += 1;
        let side = &mut self.sides[side as usize];
        let id = *side.levels.last().expect("it was matched with");
        side.amount -= u128::from((self.levels[id as usize].amount - level.amount).0);
        self.levels[id as usize] = *level;
        if level.orders == 0 {
            side.keys.pop();
            side.levels.pop();
            self.free.push(id);
        }
    }

    /// Would a limit order of `side` at `price` trade at once?
    #[inline]
    pub fn crosses(&self, side: Side, price: Price) -> bool {
        self.side(side.opposite()).is_reached(price)
    }

    /// Does a limit of `side` at `limit` accept `price`?
    pub fn reaches(&self, side: Side, limit: Price, price: Price) -> bool {
        self.side(side.opposite()).accepts(limit, price)
    }

    /// Can the level at `price` take so much more? (Levels sum u64 amounts.)
    #[inline]
    pub fn has_room(&self, side: Side, price: Price, amount: Amount) -> bool {
        // While the whole side fits, each of its levels does: the search is for brimming books.
        self.side(side).amount + u128::from(amount.0) <= u128::from(u64::MAX)
            || self.amount_at(side, price).checked_add(amount).is_some()
    }

    /// The amount that rests at `price`.
    pub fn amount_at(&self, side: Side, price: Price) -> Amount {
        let side = self.side(side);
        side.position(price).map_or(Amount::ZERO, |at| self.levels[side.levels[at] as usize].amount)
    }

    /// Puts an order at the end of its level and returns the level as it then is.
    #[inline]
    pub fn push(&mut self, orders: &mut Orders, slot: Slot) -> LevelNow {
        self.changes += 1;
        let order = &mut orders[slot];
        let (order_side, price, remaining) = (order.side, order.price, order.remaining);
        let id = self.level_at(order_side, price);
        let level = &mut self.levels[id as usize];
        order.level = id;
        order.previous = level.tail;
        if level.tail == NIL {
            level.head = slot;
        } else {
            orders[level.tail].next = slot;
        }
        level.tail = slot;
        let now = LevelNow { price, amount: level.amount + remaining, orders: level.orders + 1 };
        level.amount = now.amount;
        level.orders = now.orders;
        self.sides[order_side as usize].amount += u128::from(remaining.0);
        now
    }

    /// The level at `price`, made when there is none.
    #[inline]
    fn level_at(&mut self, side: Side, price: Price) -> u32 {
        let hint = self.found[side as usize][price.0 as usize % FOUND];
        if let Some(level) = self.levels.get(hint as usize) {
            if level.price == price && level.side == side && level.orders > 0 {
                return hint;
            }
        }
        let id = self.search_level(side, price);
        self.found[side as usize][price.0 as usize % FOUND] = id;
        id
    }

    #[inline(never)]
    fn search_level(&mut self, book_side: Side, price: Price) -> u32 {
        let side = &mut self.sides[book_side as usize];
        match side.position(price) {
            Ok(at) => side.levels[at],
            Err(at) => {
                let level = Level { price, amount: Amount::ZERO, head: NIL, tail: NIL, orders: 0, side: book_side };
                let id = match self.free.pop() {
                    Some(id) => {
                        self.levels[id as usize] = level;
                        id
                    }
                    None => {
                        self.levels.push(level);
                        (self.levels.len() - 1) as u32
                    }
                };
                side.keys.insert(at, price.0 ^ side.flip);
                side.levels.insert(at, id);
                id
            }
        }
    }

    /// Takes an order out of its level, wherever it stands; returns the level as it then is (gone when it has no orders).
    #[inline]
    pub fn remove(&mut self, orders: &mut Orders, slot: Slot) -> LevelNow {
        self.changes += 1;
        let LiveOrder { level: id, side, remaining, .. } = orders[slot];
        let level = &mut self.levels[id as usize];
        level.unlink(orders, slot);
        let left = level.now();
        let side = &mut self.sides[side as usize];
        side.amount -= u128::from(remaining.0);
        if left.orders == 0 {
            let at = side.position(left.price).expect("a level has its key");
            side.keys.remove(at);
            side.levels.remove(at);
            self.free.push(id);
        }
        left
    }

    /// Shrinks an order in its place to a new whole amount; returns the level as it then is.
    pub fn shrink(&mut self, orders: &mut Orders, slot: Slot, amount: Amount) -> LevelNow {
        self.changes += 1;
        let less = orders.amount(slot) - amount;
        let level = &mut self.levels[orders[slot].level as usize];
        level.amount -= less;
        self.sides[orders[slot].side as usize].amount -= u128::from(less.0);
        let now = level.now();
        orders.shrink(slot, amount);
        now
    }

    /// Levels of one side, best first.
    pub fn best_first(&self, side: Side) -> impl Iterator<Item = &Level> {
        self.side(side).levels.iter().rev().map(|level| &self.levels[*level as usize])
    }
}

impl Level {
    #[inline]
    pub fn now(&self) -> LevelNow {
        LevelNow { price: self.price, amount: self.amount, orders: self.orders }
    }

    /// Takes an order out of this level's list and sums.
    #[inline]
    pub fn unlink(&mut self, orders: &mut Orders, slot: Slot) {
        let order = &orders[slot];
        let (previous, next, remaining) = (order.previous, order.next, order.remaining);
        if previous == NIL {
            self.head = next;
        } else {
            orders[previous].next = next;
        }
        if next == NIL {
            self.tail = previous;
        } else {
            orders[next].previous = previous;
        }
        self.amount -= remaining;
        self.orders -= 1;
    }

    /// Slots of this level's orders, oldest first.
    pub fn slots(self, orders: &Orders) -> impl Iterator<Item = Slot> + '_ {
        std::iter::successors((self.head != NIL).then_some(self.head), |slot| {
            let next = orders[*slot].next;
            (next != NIL).then_some(next)
        })
    }
}
