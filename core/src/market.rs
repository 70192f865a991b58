//! A market: what it trades, in which units, within which limits, and its book.

use crate::book::Book;
use crate::command::MarketLimits;
use crate::linked::Link;
use crate::types::{Amount, AssetId, Atoms, MAX_ATOMS, MarketId, Ppm, Price, SelfTrade, Side, pow10};

pub const OPEN: u8 = 0;
pub const HALTED: u8 = 1;

/// What never changes about a market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarketTerms {
    pub base: AssetId,
    pub quote: AssetId,
    pub price_scale: u8,
    pub amount_scale: u8,
    /// As it was given: `MarketDefault` means allow.
    pub self_trade: SelfTrade,
    /// Atoms of quote in one unit of price × amount.
    pub quote_unit: u64,
    /// Atoms of base in one unit of amount.
    pub base_unit: u64,
}

#[derive(Clone, Debug)]
pub struct Market {
    pub id: MarketId,
    pub terms: MarketTerms,
    pub limits: MarketLimits,
    pub maker_ppm: Ppm,
    pub taker_ppm: Ppm,
    pub status: u8,
    /// 0 before the first trade.
    pub last_price: Price,
    /// Where it stands in its linked group, when it is in one.
    pub(crate) link: Option<Link>,
    pub(crate) book: Book,
}

impl MarketTerms {
    /// `None` when the scales would make a trade round.
    pub(crate) fn new(
        (base, base_scale): (AssetId, u8),
        (quote, quote_scale): (AssetId, u8),
        price_scale: u8,
        amount_scale: u8,
        self_trade: SelfTrade,
    ) -> Option<MarketTerms> {
        let quote_zeros = quote_scale.checked_sub(price_scale)?.checked_sub(amount_scale)?;
        let base_zeros = base_scale.checked_sub(amount_scale)?;
        Some(MarketTerms {
            base,
            quote,
            price_scale,
            amount_scale,
            self_trade,
            quote_unit: pow10(quote_zeros),
            base_unit: pow10(base_zeros),
        })
    }

    /// Atoms of quote for `amount` at `price`. Within the market's limits this is at most [`MAX_ATOMS`].
    #[inline]
    pub fn total(&self, price: Price, amount: Amount) -> Atoms {
        Atoms::of(u128::from(price.0) * u128::from(amount.0) * u128::from(self.quote_unit))
    }

    /// Atoms of base in `amount`.
    #[inline]
    pub fn base_atoms(&self, amount: Amount) -> Atoms {
        Atoms::of(u128::from(amount.0) * u128::from(self.base_unit))
    }

    /// The asset an order of `side` pays with.
    #[inline]
    pub fn paid(&self, side: Side) -> AssetId {
        [self.quote, self.base][side as usize]
    }

    /// What a limit order of this size holds of what it pays with.
    #[inline]
    pub fn cost(&self, side: Side, price: Price, amount: Amount) -> Atoms {
        // Both are computed: sides alternate unpredictably, and a mispredicted branch costs more than two products.
        [self.total(price, amount), self.base_atoms(amount)][side as usize]
    }

    pub(crate) fn limits_valid(&self, limits: &MarketLimits) -> bool {
        let largest_total = u128::from(limits.max_price.0)
            .checked_mul(u128::from(limits.max_amount.0))
            .and_then(|product| product.checked_mul(u128::from(self.quote_unit)));
        let largest_base = u128::from(limits.max_amount.0).checked_mul(u128::from(self.base_unit));
        Price(1) <= limits.min_price
            && limits.min_price <= limits.max_price
            && Amount(1) <= limits.min_amount
            && limits.min_amount <= limits.max_amount
            && largest_total.is_some_and(|total| total <= MAX_ATOMS)
            && largest_base.is_some_and(|base| base <= MAX_ATOMS)
            && limits.min_total <= MAX_ATOMS
    }
}

impl Market {
    /// The mode that counts when an order with `mode` meets one of its own account.
    #[inline]
    pub(crate) fn self_trade(&self, mode: SelfTrade) -> SelfTrade {
        match (mode, self.terms.self_trade) {
            (SelfTrade::MarketDefault, SelfTrade::MarketDefault) => SelfTrade::Allow,
            (SelfTrade::MarketDefault, of_market) => of_market,
            (own, _) => own,
        }
    }
}

impl Market {
    pub(crate) fn new(
        id: MarketId,
        terms: MarketTerms,
        limits: MarketLimits,
        maker_ppm: Ppm,
        taker_ppm: Ppm,
    ) -> Market {
        Market {
            id,
            terms,
            limits,
            maker_ppm,
            taker_ppm,
            status: OPEN,
            last_price: Price::NONE,
            link: None,
            book: Book::new(),
        }
    }
}
