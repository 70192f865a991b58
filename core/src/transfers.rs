//! Transfers that are pending, and every id that one ever had.

use std::collections::{BTreeMap, BTreeSet};

use crate::event::TransferMoved;

#[derive(Clone, Debug, Default)]
pub(crate) struct Transfers {
    pub pending: BTreeMap<u128, TransferMoved>,
    /// Every id ever used: what makes each money movement happen once. Ordered, because it is part of the canonical state.
    pub used: BTreeSet<u128>,
}
