//! Snapshots: the canonical state after one seq, in a file that is whole or is not counted.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::bytes::{array, get_u32, get_u64, put};
use super::disk::{Disk, RealDisk};
use super::error::{JournalError, Result};
use super::log::sync_parent;

/// Bytes before the state.
pub const HEADER_LEN: usize = 128;
/// How snapshot files end.
pub const EXTENSION: &str = "snapshot";

const MAGIC: [u8; 8] = *b"CBSNAPSH";
const VERSION: u32 = 2;
/// What the checksum covers besides the state.
const COVERED: usize = 96;
/// The first version did not say of which journal it was.
const OLD_VERSION: u32 = 1;
const OLD_HEADER_LEN: usize = 64;
const OLD_COVERED: usize = 32;

/// Of which log a snapshot is: of the one with this id that holds this frame. Of two copies of a journal that went on apart
/// from each other, both with the same id, only one does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    pub journal_id: u64,
    /// The opening that wrote the snapshot.
    pub epoch: u64,
    /// The last seq of a frame that was durable when the snapshot was written, at or behind the snapshot's own seq.
    pub frame_seq: u64,
    /// That frame's hash.
    pub frame_hash: [u8; 32],
}

/// A whole snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    pub seq: u64,
    /// `None`: written by a program that did not say.
    pub origin: Option<Origin>,
    pub state: Vec<u8>,
}

fn header(seq: u64, origin: &Origin, state: &[u8]) -> [u8; HEADER_LEN] {
    let mut bytes = [0; HEADER_LEN];
    put(&mut bytes, 0, &MAGIC);
    put(&mut bytes, 8, &VERSION.to_le_bytes());
    put(&mut bytes, 16, &seq.to_le_bytes());
    put(&mut bytes, 24, &(state.len() as u64).to_le_bytes());
    put(&mut bytes, 32, &origin.journal_id.to_le_bytes());
    put(&mut bytes, 40, &origin.epoch.to_le_bytes());
    put(&mut bytes, 48, &origin.frame_seq.to_le_bytes());
    put(&mut bytes, 56, &origin.frame_hash);
    let checksum = checksum(&bytes[..COVERED], state);
    put(&mut bytes, COVERED, &checksum);
    bytes
}

fn checksum(covered: &[u8], state: &[u8]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(covered).update(state);
    *hasher.finalize().as_bytes()
}

/// Writes the state after `seq` and removes older snapshots beyond `keep` (at least the new one stays). Returns its path.
pub fn write(directory: &Path, seq: u64, origin: &Origin, state: &[u8], keep: usize) -> Result<PathBuf> {
    write_with(directory, seq, origin, state, keep, &RealDisk)
}

/// The same on a given disk, for tests.
pub fn write_with(
    directory: &Path,
    seq: u64,
    origin: &Origin,
    state: &[u8],
    keep: usize,
    disk: &dyn Disk,
) -> Result<PathBuf> {
    fs::create_dir_all(directory).map_err(JournalError::file("create", directory))?;
    let path = directory.join(format!("{seq:020}.{EXTENSION}"));
    let temporary = path.with_extension("tmp");
    let written = File::create(&temporary).and_then(|mut file| {
        file.write_all(&header(seq, origin, state))?;
        file.write_all(state)?;
        disk.sync_all(&file)
    });
    if let Err(error) = written {
        // On a full disk the half-written file would only make things worse.
        let _ = fs::remove_file(&temporary);
        return Err(JournalError::file("write", &temporary)(error));
    }
    fs::rename(&temporary, &path).map_err(JournalError::file("rename", &temporary))?;
    disk.sync_directory(directory).map_err(JournalError::file("sync", directory))?;
    sync_parent(directory, disk)?;
    remove_old(directory, seq, keep)?;
    Ok(path)
}

/// Only what is older than the snapshot just written may go: that one is known to be good.
fn remove_old(directory: &Path, newest: u64, keep: usize) -> Result<()> {
    let older = files(directory)?.into_iter().filter(|(seq, _)| *seq < newest);
    for (_, path) in older.skip(keep.saturating_sub(1)) {
        fs::remove_file(&path).map_err(JournalError::file("remove", &path))?;
    }
    Ok(())
}

/// The snapshot in a file as `files` names it; `None` when it is not whole, or not of the seq in its name. Io.
pub fn load(path: &Path) -> Result<Option<Snapshot>> {
    let bytes = fs::read(path).map_err(JournalError::file("read", path))?;
    Ok(seq_of(path).and_then(|seq| decode(bytes, seq)))
}

/// The snapshot of that seq in the bytes of a file; `None` when they are not exactly what was written.
fn decode(mut bytes: Vec<u8>, seq: u64) -> Option<Snapshot> {
    let named =
        bytes.len() >= OLD_HEADER_LEN && bytes[..8] == MAGIC && get_u32(&bytes, 12) == 0 && get_u64(&bytes, 16) == seq;
    if !named {
        return None;
    }
    let (header_len, covered) = match get_u32(&bytes, 8) {
        VERSION => (HEADER_LEN, COVERED),
        OLD_VERSION => (OLD_HEADER_LEN, OLD_COVERED),
        _ => return None,
    };
    let state = bytes.get(header_len..)?;
    if state.len() as u64 != get_u64(&bytes, 24)
        || checksum(&bytes[..covered], state)[..] != bytes[covered..covered + 32]
    {
        return None;
    }
    let origin = (header_len == HEADER_LEN).then(|| Origin {
        journal_id: get_u64(&bytes, 32),
        epoch: get_u64(&bytes, 40),
        frame_seq: get_u64(&bytes, 48),
        frame_hash: array(&bytes, 56),
    });
    // Moved to the front, not copied: a large venue's state must not be in memory twice.
    bytes.drain(..header_len);
    Some(Snapshot { seq, origin, state: bytes })
}

fn seq_of(path: &Path) -> Option<u64> {
    path.file_stem()?.to_str().filter(|stem| stem.len() == 20)?.parse().ok()
}

/// (seq, path) of all files named like snapshots, newest first. No directory: none. Io.
pub fn files(directory: &Path) -> Result<Vec<(u64, PathBuf)>> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(JournalError::file("list", directory))?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(JournalError::file("list", directory))?.path();
        if path.extension().is_some_and(|extension| extension == EXTENSION) {
            if let Some(seq) = seq_of(&path) {
                found.push((seq, path));
            }
        }
    }
    found.sort_by(|left, right| right.cmp(left));
    Ok(found)
}
