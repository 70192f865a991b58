//! Venue control: accounts, assets, markets, fees, limits, halts.

use crate::command::{CreateAsset, CreateMarket, MarketLimits};
use crate::core::{Asset, Core};
use crate::event::Event;
use crate::market::{HALTED, Market, MarketTerms, OPEN};
use crate::outcome::RejectReason::{
    AccountNotFound, AssetExists, AssetInvalid, AssetNotFound, EnumInvalid, FeeInvalid, MarketExists, MarketInvalid,
    MarketNotFound, SystemAccount,
};
use crate::outcome::{Answer, Outcome, reject_if};
use crate::types::{
    ALL_MARKETS, AccountId, AssetId, FIRST_USER_ACCOUNT, MAX_SCALE, MarketId, NO_FEE_OVERRIDE, PPM, Ppm, SelfTrade,
};

fn code_is_valid(code: &[u8; 12]) -> bool {
    let length = code.iter().position(|byte| *byte == 0).unwrap_or(code.len());
    let (text, padding) = code.split_at(length);
    (2..=12).contains(&length)
        && text.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        && padding.iter().all(|byte| *byte == 0)
}

fn fees_invalid(maker_ppm: Ppm, taker_ppm: Ppm) -> bool {
    maker_ppm > PPM || taker_ppm > PPM
}

impl Core {
    pub(crate) fn open_account(&mut self, outcome: &mut Outcome) -> Answer {
        let account = self.accounts.open();
        self.orders.open_account(account);
        self.events.push(Event::AccountOpened { account });
        outcome.id = u64::from(account.0);
        Ok(())
    }

    pub(crate) fn create_asset(&mut self, c: &CreateAsset, outcome: &mut Outcome) -> Answer {
        reject_if(!code_is_valid(&c.code), AssetInvalid)?;
        reject_if(c.scale > MAX_SCALE || c.display_scale > c.scale, AssetInvalid)?;
        reject_if(self.assets.iter().any(|asset| asset.code == c.code), AssetExists)?;
        reject_if(self.assets.len() >= usize::from(u16::MAX), AssetInvalid)?;
        let asset = AssetId::at(self.assets.len());
        self.assets.push(Asset { code: c.code, scale: c.scale, display_scale: c.display_scale });
        self.events.push(Event::AssetCreated { asset, scale: c.scale, display_scale: c.display_scale, code: c.code });
        outcome.id = u64::from(asset.0);
        Ok(())
    }

    pub(crate) fn create_market(&mut self, c: &CreateMarket, outcome: &mut Outcome) -> Answer {
        reject_if(!self.asset_exists(c.base) || !self.asset_exists(c.quote), AssetNotFound)?;
        reject_if(c.base == c.quote, MarketInvalid)?;
        let taken = |market: &Market| market.terms.base == c.base && market.terms.quote == c.quote;
        reject_if(self.markets.iter().any(taken), MarketExists)?;
        let self_trade = SelfTrade::from_u8(c.self_trade).ok_or(EnumInvalid)?;
        let scale = |asset: AssetId| (asset, self.assets[asset.index()].scale);
        let terms = MarketTerms::new(scale(c.base), scale(c.quote), c.price_scale, c.amount_scale, self_trade)
            .ok_or(MarketInvalid)?;
        reject_if(!terms.limits_valid(&c.limits), MarketInvalid)?;
        reject_if(fees_invalid(c.maker_ppm, c.taker_ppm), FeeInvalid)?;
        // The last number means "all markets".
        reject_if(self.markets.len() >= ALL_MARKETS.index() - 1, MarketInvalid)?;
        let id = MarketId::at(self.markets.len());
        self.events.push(Event::MarketCreated {
            market: id,
            terms,
            limits: c.limits,
            maker_ppm: c.maker_ppm,
            taker_ppm: c.taker_ppm,
        });
        self.markets.push(Market::new(id, terms, c.limits, c.maker_ppm, c.taker_ppm));
        outcome.id = u64::from(id.0);
        Ok(())
    }

    pub(crate) fn set_market_limits(&mut self, market: MarketId, limits: &MarketLimits) -> Answer {
        reject_if(!self.market_exists(market), MarketNotFound)?;
        reject_if(!self.market(market).terms.limits_valid(limits), MarketInvalid)?;
        self.market_mut(market).limits = *limits;
        self.events.push(Event::MarketLimitsSet { market, limits: *limits });
        Ok(())
    }

    pub(crate) fn set_market_status(&mut self, market: MarketId, status: u8) -> Answer {
        reject_if(!self.market_exists(market), MarketNotFound)?;
        reject_if(status != OPEN && status != HALTED, EnumInvalid)?;
        self.market_mut(market).status = status;
        self.events.push(Event::MarketStatusSet { market, status });
        Ok(())
    }

    pub(crate) fn set_market_fees(&mut self, market: MarketId, maker_ppm: Ppm, taker_ppm: Ppm) -> Answer {
        reject_if(!self.market_exists(market), MarketNotFound)?;
        reject_if(fees_invalid(maker_ppm, taker_ppm), FeeInvalid)?;
        let changed = self.market_mut(market);
        changed.maker_ppm = maker_ppm;
        changed.taker_ppm = taker_ppm;
        self.events.push(Event::MarketFeesSet { market, maker_ppm, taker_ppm });
        Ok(())
    }

    pub(crate) fn set_account_fees(&mut self, account: AccountId, maker_ppm: Ppm, taker_ppm: Ppm) -> Answer {
        reject_if(!self.account_exists(account), AccountNotFound)?;
        reject_if(account < FIRST_USER_ACCOUNT, SystemAccount)?;
        let none = maker_ppm == NO_FEE_OVERRIDE && taker_ppm == NO_FEE_OVERRIDE;
        reject_if(!none && fees_invalid(maker_ppm, taker_ppm), FeeInvalid)?;
        self.accounts.get_mut(account).set_fees((!none).then_some((maker_ppm, taker_ppm)));
        self.events.push(Event::AccountFeesSet { account, maker_ppm, taker_ppm });
        Ok(())
    }

    pub(crate) fn set_max_open_orders(&mut self, count: u32) -> Answer {
        self.max_open_orders = count;
        self.events.push(Event::MaxOpenOrdersSet { count });
        Ok(())
    }
}
