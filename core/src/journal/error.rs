//! What can go wrong with a journal. Each variant asks something different of the caller, so they are never folded together.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// The journal's errors.
#[derive(Debug)]
pub enum JournalError {
    /// The files contradict the journal's own rules in a way that no torn write explains. Nothing was changed on disk.
    Damaged { file: PathBuf, offset: u64, reason: String },
    /// The operating system refused something before the journal depended on it (opening, reading, creating).
    Io { what: String, source: io::Error },
    /// Another process (or another handle in this one) has the journal open.
    Locked { directory: PathBuf, holder: Option<u32> },
    /// A write or a sync failed while the journal was running: what is on disk is no longer known, the process must stop.
    Failed { reason: String },
    /// Every preallocated byte is used up and no more could be had. Nothing was written, nothing is lost; free space and go on.
    NoSpace { needed: u64 },
    /// The request itself was not acceptable; the journal is as it was.
    Rejected(Rejection),
    /// An error that only this implementation of the port knows.
    Other(Box<dyn std::error::Error + Send + Sync>),
}

/// Why a request was rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The caller's idea of the last seq is not the journal's.
    WrongSeq { expected: u64, last: u64 },
    /// The caller belongs to another opening of the journal.
    StaleEpoch { given: u64, current: u64 },
    /// A command frame without commands.
    Empty,
    /// The frame does not fit into a segment.
    TooLarge { bytes: u64, limit: u64 },
    /// A whole frame of another log does not continue this one.
    Frame { reason: String },
    /// The journal was closed.
    Closed,
    /// `count` commands after the last one would run past the largest seq.
    SeqExhausted,
    /// There is no journal in the directory and none was to be created.
    NoJournal { directory: PathBuf },
    /// The directory was written by a format that this program does not know.
    UnknownFormat { found: String },
    /// An option that makes no sense.
    Option { reason: String },
}

/// The journal's result.
pub type Result<T> = std::result::Result<T, JournalError>;

impl JournalError {
    pub(crate) fn damaged(file: &Path, offset: u64, reason: impl Into<String>) -> Self {
        Self::Damaged { file: file.to_path_buf(), offset, reason: reason.into() }
    }

    /// For `map_err`: names what was being done when the system refused.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }

    /// For `map_err`: the same, naming the file.
    pub(crate) fn file(verb: &str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        Self::io(format!("{verb} {}", path.display()))
    }
}

impl fmt::Display for JournalError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged { file, offset, reason } => {
                write!(
                    out,
                    "journal damaged: {} at offset {offset}: {reason}; the files are left as they are",
                    file.display()
                )
            }
            Self::Io { what, source } => write!(out, "journal: cannot {what}: {source}"),
            Self::Locked { directory, holder: Some(pid) } => {
                write!(out, "journal {} is open in process {pid}", directory.display())
            }
            Self::Locked { directory, holder: None } => {
                write!(out, "journal {} is open in another process", directory.display())
            }
            Self::Failed { reason } => {
                write!(out, "journal failed, the process must stop: {reason}")
            }
            Self::NoSpace { needed } => write!(
                out,
                "journal has no space left: a frame of {needed} bytes fits neither the current segment nor the reserve, and no new segment \
                 could be preallocated; nothing was written, nothing acknowledged is lost"
            ),
            Self::Rejected(rejection) => write!(out, "journal: {rejection}"),
            Self::Other(error) => write!(out, "journal: {error}"),
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongSeq { expected, last } => {
                write!(out, "expected last seq {expected}, but it is {last}")
            }
            Self::StaleEpoch { given, current } => {
                write!(out, "epoch {given} is not the current epoch {current}")
            }
            Self::Empty => write!(out, "a command frame needs at least one command"),
            Self::TooLarge { bytes, limit } => {
                write!(out, "a frame of {bytes} bytes does not fit a segment, which takes {limit}")
            }
            Self::Frame { reason } => write!(out, "the frame does not continue the copy: {reason}"),
            Self::Closed => write!(out, "the journal is closed"),
            Self::SeqExhausted => write!(out, "seq would run past 2^64 - 1"),
            Self::NoJournal { directory } => {
                write!(out, "there is no journal in {}", directory.display())
            }
            Self::UnknownFormat { found } => {
                write!(out, "format {found:?} is not known to this program")
            }
            Self::Option { reason } => write!(out, "{reason}"),
        }
    }
}

impl std::error::Error for JournalError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            Self::Other(error) => Some(&**error),
            _ => None,
        }
    }
}

impl From<Rejection> for JournalError {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}
