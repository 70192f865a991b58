//! What every journal has to do, written against the port alone: `run` is called on each implementation by its tests.

use super::error::{JournalError, Refusal, Result};
use super::frame::FrameKind;
use super::port::{JournalPort, NewFrame};

/// A place where one journal lives, to be opened again and again.
pub trait Place {
    type Journal: JournalPort;
    /// Opens the journal, making it the first time.
    fn open(&self) -> Result<Self::Journal>;
}

/// Runs the whole suite; `fresh` makes an empty place. Panics with the broken rule.
pub fn run<P: Place>(fresh: impl Fn() -> P) {
    an_empty_journal_is_at_zero(&fresh());
    appended_commands_read_back_in_order(&fresh());
    reading_starts_at_the_frame_that_holds_the_seq(&fresh());
    a_wrong_expectation_changes_nothing(&fresh());
    a_foreign_epoch_changes_nothing(&fresh());
    every_opening_has_a_higher_epoch(&fresh());
    what_is_durable_survives_reopening(&fresh());
    a_checkpoint_stands_behind_its_seq(&fresh());
    two_openings_never_both_append(&fresh());
    a_reader_sees_what_is_added_after_its_end(&fresh());
}

/// The record of a command: its seq in text, so that lengths differ.
fn record(seq: u64) -> Vec<u8> {
    format!("<{seq}>").into_bytes()
}

fn records(from: u64, to: u64) -> Vec<u8> {
    (from..=to).flat_map(record).collect()
}

/// Appends `count` commands behind the last one.
fn append(journal: &impl JournalPort, count: u32) -> u64 {
    let last = journal.last().seq;
    let payload = records(last + 1, last + u64::from(count));
    let frame = NewFrame { count, time: 1_000 + last + u64::from(count), payload: &payload };
    journal.append(last, journal.epoch(), frame).expect("an append in order is taken")
}

/// All that is read from a seq: the first seq, the last, the joined payload, and checkpoints as (seq, position in payload).
#[derive(Debug, Default, PartialEq, Eq)]
struct Content {
    first_seq: u64,
    last_seq: u64,
    payload: Vec<u8>,
    checkpoints: Vec<(u64, [u8; 32])>,
}

fn read(journal: &impl JournalPort, from_seq: u64) -> Content {
    let mut content = Content::default();
    let mut stream = journal.read(from_seq).expect("the journal can be read");
    while let Some(frame) = stream.next().expect("the journal is sound") {
        if frame.kind == FrameKind::Checkpoint {
            assert!(
                content.payload.is_empty() || frame.first_seq == content.last_seq,
                "a checkpoint stands behind its seq"
            );
            content
                .checkpoints
                .push((frame.first_seq, frame.payload.try_into().expect("a checkpoint carries 32 bytes")));
            continue;
        }
        if content.payload.is_empty() {
            content.first_seq = frame.first_seq;
        } else {
            assert_eq!(frame.first_seq, content.last_seq + 1, "frames follow each other");
        }
        content.last_seq = frame.last_seq();
        assert_eq!(frame.time, 1_000 + content.last_seq, "a frame's time is its last command's");
        content.payload.extend_from_slice(frame.payload);
    }
    content
}

fn an_empty_journal_is_at_zero<P: Place>(place: &P) {
    let journal = place.open().expect("a fresh place opens");
    assert_eq!((journal.last().seq, journal.last().durable_seq), (0, 0));
    assert_eq!(journal.wait().expect("nothing to wait for"), 0);
    assert_eq!(read(&journal, 1), Content::default());
}

fn appended_commands_read_back_in_order<P: Place>(place: &P) {
    let journal = place.open().expect("a fresh place opens");
    assert_eq!(append(&journal, 1), 1);
    assert_eq!(append(&journal, 3), 4);
    for last in 5..=60 {
        assert_eq!(append(&journal, 1), last);
    }
    assert_eq!(journal.wait().expect("the disk works"), 60);
    assert_eq!(journal.last().durable_seq, 60);
    let content = read(&journal, 1);
    assert_eq!((content.first_seq, content.last_seq), (1, 60));
    assert_eq!(content.payload, records(1, 60));
}

fn reading_starts_at_the_frame_that_holds_the_seq<P: Place>(place: &P) {
    let journal = place.open().expect("a fresh place opens");
    for _ in 0..4 {
        append(&journal, 5);
        journal.wait().expect("the disk works");
    }
    let content = read(&journal, 8);
    assert_eq!((content.first_seq, content.last_seq), (6, 20));
    assert_eq!(content.payload, records(6, 20));
    assert_eq!(read(&journal, 21), Content::default());
}

fn a_wrong_expectation_changes_nothing<P: Place>(place: &P) {
    let journal = place.open().expect("a fresh place opens");
    append(&journal, 2);
    for expected in [0, 1, 3, u64::MAX] {
        let refused = journal.append(expected, journal.epoch(), NewFrame { count: 1, time: 0, payload: b"no" });
        assert!(matches!(refused, Err(JournalError::Refused(Refusal::WrongSeq { .. }))), "{refused:?}");
    }
    let refused = journal.append(2, journal.epoch(), NewFrame { count: 0, time: 0, payload: b"" });
    assert!(matches!(refused, Err(JournalError::Refused(Refusal::Empty))), "{refused:?}");
    append(&journal, 1);
    journal.wait().expect("the disk works");
    assert_eq!(read(&journal, 1).payload, records(1, 3));
}

fn a_foreign_epoch_changes_nothing<P: Place>(place: &P) {
    let journal = place.open().expect("a fresh place opens");
    for epoch in [journal.epoch() - 1, journal.epoch() + 1] {
        let refused = journal.append(0, epoch, NewFrame { count: 1, time: 0, payload: b"no" });
        assert!(matches!(refused, Err(JournalError::Refused(Refusal::StaleEpoch { .. }))), "{refused:?}");
        let refused = journal.checkpoint(0, epoch, &[1; 32]);
        assert!(matches!(refused, Err(JournalError::Refused(Refusal::StaleEpoch { .. }))), "{refused:?}");
    }
    assert_eq!(journal.last().seq, 0);
}

fn every_opening_has_a_higher_epoch<P: Place>(place: &P) {
    let mut before = 0;
    for _ in 0..4 {
        let journal = place.open().expect("the place opens");
        assert!(journal.epoch() > before, "{} after {before}", journal.epoch());
        before = journal.epoch();
    }
}

fn what_is_durable_survives_reopening<P: Place>(place: &P) {
    for round in 0..3 {
        let journal = place.open().expect("the place opens");
        assert_eq!(journal.last().seq, round * 7);
        append(&journal, 7);
        journal.wait().expect("the disk works");
    }
    let journal = place.open().expect("the place opens");
    assert_eq!(read(&journal, 1).payload, records(1, 21));
}

fn a_checkpoint_stands_behind_its_seq<P: Place>(place: &P) {
    let journal = place.open().expect("a fresh place opens");
    let epoch = journal.epoch();
    append(&journal, 2);
    append(&journal, 2);
    let refused = journal.checkpoint(3, epoch, &[3; 32]);
    assert!(matches!(refused, Err(JournalError::Refused(Refusal::WrongSeq { .. }))), "{refused:?}");
    journal.checkpoint(4, epoch, &[4; 32]).expect("a checkpoint at the last seq is taken");
    append(&journal, 2);
    assert_eq!(journal.wait().expect("the disk works"), 6);
    let content = read(&journal, 1);
    assert_eq!(content.payload, records(1, 6));
    assert_eq!(content.checkpoints, [(4, [4; 32])]);
    let behind = read(&journal, 5);
    assert_eq!((behind.payload, behind.checkpoints), (records(5, 6), vec![(4, [4; 32])]));
}

fn two_openings_never_both_append<P: Place>(place: &P) {
    let first = place.open().expect("a fresh place opens");
    append(&first, 1);
    first.wait().expect("the disk works");
    // A log on one machine refuses the second opening; a shared one lets it in and shuts the first one out.
    match place.open() {
        Err(error) => assert!(matches!(error, JournalError::Locked { .. }), "{error:?}"),
        Ok(second) => {
            let shut_out = first.append(1, first.epoch(), NewFrame { count: 1, time: 0, payload: b"no" });
            assert!(matches!(shut_out, Err(JournalError::Refused(Refusal::StaleEpoch { .. }))), "{shut_out:?}");
            append(&second, 1);
        }
    }
}

fn a_reader_sees_what_is_added_after_its_end<P: Place>(place: &P) {
    let journal = place.open().expect("a fresh place opens");
    append(&journal, 1);
    journal.wait().expect("the disk works");
    let mut stream = journal.read(1).expect("the journal can be read");
    assert_eq!(stream.next().expect("sound").map(|frame| frame.last_seq()), Some(1));
    assert!(stream.next().expect("sound").is_none());
    append(&journal, 1);
    journal.wait().expect("the disk works");
    assert_eq!(stream.next().expect("sound").map(|frame| frame.last_seq()), Some(2));
    assert!(stream.next().expect("sound").is_none());
}
