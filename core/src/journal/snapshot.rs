//! Snapshots: the canonical state after one seq, in a file that is whole or is not counted.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::bytes::{array, get_u32, get_u64, put};
use super::disk::{Disk, RealDisk};
use super::error::{JournalError, Result};
use super::log::sync_parent;

/// Bytes before the state.
pub const HEADER_LEN: usize = 64;
/// How snapshot files end.
pub const EXTENSION: &str = "snapshot";

const MAGIC: [u8; 8] = *b"CBSNAPSH";
const VERSION: u32 = 1;
/// Magic, version, seq, length: what the checksum covers besides the state.
const COVERED: usize = 32;

/// A snapshot file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub seq: u64,
    pub path: PathBuf,
    /// Its checksum matches.
    pub valid: bool,
}

fn header(seq: u64, state: &[u8]) -> [u8; HEADER_LEN] {
    let mut bytes = [0; HEADER_LEN];
    put(&mut bytes, 0, &MAGIC);
    put(&mut bytes, 8, &VERSION.to_le_bytes());
    put(&mut bytes, 16, &seq.to_le_bytes());
    put(&mut bytes, 24, &(state.len() as u64).to_le_bytes());
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
pub fn write(directory: &Path, seq: u64, state: &[u8], keep: usize) -> Result<PathBuf> {
    write_with(directory, seq, state, keep, &RealDisk)
}

/// The same on a given disk, for tests.
pub fn write_with(directory: &Path, seq: u64, state: &[u8], keep: usize, disk: &dyn Disk) -> Result<PathBuf> {
    fs::create_dir_all(directory).map_err(JournalError::file("create", directory))?;
    let path = directory.join(format!("{seq:020}.{EXTENSION}"));
    let temporary = path.with_extension("tmp");
    let written = File::create(&temporary).and_then(|mut file| {
        file.write_all(&header(seq, state))?;
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

/// The newest snapshot that passes its checksum and is not beyond `at_most_seq`: its seq and its state.
pub fn read(directory: &Path, at_most_seq: Option<u64>) -> Result<Option<(u64, Vec<u8>)>> {
    for (seq, path) in files(directory)? {
        if at_most_seq.is_none_or(|limit| seq <= limit) {
            if let Some(state) = load(&path, seq)? {
                return Ok(Some((seq, state)));
            }
        }
    }
    Ok(None)
}

/// All snapshots, newest first.
pub fn list(directory: &Path) -> Result<Vec<Listed>> {
    files(directory)?
        .into_iter()
        .map(|(seq, path)| Ok(Listed { seq, valid: load(&path, seq)?.is_some(), path }))
        .collect()
}

/// The state in the file; `None` when the file is not a whole snapshot of that seq.
fn load(path: &Path, seq: u64) -> Result<Option<Vec<u8>>> {
    let mut file = File::open(path).map_err(JournalError::file("open", path))?;
    let size = file.metadata().map_err(JournalError::file("look at", path))?.len();
    let mut header = [0; HEADER_LEN];
    match file.read_exact(&mut header) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other.map_err(JournalError::file("read", path))?,
    }
    let named = header[..8] == MAGIC
        && get_u32(&header, 8) == VERSION
        && get_u32(&header, 12) == 0
        && get_u64(&header, 16) == seq;
    // The length is compared before it is trusted with an allocation.
    if !named || size.checked_sub(HEADER_LEN as u64) != Some(get_u64(&header, 24)) {
        return Ok(None);
    }
    let mut state = Vec::with_capacity((size - HEADER_LEN as u64) as usize);
    file.read_to_end(&mut state).map_err(JournalError::file("read", path))?;
    let expected: [u8; 32] = array(&header, COVERED);
    Ok((checksum(&header[..COVERED], &state) == expected).then_some(state))
}

/// (seq, path) of all files named like snapshots, newest first. No directory: none.
fn files(directory: &Path) -> Result<Vec<(u64, PathBuf)>> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(JournalError::file("list", directory))?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(JournalError::file("list", directory))?.path();
        if path.extension().is_some_and(|extension| extension == EXTENSION) {
            let stem = path.file_stem().and_then(|stem| stem.to_str()).filter(|stem| stem.len() == 20);
            if let Some(seq) = stem.and_then(|stem| stem.parse().ok()) {
                found.push((seq, path));
            }
        }
    }
    found.sort_by(|left, right| right.cmp(left));
    Ok(found)
}
