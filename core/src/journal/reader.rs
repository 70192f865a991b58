//! Reading the journal from the front: every frame's CRC, the chain of hashes and the seq are checked on the way.
//!
//! The same reader recovers a journal, feeds a replay and follows a running writer. Where it stops, the rule is: damage is
//! what evidence contradicts, anything else behind the last whole frame is a write that was never acknowledged.

use std::path::{Path, PathBuf};

use super::cursor::{Cursor, Slot};
use super::error::{JournalError, Rejection, Result};
use super::frame::{FrameKind, GENESIS, Header, Mark};
use super::segment::{self, HEADER_BLOCK, Listed, SegmentHeader};
use super::state::{self, State};

/// One validated frame.
#[derive(Clone, Copy, Debug)]
pub struct FrameRef<'a> {
    pub kind: FrameKind,
    pub epoch: u64,
    /// Commands: the seq of the first one. Checkpoint: the seq after which the state has the recorded hash.
    pub first_seq: u64,
    /// Commands in the payload; 0 for a checkpoint.
    pub count: u32,
    pub time: u64,
    /// The hash of the frame before this one.
    pub prev_hash: [u8; 32],
    /// Command records, or the 32 bytes of the state hash.
    pub payload: &'a [u8],
    /// This frame's own hash, which the next one repeats.
    pub hash: [u8; 32],
    /// Where it was read from: a segment and the offset in it. A log without files names its stream and the message's number.
    pub file: &'a Path,
    pub offset: u64,
}

impl FrameRef<'_> {
    /// The last seq that this frame speaks about.
    pub fn last_seq(&self) -> u64 {
        match self.kind {
            FrameKind::Commands => self.first_seq + u64::from(self.count) - 1,
            FrameKind::Checkpoint => self.first_seq,
        }
    }
}

/// How far the reader has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chain {
    pub epoch: u64,
    pub last_seq: u64,
    pub hash: [u8; 32],
    /// The time of the last frame, 0 before the first one read.
    pub time: u64,
}

impl Chain {
    /// Does a frame of this header come next? The error says what is wrong.
    pub fn check(&self, header: &Header) -> std::result::Result<(), String> {
        if header.prev_hash != self.hash {
            return Err("the chain is broken: the frame does not name the hash of the frame before it".to_owned());
        }
        let expected = match header.kind {
            FrameKind::Commands => self.last_seq + 1,
            FrameKind::Checkpoint => self.last_seq,
        };
        if header.first_seq != expected {
            return Err(format!("hole in seq: expected {expected}, found {}", header.first_seq));
        }
        if header.epoch < self.epoch {
            return Err(format!("epoch went back from {} to {}", self.epoch, header.epoch));
        }
        Ok(())
    }
}

/// Where a reader that reached the end stands: what recovery goes on from.
pub(super) struct Tail {
    pub segment: Listed,
    pub size: u64,
    pub position: u64,
    pub chain: Chain,
    /// Offset of the last frame of this segment.
    pub last_frame: Option<u64>,
}

/// A place in the files: a segment's index and the offset in it. Later places are greater.
pub(super) type Place = (u64, u64);

/// Tells how far the log is durable now: what stands behind that may be a write under way.
pub(super) type DurableEnd = Box<dyn Fn() -> Place + Send + Sync>;

/// How far a reader may go.
struct Limit {
    durable_end: DurableEnd,
    /// Where it was when last asked.
    known: Place,
}

/// A stream of validated frames.
pub struct Reader {
    directory: PathBuf,
    journal_id: u64,
    from_seq: u64,
    evidence: State,
    thorough: bool,
    cursor: Cursor,
    segment: Listed,
    size: u64,
    chain: Chain,
    last_frame: Option<u64>,
    limit: Option<Limit>,
}

impl Reader {
    /// Starts at the segment that holds `from_seq`; the frames before it are checked but not returned.
    pub fn open(directory: &Path, from_seq: u64) -> Result<Self> {
        let journal_id = state::read_format(directory)?
            .ok_or_else(|| Rejection::NoJournal { directory: directory.to_path_buf() })?;
        // Before the list: a running writer may only add to what the evidence demands.
        let evidence = State::read(directory, journal_id)?;
        let segments = segment::list(directory)?;
        Self::start(directory, from_seq, evidence, &segments, false)
    }

    /// As `open`, beside a writer in this process: reads durable frames only.
    pub(super) fn open_durable(directory: &Path, from_seq: u64, durable_end: DurableEnd) -> Result<Self> {
        // Before the files are looked at: what is durable now they must hold.
        let known = durable_end();
        let mut reader = Self::open(directory, from_seq)?;
        reader.limit = Some(Limit { durable_end, known });
        Ok(reader)
    }

    pub(super) fn start(
        directory: &Path,
        from_seq: u64,
        evidence: State,
        segments: &[Listed],
        thorough: bool,
    ) -> Result<Self> {
        let Some(last) = segments.last() else {
            return Err(JournalError::damaged(directory, 0, "there is no segment"));
        };
        if last.index < evidence.segment {
            return Err(JournalError::damaged(
                &last.path,
                0,
                format!("segment {}, which comes after it, is missing", last.index + 1),
            ));
        }
        let first = segments.iter().rev().find(|segment| segment.first_seq <= from_seq).unwrap_or(&segments[0]);
        let (file, header) = first.open(evidence.journal_id)?;
        if header.index == 1 && (header.first_seq, header.prev_hash) != (1, GENESIS) {
            return Err(JournalError::damaged(&first.path, 0, "the first segment does not begin at seq 1"));
        }
        let cursor = Cursor::new(file, HEADER_BLOCK as u64).map_err(JournalError::file("read", &first.path))?;
        let mut reader = Self {
            directory: directory.to_path_buf(),
            journal_id: evidence.journal_id,
            from_seq,
            evidence,
            thorough,
            cursor,
            segment: first.clone(),
            size: header.size,
            chain: Chain {
                epoch: header.epoch,
                last_seq: header.first_seq.saturating_sub(1),
                hash: header.prev_hash,
                time: 0,
            },
            last_frame: None,
            limit: None,
        };
        reader.compare_with_evidence(0)?;
        Ok(reader)
    }

    /// The next frame that is not wholly before `from_seq`. `None`: the end as it is now; a later call sees what a running
    /// writer has added since.
    #[expect(
        clippy::should_implement_trait,
        reason = "the frame borrows the reader's buffer, which an Iterator cannot express"
    )]
    pub fn next(&mut self) -> Result<Option<FrameRef<'_>>> {
        let mut looked_afresh = false;
        loop {
            if self.reached_limit() {
                self.forget()?;
                return Ok(None);
            }
            match self.slot()? {
                Slot::Frame(header, hash) => {
                    let offset = self.cursor.position();
                    self.check_chain(&header)?;
                    let payload = self.cursor.advance(&header);
                    self.chain = Chain { epoch: header.epoch, last_seq: header.last_seq(), hash, time: header.time };
                    self.last_frame = Some(offset);
                    self.compare_with_evidence(offset)?;
                    if self.wanted(&header) {
                        return Ok(Some(FrameRef {
                            kind: header.kind,
                            epoch: header.epoch,
                            first_seq: header.first_seq,
                            count: header.count,
                            time: header.time,
                            prev_hash: header.prev_hash,
                            payload: self.cursor.bytes(payload),
                            hash,
                            file: &self.segment.path,
                            offset,
                        }));
                    }
                }
                _ if self.limit.is_some() && !looked_afresh => {
                    // What was read ahead may be older than the limit.
                    self.forget()?;
                    looked_afresh = true;
                }
                other => {
                    let found = describe(&other);
                    if self.go_on_behind(other)? {
                        looked_afresh = false;
                    } else if self.limit.is_some() {
                        return Err(self.damaged(format!("{found}, but the log is durable beyond it")));
                    } else {
                        self.forget()?;
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// Is this as far as the log was durable when last asked?
    pub(super) fn at_known_end(&self) -> bool {
        self.limit.as_ref().is_some_and(|limit| !self.is_before(limit.known))
    }

    pub(super) fn is_before(&self, place: Place) -> bool {
        (self.segment.index, self.cursor.position()) < place
    }

    /// Asks again how far the log is durable only where it was durable so far.
    fn reached_limit(&mut self) -> bool {
        let here = (self.segment.index, self.cursor.position());
        let Some(limit) = &mut self.limit else {
            return false;
        };
        if here >= limit.known {
            limit.known = (limit.durable_end)();
        }
        here >= limit.known
    }

    fn forget(&mut self) -> Result<()> {
        self.cursor.forget().map_err(JournalError::file("read", &self.segment.path))
    }

    /// The last seq read so far (before the first frame: the one before the segment).
    pub fn last_seq(&self) -> u64 {
        self.chain.last_seq
    }

    pub(super) fn into_tail(self) -> Tail {
        Tail {
            position: self.cursor.position(),
            segment: self.segment,
            size: self.size,
            chain: self.chain,
            last_frame: self.last_frame,
        }
    }

    /// A checkpoint at the seq just before `from_seq` is wanted too: it vouches for the state that a replay begins with.
    fn wanted(&self, header: &Header) -> bool {
        match header.kind {
            FrameKind::Commands => header.last_seq() >= self.from_seq,
            FrameKind::Checkpoint => header.first_seq >= self.from_seq.saturating_sub(1),
        }
    }

    fn slot(&mut self) -> Result<Slot> {
        self.cursor.slot().map_err(JournalError::file("read", &self.segment.path))
    }

    fn damaged(&self, reason: impl Into<String>) -> JournalError {
        JournalError::damaged(&self.segment.path, self.cursor.position(), reason)
    }

    /// A whole frame that does not continue the log is damage wherever it stands: tearing cannot produce it.
    fn check_chain(&self, header: &Header) -> Result<()> {
        if header.journal_id != self.journal_id {
            return Err(self.damaged("the frame belongs to another journal"));
        }
        self.chain.check(header).map_err(|reason| self.damaged(reason))
    }

    /// The log must pass exactly through the point that `state` recorded. `previous`: where the step to here began.
    fn compare_with_evidence(&mut self, previous: u64) -> Result<()> {
        let (evidence, position) = (&self.evidence, self.cursor.position());
        if self.segment.index != evidence.segment || previous >= evidence.end || position < evidence.end {
            return Ok(());
        }
        if (position, self.chain.last_seq, self.chain.hash) == (evidence.end, evidence.last_seq, evidence.hash) {
            return Ok(());
        }
        let reason = format!(
            "the log is not the one that ended at offset {}, seq {} when its state was recorded",
            evidence.end, evidence.last_seq
        );
        Err(self.damaged(reason))
    }

    /// No whole frame stands here. True: go on (in the next segment, or the writer was just writing); false: the end.
    fn go_on_behind(&mut self, slot: Slot) -> Result<bool> {
        if let Some(next) = segment::find(&self.directory, self.segment.index + 1)? {
            return self.leave_for(&next);
        }
        if let Slot::Mark(mark) = &slot {
            self.check_mark(mark)?;
        }
        // A mark says that the end is here; only recovery, which is about to write, wants to know more.
        if self.thorough || !matches!(slot, Slot::Mark(_)) {
            let found = self.cursor.evidence(self.journal_id, self.thorough);
            if let Some(offset) = found.map_err(JournalError::file("read", &self.segment.path))? {
                return self.look_again(offset);
            }
        }
        if self.segment.index == self.evidence.segment && self.cursor.position() < self.evidence.end {
            let (end, seq) = (self.evidence.end, self.evidence.last_seq);
            return Err(
                self.damaged(format!("{}, but the log was durable up to offset {end}, seq {seq}", describe(&slot)))
            );
        }
        Ok(false)
    }

    /// The next segment exists, so this one is finished: what is read now cannot be a write under way.
    fn leave_for(&mut self, next: &Listed) -> Result<bool> {
        self.forget()?;
        match self.slot()? {
            Slot::Frame(..) => return Ok(true),
            Slot::Mark(mark) => self.check_mark(&mark)?,
            Slot::Empty => {}
            Slot::Bad(reason) => {
                return Err(self.damaged(format!("{reason}, and segment {} follows", next.index)));
            }
        }
        if self.segment.index == self.evidence.segment && self.cursor.position() < self.evidence.end {
            return Err(self.damaged("the segment ends before what was known to be durable"));
        }
        let (file, header) = next.open(self.journal_id)?;
        self.check_joint(next, &header)?;
        self.cursor.switch(file, HEADER_BLOCK as u64).map_err(JournalError::file("read", &next.path))?;
        self.segment = next.clone();
        self.size = header.size;
        self.chain.epoch = header.epoch;
        self.last_frame = None;
        self.compare_with_evidence(0)?;
        Ok(true)
    }

    fn check_joint(&self, next: &Listed, header: &SegmentHeader) -> Result<()> {
        if header.first_seq != self.chain.last_seq + 1 {
            let reason = format!(
                "the segment ends at seq {}, but the next one begins at {}",
                self.chain.last_seq, header.first_seq
            );
            return Err(self.damaged(reason));
        }
        if header.prev_hash != self.chain.hash {
            return Err(JournalError::damaged(
                &next.path,
                0,
                "the chain is broken: the segment does not continue the one before it",
            ));
        }
        if header.epoch < self.chain.epoch {
            return Err(JournalError::damaged(&next.path, 0, "the epoch went back"));
        }
        Ok(())
    }

    /// Something behind says that what stands here was on disk. If a writer runs, it was on disk before that something was
    /// written: a second look must find it.
    fn look_again(&mut self, evidence: u64) -> Result<bool> {
        self.forget()?;
        match self.slot()? {
            Slot::Frame(..) => Ok(true),
            _ if segment::find(&self.directory, self.segment.index + 1)?.is_some() => Ok(true),
            slot => Err(self.damaged(format!("{}, but the log goes on at offset {evidence}", describe(&slot)))),
        }
    }

    fn check_mark(&self, mark: &Mark) -> Result<()> {
        let named = (mark.journal_id, mark.end, mark.last_seq, &mark.hash_prefix[..]);
        if named == (self.journal_id, self.cursor.position(), self.chain.last_seq, &self.chain.hash[..16]) {
            Ok(())
        } else {
            Err(self.damaged("the mark here belongs to another log"))
        }
    }
}

fn describe(slot: &Slot) -> &'static str {
    match slot {
        Slot::Bad(reason) => reason,
        Slot::Empty => "nothing is written here",
        Slot::Mark(_) => "a mark says that the log ends here",
        Slot::Frame(..) => "a frame stands here",
    }
}
