//! Live orders: a slab with intrusive lists, found by id without hashing.

use crate::types::{AccountId, Amount, MarketId, Micros, OrderId, Ppm, Price, SelfTrade, Side, OrderType, TimeInForce};

pub(crate) type Slot = u32;
pub(crate) const NIL: Slot = u32::MAX;

/// A resting or waiting order. What few orders have lives in [`Rare`].
#[derive(Clone, Copy, Debug)]
pub struct Order {
    pub order_id: OrderId,
    pub price: Price,
    pub amount: Amount,
    pub filled: Amount,
    pub created: Micros,
    pub account: AccountId,
    pub maker_ppm: Ppm,
    pub taker_ppm: Ppm,
    pub(crate) next: Slot,
    pub(crate) previous: Slot,
    account_next: Slot,
    account_previous: Slot,
    rare: u32,
    pub market: MarketId,
    pub side: Side,
    pub order_type: OrderType,
    pub tif: TimeInForce,
    pub flags: u8,
    pub self_trade: SelfTrade,
}

/// Fields that most orders leave at zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rare {
    pub stop_price: Price,
    pub expire_at: Micros,
    pub funds: u128,
    pub client_id: u128,
}

/// An order outside the slab: on its way in, or taken out to be matched again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ticket {
    pub order_id: OrderId,
    pub account: AccountId,
    pub market: MarketId,
    pub side: Side,
    pub order_type: OrderType,
    pub tif: TimeInForce,
    pub flags: u8,
    pub self_trade: SelfTrade,
    pub price: Price,
    pub amount: Amount,
    pub filled: Amount,
    pub created: Micros,
    pub maker_ppm: Ppm,
    pub taker_ppm: Ppm,
    pub rare: Rare,
}

impl Order {
    #[inline]
    pub fn remaining(&self) -> Amount {
        self.amount - self.filled
    }

    /// An untriggered stop.
    pub fn is_waiting(&self) -> bool {
        self.order_type.is_stop()
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Orders {
    slots: Vec<Order>,
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
    type Output = Order;

    #[inline]
    fn index(&self, slot: Slot) -> &Order {
        &self.slots[slot as usize]
    }
}

impl std::ops::IndexMut<Slot> for Orders {
    #[inline]
    fn index_mut(&mut self, slot: Slot) -> &mut Order {
        &mut self.slots[slot as usize]
    }
}

impl Orders {
    pub fn open_account(&mut self, account: AccountId) {
        let accounts = account as usize + 1;
        if self.by_account.len() < accounts {
            self.by_account.resize(accounts, AccountOrders { head: NIL, count: 0 });
        }
    }

    #[inline]
    pub fn find(&self, order_id: OrderId) -> Option<Slot> {
        self.by_id.get(order_id)
    }

    pub fn count_of(&self, account: AccountId) -> u32 {
        self.by_account[account as usize].count
    }

    /// Slots of an account's live orders, in no meaningful order.
    pub fn of_account(&self, account: AccountId) -> impl Iterator<Item = Slot> + '_ {
        let head = self.by_account.get(account as usize).map_or(NIL, |orders| orders.head);
        std::iter::successors((head != NIL).then_some(head), |slot| {
            let next = self[*slot].account_next;
            (next != NIL).then_some(next)
        })
    }

    pub fn rare(&self, order: &Order) -> Rare {
        if order.rare == NIL { Rare::default() } else { self.rare[order.rare as usize] }
    }

    pub fn insert(&mut self, ticket: &Ticket) -> Slot {
        let order = Order {
            order_id: ticket.order_id,
            price: ticket.price,
            amount: ticket.amount,
            filled: ticket.filled,
            created: ticket.created,
            account: ticket.account,
            maker_ppm: ticket.maker_ppm,
            taker_ppm: ticket.taker_ppm,
            next: NIL,
            previous: NIL,
            account_next: NIL,
            account_previous: NIL,
            rare: self.insert_rare(ticket.rare),
            market: ticket.market,
            side: ticket.side,
            order_type: ticket.order_type,
            tif: ticket.tif,
            flags: ticket.flags,
            self_trade: ticket.self_trade,
        };
        let slot = match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize] = order;
                slot
            }
            None => {
                self.slots.push(order);
                (self.slots.len() - 1) as Slot
            }
        };
        self.by_id.insert(ticket.order_id, slot);
        self.link_to_account(slot, ticket.account);
        slot
    }

    fn insert_rare(&mut self, rare: Rare) -> u32 {
        if rare == Rare::default() {
            return NIL;
        }
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

    #[inline]
    fn link_to_account(&mut self, slot: Slot, account: AccountId) {
        let orders = &mut self.by_account[account as usize];
        let head = std::mem::replace(&mut orders.head, slot);
        orders.count += 1;
        self[slot].account_next = head;
        if head != NIL {
            self[head].account_previous = slot;
        }
    }

    /// Takes an order out of the slab. It must already have left its book level.
    #[inline]
    pub fn remove(&mut self, slot: Slot) -> Ticket {
        let order = self[slot];
        let rare = self.rare(&order);
        if order.rare != NIL {
            self.rare_free.push(order.rare);
        }
        self.by_id.remove(order.order_id);
        let orders = &mut self.by_account[order.account as usize];
        orders.count -= 1;
        if order.account_previous == NIL {
            orders.head = order.account_next;
        } else {
            self[order.account_previous].account_next = order.account_next;
        }
        if order.account_next != NIL {
            self[order.account_next].account_previous = order.account_previous;
        }
        self.free.push(slot);
        Ticket {
            order_id: order.order_id,
            account: order.account,
            market: order.market,
            side: order.side,
            order_type: order.order_type,
            tif: order.tif,
            flags: order.flags,
            self_trade: order.self_trade,
            price: order.price,
            amount: order.amount,
            filled: order.filled,
            created: order.created,
            maker_ppm: order.maker_ppm,
            taker_ppm: order.taker_ppm,
            rare,
        }
    }
}

const PAGE: u64 = 1024;

/// Order id to slot: ids are sequential, so a page table of live pages needs no hash; a page goes when its last order does.
#[derive(Clone, Debug, Default)]
struct IdIndex {
    pages: Vec<Option<Box<Page>>>,
}

#[derive(Clone, Debug)]
struct Page {
    live: u32,
    slots: [Slot; PAGE as usize],
}

impl IdIndex {
    #[inline]
    fn get(&self, order_id: OrderId) -> Option<Slot> {
        let page = self.pages.get((order_id / PAGE) as usize)?.as_ref()?;
        let slot = page.slots[(order_id % PAGE) as usize];
        (slot != NIL).then_some(slot)
    }

    #[inline]
    fn insert(&mut self, order_id: OrderId, slot: Slot) {
        let at = (order_id / PAGE) as usize;
        if at >= self.pages.len() {
            self.pages.resize(at + 1, None);
        }
        let page = self.pages[at].get_or_insert_with(|| Box::new(Page { live: 0, slots: [NIL; PAGE as usize] }));
        page.slots[(order_id % PAGE) as usize] = slot;
        page.live += 1;
    }

    #[inline]
    fn remove(&mut self, order_id: OrderId) {
        let entry = &mut self.pages[(order_id / PAGE) as usize];
        let page = entry.as_mut().expect("a live order has its page");
        page.slots[(order_id % PAGE) as usize] = NIL;
        page.live -= 1;
        if page.live == 0 {
            *entry = None;
        }
    }
}
