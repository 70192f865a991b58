//! The conformance suite, run on the file journal and on a log in memory: the second proves that the suite asks for nothing
//! that only files can do.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use cambist_core::journal::conformance::{self, Place};
use cambist_core::journal::frame::GENESIS;
use cambist_core::journal::{
    FileJournal, FrameKind, FrameRef, FrameStream, JournalPort, Last, NewFrame, Options, Refusal, Result,
};
use tempfile::TempDir;

struct Directory {
    directory: TempDir,
    segment_bytes: u64,
}

impl Place for Directory {
    type Journal = FileJournal;

    fn open(&self) -> Result<FileJournal> {
        FileJournal::open(self.directory.path(), Options { segment_bytes: self.segment_bytes, ..Options::default() })
    }
}

#[test]
fn the_file_journal_conforms() {
    for segment_bytes in [16 << 10, 1 << 20] {
        conformance::run(|| Directory {
            directory: tempfile::tempdir().expect("a temporary directory"),
            segment_bytes,
        });
    }
}

#[test]
fn the_log_in_memory_conforms() {
    conformance::run(Memory::default);
}

/// A shared log: a second opening is let in and fences the first.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Contents>>);

#[derive(Default)]
struct Contents {
    epoch: u64,
    last_seq: u64,
    last_time: u64,
    frames: Vec<Stored>,
}

#[derive(Clone)]
struct Stored {
    kind: FrameKind,
    epoch: u64,
    first_seq: u64,
    count: u32,
    time: u64,
    payload: Vec<u8>,
}

impl Stored {
    fn as_frame(&self) -> FrameRef<'_> {
        FrameRef {
            kind: self.kind,
            epoch: self.epoch,
            first_seq: self.first_seq,
            count: self.count,
            time: self.time,
            payload: &self.payload,
            hash: GENESIS,
            file: Path::new("memory"),
            offset: 0,
        }
    }
}

struct Opening {
    contents: Arc<Mutex<Contents>>,
    epoch: u64,
}

impl Opening {
    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().expect("no test panics while it holds the log")
    }

    fn checked(&self, expected: u64, epoch: u64) -> Result<MutexGuard<'_, Contents>> {
        let contents = self.contents();
        if epoch != self.epoch || epoch != contents.epoch {
            return Err(Refusal::StaleEpoch { given: epoch, current: contents.epoch }.into());
        }
        if expected != contents.last_seq {
            return Err(Refusal::WrongSeq { expected, last: contents.last_seq }.into());
        }
        Ok(contents)
    }
}

impl Place for Memory {
    type Journal = Opening;

    fn open(&self) -> Result<Opening> {
        let mut contents = self.0.lock().expect("no test panics while it holds the log");
        contents.epoch += 1;
        Ok(Opening { contents: Arc::clone(&self.0), epoch: contents.epoch })
    }
}

impl JournalPort for Opening {
    fn epoch(&self) -> u64 {
        self.epoch
    }

    fn append(&self, expected_last_seq: u64, epoch: u64, frame: NewFrame<'_>) -> Result<u64> {
        let mut contents = self.checked(expected_last_seq, epoch)?;
        if frame.count == 0 {
            return Err(Refusal::Empty.into());
        }
        let NewFrame { count, time, payload } = frame;
        contents.frames.push(Stored {
            kind: FrameKind::Commands,
            epoch,
            first_seq: expected_last_seq + 1,
            count,
            time,
            payload: payload.to_vec(),
        });
        contents.last_seq += u64::from(count);
        contents.last_time = time;
        Ok(contents.last_seq)
    }

    fn checkpoint(&self, seq: u64, epoch: u64, hash: &[u8; 32]) -> Result<()> {
        let mut contents = self.checked(seq, epoch)?;
        let time = contents.last_time;
        contents.frames.push(Stored {
            kind: FrameKind::Checkpoint,
            epoch,
            first_seq: seq,
            count: 0,
            time,
            payload: hash.to_vec(),
        });
        Ok(())
    }

    fn wait(&self) -> Result<u64> {
        Ok(self.contents().last_seq)
    }

    fn read(&self, from_seq: u64) -> Result<Box<dyn FrameStream + '_>> {
        Ok(Box::new(Stream { contents: Arc::clone(&self.contents), from_seq, position: 0, current: None }))
    }

    fn last(&self) -> Last {
        let seq = self.contents().last_seq;
        Last { seq, durable_seq: seq }
    }
}

struct Stream {
    contents: Arc<Mutex<Contents>>,
    from_seq: u64,
    position: usize,
    current: Option<Stored>,
}

impl FrameStream for Stream {
    fn next(&mut self) -> Result<Option<FrameRef<'_>>> {
        let contents = self.contents.lock().expect("no test panics while it holds the log");
        self.current = loop {
            let Some(frame) = contents.frames.get(self.position) else {
                break None;
            };
            self.position += 1;
            let reach = frame.as_frame().last_seq() + u64::from(frame.kind == FrameKind::Checkpoint);
            if reach >= self.from_seq {
                break Some(frame.clone());
            }
        };
        Ok(self.current.as_ref().map(Stored::as_frame))
    }
}
