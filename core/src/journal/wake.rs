//! The eventfd that wakes an event loop.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

/// A descriptor that is readable from `signal` to `clear`.
pub struct Wake(OwnedFd);

impl Wake {
    /// Not readable yet. The system's error when there are no descriptors left.
    pub fn new() -> io::Result<Self> {
        // SAFETY: eventfd takes plain integers and returns a descriptor or -1.
        let fd = unsafe { libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor was just made, is valid, and nobody else owns it.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// The descriptor; it stays this object's.
    pub fn fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }

    /// Makes the descriptor readable. Cannot fail in a way that matters: a full counter is readable already.
    pub fn signal(&self) {
        let one = 1u64;
        // SAFETY: the pointer and length describe `one`, which lives until after the call; write only reads it.
        unsafe { libc::write(self.fd(), (&raw const one).cast(), size_of::<u64>()) };
    }

    /// Makes the descriptor unreadable until the next signal.
    pub fn clear(&self) {
        let mut count = 0u64;
        // SAFETY: the pointer and length describe `count`, which is ours alone and lives until after the call.
        unsafe { libc::read(self.fd(), (&raw mut count).cast(), size_of::<u64>()) };
    }
}

/// Waits until the descriptor is readable, at most `timeout`.
pub(super) fn is_readable(fd: RawFd, timeout: Duration) -> bool {
    let mut polled = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    let millis = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
    // SAFETY: the pointer describes one pollfd, which is ours alone and lives until after the call.
    unsafe { libc::poll(&raw mut polled, 1, millis) > 0 }
}
