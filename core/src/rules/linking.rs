//! Linked groups: which markets belong together, and at what rates.

use crate::command::ConversionRates;
use crate::core::Core;
use crate::event::Event;
use crate::linked::{Link, LinkedGroup, MAX_LINKED_MARKETS, MAX_RATE, MAX_SCALE_DIFFERENCE, Rate};
use crate::market::MarketTerms;
use crate::outcome::RejectReason::{
    AssetNotFound, FeeInvalid, GroupNotFound, LinkInvalid, MarketLinked, MarketNotFound, MarketNotLinked, RateInvalid,
};
use crate::outcome::{Answer, Outcome, reject_if};
use crate::types::{AssetId, MarketId, Micros, PPM, Ppm};

impl Core {
    fn group_exists(&self, group: u16) -> bool {
        usize::from(group) < self.groups.len()
    }

    pub(crate) fn create_linked_group(
        &mut self,
        (base, anchor): (AssetId, AssetId),
        fee_ppm: Ppm,
        max_age: Micros,
        outcome: &mut Outcome,
    ) -> Answer {
        reject_if(!self.asset_exists(base) || !self.asset_exists(anchor), AssetNotFound)?;
        reject_if(base == anchor, LinkInvalid)?;
        reject_if(fee_ppm > PPM, FeeInvalid)?;
        reject_if(self.groups.len() >= usize::from(u16::MAX), LinkInvalid)?;
        let group = self.groups.len() as u16;
        self.groups.push(LinkedGroup::new(base, anchor, fee_ppm, max_age));
        self.events.push(Event::LinkedGroupCreated { group, base, anchor, fee_ppm, max_age });
        outcome.id = u64::from(group);
        Ok(())
    }

    pub(crate) fn link_market(&mut self, group: u16, market: MarketId) -> Answer {
        reject_if(!self.group_exists(group), GroupNotFound)?;
        reject_if(!self.market_exists(market), MarketNotFound)?;
        reject_if(self.market(market).link.is_some(), MarketLinked)?;
        reject_if(!self.fits_group(group, market), LinkInvalid)?;
        let markets = &mut self.groups[usize::from(group)].markets;
        let at = markets.partition_point(|linked| *linked < market);
        markets.insert(at, market);
        self.recompute_group(group);
        self.events.push(Event::MarketLinked { group, market });
        Ok(())
    }

    /// Of the group's base, and with scales that convert into those of its markets.
    pub(crate) fn fits_group(&self, group: u16, market: MarketId) -> bool {
        let (group, terms) = (&self.groups[usize::from(group)], &self.market(market).terms);
        let scale = |terms: &MarketTerms| self.assets[terms.quote.index()].scale;
        let agrees = |other: &MarketTerms| {
            other.amount_scale == terms.amount_scale
                && other.price_scale.abs_diff(terms.price_scale) <= MAX_SCALE_DIFFERENCE
                && scale(other).abs_diff(scale(terms)) <= MAX_SCALE_DIFFERENCE
        };
        terms.base == group.base
            && group.markets.len() < MAX_LINKED_MARKETS
            && group.markets.iter().all(|other| agrees(&self.market(*other).terms))
    }

    pub(crate) fn unlink_market(&mut self, market: MarketId) -> Answer {
        reject_if(!self.market_exists(market), MarketNotFound)?;
        let Link { group, .. } = self.market(market).link.ok_or(MarketNotLinked)?;
        self.groups[usize::from(group)].markets.retain(|linked| *linked != market);
        self.market_mut(market).link = None;
        self.recompute_group(group);
        self.events.push(Event::MarketUnlinked { group, market });
        Ok(())
    }

    pub(crate) fn set_linked_group_terms(&mut self, group: u16, fee_ppm: Ppm, max_age: Micros) -> Answer {
        reject_if(!self.group_exists(group), GroupNotFound)?;
        reject_if(fee_ppm > PPM, FeeInvalid)?;
        let changed = &mut self.groups[usize::from(group)];
        (changed.fee_ppm, changed.max_age) = (fee_ppm, max_age);
        self.recompute_group(group);
        self.events.push(Event::LinkedGroupTermsSet { group, fee_ppm, max_age });
        Ok(())
    }

    pub(crate) fn set_conversion_rates(&mut self, group: u16, rates: ConversionRates<'_>) -> Answer {
        reject_if(!self.group_exists(group), GroupNotFound)?;
        let LinkedGroup { base, anchor, .. } = self.groups[usize::from(group)];
        let mut previous = None;
        for (asset, rate) in rates.iter() {
            reject_if(!self.asset_exists(asset), AssetNotFound)?;
            let in_order = previous.is_none_or(|previous| previous < asset);
            reject_if(asset == anchor || asset == base || !in_order || rate > MAX_RATE, RateInvalid)?;
            previous = Some(asset);
        }
        for (asset, rate) in rates.iter() {
            let known = &mut self.groups[usize::from(group)].rates;
            if rate == 0 {
                known.remove(&asset);
            } else {
                known.insert(asset, Rate { rate, set_at: self.time });
            }
            self.events.push(Event::ConversionRateSet { group, asset, rate });
        }
        self.recompute_group(group);
        Ok(())
    }

    /// After any change of a group.
    pub(crate) fn recompute_group(&mut self, number: u16) {
        let Core { groups, markets, assets, .. } = self;
        let group = &mut groups[usize::from(number)];
        let terms: Vec<MarketTerms> = group.markets.iter().map(|market| markets[market.index()].terms).collect();
        group.recompute(&terms, assets);
        for (position, market) in group.markets.iter().enumerate() {
            markets[market.index()].link = Some(Link { group: number, position: position as u16 });
        }
    }
}
