//! Arbitrary bytes over arbitrary places of all files: opening and reading never panic, and never show a log that is anything
//! but the beginning of the true one.

mod journal_support;

use std::fs;

use cambist_core::journal::{FileJournal, JournalError};
use journal_support::*;

/// A xorshift from a fixed seed: the same garbage in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

#[test]
fn garbage_is_refused_or_cut_but_never_believed() {
    let original = tempfile::tempdir().expect("a temporary directory");
    let journal = open(original.path());
    append_singly(&journal, 90, 40);
    let copy = crash_copy(original.path());
    let truth = read_all(copy.path()).expect("sound");
    let place = |seen: &[Seen]| -> Vec<_> {
        seen.iter().map(|frame| (frame.epoch, frame.first_seq, frame.last_seq, frame.offset)).collect()
    };
    let truth = place(&truth);
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut opened, mut refused) = (0, 0);
    for round in 0..400 {
        let again = crash_copy(copy.path());
        for _ in 0..=random.below(2) {
            let files = contents(again.path());
            let (path, bytes) = &files[random.below(files.len() as u64) as usize];
            let offset = random.below(bytes.len() as u64);
            let length = (1 << random.below(11)).min(bytes.len() as u64 - offset);
            match random.below(4) {
                0 => patch(path, offset, &vec![0; length as usize]),
                1 => fs::write(path, &bytes[..offset as usize]).expect("a write"),
                _ => {
                    let garbage: Vec<u8> = (0..length).map(|_| random.below(256) as u8).collect();
                    patch(path, offset, &garbage);
                }
            }
        }
        if let Ok(seen) = read_all(again.path()) {
            assert!(truth.starts_with(&place(&seen)), "round {round}");
        }
        match FileJournal::open(again.path(), options()) {
            Ok(journal) => {
                opened += 1;
                append_singly(&journal, 1, 1);
                drop(journal);
                let mut seen = place(&read_all(again.path()).expect("sound after recovery"));
                seen.pop();
                assert!(truth.starts_with(&seen), "round {round}");
            }
            Err(JournalError::Damaged { .. } | JournalError::Rejected(_)) => refused += 1,
            Err(error) => panic!("round {round}: {error}"),
        }
    }
    assert!(opened > 20 && refused > 100, "{opened} opened, {refused} refused");
}
