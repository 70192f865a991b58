//! Segment files: their names, their headers, and the list of them.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::bytes::{all_zero, array, get_u32, get_u64, put};
use super::error::{JournalError, Result};

/// Bytes before the first frame: a page of its own, so that appending never rewrites the header's sector.
pub const HEADER_BLOCK: usize = 4096;
/// The smallest segment that is any use.
pub const MIN_BYTES: u64 = 16 * 1024;
/// How segment files end.
pub const EXTENSION: &str = "seg";

const MAGIC: [u8; 8] = *b"CBJSEGMT";
const VERSION: u32 = 1;
const CRC_AT: usize = 124;

/// What the beginning of a segment states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentHeader {
    pub journal_id: u64,
    /// 1, 2, 3, ... without gaps.
    pub index: u64,
    /// The epoch that began the segment.
    pub epoch: u64,
    /// The seq of the first command that goes into the segment.
    pub first_seq: u64,
    /// The hash of the last frame before the segment.
    pub prev_hash: [u8; 32],
    /// The preallocated size of the file.
    pub size: u64,
}

impl SegmentHeader {
    pub fn encode(&self) -> [u8; HEADER_BLOCK] {
        let mut block = [0; HEADER_BLOCK];
        put(&mut block, 0, &MAGIC);
        put(&mut block, 8, &VERSION.to_le_bytes());
        put(&mut block, 16, &self.journal_id.to_le_bytes());
        put(&mut block, 24, &self.index.to_le_bytes());
        put(&mut block, 32, &self.epoch.to_le_bytes());
        put(&mut block, 40, &self.first_seq.to_le_bytes());
        put(&mut block, 48, &self.prev_hash);
        put(&mut block, 80, &self.size.to_le_bytes());
        let crc = crc32c::crc32c(&block[..CRC_AT]);
        put(&mut block, CRC_AT, &crc.to_le_bytes());
        block
    }

    fn decode(block: &[u8; HEADER_BLOCK]) -> std::result::Result<Self, &'static str> {
        if block[..8] != MAGIC {
            return Err("not a segment file");
        }
        if crc32c::crc32c(&block[..CRC_AT]) != get_u32(block, CRC_AT) || !all_zero(&block[CRC_AT + 4..]) {
            return Err("the segment header's CRC does not match");
        }
        if get_u32(block, 8) != VERSION {
            return Err("unknown segment version");
        }
        Ok(Self {
            journal_id: get_u64(block, 16),
            index: get_u64(block, 24),
            epoch: get_u64(block, 32),
            first_seq: get_u64(block, 40),
            prev_hash: array(block, 48),
            size: get_u64(block, 80),
        })
    }
}

/// A segment as its name tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub index: u64,
    pub first_seq: u64,
    pub path: PathBuf,
}

impl Listed {
    pub fn new(directory: &Path, index: u64, first_seq: u64) -> Self {
        Self { index, first_seq, path: directory.join(format!("{index:08}-{first_seq:020}.{EXTENSION}")) }
    }

    fn parse(path: PathBuf) -> Option<Self> {
        let (index, first_seq) = path.file_stem()?.to_str()?.split_once('-')?;
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if index.len() < 8 || first_seq.len() != 20 || !digits(index) || !digits(first_seq) {
            return None;
        }
        Some(Self { index: index.parse().ok()?, first_seq: first_seq.parse().ok()?, path })
    }

    /// Opens the segment and checks its header against its name and its journal.
    pub fn open(&self, journal_id: u64) -> Result<(File, SegmentHeader)> {
        let file = File::open(&self.path).map_err(JournalError::file("open", &self.path))?;
        let mut block = [0; HEADER_BLOCK];
        match file.read_exact_at(&mut block, 0) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(JournalError::damaged(&self.path, 0, "the segment is shorter than its header"));
            }
            other => other.map_err(JournalError::file("read", &self.path))?,
        }
        let header = SegmentHeader::decode(&block).map_err(|reason| JournalError::damaged(&self.path, 0, reason))?;
        if header.journal_id != journal_id {
            return Err(JournalError::damaged(&self.path, 0, "the segment belongs to another journal"));
        }
        if (header.index, header.first_seq) != (self.index, self.first_seq) {
            let reason = format!(
                "the segment's name does not fit its header: index {}, first seq {}",
                header.index, header.first_seq
            );
            return Err(JournalError::damaged(&self.path, 0, reason));
        }
        Ok((file, header))
    }
}

/// The segments of a journal in order; Damaged when one is missing between others or a name is no segment's.
pub fn list(directory: &Path) -> Result<Vec<Listed>> {
    let mut segments = Vec::new();
    for entry in fs::read_dir(directory).map_err(JournalError::file("list", directory))? {
        let path = entry.map_err(JournalError::file("list", directory))?.path();
        if path.extension().is_some_and(|extension| extension == EXTENSION) {
            let listed = Listed::parse(path.clone())
                .ok_or_else(|| JournalError::damaged(&path, 0, "the name is not a segment's"))?;
            segments.push(listed);
        }
    }
    segments.sort_by_key(|segment| segment.index);
    for (position, segment) in segments.iter().enumerate() {
        let expected = position as u64 + 1;
        if segment.index > expected {
            return Err(JournalError::damaged(
                &segment.path,
                0,
                format!("segment {expected}, which comes before it, is missing"),
            ));
        }
        if segment.index < expected {
            return Err(JournalError::damaged(&segment.path, 0, "two segments have the same index"));
        }
    }
    Ok(segments)
}

/// The segment with this index, if it is there: how a reader that follows a writer finds the next one.
pub fn find(directory: &Path, index: u64) -> Result<Option<Listed>> {
    Ok(list(directory)?.into_iter().find(|segment| segment.index == index))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_back_as_it_was_made() {
        let listed = Listed::new(Path::new("/j"), 12, 345);
        assert_eq!(listed.path, Path::new("/j/00000012-00000000000000000345.seg"));
        assert_eq!(Listed::parse(listed.path.clone()), Some(listed));
        for wrong in ["x.seg", "00000012.seg", "00000012-345.seg", "+0000012-00000000000000000345.seg"] {
            assert_eq!(Listed::parse(PathBuf::from(wrong)), None, "{wrong}");
        }
    }

    #[test]
    fn a_header_notices_every_flipped_bit_of_its_block() {
        let header = SegmentHeader { journal_id: 1, index: 2, epoch: 3, first_seq: 4, prev_hash: [5; 32], size: 65536 };
        let block = header.encode();
        assert_eq!(SegmentHeader::decode(&block), Ok(header));
        for bit in 0..HEADER_BLOCK * 8 {
            let mut flipped = block;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(SegmentHeader::decode(&flipped).is_err(), "bit {bit}");
        }
    }
}
