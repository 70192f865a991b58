//! The durable journal: a chain of frames in preallocated segment files, written by one thread, acknowledged when synced.
//!
//! `docs/reference/journal-format.md` specifies the files. The one rule that everything here leans on: **the writer begins
//! no frame before the one before it is synced.** So whatever stands in the log proves that all before it was durable, and
//! only the very last write can be torn.

mod bytes;
pub mod conformance;
mod copy;
mod cursor;
pub mod disk;
mod error;
mod file_journal;
mod follower;
pub mod frame;
mod lock;
mod log;
mod port;
mod queue;
mod read_only;
mod reader;
mod recover;
pub mod segment;
pub mod snapshot;
mod spare;
mod state;
mod wake;
mod writer;

pub use copy::JournalCopy;
pub use error::{JournalError, Rejection, Result};
pub use file_journal::{FileJournal, Options};
pub use frame::FrameKind;
pub use port::{Follower, FrameStream, JournalFollows, JournalPort, JournalReads, Last, NewFrame};
pub use read_only::ReadOnlyJournal;
pub use reader::{FrameRef, Reader};
pub use recover::Cut;
pub use wake::Wake;
