//! The file journal: the embedded implementation of the port.

use std::os::fd::RawFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::disk::{Disk, RealDisk};
use super::error::{JournalError, Rejection, Result};
use super::follower::FileFollower;
use super::lock::Lock;
use super::log::{Log, sync_parent};
use super::port::{Follower, FrameStream, JournalFollows, JournalPort, JournalReads, Last, NewFrame};
use super::queue::{Durable, Placed, Queue};
use super::reader::Reader;
use super::recover::{self, Cut, Epoch};
use super::segment::MIN_BYTES;
use super::spare::Spare;
use super::state;
use super::wake::Wake;
use super::writer::{self, Shared};

/// How a journal is opened.
#[derive(Clone)]
pub struct Options {
    /// Size of new segments, and of the reserve; at least 16 KiB, rounded up to whole pages.
    pub segment_bytes: u64,
    /// Make the journal when there is none.
    pub create: bool,
    /// Segments that end before this seq are not read: only their headers are checked. For callers whose snapshot covers them.
    pub verify_from: u64,
    /// How long to wait between two attempts to find space on a full disk.
    pub space_retry: Duration,
    /// The id of a new journal; a random one when not given.
    pub journal_id: Option<u64>,
    /// `UnsyncedDisk` for a journal that need not survive a power cut; tests put others here.
    pub disk: Arc<dyn Disk>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            segment_bytes: 64 << 20,
            create: true,
            verify_from: 1,
            space_retry: Duration::from_secs(1),
            journal_id: None,
            disk: Arc::new(RealDisk),
        }
    }
}

/// An open journal. All methods may be called from any thread.
pub struct FileJournal {
    shared: Arc<Shared>,
    directory: PathBuf,
    journal_id: u64,
    epoch: u64,
    cut: Option<Cut>,
    open: Mutex<Option<Open>>,
}

/// What closing takes away.
struct Open {
    thread: JoinHandle<Option<Log>>,
    lock: Lock,
}

impl FileJournal {
    /// Locks the directory, checks the log, cuts a torn tail, begins a new epoch and starts the writer.
    pub fn open(directory: &Path, options: Options) -> Result<Self> {
        let Options { segment_bytes, create, verify_from, space_retry, journal_id, disk } = options;
        let segment_bytes = segment_bytes
            .checked_next_multiple_of(4096)
            .filter(|bytes| *bytes >= MIN_BYTES && i64::try_from(*bytes).is_ok())
            .ok_or_else(|| Rejection::Option {
                reason: format!("segments need at least {MIN_BYTES} bytes, {segment_bytes} were asked for"),
            })?;
        recover::ensure_directory(directory, create)?;
        if !create && state::read_format(directory)?.is_none() {
            return Err(Rejection::NoJournal { directory: directory.to_path_buf() }.into());
        }
        let lock = Lock::take(directory)?;
        // After the lock: only now nobody else creates or recovers.
        let recovered = match state::read_format(directory)? {
            Some(id) => recover::recover(directory, id, verify_from, disk, Epoch::Next)?,
            None if create => recover::create(directory, segment_bytes, journal_id, disk)?,
            None => {
                return Err(Rejection::NoJournal { directory: directory.to_path_buf() }.into());
            }
        };
        let (log, cut) = (recovered.log, recovered.cut);
        sync_parent(directory, &*log.disk)?;

        let (journal_id, epoch) = (log.state.journal_id, log.state.epoch);
        let queue = Queue::new(epoch, Durable::of(&log), log.chain.time, log.room()?, segment_bytes, space_retry);
        let wake = Wake::new().map_err(JournalError::io("make an eventfd"))?;
        let shared = Arc::new(Shared::new(queue, wake));
        stock_up(&shared, &log, segment_bytes)?;
        let thread = {
            let shared = Arc::clone(&shared);
            let builder = std::thread::Builder::new().name("journal-writer".to_owned());
            builder
                .spawn(move || writer::run(shared, log, segment_bytes))
                .map_err(JournalError::io("start the writer thread"))?
        };
        Ok(Self {
            shared,
            directory: directory.to_path_buf(),
            journal_id,
            epoch,
            cut,
            open: Mutex::new(Some(Open { thread, lock })),
        })
    }

    /// The torn tail that opening cut off, if there was one.
    pub fn cut(&self) -> Option<&Cut> {
        self.cut.as_ref()
    }

    /// Nothing is waiting or being written.
    pub fn idle(&self) -> bool {
        self.shared.lock().idle()
    }

    fn place(&self, mut attempt: impl FnMut(&mut Queue, &mut bool) -> Result<Placed>) -> Result<u64> {
        let mut asked = false;
        let mut queue = self.shared.lock();
        loop {
            queue.check_usable()?;
            let placed = attempt(&mut queue, &mut asked);
            self.shared.work.notify_one();
            match placed? {
                Placed::Yes => return Ok(queue.last_seq),
                Placed::NotYet => queue = self.shared.wait(&self.shared.done, queue),
            }
        }
    }

    /// A reader of what is durable.
    fn reader(&self, from_seq: u64) -> Result<Reader> {
        if self.opened().is_none() {
            return Err(Rejection::Closed.into());
        }
        let shared = Arc::clone(&self.shared);
        Reader::open_durable(&self.directory, from_seq, Box::new(move || shared.lock().durable.place))
    }

    fn opened(&self) -> MutexGuard<'_, Option<Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Has both preallocated files ready before the first append, if there is space: left ones are taken over.
fn stock_up(shared: &Shared, log: &Log, segment_bytes: u64) -> Result<()> {
    let (mut made, mut missing) = (Vec::new(), Vec::new());
    for spare in [Spare::Reserve, Spare::Next] {
        let there = spare.adopt(&log.directory, segment_bytes, &*log.disk)?;
        if there { made.push(spare) } else { missing.push(spare) }
    }
    shared.lock().preallocated(&made, false);
    writer::preallocate(shared, log, segment_bytes, &missing)
}

impl Drop for FileJournal {
    fn drop(&mut self) {
        // Nobody is left who could hear of a failure; the next opening finds out.
        let _ = self.close();
    }
}

impl JournalReads for FileJournal {
    fn identity(&self) -> u64 {
        self.journal_id
    }

    fn read(&self, from_seq: u64) -> Result<Box<dyn FrameStream>> {
        Ok(Box::new(self.reader(from_seq)?))
    }
}

impl JournalFollows for FileJournal {
    fn last(&self) -> Last {
        let queue = self.shared.lock();
        Last { seq: queue.last_seq, durable_seq: queue.durable.seq, hash: queue.durable.hash }
    }

    fn follow(&self, from_seq: u64) -> Result<Box<dyn Follower>> {
        Ok(Box::new(FileFollower::new(self.reader(from_seq)?, Arc::clone(&self.shared))?))
    }
}

impl JournalPort for FileJournal {
    fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Blocks only while the writer preallocates a segment that it had no time for before.
    fn append(&self, expected_last_seq: u64, epoch: u64, frame: NewFrame<'_>) -> Result<u64> {
        self.place(|queue, asked| queue.place_commands(expected_last_seq, epoch, frame, asked))
    }

    /// `None` when the writer has to preallocate first, which it then does.
    fn try_append(&self, expected_last_seq: u64, epoch: u64, frame: NewFrame<'_>) -> Result<Option<u64>> {
        let mut queue = self.shared.lock();
        queue.check_usable()?;
        let placed = queue.place_commands(expected_last_seq, epoch, frame, &mut false);
        self.shared.work.notify_one();
        Ok(matches!(placed?, Placed::Yes).then_some(queue.last_seq))
    }

    fn checkpoint(&self, seq: u64, epoch: u64, hash: &[u8; 32]) -> Result<()> {
        self.place(|queue, asked| queue.place_checkpoint(seq, epoch, hash, asked)).map(drop)
    }

    fn acknowledge(&self) -> Result<u64> {
        self.shared.wake.clear();
        self.shared.lock().durable_seq()
    }

    fn wait(&self) -> Result<u64> {
        let mut queue = self.shared.lock();
        let ticket = queue.last_ticket;
        while queue.done_ticket < ticket {
            if let Some(reason) = &queue.failed {
                return Err(JournalError::Failed { reason: reason.clone() });
            }
            queue = self.shared.wait(&self.shared.done, queue);
        }
        queue.durable_seq()
    }

    fn wake_fd(&self) -> RawFd {
        self.shared.wake.fd()
    }

    /// The next segment could not be preallocated. Asking makes the writer try again, at most once per `space_retry`.
    fn space_low(&self) -> bool {
        let mut queue = self.shared.lock();
        if queue.want_space() {
            self.shared.work.notify_one();
        }
        queue.space_low
    }

    /// Notes the log's end, so that the next opening knows it; stops the writer and unlocks. A journal that failed is unlocked too.
    fn close(&self) -> Result<()> {
        let Some(open) = self.opened().take() else {
            return Ok(());
        };
        self.shared.lock().closing = true;
        self.shared.work.notify_one();
        self.shared.done.notify_all();
        let log = open.thread.join().ok().flatten();
        let closed = match log {
            Some(mut log) => log.record(true),
            None => {
                let reason = self.shared.lock().failed.clone();
                Err(JournalError::Failed { reason: reason.unwrap_or_else(|| "the writer thread is gone".to_owned()) })
            }
        };
        drop(open.lock);
        let mut queue = self.shared.lock();
        queue.closed = true;
        queue.wake_followers();
        drop(queue);
        self.shared.done.notify_all();
        closed
    }
}
