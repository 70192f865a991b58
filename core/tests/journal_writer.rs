//! The running journal: group commit, fencing, failing and full disks.

mod journal_support;

use std::fs;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use cambist_core::journal::{
    FileJournal, FrameKind, FrameStream, JournalError, JournalFollows, JournalPort, JournalReads, Options,
    ReadOnlyJournal, Reader, Rejection,
};
use journal_support::*;

fn is_readable(fd: i32) -> bool {
    let mut poll = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    // SAFETY: the pointer is to one pollfd that lives until after the call, and the count says one.
    unsafe { libc::poll(&raw mut poll, 1, 0) == 1 }
}

#[test]
fn a_second_opener_is_told_who_has_the_journal() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let journal = open(directory.path());
    match FileJournal::open(directory.path(), options()).err() {
        Some(JournalError::Locked { holder, .. }) => assert_eq!(holder, Some(std::process::id())),
        other => panic!("{other:?}"),
    }
    journal.close().expect("a clean close");
    assert_eq!(open(directory.path()).epoch(), 2);
}

#[test]
fn a_closed_journal_takes_nothing_and_closes_twice() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let journal = open(directory.path());
    try_append(&journal, 1).expect("taken");
    journal.close().expect("a clean close");
    assert_eq!(journal.last().durable_seq, 1);
    journal.close().expect("nothing to do");
    let refused = try_append(&journal, 1);
    assert!(matches!(refused, Err(JournalError::Rejected(Rejection::Closed))), "{refused:?}");
}

#[test]
fn the_eventfd_tells_and_acknowledging_clears_it() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let journal = open(directory.path());
    assert!(!is_readable(journal.wake_fd()));
    try_append(&journal, 1).expect("taken");
    journal.wait().expect("the disk works");
    // wait() may return just before the signal, closing joins the writer.
    journal.close().expect("a clean close");
    assert!(is_readable(journal.wake_fd()));
    assert_eq!(journal.acknowledge().expect("not failed"), 1);
    assert!(!is_readable(journal.wake_fd()));
}

#[test]
fn a_burst_is_joined_into_few_syncs_and_loses_nothing() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let disk = Arc::new(FaultyDisk::default());
    let journal =
        FileJournal::open(directory.path(), Options { segment_bytes: 1 << 20, ..disk.options() }).expect("opens");
    let before = disk.syncs.load(Ordering::SeqCst);
    for _ in 0..2_000 {
        try_append(&journal, 4).expect("taken");
    }
    assert_eq!(journal.wait().expect("the disk works"), 2_000);
    assert!(journal.idle());
    let frames = read_all(directory.path()).expect("sound");
    let syncs = disk.syncs.load(Ordering::SeqCst) - before;
    assert_eq!(frames.len() as u64, syncs, "one frame is one sync");
    assert!(syncs < 2_000, "{syncs}");
    assert_eq!(frames.last().map(|frame| frame.last_seq), Some(2_000));
}

#[test]
fn checkpoints_and_epochs_are_in_the_log() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    for round in 0..3u64 {
        let journal = open(directory.path());
        append_singly(&journal, 2, 1);
        journal.checkpoint(round * 2 + 2, journal.epoch(), &[round as u8; 32]).expect("taken");
        journal.close().expect("a clean close");
    }
    let frames = read_all(directory.path()).expect("sound");
    let found: Vec<_> = frames.iter().map(|frame| (frame.kind, frame.epoch, frame.first_seq)).collect();
    let of = |round: u64| {
        let first = round * 2 + 1;
        [
            (FrameKind::Commands, round + 1, first),
            (FrameKind::Commands, round + 1, first + 1),
            (FrameKind::Checkpoint, round + 1, first + 1),
        ]
    };
    assert_eq!(found, [of(0), of(1), of(2)].concat());
}

#[test]
fn a_failed_sync_ends_the_journal() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let disk = Arc::new(FaultyDisk::default());
    let journal = FileJournal::open(directory.path(), disk.options()).expect("opens");
    append_singly(&journal, 3, 10);
    disk.fail_syncs.store(true, Ordering::SeqCst);
    try_append(&journal, 10).expect("taken: the failure is not known yet");
    assert!(matches!(journal.wait(), Err(JournalError::Failed { .. })));
    // Even when the disk works again: what is on it is not known.
    disk.fail_syncs.store(false, Ordering::SeqCst);
    let syncs = disk.syncs.load(Ordering::SeqCst);
    assert!(matches!(try_append(&journal, 10), Err(JournalError::Failed { .. })));
    assert!(matches!(journal.acknowledge(), Err(JournalError::Failed { .. })));
    assert!(matches!(journal.checkpoint(4, 1, &[0; 32]), Err(JournalError::Failed { .. })));
    assert!(is_readable(journal.wake_fd()) || journal.acknowledge().is_err());
    assert_eq!(journal.last().durable_seq, 3);
    assert!(matches!(journal.close(), Err(JournalError::Failed { .. })));
    assert_eq!(disk.syncs.load(Ordering::SeqCst), syncs, "a failed sync is never tried again");
    // The lock is free, and the next process keeps what was acknowledged (the fourth may have reached the disk or not).
    let next = open(directory.path());
    assert!(next.last().seq >= 3 && next.epoch() == 2);
}

#[test]
fn a_failed_write_ends_the_journal() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let disk = Arc::new(FaultyDisk::default());
    let journal = FileJournal::open(directory.path(), disk.options()).expect("opens");
    append_singly(&journal, 3, 10);
    disk.fail_writes.store(true, Ordering::SeqCst);
    try_append(&journal, 10).expect("taken: the failure is not known yet");
    assert!(matches!(journal.wait(), Err(JournalError::Failed { .. })));
    drop(journal);
    let next = open(directory.path());
    assert_eq!(next.last().seq, 3);
}

#[test]
fn the_last_frame_is_written_again_when_a_journal_is_recovered() {
    // After a failed sync the kernel may show bytes that are not on disk; a recovery that only syncs would believe them.
    let original = tempfile::tempdir().expect("a temporary directory");
    let journal = open(original.path());
    append_singly(&journal, 3, 10);
    let copy = crash_copy(original.path());
    let last = read_all(copy.path()).expect("sound").pop().expect("a frame");
    let disk = Arc::new(FaultyDisk::default());
    let journal = FileJournal::open(copy.path(), disk.options()).expect("opens");
    assert!(disk.writes.lock().expect("no panic").contains(&(last.offset, last.length as usize)));
    assert_eq!(journal.last().seq, 3);
}

#[test]
fn a_full_disk_leaves_the_segment_and_the_reserve_and_then_refuses_without_failing() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let disk = Arc::new(FaultyDisk::default());
    let journal = FileJournal::open(directory.path(), disk.options()).expect("opens");
    append_singly(&journal, 1, 10);
    assert!(!journal.space_low());
    disk.full.store(true, Ordering::SeqCst);
    let mut low_at = 0;
    let refused = loop {
        match try_append(&journal, 10) {
            Ok(seq) => {
                journal.wait().expect("a full disk is not a failed one");
                if low_at == 0 && journal.space_low() {
                    low_at = seq;
                }
            }
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, JournalError::NoSpace { .. }), "{refused:?}");
    let last = journal.last().seq;
    assert!(journal.space_low() && low_at > 0);
    // The warning came with at least a whole segment, the reserve, still to fill.
    assert!((last - low_at) * 192 >= SEGMENT - 4096 - 256, "{low_at} of {last}");
    assert_eq!(journal.wait().expect("not failed"), last);
    assert_eq!(segments(directory.path()).len(), 3);
    // A crash now keeps everything, and the next start may write as long as there is room.
    assert_eq!(
        read_all(crash_copy(directory.path()).path()).expect("sound").last().map(|frame| frame.last_seq),
        Some(last)
    );
    // Space is back: the next append finds it.
    disk.full.store(false, Ordering::SeqCst);
    append_singly(&journal, 5, 10);
    assert!(!journal.space_low());
    journal.close().expect("a clean close");
    assert_eq!(open(directory.path()).last().seq, last + 5);
}

#[test]
fn a_small_frame_still_fits_where_a_large_one_does_not() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let disk = Arc::new(FaultyDisk::default());
    let journal = FileJournal::open(directory.path(), disk.options()).expect("opens");
    disk.full.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        try_append(&journal, 1_000).expect("one fills most of a segment");
        journal.wait().expect("the disk works");
    }
    let refused = try_append(&journal, 1_000);
    assert!(matches!(refused, Err(JournalError::NoSpace { .. })), "{refused:?}");
    assert_eq!(try_append(&journal, 10).expect("the rest of the reserve takes it"), 4);
}

#[test]
fn a_start_on_a_full_disk_is_possible_and_says_so() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    append_singly(&open(directory.path()), 3, 10);
    for name in ["next.pre", "reserve.pre"] {
        fs::remove_file(directory.path().join(name)).expect("a removal");
    }
    let disk = Arc::new(FaultyDisk::default());
    disk.full.store(true, Ordering::SeqCst);
    let journal = FileJournal::open(directory.path(), disk.options()).expect("opens");
    assert!(journal.space_low());
    append_singly(&journal, 1, 10);
    disk.full.store(false, Ordering::SeqCst);
    // Nobody needs to append for the space to be found: asking is enough. Each question lets the writer try once.
    while journal.space_low() {
        std::thread::yield_now();
    }
}

#[test]
fn no_space_for_a_new_journal_is_an_error_that_names_the_reason() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let disk = Arc::new(FaultyDisk::default());
    disk.full.store(true, Ordering::SeqCst);
    let error = FileJournal::open(directory.path(), disk.options()).err().expect("no space");
    assert!(error.to_string().contains("preallocate"), "{error}");
    disk.full.store(false, Ordering::SeqCst);
    assert_eq!(open(directory.path()).epoch(), 1);
}

#[test]
fn attempts_on_a_full_disk_are_rate_limited() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let disk = Arc::new(FaultyDisk::default());
    let hour = std::time::Duration::from_secs(3600);
    let journal = FileJournal::open(directory.path(), Options { space_retry: hour, ..disk.options() }).expect("opens");
    disk.full.store(true, Ordering::SeqCst);
    while try_append(&journal, 100).is_ok() {
        journal.wait().expect("not failed");
    }
    let attempts = disk.allocations.load(Ordering::SeqCst);
    for _ in 0..100 {
        assert!(try_append(&journal, 100).is_err() && journal.space_low());
    }
    assert_eq!(disk.allocations.load(Ordering::SeqCst), attempts);
}

#[test]
fn a_writer_that_is_behind_is_not_a_full_disk() {
    // A burst of several segments: appends wait for the preallocation instead of eating the reserve.
    let directory = tempfile::tempdir().expect("a temporary directory");
    let journal = open(directory.path());
    for _ in 0..400 {
        try_append(&journal, 100).expect("taken");
        assert!(!journal.space_low());
    }
    journal.close().expect("a clean close");
    assert!(segments(directory.path()).len() > 20);
    assert_eq!(read_all(directory.path()).expect("sound").last().map(|frame| frame.last_seq), Some(400));
}

#[test]
fn a_frame_larger_than_a_segment_is_refused() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let journal = open(directory.path());
    let refused = try_append(&journal, 10_000);
    assert!(matches!(refused, Err(JournalError::Rejected(Rejection::TooLarge { .. }))), "{refused:?}");
    append_singly(&journal, 1, 1);
}

#[test]
fn many_threads_append_in_one_order() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let journal = open(directory.path());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut done = 0;
                while done < 50 {
                    match try_append(&journal, 5) {
                        Ok(_) => done += 1,
                        Err(JournalError::Rejected(Rejection::WrongSeq { .. })) => std::thread::yield_now(),
                        Err(error) => panic!("{error}"),
                    }
                }
                journal.wait().expect("the disk works");
            });
        }
    });
    journal.close().expect("a clean close");
    assert_eq!(read_all(directory.path()).expect("sound").last().map(|frame| frame.last_seq), Some(200));
}

#[test]
fn a_reader_follows_a_running_writer_across_segments() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let journal = open(directory.path());
    std::thread::scope(|scope| {
        let follower = scope.spawn(|| {
            let mut reader = Reader::open(directory.path(), 1).expect("opens");
            let mut last = 0;
            while last < 3_000 {
                match reader.next().expect("a running journal is never damaged") {
                    Some(frame) if frame.kind == FrameKind::Commands => {
                        assert_eq!(frame.first_seq, last + 1);
                        last = frame.last_seq();
                    }
                    Some(_) => {}
                    None => std::thread::yield_now(),
                }
            }
        });
        for seq in 1..=3_000 {
            try_append(&journal, 20).expect("taken");
            if seq % 97 == 0 {
                journal.checkpoint(seq, journal.epoch(), &[7; 32]).expect("taken");
            }
        }
        follower.join().expect("the follower saw everything");
    });
    assert!(segments(directory.path()).len() > 20);
}

#[test]
fn a_reader_may_start_in_any_segment() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let journal = open(directory.path());
    append_singly(&journal, 200, 40);
    for from in [1, 2, 60, 61, 62, 63, 199, 200] {
        let mut reader = Reader::open(directory.path(), from).expect("opens");
        assert_eq!(reader.next().expect("sound").map(|frame| frame.first_seq), Some(from));
    }
    assert!(Reader::open(directory.path(), 201).expect("opens").next().expect("sound").is_none());
}

fn seqs(stream: &mut dyn FrameStream) -> Vec<u64> {
    let mut seqs = Vec::new();
    while let Some(frame) = stream.next().expect("sound") {
        seqs.push(frame.last_seq());
    }
    seqs
}

/// Appends one command and returns when its frame is in the file, its sync under way.
fn append_unsynced(journal: &FileJournal, disk: &FaultyDisk) {
    *disk.hold_syncs.lock().expect("no panic") = true;
    let syncs = disk.syncs.load(Ordering::SeqCst);
    try_append(journal, 10).expect("the append is taken");
    while disk.syncs.load(Ordering::SeqCst) == syncs {
        thread::yield_now();
    }
}

#[test]
fn a_frame_whose_sync_is_under_way_is_not_read_through_the_journal() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let disk = Arc::new(FaultyDisk::default());
    let journal = FileJournal::open(directory.path(), disk.options()).expect("opens");
    append_singly(&journal, 1, 10);
    let (mut reader, mut follower) = (journal.read(1).expect("readable"), journal.follow(1).expect("readable"));
    append_unsynced(&journal, &disk);
    assert_eq!(seqs(&mut *reader), [1]);
    assert_eq!(seqs(&mut *follower), [1]);
    assert!(!follower.wait(Duration::ZERO).expect("nothing failed"));
    // Whoever looks at the files alone cannot know, and says so.
    let files = ReadOnlyJournal::open(directory.path()).expect("readable");
    assert_eq!(seqs(&mut *files.read(1).expect("readable")), [1, 2]);
    disk.release_syncs();
    journal.wait().expect("the disk works");
    assert!(follower.wait(Duration::ZERO).expect("nothing failed"));
    assert_eq!((seqs(&mut *reader), seqs(&mut *follower)), (vec![2], vec![2]));
}

#[test]
fn a_frame_whose_sync_failed_is_never_read_through_the_journal_and_followers_hear_of_it() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let disk = Arc::new(FaultyDisk::default());
    let journal = FileJournal::open(directory.path(), disk.options()).expect("opens");
    append_singly(&journal, 1, 10);
    let mut follower = journal.follow(1).expect("readable");
    append_unsynced(&journal, &disk);
    disk.fail_syncs.store(true, Ordering::SeqCst);
    disk.release_syncs();
    journal.wait().expect_err("the sync failed");
    assert_eq!(seqs(&mut *follower), [1]);
    assert!(matches!(follower.wait(Duration::MAX), Err(JournalError::Failed { .. })));
    assert_eq!(seqs(&mut *journal.read(1).expect("readable")), [1]);
    assert_eq!((journal.last().seq, journal.last().durable_seq), (2, 1));
}

#[test]
fn a_flipped_bit_in_what_is_durable_is_damage_to_a_reader_in_the_writers_process() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let journal = open(directory.path());
    append_singly(&journal, 3, 10);
    let last = read_all(directory.path()).expect("sound").pop().expect("three frames");
    flip(&last.file, last.offset + 90, 2);
    let mut stream = journal.read(1).expect("readable");
    for seq in 1..=2 {
        assert_eq!(stream.next().expect("sound").map(|frame| frame.last_seq()), Some(seq));
    }
    let damage = stream.next().map(drop);
    assert!(
        matches!(&damage, Err(JournalError::Damaged { file, offset, .. }) if (file, *offset) == (&last.file, last.offset)),
        "{damage:?}"
    );
}
