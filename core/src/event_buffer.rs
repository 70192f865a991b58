//! Where commands write what they did: the bytes of docs/internals/core.md, section Events.
//!
//! Events are written once, where and when they happen, in the form in which they leave. An object for each of them would be
//! written, read back and written again.

use crate::command::MarketLimits;
use crate::outcome::Outcome;
use crate::types::Micros;

/// Length, kind and a zero before an event's fields.
const EVENT_HEADER: usize = 4;
const COMMAND_APPLIED: u8 = 1;
/// CommandApplied without its meta.
const APPLIED: usize = 28;
/// Where code and id stand in CommandApplied.
const APPLIED_CODE: usize = EVENT_HEADER + 18;
const APPLIED_ID: usize = APPLIED_CODE + 2;

/// (kind, fields) of each event of a run; what is no whole event ends it.
pub fn split_events(mut run: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let &[low, high, kind, _] = run.first_chunk::<EVENT_HEADER>()?;
        let event = run.get(..usize::from(u16::from_le_bytes([low, high])))?;
        run = &run[event.len()..];
        Some((kind, event.get(EVENT_HEADER..)?))
    })
}

/// A run of events. It only grows until its owner has read it and forgets it.
#[derive(Clone, Debug)]
pub(crate) struct EventBuffer {
    /// Made in advance: the first `end` bytes are events, the rest is room.
    run: Vec<u8>,
    end: usize,
    /// Where the CommandApplied of the command in hand stands.
    command: usize,
}

impl EventBuffer {
    pub fn new() -> EventBuffer {
        EventBuffer { run: vec![0; 1 << 12], end: 0, command: 0 }
    }

    #[inline]
    pub fn bytes(&self) -> &[u8] {
        &self.run[..self.end]
    }

    /// Forgets everything after the first `length` bytes.
    #[inline]
    pub fn forget(&mut self, length: usize) {
        self.end = self.end.min(length);
    }

    /// A command begins: its CommandApplied comes before all that it does, although its code and id are known last.
    #[inline(always)]
    pub fn begin(&mut self, seq: u64, time: Micros, command_kind: u8, meta: &[u8]) {
        self.command = self.end;
        let mut out = self.event::<APPLIED>(COMMAND_APPLIED);
        out.u64(seq).u64(time).u8(command_kind).u8(0).u16(0).u64(0);
        out.end();
        if !meta.is_empty() {
            self.append(meta);
        }
    }

    /// Seq of the command in hand.
    pub fn command_seq(&self) -> u64 {
        let seq = self.run[self.command + EVENT_HEADER..].first_chunk().expect("CommandApplied begins with it");
        u64::from_le_bytes(*seq)
    }

    #[inline(never)]
    fn append(&mut self, meta: &[u8]) {
        let end = self.end + meta.len();
        if end > self.run.len() {
            self.grow(end);
        }
        self.run[self.end..end].copy_from_slice(meta);
        self.end = end;
        let length = (end - self.command) as u16;
        self.run[self.command..self.command + 2].copy_from_slice(&length.to_le_bytes());
    }

    /// The command in hand is applied.
    #[inline(always)]
    pub fn applied(&mut self, outcome: &Outcome) {
        let applied = &mut self.run[self.command..self.command + EVENT_HEADER + APPLIED];
        applied[APPLIED_CODE..APPLIED_ID].copy_from_slice(&outcome.code.to_le_bytes());
        applied[APPLIED_ID..APPLIED_ID + 8].copy_from_slice(&outcome.id.to_le_bytes());
    }

    /// Frames one event of `N` bytes of fields: `u16 length | u8 kind | u8 zero | fields`.
    ///
    /// The room is made first and the fields are written in it: one look at the capacity an event, not one a field.
    #[inline(always)]
    pub fn event<const N: usize>(&mut self, kind: u8) -> Room<'_> {
        let start = self.end;
        let end = start + EVENT_HEADER + N;
        if end > self.run.len() {
            self.grow(end);
        }
        let (header, rest) = self.run[start..end].split_first_chunk_mut::<EVENT_HEADER>().expect("just made");
        let [low, high] = ((EVENT_HEADER + N) as u16).to_le_bytes();
        *header = [low, high, kind, 0];
        self.end = end;
        Room(rest.first_chunk_mut::<N>().expect("just made"))
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, end: usize) {
        self.run.resize(end.max(self.run.len() * 2), 0);
    }
}

/// Bytes still to be written in a room of known size.
pub(crate) struct Room<'a>(&'a mut [u8]);

impl Room<'_> {
    /// Every byte of the room has been written.
    #[inline(always)]
    pub fn end(self) {
        debug_assert!(self.0.is_empty(), "an event has {} bytes of fields fewer than said", self.0.len());
    }

    #[inline(always)]
    pub fn bytes<const N: usize>(&mut self, bytes: [u8; N]) -> &mut Self {
        let (head, rest) = std::mem::take(&mut self.0).split_first_chunk_mut::<N>().expect("within the event's size");
        *head = bytes;
        self.0 = rest;
        self
    }

    #[inline(always)]
    pub fn u8(&mut self, value: u8) -> &mut Self {
        self.bytes([value])
    }

    #[inline(always)]
    pub fn u16(&mut self, value: u16) -> &mut Self {
        self.bytes(value.to_le_bytes())
    }

    #[inline(always)]
    pub fn u32(&mut self, value: u32) -> &mut Self {
        self.bytes(value.to_le_bytes())
    }

    #[inline(always)]
    pub fn u64(&mut self, value: u64) -> &mut Self {
        self.bytes(value.to_le_bytes())
    }

    #[inline(always)]
    pub fn u128(&mut self, value: u128) -> &mut Self {
        self.bytes(value.to_le_bytes())
    }

    #[inline(always)]
    pub fn i128(&mut self, value: i128) -> &mut Self {
        self.bytes(value.to_le_bytes())
    }

    pub fn limits(&mut self, limits: &MarketLimits) -> &mut Self {
        self.u64(limits.min_price.0)
            .u64(limits.max_price.0)
            .u64(limits.min_amount.0)
            .u64(limits.max_amount.0)
            .u128(limits.min_total)
    }
}
