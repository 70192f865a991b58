//! What can be asked of the core.

use crate::types::{AccountId, Amount, AssetId, MarketId, Micros, OrderId, Ppm, Price};

/// One command, checked for form only: every value may still be rejected by the core.
#[derive(Clone, Copy, Debug)]
pub enum Command<'a> {
    OpenAccount,
    CreateAsset(CreateAsset),
    CreateMarket(CreateMarket),
    SetMarketLimits {
        market: MarketId,
        limits: MarketLimits,
    },
    SetMarketStatus {
        market: MarketId,
        status: u8,
    },
    SetMarketFees {
        market: MarketId,
        maker_ppm: Ppm,
        taker_ppm: Ppm,
    },
    SetAccountFees {
        account: AccountId,
        maker_ppm: Ppm,
        taker_ppm: Ppm,
    },
    SetMaxOpenOrders {
        count: u32,
    },
    PlaceOrder(PlaceOrder),
    PlaceOco(PlaceOco),
    PlaceTrailing(PlaceTrailing),
    CancelOrder {
        account: AccountId,
        order_id: OrderId,
    },
    CancelMany {
        account: AccountId,
        order_ids: OrderIds<'a>,
    },
    CancelAll {
        account: AccountId,
        market: MarketId,
        side: u8,
    },
    ReplaceOrder(ReplaceOrder),
    /// `due` 0 disarms.
    SetCancelAfter {
        account: AccountId,
        due: Micros,
    },
    Transfer(Transfer),
    PostTransfer {
        transfer_id: u128,
    },
    VoidTransfer {
        transfer_id: u128,
    },
    AdvanceTime,
    Note,
    /// `max_age` 0: rates do not age.
    CreateLinkedGroup {
        base: AssetId,
        anchor: AssetId,
        fee_ppm: Ppm,
        max_age: Micros,
    },
    LinkMarket {
        group: u16,
        market: MarketId,
    },
    UnlinkMarket {
        market: MarketId,
    },
    SetLinkedGroupTerms {
        group: u16,
        fee_ppm: Ppm,
        max_age: Micros,
    },
    SetConversionRates {
        group: u16,
        rates: ConversionRates<'a>,
    },
}

#[derive(Clone, Copy, Debug)]
pub struct CreateAsset {
    /// ASCII, zero padded.
    pub code: [u8; 12],
    pub scale: u8,
    pub display_scale: u8,
}

#[derive(Clone, Copy, Debug)]
pub struct CreateMarket {
    pub base: AssetId,
    pub quote: AssetId,
    pub price_scale: u8,
    pub amount_scale: u8,
    pub self_trade: u8,
    pub limits: MarketLimits,
    pub maker_ppm: Ppm,
    pub taker_ppm: Ppm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MarketLimits {
    pub min_price: Price,
    pub max_price: Price,
    pub min_amount: Amount,
    pub max_amount: Amount,
    /// Atoms of quote.
    pub min_total: u128,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlaceOrder {
    pub account: AccountId,
    pub market: MarketId,
    pub side: u8,
    pub order_type: u8,
    pub tif: u8,
    pub flags: u8,
    pub self_trade: u8,
    pub price: Price,
    pub amount: Amount,
    pub stop_price: Price,
    pub expire_at: Micros,
    /// Atoms of quote a market buy may spend; 0 when it names an amount.
    pub funds: u128,
    /// 0 when the client gave none.
    pub client_id: u128,
}

/// A limit order and a stop of which one cancels the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlaceOco {
    pub account: AccountId,
    pub market: MarketId,
    pub side: u8,
    pub tif: u8,
    pub flags: u8,
    pub self_trade: u8,
    pub price: Price,
    pub amount: Amount,
    pub stop_price: Price,
    /// 0: the stop is a market order once it is triggered.
    pub stop_limit_price: Price,
    pub expire_at: Micros,
    pub client_id: u128,
    pub stop_client_id: u128,
}

/// A stop whose trigger follows the price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlaceTrailing {
    /// Without a stop price.
    pub order: PlaceOrder,
    pub trail: u64,
}

/// Zero fields keep the order's own value.
#[derive(Clone, Copy, Debug)]
pub struct ReplaceOrder {
    pub account: AccountId,
    pub order_id: OrderId,
    pub price: Price,
    pub amount: Amount,
    pub stop_price: Price,
}

#[derive(Clone, Copy, Debug)]
pub struct Transfer {
    pub transfer_id: u128,
    pub from: AccountId,
    pub to: AccountId,
    pub asset: AssetId,
    pub kind: u8,
    pub pending: u8,
    pub amount: u128,
}

/// Order ids as they stand in a record: little-endian u64s, unaligned.
#[derive(Clone, Copy, Debug)]
pub struct OrderIds<'a>(pub(crate) &'a [u8]);

impl<'a> OrderIds<'a> {
    /// `bytes` holds whole u64s, at most 65,535 of them.
    pub fn from_le_bytes(bytes: &'a [u8]) -> Option<OrderIds<'a>> {
        (bytes.len() % 8 == 0 && bytes.len() / 8 <= usize::from(u16::MAX)).then_some(OrderIds(bytes))
    }

    pub fn iter(self) -> impl Iterator<Item = OrderId> + 'a {
        self.0.chunks_exact(8).map(|id| OrderId(u64::from_le_bytes(id.try_into().expect("chunks of 8"))))
    }
}

/// (asset, rate) as they stand in a record: little-endian, unaligned.
#[derive(Clone, Copy, Debug)]
pub struct ConversionRates<'a>(pub(crate) &'a [u8]);

impl<'a> ConversionRates<'a> {
    /// Bytes of one rate.
    pub(crate) const SIZE: usize = 10;

    /// `bytes` holds whole rates, at most 65,535 of them.
    pub fn from_le_bytes(bytes: &'a [u8]) -> Option<ConversionRates<'a>> {
        let whole = bytes.len() % Self::SIZE == 0 && bytes.len() / Self::SIZE <= usize::from(u16::MAX);
        whole.then_some(ConversionRates(bytes))
    }

    pub fn iter(self) -> impl Iterator<Item = (AssetId, u64)> + 'a {
        self.0.chunks_exact(Self::SIZE).map(|entry| {
            let (asset, rate) = entry.split_at(2);
            let number = "chunks of two and eight";
            (
                AssetId(u16::from_le_bytes(asset.try_into().expect(number))),
                u64::from_le_bytes(rate.try_into().expect(number)),
            )
        })
    }
}

impl Command<'_> {
    /// The number of this command on the wire.
    pub fn kind(&self) -> u8 {
        match self {
            Command::OpenAccount => 1,
            Command::CreateAsset(_) => 2,
            Command::CreateMarket(_) => 3,
            Command::SetMarketLimits { .. } => 4,
            Command::SetMarketStatus { .. } => 5,
            Command::SetMarketFees { .. } => 6,
            Command::SetAccountFees { .. } => 7,
            Command::SetMaxOpenOrders { .. } => 8,
            Command::PlaceOrder(_) => 10,
            Command::CancelOrder { .. } => 11,
            Command::CancelMany { .. } => 12,
            Command::CancelAll { .. } => 13,
            Command::ReplaceOrder(_) => 14,
            Command::SetCancelAfter { .. } => 15,
            Command::PlaceOco(_) => 16,
            Command::PlaceTrailing(_) => 17,
            Command::Transfer(_) => 20,
            Command::PostTransfer { .. } => 21,
            Command::VoidTransfer { .. } => 22,
            Command::AdvanceTime => 30,
            Command::Note => 31,
            Command::CreateLinkedGroup { .. } => 40,
            Command::LinkMarket { .. } => 41,
            Command::UnlinkMarket { .. } => 42,
            Command::SetLinkedGroupTerms { .. } => 43,
            Command::SetConversionRates { .. } => 44,
        }
    }
}
