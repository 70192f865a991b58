//! Names, numbers and enumerations that every part of the core shares.

use std::fmt;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

/// A number that is not to be confused with other numbers. As large and as fast as what is in it.
macro_rules! number {
    ($($(#[$doc:meta])* $name:ident($inner:ty))*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

/// Numbers of things that stand in a vector.
macro_rules! dense {
    ($($name:ident($inner:ty))*) => {$(
        impl $name {
            /// The number of what stands at `index`; there are never more of them than the numbers reach.
            #[inline]
            pub fn at(index: usize) -> $name {
                debug_assert!(<$inner>::try_from(index).is_ok());
                $name(index as $inner)
            }

            #[inline]
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

/// Numbers that are added up: only ever to their own kind.
macro_rules! quantity {
    ($($name:ident)*) => {$(
        impl Add for $name {
            type Output = $name;

            #[inline]
            fn add(self, other: $name) -> $name {
                $name(self.0 + other.0)
            }
        }

        impl Sub for $name {
            type Output = $name;

            #[inline]
            fn sub(self, other: $name) -> $name {
                $name(self.0 - other.0)
            }
        }

        impl AddAssign for $name {
            #[inline]
            fn add_assign(&mut self, other: $name) {
                self.0 += other.0;
            }
        }

        impl SubAssign for $name {
            #[inline]
            fn sub_assign(&mut self, other: $name) {
                self.0 -= other.0;
            }
        }

        impl $name {
            pub const ZERO: $name = $name(0);

            #[inline]
            pub fn is_zero(self) -> bool {
                self.0 == 0
            }
        }
    )*};
}

number! {
    /// Number of an account; dense, system accounts first.
    AccountId(u32)
    /// Number of an asset; dense from 0.
    AssetId(u16)
    /// Number of a market; dense from 0.
    MarketId(u16)
    /// Number of an order; from 1, in the order in which they were accepted. 0: none.
    OrderId(u64)
    /// In units of 10^-price_scale quote per base. 0: none.
    Price(u64)
    /// In units of 10^-amount_scale base.
    Amount(u64)
    /// Money, or a change of it, in units of 10^-scale of its asset.
    Atoms(i128)
}

dense! {
    AccountId(u32)
    AssetId(u16)
    MarketId(u16)
}

quantity! {
    Amount
    Atoms
}

impl Amount {
    pub const MAX: Amount = Amount(u64::MAX);

    #[inline]
    pub fn checked_add(self, other: Amount) -> Option<Amount> {
        self.0.checked_add(other.0).map(Amount)
    }
}

impl Price {
    pub const NONE: Price = Price(0);

    #[inline]
    pub fn is_none(self) -> bool {
        self == Price::NONE
    }

    /// This price, or `other` where there is none.
    pub fn or(self, other: Price) -> Price {
        if self.is_none() { other } else { self }
    }
}

impl Atoms {
    /// Of money that is counted without a sign: on the wire, and in products. Everything here stays far below 2^127.
    #[inline]
    pub fn of(value: u128) -> Atoms {
        Atoms(value as i128)
    }

    /// The other way, for what is not negative.
    #[inline]
    pub fn unsigned(self) -> u128 {
        self.0 as u128
    }
}

impl Neg for Atoms {
    type Output = Atoms;

    #[inline]
    fn neg(self) -> Atoms {
        Atoms(-self.0)
    }
}

/// Microseconds since the epoch.
pub type Micros = u64;
/// Parts per million.
pub type Ppm = u32;

pub const WORLD: AccountId = AccountId(0);
pub const FEES: AccountId = AccountId(1);
pub const COUPONS: AccountId = AccountId(2);
pub const WITHDRAWALS: AccountId = AccountId(3);
pub const MERCHANTS: AccountId = AccountId(4);
/// Stands between the two currencies of a converted trade.
pub const CONVERSION: AccountId = AccountId(5);
pub const FIRST_USER_ACCOUNT: AccountId = AccountId(16);

/// `CancelAll` over every market.
pub const ALL_MARKETS: MarketId = MarketId(u16::MAX);
/// `CancelAll` over both sides.
pub const BOTH_SIDES: u8 = u8::MAX;
/// In both fee fields: the account pays what the market says.
pub const NO_FEE_OVERRIDE: Ppm = u32::MAX;

/// Largest single transfer, order total or `funds`. Keeps every product below 2^127 (see [`fee`]).
pub const MAX_ATOMS: u128 = 1 << 96;
/// How far the outside world may go below zero; bounds every other balance from above.
pub const WORLD_LIMIT: Atoms = Atoms(1 << 120);
pub const MAX_SCALE: u8 = 18;
pub const PPM: Ppm = 1_000_000;
pub const MAX_META: usize = 4096;
/// Finished client order ids remembered per account.
pub const REMEMBERED_CLIENT_IDS: usize = 1000;
pub const DEFAULT_MAX_OPEN_ORDERS: u32 = 10_000;

pub const POST_ONLY: u8 = 1;
/// Of a stop: it waits for the price to move in the order's favour, not against it.
pub const TAKE_PROFIT: u8 = 2;
/// All flags that `PlaceOrder` may name.
pub const ORDER_FLAGS: u8 = POST_ONLY | TAKE_PROFIT;
/// A leg of a pair, for ever.
pub const ONE_CANCELS_OTHER: u8 = 4;
/// Of a stop: its trigger follows the price, so many units of price behind it.
pub const TRAILS_BY_PRICE: u8 = 8;
/// The same, so many ppm of the price behind it.
pub const TRAILS_BY_PPM: u8 = 16;
/// Both of them.
pub const TRAILS: u8 = TRAILS_BY_PRICE | TRAILS_BY_PPM;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Side {
    Buy = 0,
    Sell = 1,
}

impl Side {
    pub fn opposite(self) -> Side {
        match self {
            Side::Buy => Side::Sell,
            Side::Sell => Side::Buy,
        }
    }

    pub fn from_u8(side: u8) -> Option<Side> {
        match side {
            0 => Some(Side::Buy),
            1 => Some(Side::Sell),
            _ => None,
        }
    }
}

/// The first bit of a number says market, the second stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum OrderType {
    Limit = 0,
    Market = 1,
    StopLimit = 2,
    StopMarket = 3,
}

impl OrderType {
    pub fn from_u8(order_type: u8) -> Option<OrderType> {
        Some(match order_type {
            0 => OrderType::Limit,
            1 => OrderType::Market,
            2 => OrderType::StopLimit,
            3 => OrderType::StopMarket,
            _ => return None,
        })
    }

    /// Has a limit price, before or after a trigger.
    pub fn is_limit(self) -> bool {
        self as u8 & OrderType::Market as u8 == 0
    }

    pub fn is_stop(self) -> bool {
        self as u8 & OrderType::StopLimit as u8 != 0
    }

    /// What a stop becomes when it triggers.
    pub fn triggered(self) -> OrderType {
        match self {
            OrderType::StopLimit => OrderType::Limit,
            OrderType::StopMarket => OrderType::Market,
            other => other,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum TimeInForce {
    Gtc = 0,
    Ioc = 1,
    Fok = 2,
    Gtd = 3,
}

impl TimeInForce {
    pub fn from_u8(tif: u8) -> Option<TimeInForce> {
        Some(match tif {
            0 => TimeInForce::Gtc,
            1 => TimeInForce::Ioc,
            2 => TimeInForce::Fok,
            3 => TimeInForce::Gtd,
            _ => return None,
        })
    }

    pub fn rests(self) -> bool {
        matches!(self, TimeInForce::Gtc | TimeInForce::Gtd)
    }
}

/// What happens when an order meets one of the same account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum SelfTrade {
    MarketDefault = 0,
    Allow = 1,
    CancelNewest = 2,
    CancelOldest = 3,
    CancelBoth = 4,
}

impl SelfTrade {
    pub fn from_u8(mode: u8) -> Option<SelfTrade> {
        Some(match mode {
            0 => SelfTrade::MarketDefault,
            1 => SelfTrade::Allow,
            2 => SelfTrade::CancelNewest,
            3 => SelfTrade::CancelOldest,
            4 => SelfTrade::CancelBoth,
            _ => return None,
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum DoneReason {
    Filled = 1,
    Cancelled = 2,
    Expired = 3,
    Unfilled = 4,
    SelfTrade = 5,
    InsufficientFunds = 6,
    Fok = 7,
    CancelAfter = 8,
    OneCancelsOther = 9,
}

/// Why a balance changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Business {
    Trade = 1,
    Hold = 2,
    Release = 3,
    Transfer = 4,
}

/// 10^exponent, for exponents up to [`MAX_SCALE`].
pub fn pow10(exponent: u8) -> u64 {
    10u64.pow(u32::from(exponent))
}

/// The venue's share of `received` atoms: rounded up to the atom, never above `received`.
///
/// `received <= 2^96` and `ppm <= 10^6 < 2^20`, so the product fits; small products take the cheap division.
#[inline]
pub fn fee(received: Atoms, ppm: Ppm) -> Atoms {
    if ppm == 0 {
        return Atoms::ZERO;
    }
    let product = received.0 as u128 * u128::from(ppm);
    Atoms(match u64::try_from(product) {
        Ok(small) => i128::from(small.div_ceil(u64::from(PPM))),
        Err(_) => product.div_ceil(u128::from(PPM)) as i128,
    })
}

/// Asks for the cache line of `place` ahead of its use.
#[inline(always)]
pub fn prefetch<T>(place: &T) {
    prefetch_at(std::slice::from_ref(place), 0);
}

/// Asks for the cache line of `places[at]`. Whether there is such a place is not asked: that would be a branch, and often a wrong guess.
#[inline(always)]
pub(crate) fn prefetch_at<T>(places: &[T], at: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch reads nothing and faults nowhere, whatever the address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(places.as_ptr().wrapping_add(at).cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (places, at);
}
