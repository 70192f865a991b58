//! The files of a log that is written elsewhere: frames come whole, each with the epoch and the hash that it has there.
//!
//! What stands in the files is a journal like any other: every reader takes it, and `FileJournal` can go on behind it.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::disk::{Disk, is_no_space};
use super::error::{JournalError, Rejection, Result};
use super::frame::{self, MARK_LEN};
use super::lock::Lock;
use super::log::{Log, fresh_room, sync_parent};
use super::port::Last;
use super::recover::{self, Cut, Epoch};
use super::segment::{HEADER_BLOCK, MIN_BYTES};
use super::spare::Spare;
use super::state;

/// A copy, open for the one who adds to it. All methods may be called from any thread.
///
/// It keeps the journal's rule that no frame is begun before the one before it is synced: `append` syncs that one first, unless
/// `sync` did it meanwhile. What was appended last may be torn by a power cut; the log that it was copied from has it.
pub struct JournalCopy {
    journal_id: u64,
    cut: Option<Cut>,
    open: Mutex<Open>,
}

struct Open {
    log: Log,
    segment_bytes: u64,
    synced: bool,
    failed: Option<String>,
    /// `None` when closed.
    lock: Option<Lock>,
}

impl JournalCopy {
    /// Locks the directory, checks what is there and cuts a torn tail. A new copy is of the journal `journal_id`; without one, and
    /// without a journal in the directory: NoJournal. Damaged, also when the directory holds another journal; Locked, Io.
    pub fn open(directory: &Path, journal_id: Option<u64>, segment_bytes: u64, disk: Arc<dyn Disk>) -> Result<Self> {
        let segment_bytes = whole_pages(segment_bytes.max(MIN_BYTES))?;
        recover::ensure_directory(directory, journal_id.is_some())?;
        let lock = Lock::take(directory)?;
        let recovered = match (state::read_format(directory)?, journal_id) {
            (Some(found), Some(wanted)) if found != wanted => {
                return Err(JournalError::damaged(directory, 0, "the directory holds another journal than this log"));
            }
            (Some(found), _) => recover::recover(directory, found, 1, disk, Epoch::Kept)?,
            (None, Some(_)) => recover::create(directory, segment_bytes, journal_id, disk)?,
            (None, None) => return Err(Rejection::NoJournal { directory: directory.to_path_buf() }.into()),
        };
        let (log, cut) = (recovered.log, recovered.cut);
        sync_parent(directory, &*log.disk)?;
        let journal_id = log.state.journal_id;
        let open = Open { log, segment_bytes, synced: true, failed: None, lock: Some(lock) };
        Ok(Self { journal_id, cut, open: Mutex::new(open) })
    }

    /// The torn tail that opening cut off, if there was one.
    pub fn cut(&self) -> Option<&Cut> {
        self.cut.as_ref()
    }

    pub fn identity(&self) -> u64 {
        self.journal_id
    }

    /// Of the last frame, 1 when there is none.
    pub fn epoch(&self) -> u64 {
        self.lock().log.state.epoch
    }

    /// Where the copy ends.
    pub fn last(&self) -> Last {
        let open = self.lock();
        let chain = &open.log.chain;
        Last { seq: chain.last_seq, durable_seq: chain.last_seq, hash: chain.hash }
    }

    /// Adds a whole frame that continues the copy. Rejected, with nothing changed: Frame (it is not whole, of another journal, or does
    /// not continue the copy), Closed. NoSpace with nothing changed. Failed.
    pub fn append(&self, encoded: &[u8]) -> Result<Last> {
        let mut open = self.usable()?;
        let reject = |reason: String| JournalError::from(Rejection::Frame { reason });
        let (header, hash, _) = frame::decode(encoded).map_err(|reason| reject(reason.to_owned()))?;
        if header.journal_id != self.journal_id {
            return Err(reject("the frame belongs to another journal".to_owned()));
        }
        open.log.chain.check(&header).map_err(reject)?;
        open.sync()?;
        open.make_room(encoded.len() as u64)?;
        open.write(&header, encoded, hash)?;
        let chain = &open.log.chain;
        Ok(Last { seq: chain.last_seq, durable_seq: chain.last_seq, hash })
    }

    /// Makes what was appended durable, and has the next segment ready. Failed; Closed.
    pub fn sync(&self) -> Result<()> {
        let mut open = self.usable()?;
        open.sync()?;
        open.stock_up()
    }

    /// Notes the end, so that the next opening knows it, and unlocks. Failed the first time when not everything became durable.
    pub fn close(&self) -> Result<()> {
        let mut open = self.lock();
        if open.lock.is_none() {
            return Ok(());
        }
        let closed = match &open.failed {
            Some(reason) => Err(JournalError::Failed { reason: reason.clone() }),
            None => open.sync().and_then(|()| open.log.record(true)),
        };
        open.lock = None;
        closed
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn usable(&self) -> Result<MutexGuard<'_, Open>> {
        let open = self.lock();
        if let Some(reason) = &open.failed {
            return Err(JournalError::Failed { reason: reason.clone() });
        }
        if open.lock.is_none() { Err(Rejection::Closed.into()) } else { Ok(open) }
    }
}

impl Drop for JournalCopy {
    fn drop(&mut self) {
        // Nobody is left who could hear of a failure; the next opening finds out.
        let _ = self.close();
    }
}

impl Open {
    fn sync(&mut self) -> Result<()> {
        if !self.synced {
            let synced = self.log.disk.sync_data(&self.log.file);
            self.lasting(synced.map_err(JournalError::file("sync", &self.log.segment.path)))?;
            self.synced = true;
        }
        Ok(())
    }

    /// Begins another segment when this one has no room for so many bytes; a frame may be larger than the usual segment.
    fn make_room(&mut self, bytes: u64) -> Result<()> {
        if bytes <= self.log.room()? {
            return Ok(());
        }
        let least = whole_pages(bytes + (HEADER_BLOCK + MARK_LEN) as u64)?;
        self.prepare(self.segment_bytes.max(least))?;
        let rolled = self.log.roll(Spare::Next);
        self.lasting(rolled)
    }

    /// Has the next segment made before it is needed. A full disk is no failure yet.
    fn stock_up(&mut self) -> Result<()> {
        if self.log.room()? >= fresh_room(self.segment_bytes) / 2 || Spare::Next.path(&self.log.directory).exists() {
            return Ok(());
        }
        match self.prepare(self.segment_bytes) {
            Err(JournalError::NoSpace { .. }) => Ok(()),
            other => other,
        }
    }

    fn prepare(&self, size: u64) -> Result<()> {
        let (directory, disk) = (&self.log.directory, &*self.log.disk);
        if Spare::Next.adopt(directory, size, disk)? {
            return Ok(());
        }
        Spare::Next.allocate(directory, size, disk).map_err(|error| {
            if is_no_space(&error) {
                return JournalError::NoSpace { needed: size };
            }
            JournalError::file("preallocate a segment in", directory)(error)
        })
    }

    fn write(&mut self, header: &frame::Header, encoded: &[u8], hash: [u8; 32]) -> Result<()> {
        let log = &mut self.log;
        let written = log.disk.write_at(&log.file, encoded, log.position);
        let written = written.map_err(JournalError::file("write", &log.segment.path));
        self.lasting(written)?;
        self.synced = false;
        self.log.advance(header, encoded.len() as u64, hash);
        let marked = self.log.write_mark();
        self.lasting(marked)
    }

    /// After a failed write or sync nothing more is written.
    fn lasting<T>(&mut self, done: Result<T>) -> Result<T> {
        done.map_err(|error| {
            let reason = error.to_string();
            self.failed = Some(reason.clone());
            JournalError::Failed { reason }
        })
    }
}

fn whole_pages(bytes: u64) -> Result<u64> {
    bytes.checked_next_multiple_of(4096).filter(|bytes| i64::try_from(*bytes).is_ok()).ok_or_else(|| {
        Rejection::Option { reason: format!("a segment of {bytes} bytes is more than a file can be") }.into()
    })
}
