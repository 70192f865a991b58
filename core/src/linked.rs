//! Linked groups: markets of one base whose orders meet across currencies, and at what rates.

use std::collections::BTreeMap;

use crate::core::Asset;
use crate::market::MarketTerms;
use crate::ratio::{Ratio, Rounding};
use crate::types::{AssetId, Atoms, MarketId, Micros, PPM, Ppm, Price, Side};

/// What one whole unit of the anchor is worth: rates count in parts of this.
pub const RATE_ONE: u64 = 1_000_000_000_000;
pub const MAX_RATE: u64 = 1_000_000_000_000_000_000;
/// So that a set of a group's books fits a word.
pub const MAX_LINKED_MARKETS: usize = 32;
/// How far scales within a group may lie apart: keeps every factor below 2^127 (see [`Conversion::new`]).
pub const MAX_SCALE_DIFFERENCE: u8 = 12;

/// What an asset is worth in the anchor, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub rate: u64,
    pub set_at: Micros,
}

#[derive(Clone, Debug)]
pub struct LinkedGroup {
    pub base: AssetId,
    pub anchor: AssetId,
    pub fee_ppm: Ppm,
    /// 0: rates do not age.
    pub max_age: Micros,
    /// Ascending.
    pub markets: Vec<MarketId>,
    pub rates: BTreeMap<AssetId, Rate>,
    /// From each market to each other: a row for each taker's, in the order of `markets`. Follows from everything above.
    conversions: Vec<Option<Conversion>>,
    /// Grows with every change of the group; no part of the canonical state.
    pub(crate) changes: u64,
}

/// Where a market stands in its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub group: u16,
    pub position: u16,
}

/// How a taker of one market sees the orders of another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Conversion {
    /// The last moment at which both rates are current.
    pub current_until: Micros,
    /// By the taker's side.
    sides: [Factors; 2],
}

#[derive(Clone, Copy, Debug)]
struct Factors {
    price: Ratio,
    total: Ratio,
}

/// What is known of one side of a conversion: a currency's rate, and the scales of its market.
#[derive(Clone, Copy)]
struct Leg {
    rate: u64,
    price_scale: u8,
    scale: u8,
}

/// Against the taker: who buys pays the larger number, who sells receives the smaller one.
fn rounding(taker_side: Side) -> Rounding {
    match taker_side {
        Side::Buy => Rounding::Up,
        Side::Sell => Rounding::Down,
    }
}

impl Conversion {
    /// Rates are at most 10^18, the fee doubles at most, and scales differ by at most 12: every term stays below 2^122.
    fn new(current_until: Micros, taker: Leg, maker: Leg, fee_ppm: Ppm) -> Conversion {
        let (one, with_fee) = (u128::from(PPM), u128::from(PPM + fee_ppm));
        let ratio = |(up, down): (u128, u128), taker_scale: u8, maker_scale: u8| {
            let power = |exponent: u8| 10u128.pow(u32::from(exponent));
            Ratio::new(
                u128::from(maker.rate) * up * power(taker_scale.saturating_sub(maker_scale)),
                u128::from(taker.rate) * down * power(maker_scale.saturating_sub(taker_scale)),
            )
        };
        let sides = [(with_fee, one), (one, with_fee)].map(|fee| Factors {
            price: ratio(fee, taker.price_scale, maker.price_scale),
            total: ratio(fee, taker.scale, maker.scale),
        });
        Conversion { current_until, sides }
    }

    /// What the taker's market calls a maker's price. `None` beyond 64 bits.
    #[inline]
    pub fn effective(&self, taker_side: Side, price: Price) -> Option<Price> {
        let effective = self.sides[taker_side as usize].price.of(u128::from(price.0), rounding(taker_side))?;
        u64::try_from(effective).map(Price).ok()
    }

    /// Is the effective price certainly worse for the taker than `limit`? For what one multiplication tells.
    #[inline]
    pub fn is_beyond(&self, taker_side: Side, price: Price, limit: Price) -> bool {
        let ratio = &self.sides[taker_side as usize].price;
        match taker_side {
            Side::Buy => ratio.at_least(price.0) > u128::from(limit.0),
            Side::Sell => ratio.at_most(price.0) < u128::from(limit.0),
        }
    }

    /// Atoms that the taker pays or receives for what costs its maker `total` atoms of its own quote. `None` beyond 128 bits.
    #[inline]
    pub fn total(&self, taker_side: Side, total: u128) -> Option<u128> {
        self.sides[taker_side as usize].total.of(total, rounding(taker_side))
    }
}

impl LinkedGroup {
    pub(crate) fn new(base: AssetId, anchor: AssetId, fee_ppm: Ppm, max_age: Micros) -> LinkedGroup {
        let (markets, rates, conversions) = (Vec::new(), BTreeMap::new(), Vec::new());
        LinkedGroup { base, anchor, fee_ppm, max_age, markets, rates, conversions, changes: 0 }
    }

    /// How a taker at one place of `markets` sees orders at another.
    #[inline]
    pub(crate) fn conversion(&self, taker: usize, maker: usize) -> Option<&Conversion> {
        self.conversions[taker * self.markets.len() + maker].as_ref()
    }

    /// (rate, the last moment at which it is current)
    fn rate(&self, asset: AssetId) -> Option<(u64, Micros)> {
        if asset == self.anchor {
            return Some((RATE_ONE, Micros::MAX));
        }
        let Rate { rate, set_at } = *self.rates.get(&asset)?;
        Some((rate, if self.max_age == 0 { Micros::MAX } else { set_at.saturating_add(self.max_age) }))
    }

    /// After any change of the group: works out the conversions anew. `terms` are those of its markets, in order.
    pub(crate) fn recompute(&mut self, terms: &[MarketTerms], assets: &[Asset]) {
        self.changes += 1;
        let legs: Vec<Option<(Leg, Micros)>> = terms
            .iter()
            .map(|terms| {
                let (rate, until) = self.rate(terms.quote)?;
                let scale = assets[terms.quote.index()].scale;
                Some((Leg { rate, price_scale: terms.price_scale, scale }, until))
            })
            .collect();
        let conversion = |taker: usize, maker: usize| {
            let ((taker_leg, taker_until), (maker_leg, maker_until)) = (legs[taker]?, legs[maker]?);
            Some(Conversion::new(taker_until.min(maker_until), taker_leg, maker_leg, self.fee_ppm))
        };
        let all = 0..legs.len();
        self.conversions = all
            .clone()
            .flat_map(|taker| all.clone().map(move |maker| (taker, maker)))
            .map(|(taker, maker)| if taker == maker { None } else { conversion(taker, maker) })
            .collect();
    }
}

/// The largest amount up to `most` whose total, which grows with it, is at most `cap`.
#[inline]
pub(crate) fn largest(most: u64, cap: Atoms, total: impl Fn(u64) -> Option<u128>) -> u64 {
    let fits = |amount: u64| total(amount).is_some_and(|total| total <= cap.unsigned());
    if fits(most) {
        return most;
    }
    let (mut fitting, mut too_many) = (0, most);
    while too_many - fitting > 1 {
        let middle = fitting + (too_many - fitting) / 2;
        if fits(middle) {
            fitting = middle;
        } else {
            too_many = middle;
        }
    }
    fitting
}
