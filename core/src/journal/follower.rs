//! Following the file journal in the process that writes it.

use std::os::fd::RawFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::error::{JournalError, Rejection, Result};
use super::port::{Follower, FrameStream};
use super::reader::{FrameRef, Reader};
use super::wake::Wake;
use super::writer::Shared;

pub(super) struct FileFollower {
    reader: Reader,
    shared: Arc<Shared>,
    /// The writer keeps a weak reference and signals it after every frame.
    wake: Arc<Wake>,
}

impl FileFollower {
    pub fn new(reader: Reader, shared: Arc<Shared>) -> Result<Self> {
        let wake = Arc::new(Wake::new().map_err(JournalError::io("make an eventfd"))?);
        shared.lock().followers.push(Arc::downgrade(&wake));
        // There may be frames already.
        wake.signal();
        Ok(Self { reader, shared, wake })
    }
}

impl FrameStream for FileFollower {
    fn next(&mut self) -> Result<Option<FrameRef<'_>>> {
        if self.reader.at_known_end() {
            // Before the look, so that what is added after it makes the descriptor readable again.
            self.wake.clear();
            let queue = self.shared.lock();
            if self.reader.is_before(queue.durable.place) || queue.closed || queue.failed.is_some() {
                self.wake.signal();
            }
        }
        self.reader.next()
    }
}

impl Follower for FileFollower {
    fn wait(&mut self, timeout: Duration) -> Result<bool> {
        let deadline = Instant::now().checked_add(timeout);
        let mut queue = self.shared.lock();
        loop {
            if self.reader.is_before(queue.durable.place) {
                return Ok(true);
            }
            if let Some(reason) = &queue.failed {
                return Err(JournalError::Failed { reason: reason.clone() });
            }
            if queue.closed {
                return Err(Rejection::Closed.into());
            }
            // A wait beyond the clock's end is one without an end.
            let left = deadline.map_or(Duration::MAX, |deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return Ok(false);
            }
            queue = self.shared.wait_at_most(&self.shared.done, queue, left);
        }
    }

    fn wake_fd(&self) -> RawFd {
        self.wake.fd()
    }
}
