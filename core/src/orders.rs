//! Live orders: a slab with intrusive lists, found by id without hashing.
//!
//! What matching and cancelling touch fills one cache line per order; the rest stands in a second array of the same slots.

use crate::id_index::IdIndex;
use crate::order::{Order, Rare};
use crate::types::{
    AccountId, Amount, MarketId, Micros, OrderId, OrderType, Ppm, Price, SelfTrade, Side, TimeInForce, prefetch,
    prefetch_at,
};

pub(crate) use crate::id_index::{NIL, Slot};

/// A resting or waiting order, as far as the hot path needs it.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(crate) struct LiveOrder {
    pub order_id: OrderId,
    pub price: Price,
    /// 0 for an order that names funds.
    pub remaining: Amount,
    pub account: AccountId,
    pub maker_ppm: Ppm,
    /// The level it rests in; meaningless while it waits.
    pub level: u32,
    pub next: Slot,
    pub previous: Slot,
    account_next: Slot,
    account_previous: Slot,
    rare: u32,
    pub market: MarketId,
    pub side: Side,
    pub order_type: OrderType,
    tif: TimeInForce,
    pub flags: u8,
    self_trade: SelfTrade,
}

/// What only reads, replacements and reports need.
#[derive(Clone, Copy, Debug)]
struct Cold {
    amount: Amount,
    created: Micros,
    taker_ppm: Ppm,
}

impl LiveOrder {
    pub fn is_waiting(&self) -> bool {
        self.order_type.is_stop()
    }

    /// Has a client id, an end, a stop price or funds.
    #[inline]
    pub fn is_plain(&self) -> bool {
        self.rare == NIL
    }
}

const VACANT: LiveOrder = LiveOrder {
    order_id: OrderId(0),
    price: Price::NONE,
    remaining: Amount::ZERO,
    account: AccountId(0),
    maker_ppm: 0,
    level: NIL,
    next: NIL,
    previous: NIL,
    account_next: NIL,
    account_previous: NIL,
    rare: NIL,
    market: MarketId(0),
    side: Side::Buy,
    order_type: OrderType::Limit,
    tif: TimeInForce::Gtc,
    flags: 0,
    self_trade: SelfTrade::MarketDefault,
};

#[derive(Clone, Debug, Default)]
pub(crate) struct Orders {
    slots: Vec<LiveOrder>,
    cold: Vec<Cold>,
    free: Vec<Slot>,
    by_id: IdIndex,
    by_account: Vec<AccountOrders>,
    rare: Vec<Rare>,
    rare_free: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
struct AccountOrders {
    head: Slot,
    count: u32,
}

impl std::ops::Index<Slot> for Orders {
    type Output = LiveOrder;

    #[inline]
    fn index(&self, slot: Slot) -> &LiveOrder {
        &self.slots[slot as usize]
    }
}

impl std::ops::IndexMut<Slot> for Orders {
    #[inline]
    fn index_mut(&mut self, slot: Slot) -> &mut LiveOrder {
        &mut self.slots[slot as usize]
    }
}

impl Orders {
    pub fn open_account(&mut self, account: AccountId) {
        let accounts = account.index() + 1;
        if self.by_account.len() < accounts {
            self.by_account.resize(accounts, AccountOrders { head: NIL, count: 0 });
        }
    }

    #[inline]
    pub fn find(&self, order_id: OrderId) -> Option<Slot> {
        self.by_id.get(order_id)
    }

    #[inline]
    pub fn prefetch_account(&self, account: AccountId) {
        prefetch_at(&self.by_account, account.index());
    }

    /// Too large for a processor's own cache, so that asking ahead pays.
    #[inline]
    pub fn is_large(&self) -> bool {
        self.slots.len() > 1 << 15
    }

    #[inline]
    pub fn prefetch_id(&self, order_id: OrderId) {
        if let Some(slot) = self.by_id.entry(order_id) {
            prefetch(slot);
        }
    }

    #[inline]
    pub fn prefetch_order(&self, order_id: OrderId) {
        if let Some(slot) = self.by_id.entry(order_id) {
            prefetch_at(&self.slots, *slot as usize);
            prefetch_at(&self.cold, *slot as usize);
        }
    }

    /// The orders that leaving its lists will touch.
    #[inline]
    pub fn prefetch_neighbours(&self, order_id: OrderId) {
        if let Some(slot) = self.find(order_id) {
            let order = &self.slots[slot as usize];
            for neighbour in [order.previous, order.next, order.account_previous, order.account_next] {
                if let Some(neighbour) = self.slots.get(neighbour as usize) {
                    prefetch(neighbour);
                }
            }
        }
    }

    /// The order that a matcher comes to after this one.
    #[inline]
    pub fn prefetch_next(&self, next: Slot) {
        if let Some(order) = self.slots.get(next as usize) {
            prefetch(order);
        }
    }

    #[inline]
    pub fn count_of(&self, account: AccountId) -> u32 {
        self.by_account[account.index()].count
    }

    /// Slots of an account's live orders, in no meaningful order.
    pub fn of_account(&self, account: AccountId) -> impl Iterator<Item = Slot> + '_ {
        let head = self.by_account.get(account.index()).map_or(NIL, |orders| orders.head);
        std::iter::successors((head != NIL).then_some(head), |slot| {
            let next = self[*slot].account_next;
            (next != NIL).then_some(next)
        })
    }

    #[inline]
    pub fn amount(&self, slot: Slot) -> Amount {
        self.cold[slot as usize].amount
    }

    /// Shrinks the whole amount in place; what is filled stays filled.
    pub fn shrink(&mut self, slot: Slot, amount: Amount) {
        let cold = &mut self.cold[slot as usize];
        self.slots[slot as usize].remaining -= cold.amount - amount;
        cold.amount = amount;
    }

    pub fn rare(&self, slot: Slot) -> Rare {
        let at = self[slot].rare;
        if at == NIL { Rare::default() } else { self.rare[at as usize] }
    }

    pub fn order(&self, slot: Slot) -> Order {
        let live = self[slot];
        let cold = self.cold[slot as usize];
        Order {
            order_id: live.order_id,
            account: live.account,
            market: live.market,
            side: live.side,
            order_type: live.order_type,
            tif: live.tif,
            flags: live.flags,
            self_trade: live.self_trade,
            price: live.price,
            amount: cold.amount,
            filled: cold.amount - live.remaining,
            created: cold.created,
            maker_ppm: live.maker_ppm,
            taker_ppm: cold.taker_ppm,
            rare: self.rare(slot),
        }
    }

    /// Takes an order in; a resting one still has to be linked into its level.
    #[inline]
    pub fn insert(&mut self, order: &Order) -> Slot {
        let rare = if order.rare == Rare::default() { NIL } else { self.insert_rare(order.rare) };
        let head = self.by_account[order.account.index()].head;
        let slot = self.free_slot();
        // Field by field into the slot: the order is read again at once, and narrow writes read back as wide words stall.
        let live = &mut self.slots[slot as usize];
        live.order_id = order.order_id;
        live.price = order.price;
        live.remaining = order.remaining();
        live.account = order.account;
        live.maker_ppm = order.maker_ppm;
        live.next = NIL;
        live.account_next = head;
        live.account_previous = NIL;
        live.rare = rare;
        live.market = order.market;
        live.side = order.side;
        live.order_type = order.order_type;
        live.tif = order.tif;
        live.flags = order.flags;
        live.self_trade = order.self_trade;
        let cold = &mut self.cold[slot as usize];
        cold.amount = order.amount;
        cold.created = order.created;
        cold.taker_ppm = order.taker_ppm;
        self.by_id.insert(order.order_id, slot);
        let orders = &mut self.by_account[order.account.index()];
        orders.head = slot;
        orders.count += 1;
        if head != NIL {
            self[head].account_previous = slot;
        }
        slot
    }

    #[inline]
    fn free_slot(&mut self) -> Slot {
        self.free.pop().unwrap_or_else(|| {
            self.slots.push(VACANT);
            self.cold.push(Cold { amount: Amount::ZERO, created: 0, taker_ppm: 0 });
            (self.slots.len() - 1) as Slot
        })
    }

    #[cold]
    fn insert_rare(&mut self, rare: Rare) -> u32 {
        match self.rare_free.pop() {
            Some(at) => {
                self.rare[at as usize] = rare;
                at
            }
            None => {
                self.rare.push(rare);
                (self.rare.len() - 1) as u32
            }
        }
    }

    /// Takes an order out. It must already have left its book level.
    #[inline]
    pub fn remove(&mut self, slot: Slot) {
        let order = &self.slots[slot as usize];
        let (order_id, account, rare) = (order.order_id, order.account, order.rare);
        let (previous, next) = (order.account_previous, order.account_next);
        if rare != NIL {
            self.rare_free.push(rare);
        }
        self.by_id.remove(order_id);
        let orders = &mut self.by_account[account.index()];
        orders.count -= 1;
        if previous == NIL {
            orders.head = next;
        } else {
            self[previous].account_next = next;
        }
        if next != NIL {
            self[next].account_previous = previous;
        }
        self.free.push(slot);
    }
}
