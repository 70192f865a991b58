//! The frame codec: one frame is one group commit. docs/reference/journal-format.md is the same in words.

use super::bytes::{array, get_u32, get_u64, put};

/// Bytes of a frame's header.
pub const HEADER_LEN: usize = 84;
/// Bytes of the CRC that ends a frame.
pub const TRAILER_LEN: usize = 4;
/// Frames begin at multiples of this, which makes the search for evidence behind a bad frame cheap.
pub const ALIGN: usize = 64;
/// Bytes of a mark. One alignment unit, hence always inside one disk sector: a mark is there or not, never half.
pub const MARK_LEN: usize = 64;
/// The hash that the first frame of a journal chains to.
pub const GENESIS: [u8; 32] = [0; 32];

const MAGIC: [u8; 4] = *b"CBJF";
const MARK_MAGIC: [u8; 4] = *b"CBJM";
const VERSION: u8 = 1;
const HEADER_CRC_AT: usize = 80;
const MARK_CRC_AT: usize = 60;

/// What a frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum FrameKind {
    /// Command records, opaque to the journal.
    Commands = 1,
    /// The 32-byte hash of the state after command `first_seq`.
    Checkpoint = 2,
}

impl FrameKind {
    /// The kind that a header's byte names.
    pub fn from_code(code: u8) -> Option<Self> {
        [Self::Commands, Self::Checkpoint].into_iter().find(|kind| *kind as u8 == code)
    }
}

/// A frame's header, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    pub kind: FrameKind,
    pub journal_id: u64,
    pub epoch: u64,
    pub first_seq: u64,
    pub count: u32,
    pub payload_len: u32,
    pub time: u64,
    pub prev_hash: [u8; 32],
}

/// The writer's note behind the last frame: everything before it is on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    pub journal_id: u64,
    pub epoch: u64,
    pub last_seq: u64,
    /// The mark's own offset in its file.
    pub end: u64,
    /// The first 16 bytes of the last frame's hash.
    pub hash_prefix: [u8; 16],
}

/// Bytes that a frame with this payload takes on disk.
pub fn frame_len(payload_len: usize) -> usize {
    (HEADER_LEN + payload_len + TRAILER_LEN).next_multiple_of(ALIGN)
}

impl Header {
    /// Bytes of the whole frame on disk.
    pub fn frame_len(&self) -> usize {
        frame_len(self.payload_len as usize)
    }

    /// The last seq that the journal has reached after this frame.
    pub fn last_seq(&self) -> u64 {
        match self.kind {
            FrameKind::Commands => self.first_seq + u64::from(self.count) - 1,
            FrameKind::Checkpoint => self.first_seq,
        }
    }

    /// Is this the beginning of a frame at all?
    pub fn has_magic(bytes: &[u8]) -> bool {
        bytes[..4] == MAGIC
    }

    /// Reads a header; `bytes` holds at least `HEADER_LEN`. The error says what is wrong.
    pub fn decode(bytes: &[u8]) -> Result<Self, &'static str> {
        if !Self::has_magic(bytes) {
            return Err("no frame begins here");
        }
        if crc32c::crc32c(&bytes[..HEADER_CRC_AT]) != get_u32(bytes, HEADER_CRC_AT) {
            return Err("the header's CRC does not match");
        }
        if bytes[4] != VERSION {
            return Err("unknown frame version");
        }
        let kind = FrameKind::from_code(bytes[5]).ok_or("unknown frame kind")?;
        let header = Self {
            kind,
            journal_id: get_u64(bytes, 8),
            epoch: get_u64(bytes, 16),
            first_seq: get_u64(bytes, 24),
            count: get_u32(bytes, 32),
            payload_len: get_u32(bytes, 36),
            time: get_u64(bytes, 40),
            prev_hash: array(bytes, 48),
        };
        let sound = match kind {
            FrameKind::Commands => {
                header.count > 0
                    && header.first_seq > 0
                    && header.first_seq.checked_add(u64::from(header.count)).is_some()
            }
            FrameKind::Checkpoint => header.count == 0 && header.payload_len == 32,
        };
        if sound { Ok(header) } else { Err("the header contradicts itself") }
    }

    fn encode(&self, bytes: &mut [u8]) {
        bytes[..HEADER_LEN].fill(0);
        put(bytes, 0, &MAGIC);
        bytes[4] = VERSION;
        bytes[5] = self.kind as u8;
        put(bytes, 8, &self.journal_id.to_le_bytes());
        put(bytes, 16, &self.epoch.to_le_bytes());
        put(bytes, 24, &self.first_seq.to_le_bytes());
        put(bytes, 32, &self.count.to_le_bytes());
        put(bytes, 36, &self.payload_len.to_le_bytes());
        put(bytes, 40, &self.time.to_le_bytes());
        put(bytes, 48, &self.prev_hash);
        let crc = crc32c::crc32c(&bytes[..HEADER_CRC_AT]);
        put(bytes, HEADER_CRC_AT, &crc.to_le_bytes());
    }
}

/// Completes a frame in place: `buffer` is `HEADER_LEN` bytes of room and then the payload. Returns the frame's hash.
pub fn seal(header: &Header, buffer: &mut Vec<u8>) -> [u8; 32] {
    debug_assert_eq!(buffer.len(), HEADER_LEN + header.payload_len as usize);
    header.encode(buffer);
    let crc = crc32c::crc32c(buffer);
    buffer.extend_from_slice(&crc.to_le_bytes());
    let hash = *blake3::hash(buffer).as_bytes();
    buffer.resize(header.frame_len(), 0);
    hash
}

/// The bytes of a frame, as they stand in a file and in every other log. Its `payload_len` must be the payload's.
pub fn encode(header: &Header, payload: &[u8]) -> Vec<u8> {
    let mut buffer = Vec::with_capacity(header.frame_len());
    buffer.resize(HEADER_LEN, 0);
    buffer.extend_from_slice(payload);
    seal(header, &mut buffer);
    buffer
}

/// Reads bytes that are exactly one whole frame: its header, its hash and its payload. The error says what is wrong.
pub fn decode(bytes: &[u8]) -> Result<(Header, [u8; 32], &[u8]), &'static str> {
    if bytes.len() < HEADER_LEN {
        return Err("shorter than a frame's header");
    }
    let header = Header::decode(bytes)?;
    if header.frame_len() != bytes.len() {
        return Err("another length than the frame's header says");
    }
    let hash = check(&header, bytes)?;
    let payload = &bytes[HEADER_LEN..HEADER_LEN + header.payload_len as usize];
    Ok((header, hash, payload))
}

/// Checks a whole frame, whose header was decoded from its beginning. Returns the frame's hash.
pub fn check(header: &Header, frame: &[u8]) -> Result<[u8; 32], &'static str> {
    let crc_at = HEADER_LEN + header.payload_len as usize;
    if crc32c::crc32c(&frame[..crc_at]) != get_u32(frame, crc_at) {
        return Err("the frame's CRC does not match");
    }
    let end = crc_at + TRAILER_LEN;
    if frame[end..].iter().any(|byte| *byte != 0) {
        return Err("the padding behind the frame is not zero");
    }
    Ok(*blake3::hash(&frame[..end]).as_bytes())
}

impl Mark {
    pub fn has_magic(bytes: &[u8]) -> bool {
        bytes[..4] == MARK_MAGIC
    }

    pub fn encode(&self) -> [u8; MARK_LEN] {
        let mut bytes = [0; MARK_LEN];
        put(&mut bytes, 0, &MARK_MAGIC);
        bytes[4] = VERSION;
        put(&mut bytes, 8, &self.journal_id.to_le_bytes());
        put(&mut bytes, 16, &self.epoch.to_le_bytes());
        put(&mut bytes, 24, &self.last_seq.to_le_bytes());
        put(&mut bytes, 32, &self.end.to_le_bytes());
        put(&mut bytes, 40, &self.hash_prefix);
        let crc = crc32c::crc32c(&bytes[..MARK_CRC_AT]);
        put(&mut bytes, MARK_CRC_AT, &crc.to_le_bytes());
        bytes
    }

    /// Reads a mark; `bytes` holds at least `MARK_LEN`.
    pub fn decode(bytes: &[u8]) -> Result<Self, &'static str> {
        if !Self::has_magic(bytes) || bytes[4] != VERSION {
            return Err("no mark begins here");
        }
        if crc32c::crc32c(&bytes[..MARK_CRC_AT]) != get_u32(bytes, MARK_CRC_AT) {
            return Err("the mark's CRC does not match");
        }
        Ok(Self {
            journal_id: get_u64(bytes, 8),
            epoch: get_u64(bytes, 16),
            last_seq: get_u64(bytes, 24),
            end: get_u64(bytes, 32),
            hash_prefix: array(bytes, 40),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> (Header, Vec<u8>) {
        let payload = b"three small records";
        let header = Header {
            kind: FrameKind::Commands,
            journal_id: 7,
            epoch: 3,
            first_seq: 41,
            count: 3,
            payload_len: payload.len() as u32,
            time: 1_700_000_000_000_000,
            prev_hash: [9; 32],
        };
        let mut buffer = vec![0; HEADER_LEN];
        buffer.extend_from_slice(payload);
        (header, buffer)
    }

    #[test]
    fn a_frame_reads_back_as_it_was_written() {
        let (header, mut buffer) = sample();
        let hash = seal(&header, &mut buffer);
        assert_eq!(buffer.len() % ALIGN, 0);
        assert_eq!(Header::decode(&buffer), Ok(header.clone()));
        assert_eq!(check(&header, &buffer), Ok(hash));
        assert_eq!(header.last_seq(), 43);
        assert_eq!(decode(&buffer), Ok((header.clone(), hash, &b"three small records"[..])));
        assert_eq!(encode(&header, b"three small records"), buffer);
        for length in [0, 1, HEADER_LEN - 1, buffer.len() - 1] {
            assert!(decode(&buffer[..length]).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn no_single_flipped_bit_goes_unnoticed() {
        let (header, mut buffer) = sample();
        seal(&header, &mut buffer);
        for bit in 0..buffer.len() * 8 {
            let mut flipped = buffer.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(decode(&flipped).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_mark_reads_back_and_notices_every_flipped_bit() {
        let mark = Mark { journal_id: 7, epoch: 3, last_seq: 43, end: 4288, hash_prefix: [5; 16] };
        let bytes = mark.encode();
        assert_eq!(Mark::decode(&bytes), Ok(mark));
        for bit in 0..MARK_LEN * 8 {
            let mut flipped = bytes;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(Mark::decode(&flipped).is_err(), "bit {bit}");
        }
    }
}
