//! One writer per directory: an exclusive flock, which the kernel drops whatever way the process ends.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::disk::is_no_space;
use super::error::{JournalError, Result};

const NAME: &str = "lock";
/// The pid is padded to one width, so that rewriting it needs neither space nor truncation.
const PID_WIDTH: usize = 20;

/// Held as long as it lives.
pub struct Lock(#[expect(dead_code, reason = "closing the file is what unlocks")] File);

impl Lock {
    pub fn take(directory: &Path) -> Result<Self> {
        let path = directory.join(NAME);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(JournalError::file("open", &path))?;
        // SAFETY: flock takes plain integers; the descriptor stays open because `file` is alive.
        if unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) } != 0 {
            let error = io::Error::last_os_error();
            if error.kind() != io::ErrorKind::WouldBlock {
                return Err(JournalError::file("lock", &path)(error));
            }
            return Err(JournalError::Locked { directory: directory.to_path_buf(), holder: holder(&file) });
        }
        let pid = format!("{:<width$}\n", std::process::id(), width = PID_WIDTH - 1);
        match file.write_all_at(pid.as_bytes(), 0) {
            // The text only serves the rejection's wording: a full disk must not keep a venue from starting.
            Err(error) if !is_no_space(&error) => Err(JournalError::file("write", &path)(error)),
            _ => Ok(Self(file)),
        }
    }
}

fn holder(file: &File) -> Option<u32> {
    let mut text = [0; PID_WIDTH];
    file.read_exact_at(&mut text, 0).ok()?;
    std::str::from_utf8(&text).ok()?.trim().parse().ok()
}
