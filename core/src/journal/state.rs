//! Two small files beside the segments: `format` names the format and the journal, `state` keeps epoch and evidence.
//!
//! Evidence is a point of the log (segment, offset, seq, hash) that was durable when it was written down. A log that does
//! not reach it, or passes it with another hash, has lost something that was acknowledged.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::bytes::{array, get_u32, get_u64, put};
use super::disk::Disk;
use super::error::{JournalError, Rejection, Result};

const FORMAT_NAME: &str = "format";
const STATE_NAME: &str = "state";
const FORMAT_FIRST_LINE: &str = "cambist journal 1";
const MAGIC: [u8; 8] = *b"CBJSTATE";
const VERSION: u32 = 1;
const SLOT_LEN: usize = 128;
const CRC_AT: usize = 124;
/// The two slots lie on pages of their own: a torn write of one never touches the other.
const SLOT_DISTANCE: u64 = 4096;

/// One slot's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    pub journal_id: u64,
    /// Grows with every slot written; the valid slot with the larger one counts.
    pub generation: u64,
    pub epoch: u64,
    /// True when the last writer finished in good order: then `end` is the end of the log.
    pub closed: bool,
    pub segment: u64,
    pub end: u64,
    pub last_seq: u64,
    pub hash: [u8; 32],
}

impl State {
    fn encode(&self) -> [u8; SLOT_LEN] {
        let mut slot = [0; SLOT_LEN];
        put(&mut slot, 0, &MAGIC);
        put(&mut slot, 8, &VERSION.to_le_bytes());
        put(&mut slot, 12, &u32::from(self.closed).to_le_bytes());
        put(&mut slot, 16, &self.journal_id.to_le_bytes());
        put(&mut slot, 24, &self.generation.to_le_bytes());
        put(&mut slot, 32, &self.epoch.to_le_bytes());
        put(&mut slot, 40, &self.segment.to_le_bytes());
        put(&mut slot, 48, &self.end.to_le_bytes());
        put(&mut slot, 56, &self.last_seq.to_le_bytes());
        put(&mut slot, 64, &self.hash);
        let crc = crc32c::crc32c(&slot[..CRC_AT]);
        put(&mut slot, CRC_AT, &crc.to_le_bytes());
        slot
    }

    fn decode(slot: &[u8]) -> Option<Self> {
        if slot[..8] != MAGIC || crc32c::crc32c(&slot[..CRC_AT]) != get_u32(slot, CRC_AT) || get_u32(slot, 8) != VERSION
        {
            return None;
        }
        Some(Self {
            closed: get_u32(slot, 12) == 1,
            journal_id: get_u64(slot, 16),
            generation: get_u64(slot, 24),
            epoch: get_u64(slot, 32),
            segment: get_u64(slot, 40),
            end: get_u64(slot, 48),
            last_seq: get_u64(slot, 56),
            hash: array(slot, 64),
        })
    }

    /// The newest valid slot. One broken slot is a write that was cut off (the other one holds); two are damage.
    pub fn read(directory: &Path, journal_id: u64) -> Result<Self> {
        let path = directory.join(STATE_NAME);
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(JournalError::damaged(&path, 0, "the file is missing"));
            }
            other => other.map_err(JournalError::file("read", &path))?,
        };
        let slot = |offset: usize| bytes.get(offset..offset + SLOT_LEN).and_then(Self::decode);
        let newest = [slot(0), slot(SLOT_DISTANCE as usize)].into_iter().flatten().max_by_key(|state| state.generation);
        let state = newest.ok_or_else(|| JournalError::damaged(&path, 0, "neither slot is valid"))?;
        if state.journal_id != journal_id {
            return Err(JournalError::damaged(&path, 0, "the file belongs to another journal"));
        }
        Ok(state)
    }
}

/// The state file, open for writing. Slots are overwritten in place: that needs no space on a full disk.
pub struct StateFile {
    file: File,
    path: PathBuf,
}

impl StateFile {
    pub fn open(directory: &Path) -> Result<Self> {
        let path = directory.join(STATE_NAME);
        let file = OpenOptions::new().write(true).open(&path).map_err(JournalError::file("open", &path))?;
        Ok(Self { file, path })
    }

    /// Makes the file with room for both slots.
    pub fn create(directory: &Path, disk: &dyn Disk) -> Result<Self> {
        let path = directory.join(STATE_NAME);
        let file = File::create(&path).map_err(JournalError::file("create", &path))?;
        file.write_all_at(&[0; SLOT_DISTANCE as usize * 2], 0).map_err(JournalError::file("write", &path))?;
        disk.sync_all(&file).map_err(JournalError::file("sync", &path))?;
        Ok(Self { file, path })
    }

    /// Writes the next generation over the older slot, durably.
    pub fn write(&self, state: &mut State, disk: &dyn Disk) -> Result<()> {
        state.generation += 1;
        let offset = state.generation % 2 * SLOT_DISTANCE;
        disk.write_at(&self.file, &state.encode(), offset).map_err(JournalError::file("write", &self.path))?;
        disk.sync_data(&self.file).map_err(JournalError::file("sync", &self.path))
    }
}

/// The journal's id from its format file; `None` when there is no such file.
pub fn read_format(directory: &Path) -> Result<Option<u64>> {
    let path = directory.join(FORMAT_NAME);
    let text = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => String::from_utf8_lossy(&other.map_err(JournalError::file("read", &path))?).into_owned(),
    };
    let first = text.lines().next().unwrap_or_default();
    if first != FORMAT_FIRST_LINE {
        return Err(Rejection::UnknownFormat { found: first.to_owned() }.into());
    }
    let id = text
        .strip_prefix(FORMAT_FIRST_LINE)
        .and_then(|rest| rest.strip_prefix("\nid "))
        .and_then(|rest| rest.strip_suffix('\n'));
    id.filter(|id| id.len() == 16)
        .and_then(|id| u64::from_str_radix(id, 16).ok())
        .map(Some)
        .ok_or_else(|| JournalError::damaged(&path, 0, "no journal id"))
}

/// Writes the format file: the last step of making a journal, so that a directory without it never was one.
pub fn write_format(directory: &Path, journal_id: u64, disk: &dyn Disk) -> Result<()> {
    let (path, temporary) = (directory.join(FORMAT_NAME), directory.join("format.tmp"));
    let mut file = File::create(&temporary).map_err(JournalError::file("create", &temporary))?;
    file.write_all(format!("{FORMAT_FIRST_LINE}\nid {journal_id:016x}\n").as_bytes())
        .map_err(JournalError::file("write", &temporary))?;
    disk.sync_all(&file).map_err(JournalError::file("sync", &temporary))?;
    fs::rename(&temporary, &path).map_err(JournalError::file("rename", &temporary))?;
    disk.sync_directory(directory).map_err(JournalError::file("sync", directory))
}
