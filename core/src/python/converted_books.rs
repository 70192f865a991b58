//! Converted books of linked markets, kept as they were asked for last: until a book, a rate or the conversion account changes.

use std::collections::BTreeMap;

use super::engine::Levels;
use crate::core::Core;
use crate::types::{MarketId, Side};

/// One a market.
#[derive(Default)]
pub(super) struct ConvertedBooks(BTreeMap<MarketId, Known>);

struct Known {
    key: Vec<u128>,
    limit: usize,
    levels: (Levels, Levels),
}

impl ConvertedBooks {
    /// (bids, asks), at most `limit` levels a side.
    pub fn levels(&mut self, core: &Core, market: MarketId, limit: usize) -> (Levels, Levels) {
        let both = || {
            let side = |side| core.converted_depth(market, side, limit);
            (side(Side::Buy), side(Side::Sell))
        };
        let Some(key) = core.converted_depth_key(market) else { return both() };
        if let Some(known) = self.0.get(&market).filter(|known| known.limit == limit && known.key == key) {
            return known.levels.clone();
        }
        let levels = both();
        self.0.insert(market, Known { key, limit, levels: levels.clone() });
        levels
    }
}
