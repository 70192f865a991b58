//! A copy of a log: the same frames in the file journal's files, whoever wrote them.

use std::path::Path;
use std::sync::Arc;

use cambist_core::journal::disk::{Disk, RealDisk};
use cambist_core::journal::frame::{self, GENESIS, Header};
use cambist_core::journal::{
    FileJournal, FrameKind, JournalCopy, JournalError, JournalFollows, JournalPort, JournalReads, NewFrame, Options,
    ReadOnlyJournal, Rejection,
};
use tempfile::TempDir;

const ID: u64 = 0xC0FFEE;
const SEGMENT: u64 = 16 << 10;

fn disk() -> Arc<dyn Disk> {
    Arc::new(RealDisk)
}

fn open(directory: &Path) -> JournalCopy {
    JournalCopy::open(directory, Some(ID), SEGMENT, disk()).expect("the copy opens")
}

/// Frames of a log of two epochs: commands, with a checkpoint behind each third one.
fn frames(count: u64, bytes: usize) -> Vec<Vec<u8>> {
    let (mut hash, mut made) = (GENESIS, Vec::new());
    for seq in 1..=count {
        let kinds: &[FrameKind] =
            if seq % 3 == 0 { &[FrameKind::Commands, FrameKind::Checkpoint] } else { &[FrameKind::Commands] };
        for kind in kinds {
            let payload = if *kind == FrameKind::Commands { vec![seq as u8; bytes] } else { vec![9; 32] };
            let header = Header {
                kind: *kind,
                journal_id: ID,
                epoch: if seq > count / 2 { 7 } else { 2 },
                first_seq: seq,
                count: u32::from(*kind == FrameKind::Commands),
                payload_len: payload.len() as u32,
                time: seq,
                prev_hash: hash,
            };
            let encoded = frame::encode(&header, &payload);
            hash = frame::decode(&encoded).expect("whole").1;
            made.push(encoded);
        }
    }
    made
}

fn hashes(encoded: &[Vec<u8>]) -> Vec<[u8; 32]> {
    encoded.iter().map(|frame| frame::decode(frame).expect("whole").1).collect()
}

fn read(directory: &Path) -> Vec<([u8; 32], u64)> {
    let journal = ReadOnlyJournal::open(directory).expect("a journal");
    let (mut stream, mut found) = (journal.read(1).expect("readable"), Vec::new());
    while let Some(frame) = stream.next().expect("whole") {
        found.push((frame.hash, frame.epoch));
    }
    found
}

#[test]
fn the_same_frames_stand_in_it_over_segments_and_openings() {
    let directory = TempDir::new().expect("a directory");
    let wanted = frames(60, 700);
    let mut copy = open(directory.path());
    for (number, encoded) in wanted.iter().enumerate() {
        if number % 17 == 16 {
            copy.close().expect("closes");
            copy = open(directory.path());
        }
        let last = copy.append(encoded).expect("appended");
        assert_eq!(last, copy.last());
        if number % 5 == 0 {
            copy.sync().expect("synced");
        }
    }
    assert_eq!((copy.last().seq, copy.epoch(), copy.identity()), (60, 7, ID));
    drop(copy);
    let found = read(directory.path());
    assert_eq!(found.iter().map(|frame| frame.0).collect::<Vec<_>>(), hashes(&wanted));
    assert_eq!((found[0].1, found[found.len() - 1].1), (2, 7));
}

#[test]
fn a_frame_larger_than_a_segment_gets_a_segment_of_its_size() {
    let directory = TempDir::new().expect("a directory");
    let wanted = frames(4, 100_000);
    let copy = open(directory.path());
    for encoded in &wanted {
        copy.append(encoded).expect("appended");
    }
    assert_eq!(read(directory.path()).len(), wanted.len());
}

#[test]
fn what_does_not_continue_it_is_refused_and_changes_nothing() {
    let directory = TempDir::new().expect("a directory");
    let wanted = frames(6, 50);
    let copy = open(directory.path());
    copy.append(&wanted[0]).expect("appended");
    let mut flipped = wanted[1].clone();
    flipped[90] ^= 1;
    let other = frame::encode(
        &Header { journal_id: ID + 1, prev_hash: copy.last().hash, ..frame::decode(&wanted[1]).expect("whole").0 },
        &[2; 50],
    );
    for wrong in [&wanted[0], &wanted[2], &flipped, &other, &wanted[1][..64].to_vec()] {
        assert!(matches!(copy.append(wrong), Err(JournalError::Rejected(Rejection::Frame { .. }))));
        assert_eq!(copy.last().seq, 1);
    }
    copy.append(&wanted[1]).expect("appended");
    copy.close().expect("closes");
    assert!(matches!(copy.append(&wanted[2]), Err(JournalError::Rejected(Rejection::Closed))));
    assert_eq!(read(directory.path()).len(), 2);
}

#[test]
fn it_is_one_journals_and_one_process_adds_to_it() {
    let directory = TempDir::new().expect("a directory");
    let nowhere = directory.path().join("nowhere");
    assert!(JournalCopy::open(&nowhere, None, SEGMENT, disk()).is_err());
    let copy = open(directory.path());
    assert!(matches!(JournalCopy::open(directory.path(), Some(ID), SEGMENT, disk()), Err(JournalError::Locked { .. })));
    drop(copy);
    assert!(matches!(
        JournalCopy::open(directory.path(), Some(ID + 1), SEGMENT, disk()),
        Err(JournalError::Damaged { .. })
    ));
    let again = JournalCopy::open(directory.path(), None, SEGMENT, disk()).expect("the copy opens");
    assert_eq!(again.identity(), ID);
}

#[test]
fn a_file_journal_goes_on_behind_it_and_a_copy_behind_a_file_journal() {
    let directory = TempDir::new().expect("a directory");
    let copy = open(directory.path());
    for encoded in &frames(6, 50) {
        copy.append(encoded).expect("appended");
    }
    drop(copy);
    let options = Options { segment_bytes: SEGMENT, create: false, ..Options::default() };
    let journal = FileJournal::open(directory.path(), options).expect("the journal opens");
    assert_eq!((journal.last().seq, journal.epoch()), (6, 8));
    journal.append(6, 8, NewFrame { count: 1, time: 9, payload: b"by itself" }).expect("appended");
    journal.close().expect("closes");
    let last = journal.last();
    let copy = open(directory.path());
    assert_eq!((copy.last(), copy.epoch()), (last, 8));
}
