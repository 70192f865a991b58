//! Little-endian fields at fixed offsets: all headers of the format are read and written through these.

/// The `N` bytes at `offset`. Callers index into fixed-size headers, so a panic here is a wrong constant, never bad input.
pub(super) fn array<const N: usize>(bytes: &[u8], offset: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[offset..offset + N]);
    out
}

pub(super) fn get_u32(bytes: &[u8], offset: usize) -> u32 {
    u32::from_le_bytes(array(bytes, offset))
}

pub(super) fn get_u64(bytes: &[u8], offset: usize) -> u64 {
    u64::from_le_bytes(array(bytes, offset))
}

pub(super) fn put(bytes: &mut [u8], offset: usize, field: &[u8]) {
    bytes[offset..offset + field.len()].copy_from_slice(field);
}

/// Word by word: this runs over whole segments.
pub(super) fn all_zero(bytes: &[u8]) -> bool {
    let mut words = bytes.chunks_exact(8);
    words.by_ref().all(|word| u64::from_ne_bytes(array(word, 0)) == 0)
        && words.remainder().iter().all(|byte| *byte == 0)
}
