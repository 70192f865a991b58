//! The writer thread: takes one frame after the other, writes it, syncs it and acknowledges it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::disk::is_no_space;
use super::error::{JournalError, Result};
use super::log::Log;
use super::queue::{Durable, Entry, Queue, Stock};
use super::spare::Spare;
use super::wake::Wake;

/// What the writer thread and the callers have in common.
pub(super) struct Shared {
    queue: Mutex<Queue>,
    /// Wakes the writer.
    pub work: Condvar,
    /// Wakes callers that wait for the disk or for space.
    pub done: Condvar,
    pub wake: Wake,
}

impl Shared {
    pub fn new(queue: Queue, wake: Wake) -> Self {
        Self { queue: Mutex::new(queue), work: Condvar::new(), done: Condvar::new(), wake }
    }

    /// A panic elsewhere does not make the queue wrong: every change to it is complete before anything can panic, and the
    /// writer's own panic marks the journal as failed.
    pub fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn wait<'a>(&self, condition: &Condvar, queue: MutexGuard<'a, Queue>) -> MutexGuard<'a, Queue> {
        condition.wait(queue).unwrap_or_else(PoisonError::into_inner)
    }

    pub fn wait_at_most<'a>(
        &self,
        condition: &Condvar,
        queue: MutexGuard<'a, Queue>,
        timeout: Duration,
    ) -> MutexGuard<'a, Queue> {
        condition.wait_timeout(queue, timeout).unwrap_or_else(PoisonError::into_inner).0
    }

    fn fail(&self, reason: String) {
        let mut queue = self.lock();
        queue.failed.get_or_insert(reason);
        // What waits is dropped: after a failed write nothing may follow it into the file.
        queue.entries.clear();
        queue.wake_followers();
        drop(queue);
        self.done.notify_all();
        self.wake.signal();
    }
}

/// Fails the journal when the writer thread leaves by a panic: callers must not wait for a thread that is gone.
struct FailOnPanic(Arc<Shared>);

impl Drop for FailOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.fail("the writer thread panicked".to_owned());
        }
    }
}

enum Job {
    Write(Entry),
    Preallocate(Vec<Spare>),
}

/// Runs until the journal is closed (and everything handed in is durable) or fails. Gives the log back for the closing.
pub(super) fn run(shared: Arc<Shared>, mut log: Log, segment_bytes: u64) -> Option<Log> {
    let guard = FailOnPanic(shared);
    while let Some(job) = next_job(&guard.0) {
        let done = match job {
            Job::Write(entry) => write(&guard.0, &mut log, entry),
            Job::Preallocate(spares) => preallocate(&guard.0, &log, segment_bytes, &spares),
        };
        if let Err(error) = done {
            guard.0.fail(error.to_string());
            return None;
        }
    }
    Some(log)
}

fn next_job(shared: &Shared) -> Option<Job> {
    let mut queue = shared.lock();
    loop {
        let spares = queue.to_preallocate();
        if !spares.is_empty() {
            return Some(Job::Preallocate(spares));
        }
        if let Some(entry) = queue.entries.pop_front() {
            return Some(Job::Write(entry));
        }
        if queue.closing {
            return None;
        }
        queue = shared.wait(&shared.work, queue);
    }
}

fn write(shared: &Shared, log: &mut Log, mut entry: Entry) -> Result<()> {
    if let Some(spare) = entry.opens {
        log.roll(spare)?;
        *shared.lock().stock(spare) = Stock::Missing;
    }
    log.write(&mut entry.draft)?;
    let mut queue = shared.lock();
    queue.durable = Durable::of(log);
    queue.done_ticket = entry.ticket;
    queue.recycle(entry.draft.buffer);
    queue.wake_followers();
    drop(queue);
    shared.done.notify_all();
    shared.wake.signal();
    Ok(())
}

impl Durable {
    /// All that the log holds: it begins no frame before the last one is synced.
    pub fn of(log: &Log) -> Self {
        Self { seq: log.chain.last_seq, hash: log.chain.hash, place: (log.segment.index, log.position) }
    }
}

/// Having no space is an answer here, not a failure: nothing depends on these files yet.
pub(super) fn preallocate(shared: &Shared, log: &Log, segment_bytes: u64, spares: &[Spare]) -> Result<()> {
    let (mut made, mut no_space) = (Vec::new(), false);
    for spare in spares {
        match spare.allocate(&log.directory, segment_bytes, &*log.disk) {
            Ok(()) => made.push(*spare),
            Err(error) if is_no_space(&error) => {
                no_space = true;
                break;
            }
            Err(error) => {
                return Err(JournalError::file("preallocate a segment in", &log.directory)(error));
            }
        }
    }
    shared.lock().preallocated(&made, no_space);
    shared.done.notify_all();
    Ok(())
}
