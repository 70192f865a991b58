//! Snapshots: whole or not counted, several kept, each of one journal.

mod journal_support;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use cambist_core::journal::snapshot::{self, Origin, Snapshot};
use journal_support::{FaultyDisk, flip};

fn origin() -> Origin {
    Origin { journal_id: 7, epoch: 3, frame_seq: 41, frame_hash: [9; 32] }
}

fn write(directory: &Path, seq: u64, state: &[u8], keep: usize) -> PathBuf {
    snapshot::write(directory, seq, &origin(), state, keep).expect("written")
}

fn seqs(directory: &Path) -> Vec<u64> {
    snapshot::files(directory).expect("readable").into_iter().map(|(seq, _)| seq).collect()
}

#[test]
fn a_snapshot_reads_back_as_it_was_written_with_its_origin() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let place = directory.path().join("snapshots");
    assert!(seqs(&place).is_empty(), "no directory is no snapshot");
    for seq in [10, 30, 20] {
        write(&place, seq, format!("state {seq}").as_bytes(), 5);
    }
    let files = snapshot::files(&place).expect("readable");
    assert_eq!(files.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), [30, 20, 10], "newest first");
    for (seq, path) in files {
        let wanted = Snapshot { seq, origin: Some(origin()), state: format!("state {seq}").into_bytes() };
        assert_eq!(snapshot::load(&path).expect("readable"), Some(wanted));
    }
}

#[test]
fn any_flipped_bit_and_any_cut_makes_a_snapshot_invalid() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = write(directory.path(), 20, b"state", 3);
    let whole = fs::read(&path).expect("a file");
    for offset in 0..whole.len() {
        flip(&path, offset as u64, (offset % 8) as u8);
        assert_eq!(snapshot::load(&path).expect("readable"), None, "byte {offset}");
        fs::write(&path, &whole[..offset]).expect("a write");
        assert_eq!(snapshot::load(&path).expect("readable"), None, "cut at {offset}");
        fs::write(&path, &whole).expect("a write");
    }
    fs::write(&path, [&whole[..], b"x"].concat()).expect("a write");
    assert_eq!(snapshot::load(&path).expect("readable"), None);
}

#[test]
fn a_renamed_snapshot_is_not_believed() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let renamed = directory.path().join(format!("{:020}.snapshot", 99));
    fs::rename(write(directory.path(), 10, b"state", 3), &renamed).expect("a rename");
    assert_eq!(snapshot::load(&renamed).expect("readable"), None);
}

/// The first version of the format, byte by byte as docs/reference/journal-format.md has it.
fn first_version(seq: u64, state: &[u8]) -> Vec<u8> {
    let mut bytes = b"CBSNAPSH".to_vec();
    bytes.extend_from_slice(&1u32.to_le_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&seq.to_le_bytes());
    bytes.extend_from_slice(&(state.len() as u64).to_le_bytes());
    let checksum = blake3::hash(&[&bytes[..], state].concat());
    bytes.extend_from_slice(checksum.as_bytes());
    bytes.extend_from_slice(state);
    bytes
}

#[test]
fn a_snapshot_from_before_origins_were_written_down_is_still_read() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join(format!("{:020}.snapshot", 12));
    let whole = first_version(12, b"an old state");
    fs::write(&path, &whole).expect("a write");
    let wanted = Snapshot { seq: 12, origin: None, state: b"an old state".to_vec() };
    assert_eq!(snapshot::load(&path).expect("readable"), Some(wanted));
    for offset in 0..whole.len() {
        flip(&path, offset as u64, 3);
        assert_eq!(snapshot::load(&path).expect("readable"), None, "byte {offset}");
        fs::write(&path, &whole).expect("a write");
    }
}

#[test]
fn only_so_many_are_kept_and_never_less_than_the_new_one() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    for seq in 1..=6 {
        write(directory.path(), seq, b"state", 3);
    }
    assert_eq!(seqs(directory.path()), [6, 5, 4]);
    write(directory.path(), 7, b"state", 0);
    assert_eq!(seqs(directory.path()), [7]);
    // A snapshot of an earlier seq does not push out newer ones.
    write(directory.path(), 3, b"state", 1);
    assert_eq!(seqs(directory.path()), [7, 3]);
}

#[test]
fn a_snapshot_that_could_not_be_synced_leaves_the_older_ones() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let older = write(directory.path(), 1, b"state", 1);
    let disk = Arc::new(FaultyDisk::default());
    disk.fail_syncs.store(true, Ordering::SeqCst);
    snapshot::write_with(directory.path(), 2, &origin(), b"state", 1, &*disk).expect_err("the sync failed");
    assert_eq!(snapshot::load(&older).expect("readable").map(|found| found.state), Some(b"state".to_vec()));
    assert_eq!(fs::read_dir(directory.path()).expect("a directory").count(), 1);
}
