//! The state and its one door.

use std::collections::BTreeSet;

use crate::accounts::Accounts;
use crate::audit::Violation;
use crate::cancel_after::CancelAfters;
use crate::command::{Command, PlaceOco, PlaceOrder, PlaceTrailing};
use crate::event::Event;
use crate::event_buffer::EventBuffer;
use crate::linked::LinkedGroup;
use crate::market::Market;
use crate::orders::Orders;
use crate::outcome::{Answer, Outcome, RejectReason, Rejection};
use crate::transfers::Transfers;
use crate::types::{AccountId, AssetId, DEFAULT_MAX_OPEN_ORDERS, FIRST_USER_ACCOUNT, MarketId, Micros, OrderId};

#[derive(Clone, Debug)]
pub(crate) struct Asset {
    pub code: [u8; 12],
    pub scale: u8,
    pub display_scale: u8,
}

/// The whole exchange: everything below is a pure function of the commands applied so far.
#[derive(Clone, Debug)]
pub struct Core {
    pub(crate) seq: u64,
    pub(crate) time: Micros,
    pub(crate) next_order_id: OrderId,
    pub(crate) next_trade_id: u64,
    pub(crate) last_trade_time: Micros,
    pub(crate) max_open_orders: u32,
    pub(crate) assets: Vec<Asset>,
    pub(crate) markets: Vec<Market>,
    pub(crate) accounts: Accounts,
    pub(crate) orders: Orders,
    /// Live orders with an end, soonest first.
    pub(crate) expiries: BTreeSet<(Micros, OrderId)>,
    pub(crate) cancel_afters: CancelAfters,
    pub(crate) groups: Vec<LinkedGroup>,
    pub(crate) transfers: Transfers,
    /// How many commands changed the catalogue; no part of the canonical state.
    pub(crate) catalogue_changes: u64,
    /// What commands did, until it is forgotten.
    pub(crate) events: EventBuffer,
}

impl Default for Core {
    fn default() -> Core {
        Core::new()
    }
}

impl Core {
    pub fn new() -> Core {
        let mut orders = Orders::default();
        orders.open_account(AccountId(FIRST_USER_ACCOUNT.0 - 1));
        Core {
            seq: 0,
            time: 0,
            next_order_id: OrderId(1),
            next_trade_id: 1,
            last_trade_time: 0,
            max_open_orders: DEFAULT_MAX_OPEN_ORDERS,
            assets: Vec::new(),
            markets: Vec::new(),
            accounts: Accounts::new(),
            orders,
            expiries: BTreeSet::new(),
            cancel_afters: CancelAfters::default(),
            groups: Vec::new(),
            transfers: Transfers::default(),
            catalogue_changes: 0,
            events: EventBuffer::new(),
        }
    }

    /// Applies one command and adds what it did to [`Core::events`]. Rejections change nothing but `seq` and `time`.
    /// `meta` means nothing here: it stands beside the command in its first event, for the views.
    ///
    /// The outcome is written where the caller wants it: returned by value it would be copied right after its fields were
    /// written one by one, which stalls.
    #[inline]
    pub fn apply(&mut self, time: Micros, command: &Command<'_>, meta: &[u8], outcome: &mut Outcome) {
        self.seq += 1;
        self.events.begin(self.seq, time, command.kind(), meta);
        *outcome = Outcome { seq: self.seq, ..Outcome::default() };
        let answer = if time < self.time {
            Err(RejectReason::TimeWentBack.into())
        } else {
            self.time = time;
            self.dispatch(command, outcome)
        };
        if let Err(rejection) = answer {
            self.rejected(command, rejection, outcome);
        }
        self.events.applied(outcome);
    }

    #[inline]
    fn dispatch(&mut self, command: &Command<'_>, outcome: &mut Outcome) -> Answer {
        match command {
            Command::PlaceOrder(order) => self.place_order(order, outcome),
            Command::CancelOrder { account, order_id } => self.cancel_order(*account, *order_id, outcome),
            Command::ReplaceOrder(replace) => self.replace_order(replace, outcome),
            _ => self.dispatch_rare(command, outcome),
        }
    }

    #[inline(never)]
    fn dispatch_rare(&mut self, command: &Command<'_>, outcome: &mut Outcome) -> Answer {
        match command {
            Command::PlaceOrder(_) | Command::CancelOrder { .. } | Command::ReplaceOrder(_) => {
                unreachable!("dispatched by the caller")
            }
            Command::PlaceOco(pair) => self.place_oco(pair, outcome),
            Command::PlaceTrailing(stop) => self.place_trailing(stop, outcome),
            Command::CancelMany { account, order_ids } => self.cancel_many(*account, *order_ids, outcome),
            Command::CancelAll { account, market, side } => self.cancel_all(*account, *market, *side, outcome),
            Command::Transfer(transfer) => self.transfer(transfer, outcome),
            Command::PostTransfer { transfer_id } => self.post_transfer(*transfer_id, outcome),
            Command::VoidTransfer { transfer_id } => self.void_transfer(*transfer_id, outcome),
            Command::SetCancelAfter { account, due } => self.set_cancel_after(*account, *due),
            Command::AdvanceTime => self.advance_time(outcome),
            Command::Note => Ok(()),
            Command::OpenAccount => self.open_account(outcome),
            Command::SetConversionRates { group, rates } => self.set_conversion_rates(*group, *rates),
            Command::CreateAsset(_)
            | Command::CreateMarket(_)
            | Command::SetMarketLimits { .. }
            | Command::SetMarketStatus { .. }
            | Command::SetMarketFees { .. }
            | Command::SetAccountFees { .. }
            | Command::SetMaxOpenOrders { .. }
            | Command::CreateLinkedGroup { .. }
            | Command::LinkMarket { .. }
            | Command::UnlinkMarket { .. }
            | Command::SetLinkedGroupTerms { .. } => {
                self.dispatch_catalogue(command, outcome)?;
                self.catalogue_changes += 1;
                Ok(())
            }
        }
    }

    /// The commands that change what is traded, and on what terms.
    fn dispatch_catalogue(&mut self, command: &Command<'_>, outcome: &mut Outcome) -> Answer {
        match command {
            Command::CreateAsset(asset) => self.create_asset(asset, outcome),
            Command::CreateMarket(market) => self.create_market(market, outcome),
            Command::SetMarketLimits { market, limits } => self.set_market_limits(*market, limits),
            Command::SetMarketStatus { market, status } => self.set_market_status(*market, *status),
            Command::SetMarketFees { market, maker_ppm, taker_ppm } => {
                self.set_market_fees(*market, *maker_ppm, *taker_ppm)
            }
            Command::SetAccountFees { account, maker_ppm, taker_ppm } => {
                self.set_account_fees(*account, *maker_ppm, *taker_ppm)
            }
            Command::SetMaxOpenOrders { count } => self.set_max_open_orders(*count),
            Command::CreateLinkedGroup { base, anchor, fee_ppm, max_age } => {
                self.create_linked_group((*base, *anchor), *fee_ppm, *max_age, outcome)
            }
            Command::LinkMarket { group, market } => self.link_market(*group, *market),
            Command::UnlinkMarket { market } => self.unlink_market(*market),
            Command::SetLinkedGroupTerms { group, fee_ppm, max_age } => {
                self.set_linked_group_terms(*group, *fee_ppm, *max_age)
            }
            _ => unreachable!("dispatched by the caller"),
        }
    }

    #[cold]
    fn rejected(&mut self, command: &Command<'_>, rejection: Rejection, outcome: &mut Outcome) {
        let code = rejection.reason as u16;
        let concerned = match command {
            Command::PlaceOrder(PlaceOrder { account, market, .. })
            | Command::PlaceTrailing(PlaceTrailing { order: PlaceOrder { account, market, .. }, .. })
            | Command::PlaceOco(PlaceOco { account, market, .. }) => Some((*account, *market)),
            Command::ReplaceOrder(replace) => Some((replace.account, MarketId(u16::MAX))),
            _ => None,
        };
        if let Some((account, market)) = concerned {
            self.events.push(Event::OrderRejected { account, market, code });
        }
        *outcome = Outcome { seq: self.seq, code, id: rejection.id, ..Outcome::default() };
    }

    /// The first command that broke the ledger, if one did. Then nothing of this core may be let out: neither the command nor what came after it.
    #[inline]
    pub fn violation(&self) -> Option<Violation> {
        self.accounts.audit.violation()
    }

    /// What commands did, in order, since it was last forgotten: a run of events.
    #[inline]
    pub fn events(&self) -> &[u8] {
        self.events.bytes()
    }

    /// Keeps the first `length` bytes of [`Core::events`]; without this it only grows.
    #[inline]
    pub fn forget_events(&mut self, length: usize) {
        self.events.forget(length);
    }

    #[inline]
    pub(crate) fn market(&self, market: MarketId) -> &Market {
        &self.markets[market.index()]
    }

    #[inline]
    pub(crate) fn market_mut(&mut self, market: MarketId) -> &mut Market {
        &mut self.markets[market.index()]
    }

    pub(crate) fn account_exists(&self, account: AccountId) -> bool {
        (account.index()) < self.accounts.len()
    }

    pub(crate) fn asset_exists(&self, asset: AssetId) -> bool {
        asset.index() < self.assets.len()
    }

    pub(crate) fn market_exists(&self, market: MarketId) -> bool {
        market.index() < self.markets.len()
    }
}
