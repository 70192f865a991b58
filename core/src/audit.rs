//! What must hold after every command: of each asset exactly as much is owned as before, and nobody but the outside world owns
//! less than nothing. Watched where money moves, so that a rule that breaks it is found at once.

use std::fmt;
use std::ops::AddAssign;

use crate::types::{AccountId, AssetId, Atoms};

/// A command broke the ledger: that is a bug, and nothing after it can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The command's.
    pub seq: u64,
    pub what: Broken,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// Atoms came from nowhere, or (negative) went there.
    Conservation {
        asset: AssetId,
        by: Atoms,
    },
    Negative {
        account: AccountId,
        asset: AssetId,
    },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seq = self.seq;
        match self.what {
            Broken::Conservation { asset, by } => {
                write!(f, "command {seq} changed the sum of all balances of asset {asset:?} by {by:?} atoms")
            }
            Broken::Negative { account, asset } => {
                write!(f, "command {seq} left account {account:?} with less than nothing of asset {asset:?}")
            }
        }
    }
}

/// Balance changes of one asset that have to add up to nothing: the two sides of double entry, and fees.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub(crate) struct Net(Atoms);

impl Net {
    pub const ZERO: Net = Net(Atoms::ZERO);

    #[inline(always)]
    pub fn of(atoms: Atoms) -> Net {
        Net(atoms)
    }
}

impl AddAssign for Net {
    #[inline(always)]
    fn add_assign(&mut self, other: Net) {
        self.0 += other.0;
    }
}

/// What was found. The first violation stands: it is where the bug is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Audit {
    violation: Option<Violation>,
}

impl Audit {
    /// All changes of `asset` that belong together have been made, by command `seq`.
    #[inline(always)]
    pub fn close(&mut self, seq: u64, asset: AssetId, net: Net) {
        if !net.0.is_zero() {
            self.found(seq, Broken::Conservation { asset, by: net.0 });
        }
    }

    #[cold]
    #[inline(never)]
    pub fn found(&mut self, seq: u64, what: Broken) {
        self.violation.get_or_insert(Violation { seq, what });
    }

    pub fn violation(&self) -> Option<Violation> {
        self.violation
    }
}

#[cfg(test)]
mod tests {
    use super::{Broken, Net, Violation};
    use crate::accounts::{Balance, Holding};
    use crate::command::{Command, CreateAsset, CreateMarket, MarketLimits, PlaceOrder, Transfer};
    use crate::core::Core;
    use crate::outcome::Outcome;
    use crate::types::{AccountId, Amount, AssetId, Atoms, Business, OrderId, Price, WORLD};

    const ALICE: AccountId = AccountId(16);
    const GEM: AssetId = AssetId(0);
    const USD: AssetId = AssetId(1);
    const CODES: [[u8; 12]; 2] = [*b"GEM\0\0\0\0\0\0\0\0\0", *b"USD\0\0\0\0\0\0\0\0\0"];

    fn apply(core: &mut Core, command: &Command<'_>) -> Outcome {
        let mut outcome = Outcome::default();
        core.apply(0, command, &[], &mut outcome);
        outcome
    }

    /// Alice has 100 USD and bids 50 of them for 5 GEM: command 6, order 1.
    fn venue() -> Core {
        let mut core = Core::new();
        let limits = MarketLimits {
            min_price: Price(1),
            max_price: Price(100),
            min_amount: Amount(1),
            max_amount: Amount(100),
            min_total: 0,
        };
        let market = CreateMarket {
            base: GEM,
            quote: USD,
            price_scale: 0,
            amount_scale: 0,
            self_trade: 1,
            limits,
            maker_ppm: 0,
            taker_ppm: 0,
        };
        let deposit = Transfer { transfer_id: 1, from: WORLD, to: ALICE, asset: USD, kind: 1, pending: 0, amount: 100 };
        let order = PlaceOrder { account: ALICE, price: Price(10), amount: Amount(5), ..PlaceOrder::default() };
        for command in CODES
            .map(|code| Command::CreateAsset(CreateAsset { code, scale: 0, display_scale: 0 }))
            .into_iter()
            .chain([
                Command::CreateMarket(market),
                Command::OpenAccount,
                Command::Transfer(deposit),
                Command::PlaceOrder(order),
            ])
        {
            assert_eq!(apply(&mut core, &command).code, 0);
        }
        assert_eq!(core.violation(), None);
        core
    }

    /// What a rule with a bug could have left behind.
    fn corrupt(core: &mut Core, asset: AssetId, available: i128, held: i128) {
        let change = Balance { asset, available: Atoms(available), held: Atoms(held) };
        core.accounts.get_mut(ALICE).restore_balance(change);
    }

    #[test]
    fn less_than_nothing_held_is_found_by_the_command_that_leaves_it() {
        let mut core = venue();
        corrupt(&mut core, USD, 0, -1);
        assert_eq!(apply(&mut core, &Command::Note).code, 0);
        assert_eq!(core.violation(), None, "nothing moved yet");
        apply(&mut core, &Command::CancelOrder { account: ALICE, order_id: OrderId(1) });
        let violation = core.violation().expect("50 are released of 49");
        assert_eq!(violation, Violation { seq: 8, what: Broken::Negative { account: ALICE, asset: USD } });
        assert_eq!(violation.to_string(), "command 8 left account 16 with less than nothing of asset 1");
    }

    #[test]
    fn less_than_nothing_available_is_found_even_when_more_comes_in() {
        let mut core = venue();
        corrupt(&mut core, USD, -60, 0);
        let deposit = Transfer { transfer_id: 2, from: WORLD, to: ALICE, asset: USD, kind: 1, pending: 0, amount: 5 };
        apply(&mut core, &Command::Transfer(deposit));
        let found = core.violation().map(|violation| violation.what);
        assert_eq!(found, Some(Broken::Negative { account: ALICE, asset: USD }));
    }

    #[test]
    fn the_world_may_owe() {
        let mut core = venue();
        let deposit = Transfer { transfer_id: 2, from: WORLD, to: ALICE, asset: GEM, kind: 1, pending: 0, amount: 5 };
        apply(&mut core, &Command::Transfer(deposit));
        assert_eq!(core.violation(), None);
    }

    #[test]
    fn changes_that_do_not_add_up_are_found_when_they_are_closed() {
        let mut core = venue();
        let why = (Business::Trade, 1);
        let mut net = Net::ZERO;
        for available in [Atoms(-7), Atoms(6)] {
            net += core.accounts.change(&mut core.events, why, ALICE, USD, Holding { available, held: Atoms::ZERO });
        }
        assert_eq!(core.violation(), None);
        core.accounts.audit.close(core.seq, USD, net);
        let violation = core.violation().expect("an atom is gone");
        assert_eq!(violation, Violation { seq: 6, what: Broken::Conservation { asset: USD, by: Atoms(-1) } });
        assert_eq!(violation.to_string(), "command 6 changed the sum of all balances of asset 1 by -1 atoms");
    }

    #[test]
    fn the_first_violation_stands() {
        let mut core = venue();
        corrupt(&mut core, USD, -60, -60);
        apply(&mut core, &Command::CancelOrder { account: ALICE, order_id: OrderId(1) });
        let first = core.violation().expect("the first");
        let deposit = Transfer { transfer_id: 2, from: WORLD, to: ALICE, asset: USD, kind: 1, pending: 0, amount: 5 };
        apply(&mut core, &Command::Transfer(deposit));
        assert_eq!(core.violation(), Some(first));
    }

    #[test]
    fn a_state_that_does_not_balance_is_not_restored() {
        let sound = venue();
        assert!(Core::restore(&sound.snapshot()).is_ok());
        for (available, held) in [(1, 0), (0, -1), (-60, 60)] {
            let mut core = venue();
            corrupt(&mut core, USD, available, held);
            assert!(Core::restore(&core.snapshot()).is_err(), "{available} {held}");
        }
    }
}
