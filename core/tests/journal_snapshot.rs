//! Snapshots: whole or not counted, several kept.

mod journal_support;

use std::fs;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use cambist_core::journal::snapshot;
use journal_support::{FaultyDisk, flip};

#[test]
fn the_newest_valid_snapshot_not_beyond_the_seq_is_read() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let place = directory.path().join("snapshots");
    assert_eq!(snapshot::read(&place, None).expect("no directory is no snapshot"), None);
    for seq in [10, 20, 30] {
        snapshot::write(&place, seq, format!("state {seq}").as_bytes(), 5).expect("written");
    }
    let read = |limit| snapshot::read(&place, limit).expect("readable").map(|(seq, _)| seq);
    assert_eq!(snapshot::read(&place, None).expect("readable"), Some((30, b"state 30".to_vec())));
    assert_eq!((read(Some(30)), read(Some(29)), read(Some(10)), read(Some(9))), (Some(30), Some(20), Some(10), None));
}

#[test]
fn any_flipped_bit_and_any_cut_makes_a_snapshot_invalid() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    snapshot::write(directory.path(), 10, b"older", 3).expect("written");
    let path = snapshot::write(directory.path(), 20, b"newer state", 3).expect("written");
    let whole = fs::read(&path).expect("a file");
    for offset in 0..whole.len() {
        flip(&path, offset as u64, (offset % 8) as u8);
        assert_eq!(
            snapshot::read(directory.path(), None).expect("readable"),
            Some((10, b"older".to_vec())),
            "byte {offset}"
        );
        fs::write(&path, &whole[..offset]).expect("a write");
        assert_eq!(snapshot::read(directory.path(), None).expect("readable").map(|(seq, _)| seq), Some(10));
        fs::write(&path, &whole).expect("a write");
    }
    fs::write(&path, [&whole[..], b"x"].concat()).expect("a write");
    let listed = snapshot::list(directory.path()).expect("readable");
    assert_eq!(listed.iter().map(|one| (one.seq, one.valid)).collect::<Vec<_>>(), [(20, false), (10, true)]);
}

#[test]
fn a_renamed_snapshot_is_not_believed() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = snapshot::write(directory.path(), 10, b"state", 3).expect("written");
    fs::rename(&path, directory.path().join(format!("{:020}.snapshot", 99))).expect("a rename");
    assert_eq!(snapshot::read(directory.path(), None).expect("readable"), None);
}

#[test]
fn only_so_many_are_kept_and_never_less_than_the_new_one() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let seqs = || snapshot::list(directory.path()).expect("readable").iter().map(|one| one.seq).collect::<Vec<_>>();
    for seq in 1..=6 {
        snapshot::write(directory.path(), seq, b"state", 3).expect("written");
    }
    assert_eq!(seqs(), [6, 5, 4]);
    snapshot::write(directory.path(), 7, b"state", 0).expect("written");
    assert_eq!(seqs(), [7]);
    // A snapshot of an earlier seq does not push out newer ones.
    snapshot::write(directory.path(), 3, b"state", 1).expect("written");
    assert_eq!(seqs(), [7, 3]);
}

#[test]
fn a_snapshot_that_could_not_be_synced_leaves_the_older_ones() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    snapshot::write(directory.path(), 1, b"state", 1).expect("written");
    let disk = Arc::new(FaultyDisk::default());
    disk.fail_syncs.store(true, Ordering::SeqCst);
    snapshot::write_with(directory.path(), 2, b"state", 1, &*disk).expect_err("the sync failed");
    assert_eq!(snapshot::read(directory.path(), None).expect("readable"), Some((1, b"state".to_vec())));
    assert_eq!(fs::read_dir(directory.path()).expect("a directory").count(), 1);
}
