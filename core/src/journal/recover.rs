//! Opening a journal's end for writing: make it, or check it from front to back and cut a torn tail.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::bytes::all_zero;
use super::cursor::read_up_to;
use super::disk::{Disk, is_no_space};
use super::error::{JournalError, Rejection, Result};
use super::frame::{GENESIS, MARK_LEN, Mark};
use super::log::{Log, sync_parent};
use super::reader::{Chain, Reader, Tail};
use super::segment::{self, HEADER_BLOCK, Listed};
use super::spare::Spare;
use super::state::{self, State, StateFile};

/// A torn write that recovery removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    pub file: PathBuf,
    pub offset: u64,
    /// From the cut to the last byte that was not zero.
    pub bytes: u64,
}

/// Under which epoch a log goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Epoch {
    /// A new one: this opening writes frames of its own.
    Next,
    /// The last one: frames come with theirs.
    Kept,
}

pub(super) struct Recovered {
    pub log: Log,
    pub cut: Option<Cut>,
}

/// A new journal: `format` is written last, so that a directory without it never was one.
pub(super) fn create(directory: &Path, segment_bytes: u64, id: Option<u64>, disk: Arc<dyn Disk>) -> Result<Recovered> {
    remove_unfinished(directory)?;
    sync_parent(directory, &*disk)?;
    let journal_id = match id {
        Some(id) => id,
        None => random_id()?,
    };
    if !Spare::Next.adopt(directory, segment_bytes, &*disk)? {
        let what = format!("preallocate a segment of {segment_bytes} bytes in {}", directory.display());
        Spare::Next.allocate(directory, segment_bytes, &*disk).map_err(JournalError::io(what))?;
    }
    let chain = Chain { epoch: 1, last_seq: 0, hash: GENESIS, time: 0 };
    let state = State {
        journal_id,
        generation: 0,
        epoch: 1,
        closed: false,
        segment: 1,
        end: HEADER_BLOCK as u64,
        last_seq: 0,
        hash: GENESIS,
    };
    let segment = Listed::new(directory, 1, 1);
    let mut log = Log {
        directory: directory.to_path_buf(),
        state_file: StateFile::create(directory, &*disk)?,
        // Stands in until the segment has its name.
        file: File::open(directory).map_err(JournalError::file("open", directory))?,
        disk,
        state,
        segment: segment.clone(),
        position: HEADER_BLOCK as u64,
        chain,
    };
    log.file = log.begin_segment(Spare::Next, &segment)?;
    // Twice, so that both slots know the epoch: losing one must not hand out an epoch a second time.
    log.record(false)?;
    log.record(false)?;
    state::write_format(directory, journal_id, &*log.disk)?;
    Ok(Recovered { log, cut: None })
}

/// Without a format file only the leftovers of an unfinished creation may be here; anything that holds a frame is refused.
fn remove_unfinished(directory: &Path) -> Result<()> {
    let segments = segment::list(directory)?;
    for segment in &segments {
        let file = File::open(&segment.path).map_err(JournalError::file("open", &segment.path))?;
        if segment.index != 1 || last_written(&file, (HEADER_BLOCK + MARK_LEN) as u64, &segment.path)?.is_some() {
            return Err(JournalError::damaged(
                &segment.path,
                0,
                "the segment holds frames, but the journal's format file is missing",
            ));
        }
    }
    for segment in &segments {
        fs::remove_file(&segment.path).map_err(JournalError::file("remove", &segment.path))?;
    }
    Ok(())
}

/// Not guessable, because command records carry text of strangers: with the id they could write what looks like a frame.
fn random_id() -> Result<u64> {
    let mut bytes = [0; 8];
    let source = Path::new("/dev/urandom");
    File::open(source).and_then(|mut file| file.read_exact(&mut bytes)).map_err(JournalError::file("read", source))?;
    Ok(u64::from_le_bytes(bytes))
}

/// Checks an existing journal and makes its end ready for what is added.
pub(super) fn recover(
    directory: &Path,
    journal_id: u64,
    verify_from: u64,
    disk: Arc<dyn Disk>,
    epoch: Epoch,
) -> Result<Recovered> {
    let evidence = State::read(directory, journal_id)?;
    let segments = segment::list(directory)?;
    for pair in segments.windows(2) {
        pair[0].open(journal_id)?;
        if pair[0].first_seq > pair[1].first_seq {
            return Err(JournalError::damaged(&pair[1].path, 0, "the segment begins before the one that it follows"));
        }
    }
    let mut reader = Reader::start(directory, verify_from, evidence.clone(), &segments, true)?;
    while reader.next()?.is_some() {}
    let tail = reader.into_tail();

    let path = tail.segment.path.clone();
    let file = OpenOptions::new().read(true).write(true).open(&path).map_err(JournalError::file("open", &path))?;
    restore_size(&file, &tail, &path, &*disk)?;
    let cut = cut_tail(&file, &tail, &path, &*disk)?;
    write_last_frame_again(&file, &tail, &path, &*disk)?;

    let epoch = match epoch {
        Epoch::Next => tail.chain.epoch.max(evidence.epoch).checked_add(1),
        Epoch::Kept => Some(tail.chain.epoch),
    }
    .ok_or_else(|| JournalError::damaged(&path, 0, "epochs are used up"))?;
    let mut log = Log {
        directory: directory.to_path_buf(),
        state_file: StateFile::open(directory)?,
        disk,
        state: State { epoch, ..evidence },
        segment: tail.segment,
        file,
        position: tail.position,
        chain: tail.chain,
    };
    log.write_mark()?;
    log.disk.sync_data(&log.file).map_err(JournalError::file("sync", &path))?;
    log.record(false)?;
    log.record(false)?;
    Ok(Recovered { log, cut })
}

/// A last segment that lost its preallocated end gets it back, if there is space; its frames are checked already.
fn restore_size(file: &File, tail: &Tail, path: &Path, disk: &dyn Disk) -> Result<()> {
    let size = file.metadata().map_err(JournalError::file("look at", path))?.len();
    if size < tail.size {
        match disk.allocate(file, tail.size) {
            Err(error) if !is_no_space(&error) => {
                return Err(JournalError::file("preallocate", path)(error));
            }
            _ => disk.sync_all(file).map_err(JournalError::file("sync", path))?,
        }
    }
    Ok(())
}

/// Zeroes what stands behind the last whole frame, so that it can never be taken for a frame later.
fn cut_tail(file: &File, tail: &Tail, path: &Path, disk: &dyn Disk) -> Result<Option<Cut>> {
    let Some(last) = last_written(file, tail.position, path)? else {
        return Ok(None);
    };
    let mut slot = [0; MARK_LEN];
    let read = read_up_to(file, &mut slot, tail.position).map_err(JournalError::file("read", path))?;
    if last < tail.position + MARK_LEN as u64 && read == MARK_LEN && Mark::decode(&slot).is_ok() {
        return Ok(None);
    }
    let zeroes = vec![0; 1 << 20];
    let mut offset = tail.position;
    while offset <= last {
        let part = (last + 1 - offset).min(zeroes.len() as u64);
        disk.write_at(file, &zeroes[..part as usize], offset).map_err(JournalError::file("write", path))?;
        offset += part;
    }
    disk.sync_data(file).map_err(JournalError::file("sync", path))?;
    Ok(Some(Cut { file: path.to_path_buf(), offset: tail.position, bytes: last + 1 - tail.position }))
}

/// The last frame is the only one whose sync may have failed. A kernel that could not write a page may keep it in memory
/// as if it had: reading it back proves nothing, and only new bytes make the next sync write it again.
fn write_last_frame_again(file: &File, tail: &Tail, path: &Path, disk: &dyn Disk) -> Result<()> {
    if let Some(start) = tail.last_frame {
        let mut frame = vec![0; (tail.position - start) as usize];
        file.read_exact_at(&mut frame, start).map_err(JournalError::file("read", path))?;
        disk.write_at(file, &frame, start).map_err(JournalError::file("write", path))?;
    }
    disk.sync_data(file).map_err(JournalError::file("sync", path))
}

/// The offset of the last byte at or after `from` that is not zero.
fn last_written(file: &File, from: u64, path: &Path) -> Result<Option<u64>> {
    let mut chunk = vec![0; 1 << 20];
    let (mut offset, mut last) = (from, None);
    loop {
        let read = read_up_to(file, &mut chunk, offset).map_err(JournalError::file("read", path))?;
        if !all_zero(&chunk[..read]) {
            last = chunk[..read].iter().rposition(|byte| *byte != 0).map(|at| offset + at as u64);
        }
        if read < chunk.len() {
            return Ok(last);
        }
        offset += read as u64;
    }
}

/// Makes the journal's directory if it is wanted and not there.
pub(super) fn ensure_directory(directory: &Path, create: bool) -> Result<()> {
    match fs::metadata(directory) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound && create => {
            fs::create_dir_all(directory).map_err(JournalError::file("create", directory))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(Rejection::NoJournal { directory: directory.to_path_buf() }.into())
        }
        Err(error) => Err(JournalError::file("look at", directory)(error)),
    }
}
