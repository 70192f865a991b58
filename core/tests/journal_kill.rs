//! A writing process killed at random moments: everything that it reported as durable is there, nothing is damaged.

mod journal_support;

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use cambist_core::journal::{JournalFollows, JournalPort, NewFrame};
use journal_support::*;

const DIRECTORY: &str = "CAMBIST_TEST_JOURNAL";

/// Not a test of its own: what the killed process runs.
#[test]
#[ignore = "the writing child of the test below"]
fn child() {
    let Some(directory) = std::env::var_os(DIRECTORY) else {
        return;
    };
    let journal = open(&PathBuf::from(directory));
    let mut output = std::io::stdout().lock();
    loop {
        for _ in 0..journal.last().seq % 5 + 1 {
            let seq = journal.last().seq + 1;
            let payload = record(seq, (seq % 150) as usize + 1);
            journal
                .append(seq - 1, journal.epoch(), NewFrame { count: 1, time: seq, payload: &payload })
                .expect("taken");
        }
        let durable = journal.wait().expect("the disk works");
        // The parent is gone or has heard enough: either way this process is about to end.
        if writeln!(output, "durable {durable}").is_err() {
            return;
        }
    }
}

#[test]
fn nothing_acknowledged_is_lost_when_the_writer_is_killed() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (mut random, mut reached) = (0x2545_f491_4f6c_dd1du64, 0);
    for _ in 0..25 {
        // A xorshift from a fixed seed: how many answers to hear before the kill.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let mut child = Command::new(std::env::current_exe().expect("this test's program"))
            .args(["--exact", "child", "--ignored", "--nocapture"])
            .env(DIRECTORY, directory.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a child");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines().map(|line| line.expect("text"));
        let mut reported = Vec::new();
        while (reported.len() as u64) < random % 40 {
            reported.extend(lines.next().expect("the child goes on").strip_prefix("durable ").map(str::to_owned));
        }
        child.kill().expect("SIGKILL");
        child.wait().expect("the end of the child");
        reported.extend(lines.filter_map(|line| line.strip_prefix("durable ").map(str::to_owned)));

        let acknowledged = reported.iter().filter_map(|seq| seq.parse::<u64>().ok()).max().unwrap_or(reached);
        assert!(acknowledged >= reached);
        let journal = open(directory.path());
        assert!(journal.last().seq >= acknowledged, "{} of {acknowledged}", journal.last().seq);
        reached = journal.last().seq;
        assert_eq!(read_all(directory.path()).expect("sound").last().map_or(0, |frame| frame.last_seq), reached);
    }
    assert!(reached > 0);
}
