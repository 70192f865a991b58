//! The journal as a port: what the venue needs of any log, whether files on this machine or a replicated service.
//!
//! Three layers, each for those who need no more: [`JournalReads`] for whoever looks at a log (verification), [`JournalFollows`]
//! for whoever goes along with one that another node writes, [`JournalPort`] for the one writer. `conformance` states what every
//! implementation has to do. `src/cambist/exchange/journal_port.py` is the same port in Python.

use std::os::fd::RawFd;
use std::time::Duration;

use super::error::Result;
use super::reader::{FrameRef, Reader};

/// Commands to be appended: `count` records, the last of them stamped `time`.
#[derive(Clone, Copy, Debug)]
pub struct NewFrame<'a> {
    pub count: u32,
    pub time: u64,
    pub payload: &'a [u8],
}

/// The end of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Last {
    /// The last command handed in.
    pub seq: u64,
    /// The last command that is durable.
    pub durable_seq: u64,
    /// The hash of the last frame that is durable: it names the whole log up to there. [`super::frame::GENESIS`] without frames.
    pub hash: [u8; 32],
}

/// A stream of validated frames. A log may join frames that were appended one after the other before they were durable:
/// only the order and the bytes of the records are promised, and that a checkpoint stands exactly behind its seq.
pub trait FrameStream: Send + Sync {
    /// The next frame; `None` at the end as it is now, and a later call sees what was added since. Damaged, Io.
    fn next(&mut self) -> Result<Option<FrameRef<'_>>>;
}

/// A stream that can be waited for. Its `next` never blocks.
pub trait Follower: FrameStream {
    /// Blocks until there are frames that `next` has not returned yet, or the time is over: false. Failed; Closed when the
    /// journal was closed and every frame was returned.
    fn wait(&mut self, timeout: Duration) -> Result<bool>;
    /// A descriptor that is readable while there may be frames that `next` has not returned yet, and when the journal failed or
    /// was closed. It stays the follower's.
    fn wake_fd(&self) -> RawFd;
}

/// A log that can be read. All methods of the three layers may be called from any thread.
pub trait JournalReads: Send + Sync {
    /// The journal's id, which every frame carries. Whoever knows it can write what looks like a frame: not for strangers.
    fn identity(&self) -> u64;
    /// The durable frames from the one that holds `from_seq`; a checkpoint at `from_seq - 1` comes first if there is one. Each
    /// names the hash of the one before it. Damaged, Io; Closed.
    fn read(&self, from_seq: u64) -> Result<Box<dyn FrameStream>>;
}

/// A log that somebody writes, here or elsewhere.
pub trait JournalFollows: JournalReads {
    /// Where the log ends. Answers after a failure and after closing too: what was known last.
    fn last(&self) -> Last;
    /// As `read`, for somebody who goes on with what is added later.
    fn follow(&self, from_seq: u64) -> Result<Box<dyn Follower>>;
}

/// A durable, ordered, fenced log of commands, open for its one writer.
pub trait JournalPort: JournalFollows {
    /// The epoch of this opening: every opening has a higher one than all before it.
    fn epoch(&self) -> u64;
    /// Hands in commands that follow `expected_last_seq`; returns the last one's seq. It is not durable yet. Rejected, with
    /// nothing changed: WrongSeq, StaleEpoch (`epoch` is not this opening's, or a later opening has taken over), Empty, TooLarge,
    /// SeqExhausted, Closed. NoSpace with nothing changed. Failed.
    fn append(&self, expected_last_seq: u64, epoch: u64, frame: NewFrame<'_>) -> Result<u64>;
    /// The same without ever blocking: `None`, with nothing changed, when `append` would have to wait for something.
    fn try_append(&self, expected_last_seq: u64, epoch: u64, frame: NewFrame<'_>) -> Result<Option<u64>> {
        let _ = (expected_last_seq, epoch, frame);
        Ok(None)
    }
    /// Hands in the hash of the state after `seq`, which must be the last one. Errors as `append`.
    fn checkpoint(&self, seq: u64, epoch: u64, hash: &[u8; 32]) -> Result<()>;
    /// Clears the wake-up descriptor and returns the durable seq; never blocks. Failed.
    fn acknowledge(&self) -> Result<u64>;
    /// Blocks until everything handed in before is durable; returns the durable seq. Failed.
    fn wait(&self) -> Result<u64>;
    /// A descriptor that is readable when something became durable, or the journal failed, since the last `acknowledge`.
    fn wake_fd(&self) -> RawFd;
    /// Space runs out: what is handed in may soon be refused with NoSpace. Asking makes the log look again.
    fn space_low(&self) -> bool;
    /// Makes everything handed in durable and lets go of the log. Appending, reading and following are refused from then on. Failed
    /// the first time when not everything became durable; closing again does nothing.
    fn close(&self) -> Result<()>;
}

impl FrameStream for Reader {
    fn next(&mut self) -> Result<Option<FrameRef<'_>>> {
        Self::next(self)
    }
}
