//! The buffer of one command's events, reused from command to command.

use crate::event::Event;

/// Keeps its slots when it is cleared. An event is made straight in its slot: building it first and copying it in would cost
/// more than the rest of a small command.
#[derive(Clone, Debug)]
pub(crate) struct Events {
    slots: Vec<Event>,
    count: usize,
}

impl Events {
    pub fn new() -> Events {
        Events { slots: vec![Event::MaxOpenOrdersSet { count: 0 }; 64], count: 0 }
    }

    #[inline]
    pub fn clear(&mut self) {
        self.count = 0;
    }

    #[inline]
    pub fn as_slice(&self) -> &[Event] {
        &self.slots[..self.count]
    }

    #[inline(always)]
    pub fn push(&mut self, make: impl FnOnce() -> Event) {
        if self.count == self.slots.len() {
            self.grow();
        }
        self.slots[self.count] = make();
        self.count += 1;
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self) {
        self.slots.resize(self.slots.len() * 2, Event::MaxOpenOrdersSet { count: 0 });
    }
}
