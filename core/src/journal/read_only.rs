//! The files of a journal for somebody who only looks: beside a running writer, or when there is none.

use std::path::{Path, PathBuf};

use super::error::{Rejection, Result};
use super::port::{FrameStream, JournalReads};
use super::reader::Reader;
use super::state;

/// A journal's files, not locked. What a running writer has written and not yet synced is read too: who needs the durable part
/// of a log that is being written asks its writer how far that goes.
pub struct ReadOnlyJournal {
    directory: PathBuf,
    journal_id: u64,
}

impl ReadOnlyJournal {
    /// NoJournal, UnknownFormat, Damaged, Io.
    pub fn open(directory: &Path) -> Result<Self> {
        let journal_id = state::read_format(directory)?
            .ok_or_else(|| Rejection::NoJournal { directory: directory.to_path_buf() })?;
        Ok(Self { directory: directory.to_path_buf(), journal_id })
    }
}

impl JournalReads for ReadOnlyJournal {
    fn identity(&self) -> u64 {
        self.journal_id
    }

    fn read(&self, from_seq: u64) -> Result<Box<dyn FrameStream>> {
        Ok(Box::new(Reader::open(&self.directory, from_seq)?))
    }
}
