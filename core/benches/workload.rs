//! The W10k command stream and its variants: one deterministic workload, so that figures compare with other engines.

use cambist_core::{
    AccountId, Amount, AssetId, CONVERSION, Command, ConversionRates, Core, CreateAsset, CreateMarket,
    FIRST_USER_ACCOUNT, MarketId, MarketLimits, OrderId, Outcome, PlaceOrder, Price, RATE_ONE, Side, Transfer, WORLD,
    split_events,
};

/// Everything that shapes a stream; `W10K` is the published one.
#[derive(Clone, Copy)]
pub struct Shape {
    pub accounts: u32,
    pub prefill: u32,
    pub timed: u32,
    /// Over so many linked markets, each with a currency of its own; 1: over one without a group.
    pub markets: u8,
}

pub const W10K: Shape = Shape { accounts: 1_000, prefill: 10_000, timed: 1_000_000, markets: 1 };
pub const W100K: Shape = Shape { accounts: 60_000, prefill: 100_000, timed: 1_000_000, markets: 1 };
pub const W1M: Shape = Shape { accounts: 1_000_000, prefill: 1_000_000, timed: 1_000_000, markets: 1 };
/// W10k over six currencies whose orders meet.
pub const LINKED: Shape = Shape { markets: 6, ..W10K };
/// What a unit of each currency is worth in the first.
const RATES: [u64; 6] = [1_000_000, 1_085_340, 1_273_100, 750_200, 641_900, 1_118_770];

/// What a run adds up to; an engine that gives other numbers for W10k is wrong, however fast.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Check {
    pub trades: u64,
    pub volume: u64,
    pub notional: u64,
    pub live: u64,
}

pub const W10K_CHECK: Check = Check { trades: 193_894, volume: 4_949_041, notional: 494_776_765_345, live: 13_704 };
pub const W100K_CHECK: Check = Check { trades: 228_632, volume: 5_836_154, notional: 583_665_599_329, live: 68_379 };

const TRADE_EXECUTED: u8 = 4;
/// With the same fields in front.
const CONVERTED_TRADE_EXECUTED: u8 = 40;
const ORDER_DONE: u8 = 5;

/// The u64 that stands `at` bytes into an event's fields (docs/internals/core.md, Events).
fn number(fields: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(fields[at..at + 8].try_into().expect("eight bytes"))
}

struct SplitMix(u64);

impl SplitMix {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        ((z >> 32) * n) >> 32
    }
}

/// One command of a stream in as few bytes as the published form has, and the account of a cancel: a stream of whole
/// [`Command`]s would measure how fast 112 bytes each come from memory.
#[derive(Clone, Copy)]
pub struct Packed {
    pub account: AccountId,
    /// The order to cancel; 0 for a new one.
    pub order_id: u32,
    price: u32,
    amount: u32,
    side: u8,
    market: u8,
}

impl Packed {
    #[inline(always)]
    pub fn command(&self) -> Command<'static> {
        let Packed { account, order_id, price, amount, side, market } = *self;
        let market = MarketId(u16::from(market));
        if order_id != 0 {
            return Command::CancelOrder { account, order_id: OrderId(u64::from(order_id)) };
        }
        let (price, amount) = (Price(u64::from(price)), Amount(u64::from(amount)));
        Command::PlaceOrder(PlaceOrder { account, market, side, price, amount, ..PlaceOrder::default() })
    }
}

pub struct Workload {
    pub prefill: Vec<Packed>,
    pub timed: Vec<Packed>,
    pub check: Check,
}

/// A core with markets of integer ticks and lots, 0.2 % fees, and more than enough money everywhere; several ones are linked.
pub fn funded_core(shape: Shape) -> Core {
    let Shape { accounts, markets, .. } = shape;
    let mut core = Core::new();
    let mut outcome = Outcome::default();
    let mut apply = |command: &Command<'_>| {
        core.apply(0, command, &[], &mut outcome);
        core.forget_events(0);
        assert_eq!(outcome.code, 0);
    };
    let mut id = 0;
    for number in 0..=markets {
        let mut code = *b"BTC\0\0\0\0\0\0\0\0\0";
        code[2] = b'C' + number;
        apply(&Command::CreateAsset(CreateAsset { code, scale: 8, display_scale: 8 }));
    }
    let limits = MarketLimits {
        min_price: Price(1),
        max_price: Price(1 << 30),
        min_amount: Amount(1),
        max_amount: Amount(1 << 30),
        min_total: 0,
    };
    let market = |number: u8| CreateMarket {
        base: AssetId(0),
        quote: AssetId(1 + u16::from(number)),
        price_scale: 0,
        amount_scale: 0,
        self_trade: 1,
        limits,
        maker_ppm: 2_000,
        taker_ppm: 2_000,
    };
    for number in 0..markets {
        apply(&Command::CreateMarket(market(number)));
    }
    apply(&Command::SetMaxOpenOrders { count: u32::MAX });
    let owners = (0..accounts).map(user).chain([CONVERSION]);
    for account in owners {
        if account >= FIRST_USER_ACCOUNT {
            apply(&Command::OpenAccount);
        }
        for asset in (0..=u16::from(markets)).map(AssetId) {
            id += 1;
            let funding =
                Transfer { transfer_id: id, from: WORLD, to: account, asset, kind: 1, pending: 0, amount: 1 << 80 };
            apply(&Command::Transfer(funding));
        }
    }
    if markets > 1 {
        let group = Command::CreateLinkedGroup { base: AssetId(0), anchor: AssetId(1), fee_ppm: 500, max_age: 0 };
        apply(&group);
        for number in 0..u16::from(markets) {
            apply(&Command::LinkMarket { group: 0, market: MarketId(number) });
        }
        let rate = |asset: u16| RATES[usize::from(asset) - 1] * (RATE_ONE / 1_000_000);
        let bytes =
            (2..=u16::from(markets)).flat_map(|asset| asset.to_le_bytes().into_iter().chain(rate(asset).to_le_bytes()));
        let bytes: Vec<u8> = bytes.collect();
        let rates = ConversionRates::from_le_bytes(&bytes).expect("whole rates");
        apply(&Command::SetConversionRates { group: 0, rates });
    }
    core
}

struct Generator {
    rng: SplitMix,
    shape: Shape,
    mid: u64,
    core: Core,
    live: Vec<u64>,
    position: Vec<u32>,
    check: Check,
}

impl Generator {
    fn passive(&mut self) -> Packed {
        let account = self.rng.below(u64::from(self.shape.accounts)) as u32;
        let side = self.rng.below(2) as u8;
        let offset = 1 + self.rng.below(50);
        let amount = 1 + self.rng.below(100);
        let market = self.market();
        let price = if side == 0 { self.mid - offset } else { self.mid + offset };
        order(account, market, side, converted(market, price), amount)
    }

    fn marketable(&mut self) -> Packed {
        let account = self.rng.below(u64::from(self.shape.accounts)) as u32;
        let side = self.rng.below(2) as u8;
        let amount = 1 + self.rng.below(100);
        let opposite = if side == 0 { Side::Sell } else { Side::Buy };
        let market = self.market();
        let best =
            self.core.converted_depth(MarketId(u16::from(market)), opposite, 1).first().map(|(price, _)| price.0);
        let best = best.unwrap_or(converted(market, self.mid));
        let price = if side == 0 { best + 5 } else { best - 5 };
        order(account, market, side, price, amount)
    }

    fn market(&mut self) -> u8 {
        if self.shape.markets == 1 { 0 } else { self.rng.below(u64::from(self.shape.markets)) as u8 }
    }

    fn cancel(&mut self) -> Packed {
        let order_id = OrderId(self.live[self.rng.below(self.live.len() as u64) as usize]);
        let order = self.core.order(order_id).expect("it is live");
        Packed { account: order.account, order_id: order_id.0 as u32, price: 0, amount: 0, side: 0, market: 0 }
    }

    fn next(&mut self) -> Packed {
        match self.rng.below(100) {
            0..50 => self.passive(),
            50..90 if self.live.is_empty() => self.passive(),
            50..90 => self.cancel(),
            _ => self.marketable(),
        }
    }

    /// Applies and follows the live list in event order.
    fn run(&mut self, command: Packed) {
        let mut outcome = Outcome::default();
        self.core.apply(0, &command.command(), &[], &mut outcome);
        assert_eq!(outcome.code, 0);
        let mut removed = Vec::new();
        for (kind, fields) in split_events(self.core.events()) {
            match kind {
                TRADE_EXECUTED | CONVERTED_TRADE_EXECUTED => {
                    let (price, amount) = (number(fields, 44), number(fields, 52));
                    self.check.trades += 1;
                    self.check.volume += amount;
                    self.check.notional += price * amount;
                }
                ORDER_DONE => removed.push(number(fields, 0)),
                _ => {}
            }
        }
        self.core.forget_events(0);
        for order_id in removed {
            self.remove(order_id);
        }
        if outcome.status == cambist_core::Status::Resting {
            let id = outcome.id as usize;
            self.position.resize(self.position.len().max(id + 1), u32::MAX);
            self.position[id] = self.live.len() as u32;
            self.live.push(outcome.id);
        }
    }

    fn remove(&mut self, order_id: u64) {
        let Some(at) = self.position.get(order_id as usize).copied().filter(|at| *at != u32::MAX) else {
            return; // a taker that was filled at once never rested
        };
        self.live.swap_remove(at as usize);
        if let Some(moved) = self.live.get(at as usize) {
            self.position[*moved as usize] = at;
        }
        self.position[order_id as usize] = u32::MAX;
    }
}

fn user(number: u32) -> AccountId {
    AccountId(FIRST_USER_ACCOUNT.0 + number)
}

/// A price in the first currency, in another market's.
fn converted(market: u8, price: u64) -> u64 {
    price * RATES[0] / RATES[usize::from(market)]
}

fn order(account: u32, market: u8, side: u8, price: u64, amount: u64) -> Packed {
    Packed { account: user(account), order_id: 0, price: price as u32, amount: amount as u32, side, market }
}

/// Orders that rest in the stream's markets.
pub fn live_orders(core: &Core, shape: Shape) -> u64 {
    (0..u16::from(shape.markets)).map(|market| core.live_orders(MarketId(market)) as u64).sum()
}

pub fn generate(shape: Shape) -> Workload {
    let mut generator = Generator {
        rng: SplitMix(42),
        shape,
        mid: 100_000,
        core: funded_core(shape),
        live: Vec::new(),
        position: Vec::new(),
        check: Check::default(),
    };
    let mut prefill = Vec::new();
    for _ in 0..shape.prefill {
        let command = generator.passive();
        generator.run(command);
        prefill.push(command);
    }
    let mut timed = Vec::new();
    for j in 0..shape.timed {
        if j > 0 && j % 256 == 0 {
            generator.mid = (generator.mid + generator.rng.below(3) - 1).clamp(90_000, 110_000);
        }
        let command = generator.next();
        generator.run(command);
        timed.push(command);
    }
    generator.check.live = live_orders(&generator.core, shape);
    Workload { prefill, timed, check: generator.check }
}
