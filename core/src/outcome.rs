//! A command's one-line answer.

use crate::order::Order;
use crate::types::{Amount, Atoms};

/// Rejection codes. The numbers are journaled and published: they are for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum RejectReason {
    TimeWentBack = 1,
    MalformedCommand = 2,
    AccountNotFound = 3,
    SystemAccount = 4,
    AssetNotFound = 5,
    MarketNotFound = 6,
    MarketHalted = 7,
    AssetExists = 8,
    MarketExists = 9,
    AssetInvalid = 10,
    MarketInvalid = 11,
    FeeInvalid = 12,
    EnumInvalid = 20,
    CombinationInvalid = 21,
    PriceTooLow = 22,
    PriceTooHigh = 23,
    AmountTooSmall = 24,
    AmountTooLarge = 25,
    TotalTooSmall = 26,
    TotalTooLarge = 27,
    AlreadyExpired = 28,
    ClientIdUsed = 29,
    TooManyOpenOrders = 30,
    WouldCross = 31,
    InsufficientFunds = 32,
    FillOrKillUnfillable = 33,
    LevelFull = 34,
    NoLastPrice = 35,
    TrailInvalid = 36,
    OrderNotFound = 40,
    OrderNotLive = 41,
    NotYourOrder = 42,
    NotReplaceable = 43,
    AmountBelowFilled = 44,
    TransferIdUsed = 50,
    TransferNotFound = 51,
    TransferNotPending = 52,
    SameAccount = 53,
    TransferAmountInvalid = 54,
    WorldLimit = 55,
    GroupNotFound = 60,
    LinkInvalid = 61,
    MarketLinked = 62,
    MarketNotLinked = 63,
    RateInvalid = 64,
}

impl RejectReason {
    pub const ALL: [RejectReason; 45] = [
        RejectReason::TimeWentBack,
        RejectReason::MalformedCommand,
        RejectReason::AccountNotFound,
        RejectReason::SystemAccount,
        RejectReason::AssetNotFound,
        RejectReason::MarketNotFound,
        RejectReason::MarketHalted,
        RejectReason::AssetExists,
        RejectReason::MarketExists,
        RejectReason::AssetInvalid,
        RejectReason::MarketInvalid,
        RejectReason::FeeInvalid,
        RejectReason::EnumInvalid,
        RejectReason::CombinationInvalid,
        RejectReason::PriceTooLow,
        RejectReason::PriceTooHigh,
        RejectReason::AmountTooSmall,
        RejectReason::AmountTooLarge,
        RejectReason::TotalTooSmall,
        RejectReason::TotalTooLarge,
        RejectReason::AlreadyExpired,
        RejectReason::ClientIdUsed,
        RejectReason::TooManyOpenOrders,
        RejectReason::WouldCross,
        RejectReason::InsufficientFunds,
        RejectReason::FillOrKillUnfillable,
        RejectReason::LevelFull,
        RejectReason::NoLastPrice,
        RejectReason::TrailInvalid,
        RejectReason::OrderNotFound,
        RejectReason::OrderNotLive,
        RejectReason::NotYourOrder,
        RejectReason::NotReplaceable,
        RejectReason::AmountBelowFilled,
        RejectReason::TransferIdUsed,
        RejectReason::TransferNotFound,
        RejectReason::TransferNotPending,
        RejectReason::SameAccount,
        RejectReason::TransferAmountInvalid,
        RejectReason::WorldLimit,
        RejectReason::GroupNotFound,
        RejectReason::LinkInvalid,
        RejectReason::MarketLinked,
        RejectReason::MarketNotLinked,
        RejectReason::RateInvalid,
    ];

    pub fn name(self) -> String {
        format!("{self:?}")
    }
}

/// Where the order of a command stands at its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Status {
    #[default]
    None = 0,
    Resting = 1,
    Waiting = 2,
    Done = 3,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// 0, or the number of a [`RejectReason`].
    pub code: u16,
    pub status: Status,
    pub seq: u64,
    pub id: u64,
    pub filled: Amount,
    pub remaining: Amount,
    pub count: u32,
    pub total: Atoms,
}

impl Outcome {
    /// Of an order that waits, a stop.
    pub(crate) fn wait(&mut self, order: &Order) {
        self.id = order.order_id.0;
        self.status = Status::Waiting;
        self.remaining = order.remaining();
    }
}

/// A rejection on its way out; `id` names what is in the way, where something is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rejection {
    pub reason: RejectReason,
    pub id: u64,
}

impl From<RejectReason> for Rejection {
    fn from(reason: RejectReason) -> Rejection {
        Rejection { reason, id: 0 }
    }
}

/// What a command handler returns; the outcome it writes field by field through a reference, which keeps wide copies off the hot path.
pub(crate) type Answer = Result<(), Rejection>;

/// Reads as one line of a column of checks: `reject_if(price < min, PriceTooLow)?`.
#[inline]
pub(crate) fn reject_if(condition: bool, reason: RejectReason) -> Result<(), Rejection> {
    if condition { Err(reason.into()) } else { Ok(()) }
}
