//! The core of Cambist: a pure state machine that matches orders and keeps the books, and the journal it is replayed from.
//!
//! `docs/internals/core.md` is the specification; a pure-Python twin of it is compared with this crate step by step.
//! [`Core::apply`] is the only way in that changes anything: no clock, no randomness, no I/O, no floats.

mod accounts;
mod book;
mod cancel_after;
mod canonical;
mod command;
mod core;
pub mod decimal;
mod event;
mod events;
pub mod journal;
mod market;
mod orders;
mod outcome;
mod place;
#[cfg(feature = "python")]
mod python;
mod reads;
mod replace;
pub mod replay;
mod setup;
mod stops;
mod transfers;
mod types;
mod warm;
mod wire;

pub use accounts::Balance;
pub use canonical::RestoreError;
pub use command::{Command, CreateAsset, CreateMarket, MarketLimits, OrderIds, PlaceOrder, ReplaceOrder, Transfer};
pub use core::Core;
pub use events::split_events;
pub use market::Market;
pub use orders::{Order, Rare};
pub use outcome::{Outcome, Reject, Status};
pub use types::*;
pub use warm::Soon;
pub use wire::{Record, RecordError, records, write_record};
