//! Preallocated files that become segments: the *spare* is the next segment, the *reserve* is what remains for a full disk.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::disk::Disk;
use super::error::{JournalError, Result};
use super::frame::MARK_LEN;
use super::segment::HEADER_BLOCK;

/// Which preallocated file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spare {
    Next,
    Reserve,
}

impl Spare {
    pub fn path(self, directory: &Path) -> PathBuf {
        directory.join(match self {
            Self::Next => "next.pre",
            Self::Reserve => "reserve.pre",
        })
    }

    /// Makes the file if it is not there: under another name until every byte is reserved, so that the name is a promise.
    pub fn allocate(self, directory: &Path, size: u64, disk: &dyn Disk) -> io::Result<()> {
        let path = self.path(directory);
        let temporary = path.with_extension("tmp");
        let made = File::create(&temporary).and_then(|file| {
            disk.allocate(&file, size)?;
            disk.sync_all(&file)
        });
        if let Err(error) = made {
            // Half a spare would keep the space from everybody. If this fails too, the next opening removes it.
            let _ = fs::remove_file(&temporary);
            return Err(error);
        }
        fs::rename(&temporary, &path)?;
        disk.sync_directory(directory)
    }

    /// Takes over a file that an earlier writer left: true when it is fit for use.
    pub fn adopt(self, directory: &Path, size: u64, disk: &dyn Disk) -> Result<bool> {
        let path = self.path(directory);
        let _ = fs::remove_file(path.with_extension("tmp"));
        let file = match OpenOptions::new().read(true).write(true).open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            other => other.map_err(JournalError::file("open", &path))?,
        };
        if file.metadata().map_err(JournalError::file("look at", &path))?.len() != size {
            fs::remove_file(&path).map_err(JournalError::file("remove", &path))?;
            return Ok(false);
        }
        // A writer that died between writing the header and renaming the file left just that: header and mark.
        disk.write_at(&file, &[0; HEADER_BLOCK + MARK_LEN], 0).map_err(JournalError::file("write", &path))?;
        disk.sync_data(&file).map_err(JournalError::file("sync", &path))?;
        Ok(true)
    }
}
