//! Asking for memory before a command needs it.
//!
//! On a large venue most of a command's time is waiting for memory: its account, its order, the order's neighbours. Whoever
//! applies many commands in a row (a replay, a batch) knows them in advance, so each step of the chain id → order →
//! neighbours is asked for while earlier commands run. A small venue fits the cache, and asking would only cost. Nothing here
//! changes anything.

use crate::command::Command;
use crate::core::Core;

/// How many commands ahead each step is asked for: far enough for one trip to memory to end before the next step needs it.
const PLACES: usize = 12;
const ORDERS: usize = 8;
const NEIGHBOURS: usize = 4;

impl Core {
    /// Call before applying command number `at` of a run whose commands `command` gives.
    #[inline]
    pub fn warm<'c>(&self, at: usize, command: impl Fn(usize) -> Option<Command<'c>>) {
        if !self.orders.is_large() {
            return;
        }
        if let Some(soon) = command(at + PLACES) {
            self.warm_places(&soon);
        }
        if let Some(Command::CancelOrder { order_id, .. }) = command(at + ORDERS) {
            self.orders.prefetch_order(order_id);
        }
        if let Some(Command::CancelOrder { order_id, .. }) = command(at + NEIGHBOURS) {
            self.orders.prefetch_neighbours(order_id);
        }
    }

    #[inline]
    fn warm_places(&self, command: &Command<'_>) {
        match command {
            Command::PlaceOrder(order) => {
                self.accounts.prefetch(order.account);
                self.orders.prefetch_account(order.account);
            }
            Command::CancelOrder { account, order_id } => {
                self.accounts.prefetch(*account);
                self.orders.prefetch_account(*account);
                self.orders.prefetch_id(*order_id);
            }
            _ => {}
        }
    }
}
