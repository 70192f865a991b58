//! Replay: the journal's frames through the same `apply` as live, every recorded state hash checked on the way.

use std::path::{Path, PathBuf};

use crate::core::Core;
use crate::journal::{FrameKind, FrameRef, JournalError, Reader, Result};
use crate::outcome::Outcome;
use crate::warm::Soon;
use crate::wire::{Record, records};

/// What to do with the frames that are read.
pub struct Replay {
    directory: PathBuf,
    reader: Reader,
    /// The seq the reader goes on from; another core's position needs another reader.
    position: u64,
}

impl Replay {
    pub fn open(directory: &Path, core: &Core) -> Result<Replay> {
        let reader = Reader::open(directory, core.seq() + 1)?;
        Ok(Replay { directory: directory.to_path_buf(), reader, position: core.seq() })
    }

    /// Can this replay go on where `core` stands?
    pub fn continues(&self, directory: &Path, core: &Core) -> bool {
        self.directory == directory && self.position == core.seq()
    }

    /// Applies up to `frames` frames, not beyond `until`; their events are forgotten at once unless `keep_events`.
    pub fn run(&mut self, core: &mut Core, until: u64, frames: u64, keep_events: bool) -> Result<()> {
        for _ in 0..frames {
            if core.seq() >= until {
                break;
            }
            let Some(frame) = self.reader.next()? else { break };
            match frame.kind {
                FrameKind::Commands => apply_frame(core, &frame, until, keep_events)?,
                FrameKind::Checkpoint => check_hash(core, &frame)?,
            }
            // The reader is past the whole frame; when `until` cut it short, the next replay opens its place anew.
            self.position = self.reader.last_seq();
        }
        Ok(())
    }
}

fn damaged(frame: &FrameRef<'_>, reason: String) -> JournalError {
    JournalError::Damaged { file: frame.file.to_path_buf(), offset: frame.offset, reason }
}

fn apply_frame(core: &mut Core, frame: &FrameRef<'_>, until: u64, keep_events: bool) -> Result<()> {
    if frame.first_seq > core.seq() + 1 {
        return Err(damaged(frame, format!("command {} comes after command {}", frame.first_seq, core.seq())));
    }
    let known = usize::try_from((core.seq() + 1).saturating_sub(frame.first_seq)).expect("seqs of one frame");
    let run: Vec<Record<'_>> = records(frame.payload)
        .collect::<std::result::Result<_, _>>()
        .map_err(|error| damaged(frame, format!("no command record at byte {} of the payload", error.offset)))?;
    if run.len() != frame.count as usize {
        return Err(damaged(frame, format!("{} commands where the header says {}", run.len(), frame.count)));
    }
    let mut outcome = Outcome::default();
    for at in known..run.len() {
        if core.seq() >= until {
            break;
        }
        core.warm(at, |at| run.get(at).map(|record| Soon::in_record(record.bytes)));
        let record = &run[at];
        let before = core.events().len();
        core.apply(record.time, &record.command(), record.meta, &mut outcome);
        if !keep_events {
            core.forget_events(before);
        }
    }
    Ok(())
}

fn check_hash(core: &Core, frame: &FrameRef<'_>) -> Result<()> {
    if frame.first_seq == core.seq() && frame.payload != core.state_hash() {
        return Err(damaged(
            frame,
            format!("the state after command {} has another hash than the journal recorded", core.seq()),
        ));
    }
    Ok(())
}
