//! Replay: the journal's frames through the same `apply` as live, every recorded state hash checked on the way.

use crate::core::Core;
use crate::journal::{FrameKind, FrameRef, FrameStream, JournalError, Result};
use crate::outcome::Outcome;
use crate::warm::Soon;
use crate::wire::{Record, records};

/// How much one run of a replay does at most. It ends at the first of these that is reached.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The last command to apply.
    pub until: u64,
    pub frames: u64,
    /// Bytes of events; only whole frames are applied, so the last one may go beyond.
    pub event_bytes: usize,
}

/// A stream of frames on its way through a core.
pub struct Replay {
    frames: Box<dyn FrameStream>,
    /// The last seq that was read; another core's position needs another stream.
    position: u64,
}

impl Replay {
    /// `frames` are those that a journal reads from `core.seq() + 1` on.
    pub fn new(frames: Box<dyn FrameStream>, core: &Core) -> Replay {
        Replay { frames, position: core.seq() }
    }

    /// Can this replay go on where `core` stands?
    pub fn continues(&self, core: &Core) -> bool {
        self.position == core.seq()
    }

    /// Applies frames within the limits; unless `keep_events`, the core forgets at once what they did. False: this was the end of
    /// the log, or of what was wanted.
    pub fn run(&mut self, core: &mut Core, limits: Limits, keep_events: bool) -> Result<bool> {
        let events = core.events().len();
        for _ in 0..limits.frames {
            if core.seq() >= limits.until {
                return Ok(false);
            }
            if core.events().len() - events >= limits.event_bytes {
                return Ok(true);
            }
            let Some(frame) = self.frames.next()? else { return Ok(false) };
            match frame.kind {
                FrameKind::Commands => apply_frame(core, &frame, limits.until, keep_events)?,
                FrameKind::Checkpoint => check_hash(core, &frame)?,
            }
            // The stream is past the whole frame; when `until` cut it short, the next replay reads anew.
            self.position = frame.last_seq();
        }
        Ok(true)
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
        let events = core.events().len();
        core.apply(record.time, &record.command(), record.meta, &mut outcome);
        if !keep_events {
            core.forget_events(events);
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
