//! The core of Cambist: a pure state machine that matches orders and keeps the books, and the journal it is replayed from.
//!
//! `docs/internals/core.md` is the specification; a pure-Python twin of it is compared with this crate step by step.
//! [`Core::apply`] is the only way in that changes anything: no clock, no randomness, no I/O, no floats.

mod accounts;
mod audit;
mod book;
mod cancel_after;
mod canonical;
mod command;
mod core;
pub mod decimal;
mod event;
mod event_buffer;
mod id_index;
pub mod journal;
pub mod level_book;
mod linked;
mod market;
mod order;
mod orders;
mod outcome;
#[cfg(feature = "python")]
mod python;
mod ratio;
mod reads;
pub mod replay;
mod rules;
mod stops;
mod trailing;
mod transfers;
mod types;
mod warm;
mod wire;

pub use accounts::Balance;
pub use audit::{Broken, Violation};
pub use canonical::RestoreError;
pub use command::{
    Command, ConversionRates, CreateAsset, CreateMarket, MarketLimits, OrderIds, PlaceOco, PlaceOrder, PlaceTrailing,
    ReplaceOrder, Transfer,
};
pub use core::Core;
pub use event_buffer::split_events;
pub use linked::{LinkedGroup, MAX_RATE, RATE_ONE, Rate};
pub use market::Market;
pub use order::{Order, Rare};
pub use outcome::{Outcome, RejectReason, Status};
pub use types::*;
pub use warm::Soon;
pub use wire::{Record, RecordError, records, write_record};
