//! What every journal has to do, written against the port alone: `run` is called on each implementation by its tests. The same
//! suite in Python is `tests/support/journal_suite.py`.

use std::thread;
use std::time::Duration;

use super::error::{JournalError, Rejection, Result};
use super::frame::{self, FrameKind, GENESIS, Header};
use super::port::{JournalPort, NewFrame};
use super::reader::FrameRef;
use super::wake::is_readable;

/// Longer than any sound journal takes for anything here; only a broken one waits for so long.
const PATIENCE: Duration = Duration::from_secs(30);

/// A place where one journal lives, to be opened again and again.
pub trait Place {
    /// Opens the journal, making it the first time.
    fn open(&self) -> Result<Box<dyn JournalPort>>;
}

/// Runs the whole suite; `fresh` makes an empty place. Panics with the broken rule.
pub fn run<P: Place>(fresh: impl Fn() -> P) {
    an_empty_journal_is_at_zero(&fresh());
    appended_commands_read_back_in_order(&fresh());
    appending_without_blocking_is_appending(&fresh());
    reading_starts_at_the_frame_that_holds_the_seq(&fresh());
    a_wrong_expectation_changes_nothing(&fresh());
    a_foreign_epoch_changes_nothing(&fresh());
    every_opening_has_a_higher_epoch(&fresh());
    what_is_durable_survives_reopening(&fresh());
    a_checkpoint_stands_behind_its_seq(&fresh());
    two_openings_never_both_append(&fresh());
    a_reader_sees_what_is_added_after_its_end(&fresh());
    an_identity_is_the_journals_own(&fresh(), &fresh());
    frames_are_a_chain_of_exactly_these_bytes(&fresh());
    the_last_hash_is_that_of_the_last_durable_frame(&fresh());
    the_descriptor_tells_what_became_durable(&fresh());
    a_follower_goes_on_with_what_is_added(&fresh());
    a_follower_on_another_thread_misses_nothing_and_runs_ahead_of_nothing(&fresh());
    a_closed_journal_is_closed_once_and_refuses(&fresh());
}

/// The record of a command: its seq in text, so that lengths differ.
fn record(seq: u64) -> Vec<u8> {
    format!("<{seq}>").into_bytes()
}

fn records(from: u64, to: u64) -> Vec<u8> {
    (from..=to).flat_map(record).collect()
}

/// Appends `count` commands behind the last one.
fn append(journal: &dyn JournalPort, count: u32) -> u64 {
    let last = journal.last().seq;
    let payload = records(last + 1, last + u64::from(count));
    let frame = NewFrame { count, time: 1_000 + last + u64::from(count), payload: &payload };
    journal.append(last, journal.epoch(), frame).expect("an append in order is taken")
}

/// Appends one command after the other, each durable before the next: each is a frame of its own.
fn append_singly(journal: &dyn JournalPort, count: u32) {
    for _ in 0..count {
        append(journal, 1);
        journal.wait().expect("the disk works");
    }
}

/// All that is read from a seq: the first seq, the last, the joined payload, and checkpoints as (seq, state hash).
#[derive(Debug, Default, PartialEq, Eq)]
struct Content {
    first_seq: u64,
    last_seq: u64,
    payload: Vec<u8>,
    checkpoints: Vec<(u64, [u8; 32])>,
}

fn read(journal: &dyn JournalPort, from_seq: u64) -> Content {
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

fn refused_as_closed<T>(answer: Result<T>) -> bool {
    matches!(answer, Err(JournalError::Rejected(Rejection::Closed)))
}

fn an_empty_journal_is_at_zero<P: Place>(place: &P) {
    let journal = place.open().expect("a fresh place opens");
    let last = journal.last();
    assert_eq!((last.seq, last.durable_seq, last.hash), (0, 0, GENESIS));
    assert!(!journal.space_low(), "a fresh place has space");
    assert_eq!(journal.acknowledge().expect("nothing failed"), 0);
    assert_eq!(journal.wait().expect("nothing to wait for"), 0);
    assert_eq!(read(&*journal, 1), Content::default());
}

fn appended_commands_read_back_in_order<P: Place>(place: &P) {
    let journal = place.open().expect("a fresh place opens");
    assert_eq!(append(&*journal, 1), 1);
    assert_eq!(append(&*journal, 3), 4);
    for last in 5..=60 {
        assert_eq!(append(&*journal, 1), last);
    }
    assert_eq!(journal.wait().expect("the disk works"), 60);
    assert_eq!(journal.last().durable_seq, 60);
    let content = read(&*journal, 1);
    assert_eq!((content.first_seq, content.last_seq), (1, 60));
    assert_eq!(content.payload, records(1, 60));
}

fn appending_without_blocking_is_appending<P: Place>(place: &P) {
    let journal = place.open().expect("a fresh place opens");
    for last in 0..20 {
        let payload = record(last + 1);
        let frame = NewFrame { count: 1, time: 1_001 + last, payload: &payload };
        let refused = journal.try_append(last + 1, journal.epoch(), frame);
        assert!(matches!(refused, Ok(None) | Err(JournalError::Rejected(Rejection::WrongSeq { .. }))), "{refused:?}");
        match journal.try_append(last, journal.epoch(), frame).expect("an append in order is taken") {
            Some(seq) => assert_eq!(seq, last + 1),
            None => {
                assert_eq!(journal.last().seq, last, "nothing was changed");
                append(&*journal, 1);
            }
        }
    }
    journal.wait().expect("the disk works");
    assert_eq!(read(&*journal, 1).payload, records(1, 20));
}

fn reading_starts_at_the_frame_that_holds_the_seq<P: Place>(place: &P) {
    let journal = place.open().expect("a fresh place opens");
    for _ in 0..4 {
        append(&*journal, 5);
        journal.wait().expect("the disk works");
    }
    let content = read(&*journal, 8);
    assert_eq!((content.first_seq, content.last_seq), (6, 20));
    assert_eq!(content.payload, records(6, 20));
    assert_eq!(read(&*journal, 21), Content::default());
}

fn a_wrong_expectation_changes_nothing<P: Place>(place: &P) {
    let journal = place.open().expect("a fresh place opens");
    append(&*journal, 2);
    for expected in [0, 1, 3, u64::MAX] {
        let refused = journal.append(expected, journal.epoch(), NewFrame { count: 1, time: 0, payload: b"no" });
        assert!(matches!(refused, Err(JournalError::Rejected(Rejection::WrongSeq { .. }))), "{refused:?}");
    }
    let refused = journal.append(2, journal.epoch(), NewFrame { count: 0, time: 0, payload: b"" });
    assert!(matches!(refused, Err(JournalError::Rejected(Rejection::Empty))), "{refused:?}");
    append(&*journal, 1);
    journal.wait().expect("the disk works");
    assert_eq!(read(&*journal, 1).payload, records(1, 3));
}

fn a_foreign_epoch_changes_nothing<P: Place>(place: &P) {
    let journal = place.open().expect("a fresh place opens");
    for epoch in [journal.epoch() - 1, journal.epoch() + 1] {
        let refused = journal.append(0, epoch, NewFrame { count: 1, time: 0, payload: b"no" });
        assert!(matches!(refused, Err(JournalError::Rejected(Rejection::StaleEpoch { .. }))), "{refused:?}");
        let refused = journal.checkpoint(0, epoch, &[1; 32]);
        assert!(matches!(refused, Err(JournalError::Rejected(Rejection::StaleEpoch { .. }))), "{refused:?}");
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
        append(&*journal, 7);
        journal.wait().expect("the disk works");
    }
    let journal = place.open().expect("the place opens");
    assert_eq!(read(&*journal, 1).payload, records(1, 21));
}

fn a_checkpoint_stands_behind_its_seq<P: Place>(place: &P) {
    let journal = place.open().expect("a fresh place opens");
    let epoch = journal.epoch();
    append(&*journal, 2);
    append(&*journal, 2);
    let refused = journal.checkpoint(3, epoch, &[3; 32]);
    assert!(matches!(refused, Err(JournalError::Rejected(Rejection::WrongSeq { .. }))), "{refused:?}");
    journal.checkpoint(4, epoch, &[4; 32]).expect("a checkpoint at the last seq is taken");
    append(&*journal, 2);
    assert_eq!(journal.wait().expect("the disk works"), 6);
    let content = read(&*journal, 1);
    assert_eq!(content.payload, records(1, 6));
    assert_eq!(content.checkpoints, [(4, [4; 32])]);
    assert!(read(&*journal, 4).payload.ends_with(&records(4, 6)), "its seq is in the frame before it");
    let behind = read(&*journal, 5);
    assert_eq!((behind.payload, behind.checkpoints), (records(5, 6), vec![(4, [4; 32])]));
}

fn two_openings_never_both_append<P: Place>(place: &P) {
    let first = place.open().expect("a fresh place opens");
    append(&*first, 1);
    first.wait().expect("the disk works");
    // A log on one machine refuses the second opening; a shared one lets it in and shuts the first one out.
    match place.open() {
        Err(error) => assert!(matches!(error, JournalError::Locked { .. }), "{error:?}"),
        Ok(second) => {
            let shut_out = first.append(1, first.epoch(), NewFrame { count: 1, time: 0, payload: b"no" });
            assert!(matches!(shut_out, Err(JournalError::Rejected(Rejection::StaleEpoch { .. }))), "{shut_out:?}");
            append(&*second, 1);
        }
    }
}

fn a_reader_sees_what_is_added_after_its_end<P: Place>(place: &P) {
    let journal = place.open().expect("a fresh place opens");
    append(&*journal, 1);
    journal.wait().expect("the disk works");
    let mut stream = journal.read(1).expect("the journal can be read");
    assert_eq!(stream.next().expect("sound").map(|frame| frame.last_seq()), Some(1));
    assert!(stream.next().expect("sound").is_none());
    append(&*journal, 1);
    journal.wait().expect("the disk works");
    assert_eq!(stream.next().expect("sound").map(|frame| frame.last_seq()), Some(2));
    assert!(stream.next().expect("sound").is_none());
}

fn an_identity_is_the_journals_own<P: Place>(place: &P, other: &P) {
    let identity = place.open().expect("a fresh place opens").identity();
    assert_eq!(place.open().expect("the place opens again").identity(), identity);
    assert_ne!(other.open().expect("a fresh place opens").identity(), identity);
}

/// Encodes what was read as the file journal does: every log holds the same bytes, so hashes can be compared across logs.
fn assert_exact(journal: &dyn JournalPort, frame: &FrameRef<'_>) {
    let header = Header {
        kind: frame.kind,
        journal_id: journal.identity(),
        epoch: frame.epoch,
        first_seq: frame.first_seq,
        count: frame.count,
        payload_len: frame.payload.len() as u32,
        time: frame.time,
        prev_hash: frame.prev_hash,
    };
    let encoded = frame::encode(&header, frame.payload);
    let (_, hash, _) = frame::decode(&encoded).expect("a frame reads back");
    assert_eq!(frame.hash, hash, "the hash is that of the frame's bytes");
}

fn frames_are_a_chain_of_exactly_these_bytes<P: Place>(place: &P) {
    let mut hashes = vec![GENESIS];
    for round in 1..=3 {
        let journal = place.open().expect("the place opens");
        append_singly(&*journal, 3);
        journal.checkpoint(3 * round, journal.epoch(), &[round as u8; 32]).expect("a checkpoint at the last seq");
        journal.wait().expect("the disk works");
        let mut stream = journal.read(3 * round - 2).expect("the journal can be read");
        let mut epochs = Vec::new();
        while let Some(frame) = stream.next().expect("the journal is sound") {
            assert_exact(&*journal, &frame);
            if epochs.is_empty() && frame.kind == FrameKind::Checkpoint {
                assert_eq!(Some(&frame.hash), hashes.last(), "reading begins with the checkpoint before the seq");
                continue;
            }
            assert_eq!(Some(&frame.prev_hash), hashes.last(), "each frame names the one before it, across openings");
            hashes.push(frame.hash);
            epochs.push(frame.epoch);
        }
        assert_eq!(epochs, [journal.epoch(); 4], "frames carry the epoch of the opening that wrote them");
    }
}

fn the_last_hash_is_that_of_the_last_durable_frame<P: Place>(place: &P) {
    let journal = place.open().expect("a fresh place opens");
    append_singly(&*journal, 5);
    journal.checkpoint(5, journal.epoch(), &[5; 32]).expect("a checkpoint at the last seq");
    journal.wait().expect("the disk works");
    let last = journal.last();
    let mut stream = journal.read(1).expect("the journal can be read");
    let mut hash = GENESIS;
    while let Some(frame) = stream.next().expect("the journal is sound") {
        hash = frame.hash;
    }
    assert_eq!(last.hash, hash);
    drop(stream);
    journal.close().expect("the disk works");
    drop(journal);
    assert_eq!(place.open().expect("the place opens").last(), last, "opening again changes nothing");
}

fn the_descriptor_tells_what_became_durable<P: Place>(place: &P) {
    let journal = place.open().expect("a fresh place opens");
    for seq in 1..=3 {
        append(&*journal, 1);
        assert!(is_readable(journal.wake_fd(), PATIENCE));
        assert_eq!(journal.acknowledge().expect("nothing failed"), seq);
        assert!(!is_readable(journal.wake_fd(), Duration::ZERO), "acknowledging clears it");
    }
}

fn a_follower_goes_on_with_what_is_added<P: Place>(place: &P) {
    let journal = place.open().expect("a fresh place opens");
    append_singly(&*journal, 2);
    let mut early = journal.follow(1).expect("the journal can be followed");
    let mut late = journal.follow(4).expect("a follower may come before the frame");
    assert!(is_readable(early.wake_fd(), PATIENCE), "there is something already");
    for seq in 1..=2 {
        assert!(early.wait(PATIENCE).expect("nothing failed"));
        assert_eq!(early.next().expect("sound").map(|frame| frame.last_seq()), Some(seq));
    }
    assert!(early.next().expect("sound").is_none());
    assert!(!early.wait(Duration::ZERO).expect("nothing failed"), "nothing was added");
    append_singly(&*journal, 2);
    for seq in 3..=4 {
        assert!(early.wait(PATIENCE).expect("nothing failed"));
        assert!(is_readable(early.wake_fd(), PATIENCE));
        assert_eq!(early.next().expect("sound").map(|frame| frame.last_seq()), Some(seq));
    }
    assert!(late.wait(PATIENCE).expect("nothing failed"));
    assert_eq!(
        late.next().expect("sound").map(|frame| frame.first_seq),
        Some(4),
        "followers do not disturb each other"
    );
    assert!(late.next().expect("sound").is_none());
}

fn a_follower_on_another_thread_misses_nothing_and_runs_ahead_of_nothing<P: Place>(place: &P) {
    const COMMANDS: u64 = 2_000;
    let journal = place.open().expect("a fresh place opens");
    let journal = &*journal;
    thread::scope(|scope| {
        let following = scope.spawn(|| {
            let mut follower = journal.follow(1).expect("the journal can be followed");
            let (mut seq, mut hash, mut payload) = (0, GENESIS, Vec::new());
            while seq < COMMANDS {
                assert!(follower.wait(PATIENCE).expect("nothing failed"), "the writer goes on");
                while let Some(frame) = follower.next().expect("sound") {
                    assert_eq!(frame.prev_hash, hash, "no frame is left out");
                    assert!(frame.last_seq() <= journal.last().durable_seq, "only what is durable");
                    (seq, hash) = (frame.last_seq(), frame.hash);
                    payload.extend_from_slice(frame.payload);
                }
            }
            payload
        });
        for seq in 1..=COMMANDS {
            append(journal, 1);
            if seq % 7 == 0 {
                journal.wait().expect("the disk works");
            }
        }
        assert_eq!(following.join().expect("the follower is content"), records(1, COMMANDS));
    });
}

fn a_closed_journal_is_closed_once_and_refuses<P: Place>(place: &P) {
    let journal = place.open().expect("a fresh place opens");
    append_singly(&*journal, 1);
    let mut follower = journal.follow(1).expect("the journal can be followed");
    append(&*journal, 1);
    journal.close().expect("the disk works");
    journal.close().expect("closing again does nothing");
    assert_eq!((journal.last().seq, journal.last().durable_seq), (2, 2), "closing makes everything durable");
    assert!(refused_as_closed(journal.append(2, journal.epoch(), NewFrame { count: 1, time: 0, payload: b"no" })));
    assert!(refused_as_closed(journal.checkpoint(2, journal.epoch(), &[0; 32])));
    assert!(refused_as_closed(journal.read(1).map(drop)));
    assert!(refused_as_closed(journal.follow(1).map(drop)));
    for seq in 1..=2 {
        assert!(follower.wait(PATIENCE).expect("there is more"));
        assert_eq!(follower.next().expect("sound").map(|frame| frame.last_seq()), Some(seq));
    }
    assert!(follower.next().expect("sound").is_none());
    assert!(is_readable(follower.wake_fd(), PATIENCE), "a follower hears of the end");
    assert!(refused_as_closed(follower.wait(PATIENCE)));
    drop(journal);
    assert_eq!(read(&*place.open().expect("the place opens"), 1).payload, records(1, 2));
}
