//! Live orders by id.

use crate::types::OrderId;

/// Where an order stands in the slab.
pub(crate) type Slot = u32;
/// No slot.
pub(crate) const NIL: Slot = u32::MAX;

const PAGE: u64 = 1024;

/// Order id to slot: ids are sequential, so a page table of live pages needs no hash; a page goes when its last order does.
#[derive(Clone, Debug, Default)]
pub(crate) struct IdIndex {
    pages: Vec<Option<Box<Page>>>,
}

#[derive(Clone, Debug)]
struct Page {
    live: u32,
    slots: [Slot; PAGE as usize],
}

impl IdIndex {
    /// The place where an order's slot stands while it lives.
    #[inline]
    pub fn entry(&self, order_id: OrderId) -> Option<&Slot> {
        let page = self.pages.get((order_id.0 / PAGE) as usize)?.as_ref()?;
        Some(&page.slots[(order_id.0 % PAGE) as usize])
    }

    #[inline]
    pub fn get(&self, order_id: OrderId) -> Option<Slot> {
        let slot = *self.entry(order_id)?;
        (slot != NIL).then_some(slot)
    }

    #[inline]
    pub fn insert(&mut self, order_id: OrderId, slot: Slot) {
        let at = (order_id.0 / PAGE) as usize;
        if at >= self.pages.len() {
            self.pages.resize(at + 1, None);
        }
        let page = self.pages[at].get_or_insert_with(|| Box::new(Page { live: 0, slots: [NIL; PAGE as usize] }));
        page.slots[(order_id.0 % PAGE) as usize] = slot;
        page.live += 1;
    }

    #[inline]
    pub fn remove(&mut self, order_id: OrderId) {
        let entry = &mut self.pages[(order_id.0 / PAGE) as usize];
        let page = entry.as_mut().expect("a live order has its page");
        page.slots[(order_id.0 % PAGE) as usize] = NIL;
        page.live -= 1;
        if page.live == 0 {
            *entry = None;
        }
    }
}
