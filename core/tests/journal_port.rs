//! The conformance suite, run on the file journal and on a log in memory: the second proves that the suite asks for nothing
//! that only files can do.

use std::os::fd::RawFd;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Weak};
use std::time::Duration;

use cambist_core::journal::conformance::{self, Place};
use cambist_core::journal::frame::{self, Header};
use cambist_core::journal::{
    FileJournal, Follower, FrameKind, FrameRef, FrameStream, JournalFollows, JournalPort, JournalReads, Last, NewFrame,
    Options, Rejection, Result, Wake,
};
use tempfile::TempDir;

struct Directory {
    directory: TempDir,
    segment_bytes: u64,
}

impl Place for Directory {
    fn open(&self) -> Result<Box<dyn JournalPort>> {
        let options = Options { segment_bytes: self.segment_bytes, ..Options::default() };
        Ok(Box::new(FileJournal::open(self.directory.path(), options)?))
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

/// A shared log, durable at once: a second opening is let in and fences the first.
#[derive(Clone)]
struct Memory(Arc<Log>);

struct Log {
    identity: u64,
    contents: Mutex<Contents>,
    added: Condvar,
}

#[derive(Default)]
struct Contents {
    epoch: u64,
    last_seq: u64,
    last_time: u64,
    hash: [u8; 32],
    /// Frames in the file journal's bytes.
    frames: Vec<Vec<u8>>,
    wakes: Vec<Weak<Wake>>,
    closed: Vec<u64>,
}

impl Default for Memory {
    fn default() -> Self {
        static IDENTITIES: AtomicU64 = AtomicU64::new(1);
        let identity = IDENTITIES.fetch_add(1, Ordering::Relaxed);
        Self(Arc::new(Log { identity, contents: Mutex::default(), added: Condvar::new() }))
    }
}

impl Log {
    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().expect("no test panics while it holds the log")
    }

    fn wake_all(&self, contents: &Contents) {
        contents.wakes.iter().filter_map(Weak::upgrade).for_each(|wake| wake.signal());
        self.added.notify_all();
    }
}

impl Contents {
    fn is_closed(&self, epoch: u64) -> bool {
        self.closed.contains(&epoch)
    }
}

struct Opening {
    log: Arc<Log>,
    epoch: u64,
    wake: Arc<Wake>,
}

impl Opening {
    fn checked(&self, expected: u64, epoch: u64) -> Result<MutexGuard<'_, Contents>> {
        let contents = self.log.contents();
        if contents.is_closed(self.epoch) {
            return Err(Rejection::Closed.into());
        }
        if epoch != self.epoch || epoch != contents.epoch {
            return Err(Rejection::StaleEpoch { given: epoch, current: contents.epoch }.into());
        }
        if expected != contents.last_seq {
            return Err(Rejection::WrongSeq { expected, last: contents.last_seq }.into());
        }
        Ok(contents)
    }

    fn add(&self, contents: &mut Contents, kind: FrameKind, first_seq: u64, frame: NewFrame<'_>) {
        let NewFrame { count, time, payload } = frame;
        let header = Header {
            kind,
            journal_id: self.log.identity,
            epoch: self.epoch,
            first_seq,
            count,
            payload_len: payload.len() as u32,
            time,
            prev_hash: contents.hash,
        };
        let encoded = frame::encode(&header, payload);
        contents.hash = frame::decode(&encoded).expect("a frame reads back").1;
        contents.frames.push(encoded);
        contents.last_seq = header.last_seq();
        contents.last_time = time;
        self.log.wake_all(contents);
    }

    fn stream(&self, from_seq: u64, wake: Arc<Wake>) -> Result<Stream> {
        if self.log.contents().is_closed(self.epoch) {
            return Err(Rejection::Closed.into());
        }
        Ok(Stream { log: Arc::clone(&self.log), epoch: self.epoch, from_seq, position: 0, current: None, wake })
    }
}

fn new_wake(contents: &mut Contents) -> Arc<Wake> {
    let wake = Arc::new(Wake::new().expect("a descriptor"));
    contents.wakes.push(Arc::downgrade(&wake));
    wake
}

impl Place for Memory {
    fn open(&self) -> Result<Box<dyn JournalPort>> {
        let mut contents = self.0.contents();
        contents.epoch += 1;
        Ok(Box::new(Opening { log: Arc::clone(&self.0), epoch: contents.epoch, wake: new_wake(&mut contents) }))
    }
}

impl JournalReads for Opening {
    fn identity(&self) -> u64 {
        self.log.identity
    }

    fn read(&self, from_seq: u64) -> Result<Box<dyn FrameStream>> {
        Ok(Box::new(self.stream(from_seq, Arc::clone(&self.wake))?))
    }
}

impl JournalFollows for Opening {
    fn last(&self) -> Last {
        let contents = self.log.contents();
        Last { seq: contents.last_seq, durable_seq: contents.last_seq, hash: contents.hash }
    }

    fn follow(&self, from_seq: u64) -> Result<Box<dyn Follower>> {
        let wake = new_wake(&mut self.log.contents());
        wake.signal();
        Ok(Box::new(Following(self.stream(from_seq, wake)?)))
    }
}

impl JournalPort for Opening {
    fn epoch(&self) -> u64 {
        self.epoch
    }

    fn append(&self, expected_last_seq: u64, epoch: u64, frame: NewFrame<'_>) -> Result<u64> {
        let mut contents = self.checked(expected_last_seq, epoch)?;
        if frame.count == 0 {
            return Err(Rejection::Empty.into());
        }
        self.add(&mut contents, FrameKind::Commands, expected_last_seq + 1, frame);
        Ok(contents.last_seq)
    }

    fn checkpoint(&self, seq: u64, epoch: u64, hash: &[u8; 32]) -> Result<()> {
        let mut contents = self.checked(seq, epoch)?;
        let frame = NewFrame { count: 0, time: contents.last_time, payload: hash };
        self.add(&mut contents, FrameKind::Checkpoint, seq, frame);
        Ok(())
    }

    fn acknowledge(&self) -> Result<u64> {
        self.wake.clear();
        Ok(self.log.contents().last_seq)
    }

    fn wait(&self) -> Result<u64> {
        Ok(self.log.contents().last_seq)
    }

    fn wake_fd(&self) -> RawFd {
        self.wake.fd()
    }

    fn space_low(&self) -> bool {
        false
    }

    fn close(&self) -> Result<()> {
        let mut contents = self.log.contents();
        contents.closed.push(self.epoch);
        self.log.wake_all(&contents);
        Ok(())
    }
}

struct Stream {
    log: Arc<Log>,
    epoch: u64,
    from_seq: u64,
    position: usize,
    current: Option<Vec<u8>>,
    wake: Arc<Wake>,
}

fn wanted(encoded: &[u8], from_seq: u64) -> bool {
    let (header, ..) = frame::decode(encoded).expect("the log in memory is whole");
    header.last_seq() + u64::from(header.kind == FrameKind::Checkpoint) >= from_seq
}

impl Stream {
    /// The position of the next frame that is wanted.
    fn ahead(&self, contents: &Contents) -> Option<usize> {
        (self.position..contents.frames.len()).find(|at| wanted(&contents.frames[*at], self.from_seq))
    }
}

impl FrameStream for Stream {
    fn next(&mut self) -> Result<Option<FrameRef<'_>>> {
        let log = Arc::clone(&self.log);
        let contents = log.contents();
        self.current = self.ahead(&contents).map(|at| {
            self.position = at + 1;
            contents.frames[at].clone()
        });
        let offset = self.position as u64;
        Ok(self.current.as_ref().map(|encoded| {
            let (header, hash, payload) = frame::decode(encoded).expect("the log in memory is whole");
            let Header { kind, epoch, first_seq, count, time, prev_hash, .. } = header;
            let file = Path::new("memory");
            FrameRef { kind, epoch, first_seq, count, time, prev_hash, payload, hash, file, offset }
        }))
    }
}

struct Following(Stream);

impl FrameStream for Following {
    fn next(&mut self) -> Result<Option<FrameRef<'_>>> {
        {
            let contents = self.0.log.contents();
            if self.0.ahead(&contents).is_none() && !contents.is_closed(self.0.epoch) {
                self.0.wake.clear();
            }
        }
        self.0.next()
    }
}

impl Follower for Following {
    fn wait(&mut self, timeout: Duration) -> Result<bool> {
        let contents = self.0.log.contents();
        let over = |contents: &mut Contents| self.0.ahead(contents).is_none() && !contents.is_closed(self.0.epoch);
        let waited = self.0.log.added.wait_timeout_while(contents, timeout, over);
        let contents = waited.expect("no test panics while it holds the log").0;
        if self.0.ahead(&contents).is_some() {
            return Ok(true);
        }
        if contents.is_closed(self.0.epoch) { Err(Rejection::Closed.into()) } else { Ok(false) }
    }

    fn wake_fd(&self) -> RawFd {
        self.0.wake.fd()
    }
}
