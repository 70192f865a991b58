//! What opening does with files that a crash or a bad disk left: a torn tail goes, everything else is refused untouched.

mod journal_support;

use std::fs;
use std::path::Path;

use cambist_core::journal::{FileJournal, JournalError, JournalFollows, JournalPort, Options, Reader, Rejection};
use journal_support::*;

/// A journal of single-command frames in several segments, as a killed process leaves it.
fn crashed(frames: u64, size: usize) -> tempfile::TempDir {
    let original = tempfile::tempdir().expect("a temporary directory");
    let journal = open(original.path());
    append_singly(&journal, frames, size);
    crash_copy(original.path())
}

/// Opens, appends two frames, opens again: the log must hold exactly the commands up to `last` and the new ones.
fn assert_opens_at(directory: &Path, last: u64) {
    let journal = FileJournal::open(directory, options()).expect("a torn tail is cut");
    assert_eq!((journal.last().seq, journal.last().durable_seq), (last, last));
    append_singly(&journal, 2, 3);
    journal.close().expect("a clean close");
    let journal = open(directory);
    assert_eq!((journal.last().seq, journal.cut()), (last + 2, None));
    assert_eq!(read_all(directory).expect("sound").last().map(|frame| frame.last_seq), Some(last + 2));
}

#[test]
fn a_killed_writer_leaves_everything_acknowledged() {
    let copy = crashed(100, 40);
    assert!(segments(copy.path()).len() > 2);
    let frames = read_all(copy.path()).expect("sound");
    assert_eq!(frames.len(), 100);
    assert_opens_at(copy.path(), 100);
}

#[test]
fn a_tail_torn_at_any_byte_is_cut() {
    let copy = crashed(5, 5);
    let frames = read_all(copy.path()).expect("sound");
    let last = frames.last().expect("a frame").clone();
    let whole = fs::read(&last.file).expect("a segment");
    let (start, length) = (last.offset as usize, last.length as usize);
    let name = last.file.file_name().expect("a name");
    for kept in 0..length {
        // A frame whose missing end was zeroes anyway is whole: 5 commands; all others are torn: 4.
        let mut torn = whole.clone();
        torn[start + kept..].fill(0);
        let expected = if torn[start..start + length] == whole[start..start + length] { 5 } else { 4 };
        let again = crash_copy(copy.path());
        fs::write(again.path().join(name), &torn).expect("a write");
        assert_opens_at(again.path(), expected);
        // The same with the file cut short, as a file system without preallocation may leave it.
        let again = crash_copy(copy.path());
        fs::write(again.path().join(name), &whole[..start + kept]).expect("a write");
        assert_opens_at(again.path(), 4);
    }
}

#[test]
fn a_tail_that_lost_any_sector_is_cut_and_never_read_later() {
    let copy = crashed(3, 400);
    let last = read_all(copy.path()).expect("sound").pop().expect("a frame");
    let whole = fs::read(&last.file).expect("a segment");
    let (start, end) = (last.offset as usize, (last.offset + last.length) as usize);
    for sector in start / 512..=(end - 1) / 512 {
        let mut torn = whole.clone();
        torn[(sector * 512).max(start)..((sector + 1) * 512).min(end)].fill(0);
        // No mark was written behind a frame that was never synced.
        torn[end..].fill(0);
        let again = crash_copy(copy.path());
        let file = again.path().join(last.file.file_name().expect("a name"));
        fs::write(&file, &torn).expect("a write");
        let journal = open(again.path());
        let cut = journal.cut().expect("something was cut").clone();
        assert_eq!((journal.last().seq, cut.offset), (2, last.offset));
        drop(journal);
        let bytes = fs::read(&file).expect("a segment");
        assert!(bytes[start + 64..].iter().all(|byte| *byte == 0), "stale bytes stay behind the mark");
        assert_opens_at(again.path(), 2);
    }
}

#[test]
fn a_tail_whose_first_sector_still_holds_the_old_mark_is_cut() {
    let original = tempfile::tempdir().expect("a temporary directory");
    let journal = open(original.path());
    append_singly(&journal, 2, 400);
    let before = crash_copy(original.path());
    append_singly(&journal, 1, 400);
    let copy = crash_copy(original.path());
    let last = read_all(copy.path()).expect("sound").pop().expect("a frame");
    let name = last.file.file_name().expect("a name");
    let old = fs::read(before.path().join(name)).expect("a segment");
    let start = last.offset as usize;
    patch(&last.file, last.offset, &old[start..start + 512]);
    patch(&last.file, last.offset + last.length, &[0; 64]);
    let journal = open(copy.path());
    assert_eq!((journal.last().seq, journal.cut().expect("a cut").offset), (2, last.offset));
    drop(journal);
    assert_opens_at(copy.path(), 2);
}

#[test]
fn garbage_in_the_preallocated_end_is_cut() {
    let copy = crashed(3, 40);
    let last = read_all(copy.path()).expect("sound").pop().expect("a frame");
    patch(&last.file, last.offset + last.length + 640, b"left by something else");
    let journal = open(copy.path());
    assert_eq!(journal.last().seq, 3);
    assert!(journal.cut().is_some());
    drop(journal);
    assert_opens_at(copy.path(), 3);
}

#[test]
fn a_flipped_bit_anywhere_before_the_end_is_refused() {
    let copy = crashed(6, 5);
    let frames = read_all(copy.path()).expect("sound");
    for frame in &frames {
        for offset in frame.offset..frame.offset + frame.length {
            let again = crash_copy(copy.path());
            let file = again.path().join(frame.file.file_name().expect("a name"));
            flip(&file, offset, (offset % 8) as u8);
            let (named, at, reason) = assert_damaged(again.path());
            assert_eq!((named, at), (file, frame.offset), "{reason}");
        }
    }
}

#[test]
fn a_page_of_zeroes_in_the_middle_is_refused() {
    let copy = crashed(60, 20);
    let frame = read_all(copy.path()).expect("sound")[20].clone();
    patch(&frame.file, frame.offset, &[0; 2048]);
    let (_, at, _) = assert_damaged(copy.path());
    assert_eq!(at, frame.offset);
    // A reader without the lock sees it too, instead of ending early.
    let read = read_all(copy.path());
    assert!(matches!(read, Err(JournalError::Damaged { .. })), "{read:?}");
}

#[test]
fn a_torn_tail_does_not_excuse_damage_before_it() {
    let copy = crashed(6, 40);
    let frames = read_all(copy.path()).expect("sound");
    let last = frames.last().expect("a frame");
    // The last frame is torn and its mark is gone, but its header stands: what is before it was durable.
    patch(&last.file, last.offset + 100, &[0; 512]);
    flip(&last.file, frames[3].offset + 90, 2);
    let (_, at, _) = assert_damaged(copy.path());
    assert_eq!(at, frames[3].offset);
}

#[test]
fn damage_after_a_clean_close_is_never_a_torn_tail() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let journal = open(directory.path());
    append_singly(&journal, 4, 40);
    journal.close().expect("a clean close");
    let last = read_all(directory.path()).expect("sound").pop().expect("a frame");
    let file = last.file.clone();
    // Nothing of the last frame and no mark is left: only the recorded end tells.
    patch(&file, last.offset, &[0; 1024]);
    let (named, at, _) = assert_damaged(directory.path());
    assert_eq!((named, at), (file, last.offset));
}

#[test]
fn the_last_frame_without_its_mark_cannot_be_told_from_a_torn_one() {
    // The documented limit: after a power cut that lost the mark, a flipped bit in the very last frame looks torn.
    let copy = crashed(3, 40);
    let last = read_all(copy.path()).expect("sound").pop().expect("a frame");
    patch(&last.file, last.offset + last.length, &[0; 64]);
    flip(&last.file, last.offset + 100, 0);
    assert_opens_at(copy.path(), 2);
}

#[test]
fn a_missing_segment_is_refused_wherever_it_was() {
    let copy = crashed(200, 40);
    let count = segments(copy.path()).len();
    assert!(count >= 4, "{count}");
    for missing in 0..count {
        let again = crash_copy(copy.path());
        fs::remove_file(&segments(again.path())[missing]).expect("a removal");
        assert_damaged(again.path());
    }
}

#[test]
fn swapped_segments_are_refused() {
    let copy = crashed(200, 40);
    let files = segments(copy.path());
    let (first, second) = (fs::read(&files[1]).expect("a file"), fs::read(&files[2]).expect("a file"));
    fs::write(&files[1], second).expect("a write");
    fs::write(&files[2], first).expect("a write");
    let (named, _, reason) = assert_damaged(copy.path());
    assert_eq!(named, files[1], "{reason}");
}

#[test]
fn renamed_segments_are_refused() {
    let copy = crashed(200, 40);
    let files = segments(copy.path());
    let parked = copy.path().join("parked");
    for (from, to) in [(&files[1], &parked), (&files[2], &files[1]), (&parked, &files[2])] {
        fs::rename(from, to).expect("a rename");
    }
    assert_damaged(copy.path());
}

#[test]
fn a_damaged_segment_header_is_refused() {
    let copy = crashed(200, 40);
    for index in 0..segments(copy.path()).len() {
        let again = crash_copy(copy.path());
        let file = segments(again.path())[index].clone();
        flip(&file, 40, 3);
        assert_eq!(assert_damaged(again.path()).0, file);
    }
}

#[test]
fn frames_taken_out_are_a_hole_and_frames_swapped_break_the_chain() {
    let copy = crashed(8, 40);
    let frames = read_all(copy.path()).expect("sound");
    let file = frames[0].file.clone();
    let bytes = fs::read(&file).expect("a segment");
    let of = |index: usize| bytes[frames[index].offset as usize..][..frames[index].length as usize].to_vec();
    // Frame 4 again in the place of frame 5: a whole frame, but not the next one.
    let again = crash_copy(copy.path());
    let copied = again.path().join(file.file_name().expect("a name"));
    patch(&copied, frames[4].offset, &of(3));
    assert_eq!(assert_damaged(again.path()).1, frames[4].offset);
    // All frames behind frame 3 moved down over frame 4.
    let again = crash_copy(copy.path());
    let copied = again.path().join(file.file_name().expect("a name"));
    patch(&copied, frames[3].offset, &bytes[frames[4].offset as usize..]);
    assert_eq!(assert_damaged(again.path()).1, frames[3].offset);
}

#[test]
fn a_log_cut_back_to_an_earlier_frame_is_refused_when_its_end_was_recorded() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let journal = open(directory.path());
    append_singly(&journal, 6, 40);
    journal.close().expect("a clean close");
    let frames = read_all(directory.path()).expect("sound");
    let length = SEGMENT - frames[3].offset;
    patch(&frames[3].file, frames[3].offset, &vec![0; length as usize]);
    assert_damaged(directory.path());
}

#[test]
fn segments_of_another_journal_are_refused() {
    let (one, other) = (crashed(200, 40), crashed(200, 40));
    let (into, from) = (segments(one.path()), segments(other.path()));
    fs::copy(&from[1], &into[1]).expect("a copy");
    assert_eq!(assert_damaged(one.path()).0, into[1]);
}

#[test]
fn lost_bookkeeping_files_are_refused() {
    for (name, keep) in [("format", "state"), ("state", "format")] {
        let copy = crashed(3, 40);
        fs::remove_file(copy.path().join(name)).expect("a removal");
        assert!(copy.path().join(keep).exists());
        let error = FileJournal::open(copy.path(), options()).err();
        assert!(matches!(error, Some(JournalError::Damaged { .. })), "{name}: {error:?}");
    }
    let copy = crashed(3, 40);
    fs::write(copy.path().join("format"), "cambist journal 2\nid 0000000000000000\n").expect("a write");
    let error = FileJournal::open(copy.path(), options()).err();
    assert!(matches!(error, Some(JournalError::Rejected(Rejection::UnknownFormat { .. }))), "{error:?}");
}

#[test]
fn one_broken_state_slot_is_survived_without_reusing_an_epoch() {
    for offset in [0u64, 4096] {
        let copy = crashed(3, 40);
        let state = copy.path().join("state");
        patch(&state, offset, &[0xff; 128]);
        assert_eq!(open(copy.path()).epoch(), 2);
    }
    let copy = crashed(3, 40);
    patch(&copy.path().join("state"), 0, &[0xff; 8192]);
    assert_damaged(copy.path());
}

#[test]
fn an_unfinished_creation_is_begun_anew() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    drop(open(directory.path()));
    // As if the process had died before its last step, the format file.
    fs::remove_file(directory.path().join("format")).expect("a removal");
    let journal = open(directory.path());
    assert_eq!((journal.epoch(), journal.last().seq), (1, 0));
}

#[test]
fn a_roll_that_died_half_way_is_begun_anew() {
    let copy = crashed(20, 40);
    // The next segment's header was written into the spare, but the rename never happened.
    let mut spare = fs::read(&segments(copy.path())[0]).expect("a segment");
    spare[4096 + 64..].fill(0);
    fs::write(copy.path().join("next.pre"), &spare).expect("a write");
    let journal = open(copy.path());
    append_singly(&journal, 100, 40);
    journal.close().expect("a clean close");
    assert_eq!(read_all(copy.path()).expect("sound").len(), 120);
}

#[test]
fn an_empty_last_segment_is_where_the_log_goes_on() {
    let copy = crashed(200, 40);
    let files = segments(copy.path());
    let bytes = fs::read(files.last().expect("a segment")).expect("a file");
    // Only header and mark of the last segment reached the disk; the state recorded its beginning.
    patch(files.last().expect("a segment"), 4096, &vec![0; bytes.len() - 4096]);
    let before = read_all(copy.path()).expect("sound").last().expect("frames").last_seq;
    assert!(before < 200);
    assert_opens_at(copy.path(), before);
}

#[test]
fn a_missing_journal_is_not_made_unless_wanted() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let missing = directory.path().join("journal");
    let error = FileJournal::open(&missing, Options { create: false, ..options() }).err();
    assert!(matches!(error, Some(JournalError::Rejected(Rejection::NoJournal { .. }))), "{error:?}");
    assert!(!missing.exists());
    let error = Reader::open(directory.path(), 1).err();
    assert!(matches!(error, Some(JournalError::Rejected(Rejection::NoJournal { .. }))), "{error:?}");
}

#[test]
fn segments_before_verify_from_are_only_looked_at() {
    let copy = crashed(200, 40);
    let frames = read_all(copy.path()).expect("sound");
    flip(&frames[3].file, frames[3].offset + 90, 1);
    assert_damaged(copy.path());
    let journal = FileJournal::open(copy.path(), Options { verify_from: 150, ..options() }).expect("the end is sound");
    assert_eq!(journal.last().seq, 200);
}
