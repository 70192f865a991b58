//! What the journal's tests share: small journals, copies as a crash would leave them, and a disk that fails on demand.
#![allow(dead_code, reason = "each test file uses its part")]

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use cambist_core::journal::disk::{Disk, RealDisk};
use cambist_core::journal::frame::Header;
use cambist_core::journal::{
    FileJournal, FrameKind, JournalError, JournalFollows, JournalPort, NewFrame, Options, Reader, Result,
};
use tempfile::TempDir;

pub const SEGMENT: u64 = 16 * 1024;

pub fn options() -> Options {
    Options { segment_bytes: SEGMENT, space_retry: Duration::ZERO, ..Options::default() }
}

pub fn open(directory: &Path) -> FileJournal {
    FileJournal::open(directory, options()).expect("the journal opens")
}

/// The records of a command: its seq, over and over, `size` times.
pub fn record(seq: u64, size: usize) -> Vec<u8> {
    seq.to_le_bytes().repeat(size)
}

/// Hands in one command of 8 × `size` bytes.
pub fn try_append(journal: &FileJournal, size: usize) -> Result<u64> {
    let last = journal.last().seq;
    journal.append(last, journal.epoch(), NewFrame { count: 1, time: last + 1, payload: &record(last + 1, size) })
}

/// Appends commands one by one, each durable before the next: each is a frame of its own.
pub fn append_singly(journal: &FileJournal, count: u64, size: usize) {
    for _ in 0..count {
        try_append(journal, size).expect("the append is taken");
        journal.wait().expect("the disk works");
    }
}

/// A frame as read, without its payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub kind: FrameKind,
    pub epoch: u64,
    pub first_seq: u64,
    pub last_seq: u64,
    pub file: PathBuf,
    pub offset: u64,
    pub length: u64,
}

/// Reads all frames and checks that every command is the one that was appended.
pub fn read_all(directory: &Path) -> Result<Vec<Seen>> {
    let mut reader = Reader::open(directory, 1)?;
    let mut seen = Vec::new();
    while let Some(frame) = reader.next()? {
        if frame.kind == FrameKind::Commands {
            let mut words =
                frame.payload.chunks_exact(8).map(|word| u64::from_le_bytes(word.try_into().expect("8 bytes")));
            assert!(words.clone().is_sorted(), "records in order");
            assert_eq!(
                (words.next(), words.next_back().or(Some(frame.first_seq))),
                (Some(frame.first_seq), Some(frame.last_seq()))
            );
        }
        seen.push(Seen {
            kind: frame.kind,
            epoch: frame.epoch,
            first_seq: frame.first_seq,
            last_seq: frame.last_seq(),
            file: frame.file.to_path_buf(),
            offset: frame.offset,
            length: cambist_core::journal::frame::frame_len(frame.payload.len()) as u64,
        });
    }
    Ok(seen)
}

/// What a killed process leaves: the files as they are now, held by nobody. The writer may just be preallocating: a spare
/// that changes its name meanwhile is left out, as a crash could have had it.
pub fn crash_copy(directory: &Path) -> TempDir {
    let copy = tempfile::tempdir().expect("a temporary directory");
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        match fs::copy(&path, copy.path().join(path.file_name().expect("a name"))) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                assert!(path.extension().is_none_or(|end| end != "seg"), "segments keep their names");
            }
            copied => drop(copied.expect("a copy")),
        }
    }
    copy
}

/// Every file's name and bytes: to see that nothing was touched. The lock file only names who tried last.
pub fn contents(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(directory)
        .expect("a directory")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| !path.ends_with("lock"))
        .map(|path| (path.clone(), fs::read(path).expect("a file")))
        .collect();
    files.sort();
    files
}

/// By name alone: a running writer may rename its spare files meanwhile.
pub fn segments(directory: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(directory)
        .expect("a directory")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|end| end == "seg"))
        .collect();
    files.sort();
    files
}

pub fn patch(file: &Path, offset: u64, bytes: &[u8]) {
    OpenOptions::new().write(true).open(file).and_then(|file| file.write_all_at(bytes, offset)).expect("a patch");
}

pub fn flip(file: &Path, offset: u64, bit: u8) {
    let bytes = fs::read(file).expect("a file");
    patch(file, offset, &[bytes[offset as usize] ^ (1 << bit)]);
}

/// Opening must be refused as damage, name a file that is there, and leave every byte as it was.
pub fn assert_damaged(directory: &Path) -> (PathBuf, u64, String) {
    let before = contents(directory);
    let error = match FileJournal::open(directory, options()) {
        Ok(journal) => panic!("a damaged journal opened; cut: {:?}", journal.cut()),
        Err(error) => error,
    };
    assert!(contents(directory) == before, "the files were changed: {error}");
    match error {
        JournalError::Damaged { file, offset, reason } => {
            assert!(file.exists(), "{file:?}: {reason}");
            (file, offset, reason)
        }
        other => panic!("not damage: {other:?}"),
    }
}

/// The real disk until a test turns a failure on.
#[derive(Default)]
pub struct FaultyDisk {
    pub fail_writes: AtomicBool,
    pub fail_syncs: AtomicBool,
    pub full: AtomicBool,
    /// While true, a sync of data does not return.
    pub hold_syncs: Mutex<bool>,
    pub released: Condvar,
    pub syncs: AtomicU64,
    pub allocations: AtomicU64,
    /// (offset, length) of every write.
    pub writes: Mutex<Vec<(u64, usize)>>,
}

impl FaultyDisk {
    pub fn release_syncs(&self) {
        *self.hold_syncs.lock().expect("no panic") = false;
        self.released.notify_all();
    }

    pub fn options(self: &Arc<Self>) -> Options {
        Options { disk: Arc::<Self>::clone(self), ..options() }
    }
}

fn failing(flag: &AtomicBool, code: i32) -> io::Result<()> {
    if flag.load(Ordering::SeqCst) { Err(io::Error::from_raw_os_error(code)) } else { Ok(()) }
}

impl Disk for FaultyDisk {
    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        failing(&self.fail_writes, libc::EIO)?;
        self.writes.lock().expect("no panic").push((offset, bytes.len()));
        RealDisk.write_at(file, bytes, offset)
    }

    fn sync_data(&self, file: &File) -> io::Result<()> {
        self.syncs.fetch_add(1, Ordering::SeqCst);
        drop(self.released.wait_while(self.hold_syncs.lock().expect("no panic"), |held| *held).expect("no panic"));
        failing(&self.fail_syncs, libc::EIO)?;
        RealDisk.sync_data(file)
    }

    fn sync_all(&self, file: &File) -> io::Result<()> {
        failing(&self.fail_syncs, libc::EIO)?;
        RealDisk.sync_all(file)
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        failing(&self.fail_syncs, libc::EIO)?;
        RealDisk.sync_directory(directory)
    }

    fn allocate(&self, file: &File, length: u64) -> io::Result<()> {
        self.allocations.fetch_add(1, Ordering::SeqCst);
        failing(&self.full, libc::ENOSPC)?;
        RealDisk.allocate(file, length)
    }
}

/// Does a whole frame header stand here? For tests that look at raw bytes.
pub fn header_at(file: &Path, offset: u64) -> Option<Header> {
    Header::decode(&fs::read(file).expect("a file")[offset as usize..]).ok()
}
