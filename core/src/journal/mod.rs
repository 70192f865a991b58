//! The durable journal: a chain of frames in preallocated segment files, written by one thread, synced before it is told.
//!
//! `docs/reference/journal-format.md` specifies the files. The one rule that everything here leans on: **the writer begins
//! no frame before the one before it is synced.** So whatever stands in the log proves that all before it was durable, and
//! only the very last write can be torn.

mod bytes;
pub mod conformance;
mod cursor;
pub mod disk;
mod error;
mod file_journal;
pub mod frame;
mod lock;
mod log;
mod port;
mod queue;
mod reader;
mod recover;
pub mod segment;
pub mod snapshot;
mod spare;
mod state;
mod wake;
mod writer;

pub use error::{JournalError, Refusal, Result};
pub use file_journal::{FileJournal, Options};
pub use frame::FrameKind;
pub use port::{FrameStream, JournalPort, Last, NewFrame};
pub use reader::{FrameRef, Reader};
pub use recover::Cut;
