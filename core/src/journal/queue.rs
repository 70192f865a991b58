//! What `append` and the writer thread share: the frames handed in, and the plan of where each will go.
//!
//! Space is promised when a frame is handed in, never found missing when it is written: the queue counts every frame against
//! the rest of its segment, and a frame that opens a segment owns the preallocated file it will open. So an append that
//! returned cannot run out of disk later.

use std::collections::VecDeque;
use std::sync::Weak;
use std::time::{Duration, Instant};

use super::error::{JournalError, Rejection, Result};
use super::frame::{self, FrameKind, HEADER_LEN};
use super::log::{Draft, fresh_room};
use super::port::NewFrame;
use super::reader::Place;
use super::spare::Spare;
use super::wake::Wake;

/// Appends that wait for a sync are joined into one frame up to this payload: large enough for a whole burst, small enough
/// for a reader's buffer.
const JOIN_LIMIT: usize = 1024 * 1024;

/// A preallocated file's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stock {
    Missing,
    Ready,
    /// A queued frame will open it.
    Promised,
}

/// A frame handed in and not yet taken by the writer.
pub(super) struct Entry {
    pub draft: Draft,
    pub opens: Option<Spare>,
    pub ticket: u64,
}

/// What `place` answers when it did not queue.
pub(super) enum Placed {
    Yes,
    /// The writer has to preallocate first; it has been asked to.
    NotYet,
}

/// How far the log is on disk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Durable {
    pub seq: u64,
    /// Of the last frame.
    pub hash: [u8; 32],
    /// Behind the last frame.
    pub place: Place,
}

pub(super) struct Queue {
    pub entries: VecDeque<Entry>,
    pub epoch: u64,
    /// The last command handed in.
    pub last_seq: u64,
    /// The time of the last frame handed in; a checkpoint takes it over.
    last_time: u64,
    pub durable: Durable,
    /// Of the newest entry, and of the last one that is durable.
    pub last_ticket: u64,
    pub done_ticket: u64,
    /// Bytes left in the segment that the newest entry goes to.
    room: u64,
    segment_bytes: u64,
    next: Stock,
    reserve: Stock,
    pub space_low: bool,
    space_wanted: bool,
    last_attempt: Option<Instant>,
    retry_after: Duration,
    pub closing: bool,
    /// The writer is gone in good order.
    pub closed: bool,
    pub followers: Vec<Weak<Wake>>,
    pub failed: Option<String>,
    recycled: Vec<u8>,
}

impl Queue {
    pub fn new(
        epoch: u64,
        durable: Durable,
        last_time: u64,
        room: u64,
        segment_bytes: u64,
        retry_after: Duration,
    ) -> Self {
        Self {
            entries: VecDeque::new(),
            epoch,
            last_seq: durable.seq,
            last_time,
            durable,
            last_ticket: 0,
            done_ticket: 0,
            room,
            segment_bytes,
            next: Stock::Missing,
            reserve: Stock::Missing,
            space_low: false,
            space_wanted: false,
            last_attempt: None,
            retry_after,
            closing: false,
            closed: false,
            followers: Vec::new(),
            failed: None,
            recycled: Vec::new(),
        }
    }

    pub fn check_usable(&self) -> Result<()> {
        if let Some(reason) = &self.failed {
            return Err(JournalError::Failed { reason: reason.clone() });
        }
        if self.closing { Err(Rejection::Closed.into()) } else { Ok(()) }
    }

    /// How far the log is durable; Failed when it will come no further.
    pub fn durable_seq(&self) -> Result<u64> {
        match &self.failed {
            Some(reason) => Err(JournalError::Failed { reason: reason.clone() }),
            None => Ok(self.durable.seq),
        }
    }

    fn check_position(&self, expected_last_seq: u64, epoch: u64) -> Result<()> {
        if epoch != self.epoch {
            return Err(Rejection::StaleEpoch { given: epoch, current: self.epoch }.into());
        }
        if expected_last_seq != self.last_seq {
            return Err(Rejection::WrongSeq { expected: expected_last_seq, last: self.last_seq }.into());
        }
        Ok(())
    }

    /// Queues commands that follow the last ones, joining them to a frame that still waits. `asked`: this call has already
    /// made the writer look for space, so that it is not asked for ever.
    pub fn place_commands(
        &mut self,
        expected_last_seq: u64,
        epoch: u64,
        frame: NewFrame<'_>,
        asked: &mut bool,
    ) -> Result<Placed> {
        self.check_position(expected_last_seq, epoch)?;
        let NewFrame { count, time, payload } = frame;
        if count == 0 {
            return Err(Rejection::Empty.into());
        }
        let last_seq = match self.last_seq.checked_add(u64::from(count)) {
            // One below the top, because a frame's end must still have a number.
            Some(last) if last < u64::MAX => last,
            _ => return Err(Rejection::SeqExhausted.into()),
        };
        if !self.join(count, time, payload) {
            let draft = Draft {
                kind: FrameKind::Commands,
                first_seq: self.last_seq + 1,
                count,
                time,
                buffer: self.fill(payload),
            };
            if matches!(self.place(draft, asked)?, Placed::NotYet) {
                return Ok(Placed::NotYet);
            }
        }
        self.last_seq = last_seq;
        self.last_time = time;
        Ok(Placed::Yes)
    }

    /// Queues the state hash at `last_seq`.
    pub fn place_checkpoint(&mut self, seq: u64, epoch: u64, hash: &[u8; 32], asked: &mut bool) -> Result<Placed> {
        self.check_position(seq, epoch)?;
        let (first_seq, time) = (self.last_seq, self.last_time);
        let draft = Draft { kind: FrameKind::Checkpoint, first_seq, count: 0, time, buffer: self.fill(hash) };
        self.place(draft, asked)
    }

    fn fill(&mut self, payload: &[u8]) -> Vec<u8> {
        let mut buffer = std::mem::take(&mut self.recycled);
        buffer.clear();
        buffer.resize(HEADER_LEN, 0);
        buffer.extend_from_slice(payload);
        buffer
    }

    /// The frame of the next group commit is the one that waits last: what comes while a sync is under way is added to it.
    fn join(&mut self, count: u32, time: u64, payload: &[u8]) -> bool {
        let Some(entry) = self.entries.back_mut() else {
            return false;
        };
        let have = entry.draft.buffer.len() - HEADER_LEN;
        let grown = (frame::frame_len(have + payload.len()) - frame::frame_len(have)) as u64;
        let joinable =
            entry.draft.kind == FrameKind::Commands && have + payload.len() <= JOIN_LIMIT && grown <= self.room;
        let Some(sum) = entry.draft.count.checked_add(count).filter(|_| joinable) else {
            return false;
        };
        entry.draft.count = sum;
        entry.draft.time = time;
        entry.draft.buffer.extend_from_slice(payload);
        self.room -= grown;
        true
    }

    fn place(&mut self, draft: Draft, asked: &mut bool) -> Result<Placed> {
        let bytes = frame::frame_len(draft.buffer.len() - HEADER_LEN) as u64;
        // The header states the payload's length in 32 bits.
        let limit = fresh_room(self.segment_bytes).min(u64::from(u32::MAX));
        if bytes > limit {
            self.recycled = draft.buffer;
            return Err(Rejection::TooLarge { bytes, limit }.into());
        }
        let opens = if bytes <= self.room {
            None
        } else if self.next == Stock::Ready {
            self.next = Stock::Promised;
            Some(Spare::Next)
        } else if !self.space_low || (self.may_retry() && !*asked) {
            *asked |= self.space_low;
            self.space_wanted = true;
            self.recycled = draft.buffer;
            return Ok(Placed::NotYet);
        } else if self.reserve == Stock::Ready {
            self.reserve = Stock::Promised;
            Some(Spare::Reserve)
        } else {
            self.recycled = draft.buffer;
            return Err(JournalError::NoSpace { needed: bytes });
        };
        if opens.is_some() {
            self.room = fresh_room(self.segment_bytes);
        }
        self.room -= bytes;
        self.last_ticket += 1;
        self.entries.push_back(Entry { draft, opens, ticket: self.last_ticket });
        Ok(Placed::Yes)
    }

    fn may_retry(&self) -> bool {
        self.last_attempt.is_none_or(|last| last.elapsed() >= self.retry_after)
    }

    /// Asks the writer to look for space again, if the last look was long enough ago. True: wake the writer.
    pub fn want_space(&mut self) -> bool {
        let wanted = self.space_low && !self.space_wanted && self.may_retry();
        self.space_wanted |= wanted;
        wanted
    }

    pub fn stock(&mut self, spare: Spare) -> &mut Stock {
        match spare {
            Spare::Next => &mut self.next,
            Spare::Reserve => &mut self.reserve,
        }
    }

    /// Which files the writer should preallocate now; empty when there is something better to do. The reserve comes first:
    /// cancels rest on it.
    pub fn to_preallocate(&self) -> Vec<Spare> {
        let due =
            self.space_wanted || (!self.space_low && (self.entries.is_empty() || self.room < self.segment_bytes / 2));
        if self.closing || !due {
            return Vec::new();
        }
        let missing = [(Spare::Reserve, self.reserve), (Spare::Next, self.next)];
        missing.into_iter().filter(|(_, stock)| *stock == Stock::Missing).map(|(spare, _)| spare).collect()
    }

    /// Notes how the writer's attempt ended.
    pub fn preallocated(&mut self, made: &[Spare], no_space: bool) {
        for spare in made {
            *self.stock(*spare) = Stock::Ready;
        }
        self.space_low = no_space;
        self.space_wanted = false;
        self.last_attempt = Some(Instant::now());
    }

    /// Makes every follower look; those that are gone are struck off.
    pub fn wake_followers(&mut self) {
        self.followers.retain(|follower| follower.upgrade().inspect(|wake| wake.signal()).is_some());
    }

    pub fn recycle(&mut self, buffer: Vec<u8>) {
        // A burst's giant buffer is not worth keeping.
        if buffer.capacity() <= 2 * JOIN_LIMIT && buffer.capacity() > self.recycled.capacity() {
            self.recycled = buffer;
        }
    }

    pub fn idle(&self) -> bool {
        self.done_ticket == self.last_ticket
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(last_seq: u64) -> Queue {
        let durable = Durable { seq: last_seq, hash: frame::GENESIS, place: (1, 4096) };
        Queue::new(1, durable, 0, fresh_room(16384), 16384, Duration::ZERO)
    }

    fn place(queue: &mut Queue, count: u32, payload: &[u8]) -> Result<Placed> {
        queue.place_commands(queue.last_seq, 1, NewFrame { count, time: 5, payload }, &mut false)
    }

    #[test]
    fn the_last_seqs_are_never_handed_out() {
        let mut queue = queue(u64::MAX - 2);
        assert!(matches!(place(&mut queue, 2, b""), Err(JournalError::Rejected(Rejection::SeqExhausted))));
        assert!(matches!(place(&mut queue, 1, b""), Ok(Placed::Yes)));
        assert!(matches!(place(&mut queue, 1, b""), Err(JournalError::Rejected(Rejection::SeqExhausted))));
    }

    #[test]
    fn what_waits_is_joined_until_a_checkpoint_or_a_count_ends_the_frame() {
        let mut queue = queue(0);
        for count in [1, 2, 3] {
            assert!(matches!(place(&mut queue, count, b"abc"), Ok(Placed::Yes)));
        }
        assert!(matches!(queue.place_checkpoint(6, 1, &[7; 32], &mut false), Ok(Placed::Yes)));
        assert!(matches!(place(&mut queue, u32::MAX, b"d"), Ok(Placed::Yes)));
        assert!(matches!(place(&mut queue, 1, b"e"), Ok(Placed::Yes)));
        let queued: Vec<_> =
            queue.entries.iter().map(|entry| (entry.draft.first_seq, entry.draft.count, entry.draft.time)).collect();
        let last = 6 + u64::from(u32::MAX);
        assert_eq!(queued, [(1, 6, 5), (6, 0, 5), (7, u32::MAX, 5), (last + 1, 1, 5)]);
    }

    #[test]
    fn joining_takes_exactly_the_room_that_the_frame_grows_by() {
        let mut queue = queue(0);
        let before = queue.room;
        for _ in 0..7 {
            assert!(matches!(place(&mut queue, 1, &[1; 50]), Ok(Placed::Yes)));
        }
        assert_eq!(before - queue.room, frame::frame_len(350) as u64);
    }
}
