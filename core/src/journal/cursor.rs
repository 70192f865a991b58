//! A position in one segment file, read through a large buffer; and the search for evidence behind a bad frame.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use super::bytes::all_zero;
use super::disk::next_data;
use super::frame::{self, ALIGN, HEADER_LEN, Header, MARK_LEN, Mark};

/// Large enough that a read costs nothing per frame, small enough to stay, with what the core touches, in a second-level cache.
const CHUNK: usize = 128 * 1024;

/// What stands at a position.
pub(super) enum Slot {
    /// A whole frame and its hash.
    Frame(Header, [u8; 32]),
    Mark(Mark),
    /// Zeroes, or the end of the file.
    Empty,
    /// Neither: a torn write or damage.
    Bad(&'static str),
}

pub(super) struct Cursor {
    file: File,
    /// The file's size when it was last looked at.
    size: u64,
    /// The offset in the file of `buffer[filled.start]`.
    position: u64,
    buffer: Vec<u8>,
    filled: Range<usize>,
}

impl Cursor {
    pub fn new(file: File, position: u64) -> io::Result<Self> {
        let size = file.metadata()?.len();
        Ok(Self { file, size, position, buffer: vec![0; CHUNK], filled: 0..0 })
    }

    pub fn position(&self) -> u64 {
        self.position
    }

    /// Moves to another file, keeping the buffer's memory.
    pub fn switch(&mut self, file: File, position: u64) -> io::Result<()> {
        self.file = file;
        self.position = position;
        self.forget()
    }

    /// Drops what was read ahead: the next look sees the file as it is then.
    pub fn forget(&mut self) -> io::Result<()> {
        self.filled = 0..0;
        self.size = self.file.metadata()?.len();
        Ok(())
    }

    /// What stands at the position.
    pub fn slot(&mut self) -> io::Result<Slot> {
        let have = self.fill(HEADER_LEN)?;
        let bytes = &self.buffer[self.filled.clone()];
        if all_zero(&bytes[..have.min(ALIGN)]) {
            return Ok(Slot::Empty);
        }
        if have >= MARK_LEN && Mark::has_magic(bytes) {
            return Ok(Mark::decode(bytes).map_or_else(Slot::Bad, Slot::Mark));
        }
        if have < HEADER_LEN {
            return Ok(Slot::Bad("the file ends inside a frame's header"));
        }
        let header = match Header::decode(bytes) {
            Ok(header) => header,
            Err(reason) => return Ok(Slot::Bad(reason)),
        };
        let length = header.frame_len();
        // Before the buffer grows: a length beyond the file must not ask for memory.
        if self.size.saturating_sub(self.position) < length as u64 || self.fill(length)? < length {
            return Ok(Slot::Bad("the file ends inside the frame"));
        }
        let bytes = &self.buffer[self.filled.start..self.filled.start + length];
        Ok(match frame::check(&header, bytes) {
            Ok(hash) => Slot::Frame(header, hash),
            Err(reason) => Slot::Bad(reason),
        })
    }

    /// Steps over a frame of this header; returns where its payload lies in the buffer until the next call of `slot`.
    pub fn advance(&mut self, header: &Header) -> Range<usize> {
        let payload = self.filled.start + HEADER_LEN;
        self.filled.start += header.frame_len();
        self.position += header.frame_len() as u64;
        payload..payload + header.payload_len as usize
    }

    pub fn bytes(&self, range: Range<usize>) -> &[u8] {
        &self.buffer[range]
    }

    /// Has `need` bytes from the position in the buffer if the file has them; returns how many there are.
    fn fill(&mut self, need: usize) -> io::Result<usize> {
        if self.filled.len() < need {
            self.buffer.copy_within(self.filled.clone(), 0);
            self.filled = 0..self.filled.len();
            if self.buffer.len() < need {
                self.buffer.resize(need.next_multiple_of(CHUNK), 0);
            }
            while self.filled.end < need {
                let offset = self.position + self.filled.end as u64;
                match self.file.read_at(&mut self.buffer[self.filled.end..], offset) {
                    Ok(0) => break,
                    Ok(read) => self.filled.end += read,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(self.filled.len())
    }

    /// The first offset behind the position where a valid frame header or mark of this journal stands. Everything before
    /// such a thing was on disk when it was written, because the writer begins no frame before the last one is synced.
    ///
    /// `thorough` reads every byte; otherwise the file's holes are jumped over, as nothing was ever written there.
    pub fn evidence(&self, journal_id: u64, thorough: bool) -> io::Result<Option<u64>> {
        let size = self.file.metadata()?.len();
        let mut chunk = vec![0; CHUNK];
        let mut offset = self.position + ALIGN as u64;
        while offset < size {
            if !thorough {
                match next_data(&self.file, offset)? {
                    None => break,
                    // A hole ends on a block's edge, so rounding down stays aligned and loses nothing.
                    Some(data) => offset = offset.max(data - data % ALIGN as u64),
                }
            }
            // The chunks overlap, so that a header across their border is seen whole.
            let read = read_up_to(&self.file, &mut chunk, offset)?;
            let slots = if read == chunk.len() { read - 2 * ALIGN } else { read };
            for at in (0..slots).step_by(ALIGN) {
                if is_evidence(&chunk[at..read], offset + at as u64, journal_id) {
                    return Ok(Some(offset + at as u64));
                }
            }
            if read < chunk.len() {
                break;
            }
            offset += slots as u64;
        }
        Ok(None)
    }
}

fn is_evidence(bytes: &[u8], offset: u64, journal_id: u64) -> bool {
    if bytes.len() >= HEADER_LEN && Header::has_magic(bytes) {
        return Header::decode(bytes).is_ok_and(|header| header.journal_id == journal_id);
    }
    if bytes.len() >= MARK_LEN && Mark::has_magic(bytes) {
        return Mark::decode(bytes).is_ok_and(|mark| mark.journal_id == journal_id && mark.end == offset);
    }
    false
}

/// Fills the buffer as far as the file goes.
pub(super) fn read_up_to(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut have = 0;
    while have < buffer.len() {
        match file.read_at(&mut buffer[have..], offset + have as u64) {
            Ok(0) => break,
            Ok(read) => have += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(have)
}
