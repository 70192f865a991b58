//! Price levels of one market as somebody followed them: kept in order, and copied in no time, so that a long text of them can be written
//! bit by bit while the book moves on.

use std::sync::Arc;

/// Most levels of a chunk: what a change copies at most while a copy is held, and what an insertion moves.
const CHUNK: usize = 256;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    pub price: u64,
    pub amount: u64,
    /// Time of the command that changed it last, µs; 0 for one that was loaded.
    pub changed: u64,
}

type Chunk = Arc<Vec<Level>>;

/// One side, best price first. A clone shares all chunks; a change copies the one that it touches if it is shared.
#[derive(Clone)]
pub struct Levels {
    bids: bool,
    chunks: Vec<Chunk>,
    len: usize,
}

impl Levels {
    pub fn bids() -> Levels {
        Levels { bids: true, chunks: Vec::new(), len: 0 }
    }

    pub fn asks() -> Levels {
        Levels { bids: false, chunks: Vec::new(), len: 0 }
    }

    pub fn count(&self) -> usize {
        self.len
    }

    /// Grows from the best price to the worst.
    fn rank(&self, price: u64) -> u64 {
        if self.bids { !price } else { price }
    }

    /// The chunk where a price stands or would stand, and the place in it.
    fn place(&self, price: u64) -> (usize, Result<usize, usize>) {
        let rank = self.rank(price);
        let worst = |chunk: &Chunk| self.rank(chunk.last().expect("no chunk is empty").price);
        let chunk = self.chunks.partition_point(|chunk| worst(chunk) < rank).min(self.chunks.len().saturating_sub(1));
        let within = match self.chunks.get(chunk) {
            None => Err(0),
            Some(levels) => levels.binary_search_by_key(&rank, |level| self.rank(level.price)),
        };
        (chunk, within)
    }

    pub fn get(&self, price: u64) -> Option<Level> {
        let (chunk, within) = self.place(price);
        within.ok().map(|at| self.chunks[chunk][at])
    }

    /// Makes a level this amount, 0 takes it away. Returns what stood there.
    pub fn set(&mut self, level: Level) -> u64 {
        let (chunk, within) = self.place(level.price);
        match within {
            Ok(at) => {
                let levels = Arc::make_mut(&mut self.chunks[chunk]);
                let before = levels[at].amount;
                if level.amount > 0 {
                    levels[at] = level;
                } else {
                    levels.remove(at);
                    self.len -= 1;
                    if levels.is_empty() {
                        self.chunks.remove(chunk);
                    }
                }
                before
            }
            Err(at) if level.amount > 0 => {
                self.insert(chunk, at, level);
                0
            }
            Err(_) => 0,
        }
    }

    fn insert(&mut self, chunk: usize, at: usize, level: Level) {
        self.len += 1;
        let Some(levels) = self.chunks.get_mut(chunk) else {
            self.chunks.push(Arc::new(vec![level]));
            return;
        };
        let levels = Arc::make_mut(levels);
        levels.insert(at, level);
        if levels.len() > CHUNK {
            let rest = levels.split_off(CHUNK / 2);
            self.chunks.insert(chunk + 1, Arc::new(rest));
        }
    }

    /// From the best price on.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Level> + '_ {
        self.chunks.iter().flat_map(|chunk| chunk.iter().copied())
    }
}

/// A place in a side that nobody changes any more.
#[derive(Clone)]
pub struct Cursor {
    levels: Levels,
    chunk: usize,
    at: usize,
    left: usize,
    reversed: bool,
}

impl Cursor {
    /// From the best price to the worst, or the other way round, over the first `count` levels.
    pub fn new(levels: Levels, count: usize, reversed: bool) -> Cursor {
        let left = count.min(levels.count());
        let mut cursor = Cursor { levels, chunk: 0, at: 0, left, reversed };
        if reversed && left > 0 {
            let mut last = left - 1;
            while last >= cursor.levels.chunks[cursor.chunk].len() {
                last -= cursor.levels.chunks[cursor.chunk].len();
                cursor.chunk += 1;
            }
            cursor.at = last;
        }
        cursor
    }
}

impl Cursor {
    /// How many levels are still to come.
    pub fn left(&self) -> usize {
        self.left
    }
}

impl Iterator for Cursor {
    type Item = Level;

    #[inline]
    fn next(&mut self) -> Option<Level> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        let chunk = &self.levels.chunks[self.chunk];
        let level = chunk[self.at];
        if !self.reversed {
            self.at += 1;
            if self.at == chunk.len() {
                self.chunk += 1;
                self.at = 0;
            }
        } else if self.at > 0 {
            self.at -= 1;
        } else if self.left > 0 {
            self.chunk -= 1;
            self.at = self.levels.chunks[self.chunk].len() - 1;
        }
        Some(level)
    }
}

/// The price that a level shows under when levels are merged into multiples of `step`: bids down, asks up.
pub fn merged_price(price: u128, step: u128, bids: bool) -> u128 {
    if step <= 1 {
        price
    } else if bids {
        price / step * step
    } else {
        price.div_ceil(step) * step
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn level(price: u64, amount: u64) -> Level {
        Level { price, amount, changed: price + amount }
    }

    #[test]
    fn many_changes_leave_what_a_map_would_hold_and_copies_stay_as_they_were() {
        let mut seed = 7_u64;
        let mut next = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) % below
        };
        for bids in [true, false] {
            let mut levels = if bids { Levels::bids() } else { Levels::asks() };
            let mut known = BTreeMap::new();
            let mut copies = Vec::new();
            for round in 0..20_000 {
                let (price, amount) = (next(3_000) + 1, next(3) * 5);
                let before = known.get(&price).copied().unwrap_or(0);
                assert_eq!(levels.set(level(price, amount)), before);
                if amount > 0 {
                    known.insert(price, amount)
                } else {
                    known.remove(&price)
                };
                if round % 4_000 == 0 {
                    copies.push((levels.clone(), known.clone()));
                }
            }
            copies.push((levels, known));
            for (copy, map) in copies {
                let mut expected: Vec<Level> = map.iter().map(|(price, amount)| level(*price, *amount)).collect();
                if bids {
                    expected.reverse();
                }
                assert_eq!(copy.iter().collect::<Vec<_>>(), expected);
                assert_eq!(copy.count(), expected.len());
                for count in [0, 1, 200, 257, usize::MAX] {
                    let first = &expected[..count.min(expected.len())];
                    assert_eq!(Cursor::new(copy.clone(), count, false).collect::<Vec<_>>(), first);
                    let mut backwards: Vec<Level> = Cursor::new(copy.clone(), count, true).collect();
                    backwards.reverse();
                    assert_eq!(backwards, first);
                }
                // The first copy is of the very first change.
                if let Some(level) = expected.get(10) {
                    assert_eq!(copy.get(level.price), Some(*level));
                }
                assert_eq!(copy.get(4_000), None);
            }
        }
    }

    #[test]
    fn merged_prices_never_look_better_than_they_are() {
        assert_eq!(merged_price(1_234, 100, true), 1_200);
        assert_eq!(merged_price(1_234, 100, false), 1_300);
        assert_eq!(merged_price(1_200, 100, false), 1_200);
        assert_eq!(merged_price(1_234, 0, false), 1_234);
    }
}
