//! Asking for memory before a command needs it.
//!
//! On a large venue most of a command's time is waiting for memory: its account, its order, the order's neighbours. Whoever
//! applies many commands in a row (a replay, a batch) knows them in advance, so each step of the chain id → order →
//! neighbours is asked for while earlier commands run. A small venue fits the cache, and asking would only cost. Nothing here
//! changes anything.

use crate::core::Core;
use crate::types::{AccountId, OrderId};

/// How many commands ahead each step is asked for: far enough for one trip to memory to end before the next step needs it.
const PLACES: usize = 12;
const ORDERS: usize = 8;
const NEIGHBOURS: usize = 4;

/// What a command to come will touch, as far as it says so by itself.
#[derive(Clone, Copy, Debug)]
pub struct Soon {
    pub account: AccountId,
    /// The order that it cancels; 0 for none.
    pub order_id: OrderId,
}

impl Soon {
    /// Without asking for the command's kind: which one comes is anybody's guess, and a processor that guesses wrong pays more than this saves.
    #[inline(always)]
    pub fn in_record(record: &[u8]) -> Soon {
        let number =
            |at: usize| record.get(at..at + 8).map_or(0, |bytes| u64::from_le_bytes(bytes.try_into().expect("eight")));
        let order_id = number(20);
        Soon {
            account: AccountId(number(16) as u32),
            order_id: OrderId(if record.get(4) == Some(&11) { order_id } else { 0 }),
        }
    }
}

impl Core {
    /// Call before applying command number `at` of a run, where `soon(n)` is what command number `n` will touch.
    #[inline(always)]
    pub fn warm(&self, at: usize, soon: impl Fn(usize) -> Option<Soon>) {
        if !self.orders.is_large() {
            return;
        }
        if let Some(Soon { account, order_id }) = soon(at + PLACES) {
            self.accounts.prefetch(account);
            self.orders.prefetch_account(account);
            self.orders.prefetch_id(order_id);
        }
        if let Some(Soon { order_id, .. }) = soon(at + ORDERS) {
            self.orders.prefetch_order(order_id);
        }
        if let Some(Soon { order_id, .. }) = soon(at + NEIGHBOURS) {
            self.orders.prefetch_neighbours(order_id);
        }
    }
}
