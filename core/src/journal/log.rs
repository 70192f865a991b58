//! The end of the log as the writer thread holds it: writes one frame after the other, each synced before the next begins.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::disk::Disk;
use super::error::{JournalError, Result};
use super::frame::{self, FrameKind, Header, MARK_LEN, Mark};
use super::reader::Chain;
use super::segment::{HEADER_BLOCK, Listed, SegmentHeader};
use super::spare::Spare;
use super::state::{State, StateFile};

/// A frame to be written. `buffer` begins with room for the header; the payload follows.
pub(super) struct Draft {
    pub kind: FrameKind,
    pub first_seq: u64,
    pub count: u32,
    pub time: u64,
    pub buffer: Vec<u8>,
}

/// The open end of the log.
pub(super) struct Log {
    pub directory: PathBuf,
    pub disk: Arc<dyn Disk>,
    pub state: State,
    pub state_file: StateFile,
    pub segment: Listed,
    pub file: File,
    pub position: u64,
    pub chain: Chain,
}

impl Log {
    /// Writes and syncs one frame, then the mark that says so.
    pub fn write(&mut self, draft: &mut Draft) -> Result<()> {
        let header = Header {
            kind: draft.kind,
            journal_id: self.state.journal_id,
            epoch: self.state.epoch,
            first_seq: draft.first_seq,
            count: draft.count,
            payload_len: (draft.buffer.len() - frame::HEADER_LEN) as u32,
            time: draft.time,
            prev_hash: self.chain.hash,
        };
        let hash = frame::seal(&header, &mut draft.buffer);
        self.disk
            .write_at(&self.file, &draft.buffer, self.position)
            .map_err(JournalError::file("write", &self.segment.path))?;
        self.disk.sync_data(&self.file).map_err(JournalError::file("sync", &self.segment.path))?;
        self.advance(&header, draft.buffer.len() as u64, hash);
        self.write_mark()
    }

    /// Notes that this frame stands at the position now.
    pub fn advance(&mut self, header: &Header, bytes: u64, hash: [u8; 32]) {
        self.position += bytes;
        self.state.epoch = header.epoch;
        self.chain = Chain { epoch: header.epoch, last_seq: header.last_seq(), hash, time: header.time };
    }

    /// Not synced: the mark goes to disk with the next frame, which overwrites it. Until then it tells a later recovery
    /// that the last frame was acknowledged, as long as the machine (not only the process) lives.
    pub fn write_mark(&self) -> Result<()> {
        let mark = self.mark(self.position);
        self.disk
            .write_at(&self.file, &mark.encode(), self.position)
            .map_err(JournalError::file("write", &self.segment.path))
    }

    fn mark(&self, end: u64) -> Mark {
        Mark {
            journal_id: self.state.journal_id,
            epoch: self.state.epoch,
            last_seq: self.chain.last_seq,
            end,
            hash_prefix: super::bytes::array(&self.chain.hash, 0),
        }
    }

    /// Makes the preallocated file the next segment. When this returns, the segment is durable and the state demands it.
    pub fn roll(&mut self, spare: Spare) -> Result<()> {
        let next = Listed::new(&self.directory, self.segment.index + 1, self.chain.last_seq + 1);
        self.file = self.begin_segment(spare, &next)?;
        self.segment = next;
        self.position = HEADER_BLOCK as u64;
        self.record(false)
    }

    /// Turns a preallocated file into a segment that continues the chain as it stands.
    pub fn begin_segment(&self, spare: Spare, next: &Listed) -> Result<File> {
        let path = spare.path(&self.directory);
        let file = OpenOptions::new().read(true).write(true).open(&path).map_err(JournalError::file("open", &path))?;
        let size = file.metadata().map_err(JournalError::file("look at", &path))?.len();
        let header = SegmentHeader {
            journal_id: self.state.journal_id,
            index: next.index,
            epoch: self.state.epoch,
            first_seq: next.first_seq,
            prev_hash: self.chain.hash,
            size,
        };
        let mut block = [0; HEADER_BLOCK + MARK_LEN];
        block[..HEADER_BLOCK].copy_from_slice(&header.encode());
        block[HEADER_BLOCK..].copy_from_slice(&self.mark(HEADER_BLOCK as u64).encode());
        self.disk.write_at(&file, &block, 0).map_err(JournalError::file("write", &path))?;
        self.disk.sync_all(&file).map_err(JournalError::file("sync", &path))?;
        fs::rename(&path, &next.path).map_err(JournalError::file("rename", &path))?;
        self.disk.sync_directory(&self.directory).map_err(JournalError::file("sync", &self.directory))?;
        Ok(file)
    }

    /// Writes down where the log stands, as evidence for whoever opens it next.
    pub fn record(&mut self, closed: bool) -> Result<()> {
        self.state.closed = closed;
        self.state.segment = self.segment.index;
        self.state.end = self.position;
        self.state.last_seq = self.chain.last_seq;
        self.state.hash = self.chain.hash;
        self.state_file.write(&mut self.state, &*self.disk)
    }

    /// Bytes that frames may still take in this segment; the last mark's place is kept back.
    pub fn room(&self) -> Result<u64> {
        let size = self.file.metadata().map_err(JournalError::file("look at", &self.segment.path))?.len();
        Ok(room(size, self.position))
    }
}

/// Bytes for frames in a segment of this size behind the position.
pub(super) fn room(size: u64, position: u64) -> u64 {
    size.saturating_sub(position + MARK_LEN as u64)
}

/// Bytes for frames in a fresh segment.
pub(super) fn fresh_room(size: u64) -> u64 {
    room(size, HEADER_BLOCK as u64)
}

/// Makes the entries of `directory`'s parent durable: a new directory is lost without.
pub(super) fn sync_parent(directory: &Path, disk: &dyn Disk) -> Result<()> {
    match directory.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => {
            disk.sync_directory(parent).map_err(JournalError::file("sync", parent))
        }
        _ => Ok(()),
    }
}
