//! The few operations that durability rests on, behind a seam: tests make them fail, and a journal that nobody keeps does without them.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// What the writer asks of the operating system.
pub trait Disk: Send + Sync {
    /// Writes all bytes at the offset.
    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Makes the file's content durable.
    fn sync_data(&self, file: &File) -> io::Result<()>;
    /// Makes the file's content, size and metadata durable.
    fn sync_all(&self, file: &File) -> io::Result<()>;
    /// Makes the directory's entries durable.
    fn sync_directory(&self, directory: &Path) -> io::Result<()>;
    /// Reserves `length` bytes of zeroes, so that writing into them later needs no space.
    fn allocate(&self, file: &File, length: u64) -> io::Result<()>;
}

/// The operating system itself.
pub struct RealDisk;

impl Disk for RealDisk {
    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        file.write_all_at(bytes, offset)
    }

    fn sync_data(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }

    fn sync_all(&self, file: &File) -> io::Result<()> {
        file.sync_all()
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        File::open(directory)?.sync_all()
    }

    fn allocate(&self, file: &File, length: u64) -> io::Result<()> {
        let length = libc::off_t::try_from(length).map_err(|_| io::Error::from_raw_os_error(libc::EFBIG))?;
        loop {
            // SAFETY: posix_fallocate takes plain integers and touches no memory of ours; the descriptor stays open
            // because `file` is borrowed for the whole call.
            match unsafe { libc::posix_fallocate(file.as_raw_fd(), 0, length) } {
                0 => return Ok(()),
                libc::EINTR => {}
                // File systems without preallocation: really written zeroes reserve the same space.
                libc::EOPNOTSUPP | libc::EINVAL => {
                    return write_zeroes(file, length.unsigned_abs());
                }
                error => return Err(io::Error::from_raw_os_error(error)),
            }
        }
    }
}

/// The operating system, for a journal that does not outlive the machine's run: what was written survives the process, as
/// the kernel has it, and no power cut.
pub struct UnsyncedDisk;

impl Disk for UnsyncedDisk {
    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        RealDisk.write_at(file, bytes, offset)
    }

    fn sync_data(&self, _file: &File) -> io::Result<()> {
        Ok(())
    }

    fn sync_all(&self, _file: &File) -> io::Result<()> {
        Ok(())
    }

    fn sync_directory(&self, _directory: &Path) -> io::Result<()> {
        Ok(())
    }

    fn allocate(&self, file: &File, length: u64) -> io::Result<()> {
        RealDisk.allocate(file, length)
    }
}

fn write_zeroes(file: &File, length: u64) -> io::Result<()> {
    let zeroes = vec![0; 1 << 20];
    let mut offset = file.metadata()?.len();
    while offset < length {
        let part = (length - offset).min(zeroes.len() as u64);
        file.write_all_at(&zeroes[..part as usize], offset)?;
        offset += part;
    }
    Ok(())
}

/// Does the error mean that there is no room (disk, quota or file size limit)?
pub fn is_no_space(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOSPC | libc::EDQUOT | libc::EFBIG))
}

/// The first offset at or after `from` where the file may hold anything but zeroes; `None`: nothing until its end.
/// File systems that know no holes call everything data, which is slower but just as right.
pub fn next_data(file: &File, from: u64) -> io::Result<Option<u64>> {
    let Ok(from) = libc::off_t::try_from(from) else {
        return Ok(None);
    };
    // SAFETY: lseek takes plain integers; the descriptor stays open because `file` is borrowed. It moves the file's
    // position, which nobody uses: all reads and writes of journal files state their offset.
    let found = unsafe { libc::lseek(file.as_raw_fd(), from, libc::SEEK_DATA) };
    if found >= 0 {
        return Ok(Some(found.unsigned_abs()));
    }
    let error = io::Error::last_os_error();
    if error.raw_os_error() == Some(libc::ENXIO) { Ok(None) } else { Err(error) }
}
