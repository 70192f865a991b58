//! The journal as a port: what the sequencer needs of any log, whether files on this machine or a replicated service.

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
}

/// A stream of validated frames. A log may join frames that were appended one after the other before they were durable:
/// only the order and the bytes of the records are promised, and that a checkpoint stands exactly behind its seq.
pub trait FrameStream {
    /// The next frame; `None` at the end as it is now.
    fn next(&mut self) -> Result<Option<FrameRef<'_>>>;
}

/// A durable, ordered, fenced log of commands. `conformance` states what every implementation has to do.
pub trait JournalPort {
    /// The epoch of this opening: every opening has a higher one than all before it.
    fn epoch(&self) -> u64;
    /// Hands in commands that follow `expected_last_seq`; returns the last one's seq. It is not durable yet. Refused, with
    /// nothing changed, when the expectation is wrong or `epoch` is not this opening's.
    fn append(&self, expected_last_seq: u64, epoch: u64, frame: NewFrame<'_>) -> Result<u64>;
    /// Hands in the hash of the state after `seq`, which must be the last one.
    fn checkpoint(&self, seq: u64, epoch: u64, hash: &[u8; 32]) -> Result<()>;
    /// Blocks until everything handed in so far is durable; returns the durable seq.
    fn wait(&self) -> Result<u64>;
    /// Frames from the one that holds `from_seq`; a checkpoint at `from_seq - 1` comes first if there is one.
    fn read(&self, from_seq: u64) -> Result<Box<dyn FrameStream + '_>>;
    /// Where the log ends.
    fn last(&self) -> Last;
}

impl FrameStream for Reader {
    fn next(&mut self) -> Result<Option<FrameRef<'_>>> {
        Self::next(self)
    }
}
