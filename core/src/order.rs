//! A whole order: on its way in, taken out to be matched again, or read.

use crate::stops::Awaited;
use crate::types::{
    AccountId, Amount, MarketId, Micros, OrderId, OrderType, Ppm, Price, SelfTrade, Side, TRAILS, TimeInForce,
};

/// Fields that most orders leave at zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rare {
    pub stop_price: Price,
    pub expire_at: Micros,
    pub funds: u128,
    pub client_id: u128,
}

/// A whole order, outside the slab: on its way in, taken out to be matched again, or read.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    pub order_id: OrderId,
    pub account: AccountId,
    pub market: MarketId,
    pub side: Side,
    pub order_type: OrderType,
    pub tif: TimeInForce,
    pub flags: u8,
    pub self_trade: SelfTrade,
    pub price: Price,
    pub amount: Amount,
    pub filled: Amount,
    pub created: Micros,
    pub maker_ppm: Ppm,
    pub taker_ppm: Ppm,
    pub rare: Rare,
}

impl Order {
    /// What the order waits for while it is a stop.
    #[inline]
    pub(crate) fn awaited(&self) -> Awaited {
        Awaited::by(self.side, self.flags)
    }

    #[inline]
    pub fn has_funds(&self) -> bool {
        self.rare.funds != 0
    }

    /// What is left to trade; 0 for an order that names funds instead.
    #[inline]
    pub fn remaining(&self) -> Amount {
        if self.has_funds() { Amount::ZERO } else { self.amount - self.filled }
    }

    /// Its trigger follows the price, or did until it was triggered.
    #[inline]
    pub fn trails(&self) -> bool {
        self.flags & TRAILS != 0
    }

    /// An untriggered stop.
    pub fn is_waiting(&self) -> bool {
        self.order_type.is_stop()
    }
}
