//! What holds for whatever comes: number texts, records, the book. The rules themselves are in `rules.rs`.

use std::collections::BTreeMap;

use cambist_core::decimal::{self, ParseError};
use cambist_core::{
    ALL_MARKETS, AccountId, Amount, AssetId, Atoms, Command, ConversionRates, Core, CreateAsset, CreateMarket,
    FIRST_USER_ACCOUNT, MAX_ATOMS, MarketId, MarketLimits, OrderId, OrderIds, Outcome, PlaceOco, PlaceOrder,
    PlaceTrailing, Price, Record, ReplaceOrder, Side, Transfer, WORLD, records, write_record,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::RngSeed;

/// The same cases every time, unless told otherwise: PROPTEST_CASES=20000 PROPTEST_RNG_SEED=7 cargo test --test properties
fn config() -> ProptestConfig {
    let seed = std::env::var("PROPTEST_RNG_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(42);
    ProptestConfig { rng_seed: RngSeed::Fixed(seed), failure_persistence: None, ..ProptestConfig::default() }
}

// --- number texts

proptest! {
    #![proptest_config(config())]
    #[test]
    fn a_formatted_number_reads_as_itself(value in 0..MAX_ATOMS, scale in 0..=36u8) {
        let text = decimal::format(value as i128, scale, None);
        prop_assert_eq!(decimal::parse(&text, scale), Ok(value));
        let padded = decimal::format(value as i128, scale, Some(scale));
        prop_assert_eq!(decimal::parse(&padded, scale), Ok(value));
    }

    #[test]
    fn fewer_digits_are_cut_toward_zero(value in any::<i128>(), scale in 0..=36u8, digits in 0..=36u8) {
        let text = decimal::format(value, scale, Some(digits));
        let cut = u32::from(scale.saturating_sub(digits));
        let kept = if cut > 38 { 0 } else { value / 10i128.pow(cut) };
        let bare: String = text.chars().filter(|digit| digit.is_ascii_digit()).collect();
        let missing = usize::from(digits.saturating_sub(scale));
        prop_assert_eq!(bare.trim_start_matches('0'), format!("{}{}", nonzero(kept), zeros(kept, missing)));
        prop_assert_eq!(text.starts_with('-'), kept < 0);
        prop_assert_eq!(text.split_once('.').map_or(0, |(_, behind)| behind.len()), usize::from(digits));
    }

    #[test]
    fn any_text_is_a_number_or_an_error(text in ".{0,40}", scale in 0..=36u8) {
        if let Ok(value) = decimal::parse(&text, scale) {
            prop_assert!(value < MAX_ATOMS);
        }
    }

    #[test]
    fn an_exponent_moves_the_point(digits in 1..10u128.pow(12), exponent in -12i32..=12, scale in 0..=18u8) {
        let places = i32::from(scale) + exponent;
        let expected = if places >= 0 {
            let moved = digits.checked_mul(10u128.pow(places as u32)).filter(|moved| *moved < MAX_ATOMS);
            moved.ok_or(ParseError::TooLarge)
        } else {
            let unit = 10u128.pow(-places as u32);
            if digits % unit == 0 { Ok(digits / unit) } else { Err(ParseError::TooPrecise) }
        };
        prop_assert_eq!(decimal::parse(&format!("{digits}e{exponent}"), scale), expected);
    }
}

fn nonzero(value: i128) -> String {
    if value == 0 { String::new() } else { value.unsigned_abs().to_string() }
}

fn zeros(value: i128, count: usize) -> String {
    if value == 0 { String::new() } else { "0".repeat(count) }
}

// --- records

fn limits() -> impl Strategy<Value = MarketLimits> {
    any::<(u64, u64, u64, u64, u128)>().prop_map(|(min_price, max_price, min_amount, max_amount, min_total)| {
        MarketLimits {
            min_price: Price(min_price),
            max_price: Price(max_price),
            min_amount: Amount(min_amount),
            max_amount: Amount(max_amount),
            min_total,
        }
    })
}

fn create_market() -> impl Strategy<Value = CreateMarket> {
    (any::<(u16, u16, u8, u8, u8)>(), limits(), any::<(u32, u32)>()).prop_map(
        |((base, quote, price_scale, amount_scale, self_trade), limits, (maker_ppm, taker_ppm))| CreateMarket {
            base: AssetId(base),
            quote: AssetId(quote),
            price_scale,
            amount_scale,
            self_trade,
            limits,
            maker_ppm,
            taker_ppm,
        },
    )
}

fn place_oco() -> impl Strategy<Value = PlaceOco> {
    (any::<(u32, u16, [u8; 4])>(), any::<([u64; 5], u128, u128)>()).prop_map(
        |((account, market, enums), (numbers, client_id, stop_client_id))| {
            let [side, tif, flags, self_trade] = enums;
            let [price, amount, stop_price, stop_limit_price, expire_at] = numbers;
            PlaceOco {
                account: AccountId(account),
                market: MarketId(market),
                side,
                tif,
                flags,
                self_trade,
                price: Price(price),
                amount: Amount(amount),
                stop_price: Price(stop_price),
                stop_limit_price: Price(stop_limit_price),
                expire_at,
                client_id,
                stop_client_id,
            }
        },
    )
}

fn place_order() -> impl Strategy<Value = PlaceOrder> {
    (any::<(u32, u16, [u8; 5])>(), any::<([u64; 4], u128, u128)>()).prop_map(
        |((account, market, enums), (numbers, funds, client_id))| {
            let [side, order_type, tif, flags, self_trade] = enums;
            let [price, amount, stop_price, expire_at] = numbers;
            PlaceOrder {
                account: AccountId(account),
                market: MarketId(market),
                side,
                order_type,
                tif,
                flags,
                self_trade,
                price: Price(price),
                amount: Amount(amount),
                stop_price: Price(stop_price),
                expire_at,
                funds,
                client_id,
            }
        },
    )
}

fn transfer() -> impl Strategy<Value = Transfer> {
    any::<(u128, u32, u32, u16, u8, u8, u128)>().prop_map(|(transfer_id, from, to, asset, kind, pending, amount)| {
        Transfer { transfer_id, from: AccountId(from), to: AccountId(to), asset: AssetId(asset), kind, pending, amount }
    })
}

/// Every kind of command, with any values; `ids` are the orders of a CancelMany.
fn placing<'a>() -> impl Strategy<Value = Command<'a>> {
    prop_oneof![
        place_order().prop_map(Command::PlaceOrder),
        place_oco().prop_map(Command::PlaceOco),
        (place_order(), any::<u64>()).prop_map(|(order, trail)| {
            let order = PlaceOrder { stop_price: Price::NONE, ..order };
            Command::PlaceTrailing(PlaceTrailing { order, trail })
        }),
    ]
}

fn command(ids: &[u8]) -> impl Strategy<Value = Command<'_>> {
    let ids = OrderIds::from_le_bytes(ids).expect("whole ids");
    let account = any::<u32>().prop_map(AccountId);
    let market = any::<u16>().prop_map(MarketId);
    let rates = any::<(u32, u32)>();
    let venue = prop_oneof![
        Just(Command::OpenAccount),
        any::<([u8; 12], u8, u8)>().prop_map(|(code, scale, display_scale)| {
            Command::CreateAsset(CreateAsset { code, scale, display_scale })
        }),
        create_market().prop_map(Command::CreateMarket),
        (market.clone(), limits()).prop_map(|(market, limits)| Command::SetMarketLimits { market, limits }),
        (market.clone(), any::<u8>()).prop_map(|(market, status)| Command::SetMarketStatus { market, status }),
        (market.clone(), rates).prop_map(|(market, (maker_ppm, taker_ppm))| Command::SetMarketFees {
            market,
            maker_ppm,
            taker_ppm
        }),
        (account.clone(), rates).prop_map(|(account, (maker_ppm, taker_ppm))| Command::SetAccountFees {
            account,
            maker_ppm,
            taker_ppm
        }),
        any::<u32>().prop_map(|count| Command::SetMaxOpenOrders { count }),
        Just(Command::AdvanceTime),
        Just(Command::Note),
    ];
    let orders = prop_oneof![
        placing(),
        (account.clone(), any::<u64>())
            .prop_map(|(account, id)| Command::CancelOrder { account, order_id: OrderId(id) }),
        account.clone().prop_map(move |account| Command::CancelMany { account, order_ids: ids }),
        (account.clone(), market, any::<u8>()).prop_map(|(account, market, side)| Command::CancelAll {
            account,
            market,
            side
        }),
        (account.clone(), any::<[u64; 4]>()).prop_map(|(account, [id, price, amount, stop])| {
            let (order_id, price) = (OrderId(id), Price(price));
            Command::ReplaceOrder(ReplaceOrder {
                account,
                order_id,
                price,
                amount: Amount(amount),
                stop_price: Price(stop),
            })
        }),
        (account, any::<u64>()).prop_map(|(account, due)| Command::SetCancelAfter { account, due }),
        transfer().prop_map(Command::Transfer),
        any::<u128>().prop_map(|transfer_id| Command::PostTransfer { transfer_id }),
        any::<u128>().prop_map(|transfer_id| Command::VoidTransfer { transfer_id }),
    ];
    prop_oneof![venue, orders, linking()]
}

/// Rates of one record.
static RATES: [u8; 30] = *b"three assets and their rates..";

fn linking<'a>() -> impl Strategy<Value = Command<'a>> {
    let rates = ConversionRates::from_le_bytes(&RATES).expect("whole rates");
    let market = any::<u16>().prop_map(MarketId);
    prop_oneof![
        any::<(u16, u16, u32, u64)>().prop_map(|(base, anchor, fee_ppm, max_age)| {
            Command::CreateLinkedGroup { base: AssetId(base), anchor: AssetId(anchor), fee_ppm, max_age }
        }),
        (any::<u16>(), market.clone()).prop_map(|(group, market)| Command::LinkMarket { group, market }),
        market.prop_map(|market| Command::UnlinkMarket { market }),
        any::<(u16, u32, u64)>()
            .prop_map(|(group, fee_ppm, max_age)| { Command::SetLinkedGroupTerms { group, fee_ppm, max_age } }),
        any::<u16>().prop_map(move |group| Command::SetConversionRates { group, rates }),
    ]
}

static IDS: [u8; 24] = *b"three order ids of bytes";

proptest! {
    #![proptest_config(config())]
    #[test]
    fn a_record_reads_as_what_was_written(
        commands in vec((any::<u64>(), command(&IDS), vec(any::<u8>(), 0..40)), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut run = Vec::new();
        for (time, command, meta) in &commands {
            write_record(&mut run, *time, command, meta);
        }
        let read: Result<Vec<_>, _> = records(&run).collect();
        let read = read.expect("what was written");
        prop_assert_eq!(read.len(), commands.len());
        let mut again = Vec::new();
        for (record, (time, command, meta)) in read.iter().zip(&commands) {
            prop_assert_eq!((record.time, record.kind, record.meta), (*time, command.kind(), meta.as_slice()));
            prop_assert_eq!(format!("{:?}", record.command()), format!("{command:?}"));
            write_record(&mut again, record.time, &record.command(), record.meta);
        }
        prop_assert_eq!(&again, &run);
        // Cut anywhere but between two records, the run is no run, and the place is named.
        let cut = cut.index(run.len());
        let starts: Vec<usize> = read.iter().map(|record| record.bytes.as_ptr() as usize - run.as_ptr() as usize).collect();
        let last = *starts.iter().rfind(|start| **start <= cut).expect("the first is at 0");
        let error = records(&run[..cut]).find_map(Result::err);
        prop_assert_eq!(error.map(|error| error.offset), (last != cut).then_some(last));
    }

    #[test]
    fn any_bytes_are_a_record_or_none(bytes in vec(any::<u8>(), 0..200), kind in 0..46u8, meta in 0..4u8) {
        let mut bytes = bytes;
        // Noise is never a record: with a likely header it sometimes is.
        if bytes.len() >= 16 {
            let length = (bytes.len() as u32).to_le_bytes();
            bytes[..4].copy_from_slice(&length);
            bytes[4..8].copy_from_slice(&[kind, 0, meta, 0]);
        }
        if let Some(record) = Record::first(&bytes) {
            let mut again = Vec::new();
            write_record(&mut again, record.time, &record.command(), record.meta);
            prop_assert_eq!(again, record.bytes);
        }
    }
}

// --- the book

const GEM: AssetId = AssetId(0);
const USD: AssetId = AssetId(1);
const GEM_USD: MarketId = MarketId(0);
const USERS: u32 = 3;

/// One market, where price × amount is the total, and three users with a little of everything.
fn venue() -> Core {
    let mut core = Core::new();
    for code in [*b"GEM\0\0\0\0\0\0\0\0\0", *b"USD\0\0\0\0\0\0\0\0\0"] {
        apply(&mut core, 0, &Command::CreateAsset(CreateAsset { code, scale: 0, display_scale: 0 }));
    }
    let (price, amount) = ((Price(1), Price(50)), (Amount(1), Amount(100)));
    let limits = MarketLimits {
        min_price: price.0,
        max_price: price.1,
        min_amount: amount.0,
        max_amount: amount.1,
        min_total: 0,
    };
    let market = CreateMarket {
        base: GEM,
        quote: USD,
        price_scale: 0,
        amount_scale: 0,
        self_trade: 1,
        limits,
        maker_ppm: 10_000,
        taker_ppm: 250_000,
    };
    apply(&mut core, 0, &Command::CreateMarket(market));
    for user in users() {
        apply(&mut core, 0, &Command::OpenAccount);
        for asset in [GEM, USD] {
            let transfer_id = u128::from(user.0) * 2 + u128::from(asset.0);
            let deposit = Transfer { transfer_id, from: WORLD, to: user, asset, kind: 1, pending: 0, amount: 2_000 };
            apply(&mut core, 0, &Command::Transfer(deposit));
        }
    }
    core
}

fn users() -> impl Iterator<Item = AccountId> {
    (0..USERS).map(|user| AccountId(FIRST_USER_ACCOUNT.0 + user))
}

fn apply(core: &mut Core, time: u64, command: &Command<'_>) -> Outcome {
    let mut outcome = Outcome::default();
    core.apply(time, command, &[], &mut outcome);
    core.forget_events(0);
    outcome
}

/// Orders, changes and cancels at few prices, some of which are rejected, and time that moves on.
fn trading() -> impl Strategy<Value = Command<'static>> {
    let account = (0..USERS).prop_map(|user| AccountId(FIRST_USER_ACCOUNT.0 + user));
    let order_id = (1..40u64).prop_map(OrderId);
    let place = (account.clone(), [0..2u8, 0..4u8, 0..4u8, 0..2u8, 0..5u8], [1..9u64, 1..30u64, 0..9u64, 0..90u64])
        .prop_map(|(account, [side, order_type, tif, flags, self_trade], [price, amount, stop_price, funds])| {
            let (limit, stop) = (order_type % 2 == 0, order_type > 1);
            let by_funds = !limit && side == 0 && (stop || funds % 2 == 0);
            PlaceOrder {
                account,
                market: GEM_USD,
                side,
                order_type,
                tif: if limit { tif } else { 1 },
                flags: if order_type == 0 { flags } else { 0 },
                self_trade,
                price: Price(if limit { price } else { 0 }),
                amount: Amount(if by_funds { 0 } else { amount }),
                stop_price: Price(if stop { stop_price } else { 0 }),
                expire_at: if limit && tif == 3 { 1 + funds } else { 0 },
                funds: if by_funds { u128::from(funds) } else { 0 },
                client_id: 0,
            }
        });
    prop_oneof![
        8 => place.prop_map(Command::PlaceOrder),
        2 => (account.clone(), order_id.clone(), [0..9u64, 0..40u64]).prop_map(|(account, order_id, [price, amount])| {
            let (price, amount) = (Price(price), Amount(amount));
            Command::ReplaceOrder(ReplaceOrder { account, order_id, price, amount, stop_price: Price::NONE })
        }),
        1 => (account.clone(), order_id).prop_map(|(account, order_id)| Command::CancelOrder { account, order_id }),
        1 => (account, 0..90u64).prop_map(|(account, due)| Command::SetCancelAfter { account, due }),
        1 => select(vec![Command::AdvanceTime, Command::Note]),
    ]
}

/// What must be true of the book and of the balances that it holds.
fn check_book(core: &Core) {
    let mut levels: BTreeMap<(u8, Price), u64> = BTreeMap::new();
    for user in users() {
        let mut held = [Atoms::ZERO; 2];
        for order in core.open_orders(user, ALL_MARKETS) {
            let remaining = order.remaining().0;
            let cost = match order.side {
                Side::Sell => u128::from(remaining),
                Side::Buy if order.rare.funds != 0 => order.rare.funds,
                Side::Buy => u128::from(order.price.0) * u128::from(remaining),
            };
            held[usize::from(order.side == Side::Buy)] += Atoms(cost as i128);
            if !order.is_waiting() {
                assert!(remaining > 0, "an order without a rest stands in the book");
                *levels.entry((order.side as u8, order.price)).or_default() += remaining;
            }
        }
        for (asset, expected) in [(GEM, held[0]), (USD, held[1])] {
            assert_eq!(core.balance(user, asset).expect("a user").held, expected, "held of asset {asset:?}");
        }
    }
    for (side, best_first) in [(Side::Buy, true), (Side::Sell, false)] {
        let depth: Vec<(Price, Amount)> = core.depth(GEM_USD, side).collect();
        let own =
            levels.iter().filter(|((of, _), _)| *of == side as u8).map(|((_, price), sum)| (*price, Amount(*sum)));
        let mut expected: Vec<(Price, Amount)> = own.collect();
        if best_first {
            expected.reverse();
        }
        assert_eq!(depth, expected, "levels are what the orders add up to, best first");
    }
    let best = |side| core.depth(GEM_USD, side).next().map(|(price, _)| price);
    if let (Some(bid), Some(ask)) = (best(Side::Buy), best(Side::Sell)) {
        assert!(bid < ask, "the book is crossed");
    }
    assert_eq!(core.violation(), None);
}

proptest! {
    #![proptest_config(config())]
    #[test]
    fn the_book_and_the_holds_agree_with_the_orders(stream in vec((trading(), 0..3u64), 1..120)) {
        let mut core = venue();
        let mut time = 0;
        for (command, later) in &stream {
            time += later;
            apply(&mut core, time, command);
            check_book(&core);
        }
        let restored = Core::restore(&core.snapshot()).expect("its own snapshot");
        prop_assert_eq!(restored.state_hash(), core.state_hash());
        check_book(&restored);
    }

    /// Levels, lists, indices: a restored core goes on as the one that it was taken from.
    #[test]
    fn a_restored_core_goes_on_the_same(
        before in vec(trading(), 1..60),
        after in vec(trading(), 1..60),
    ) {
        let mut core = venue();
        for command in &before {
            apply(&mut core, 5, command);
        }
        let mut restored = Core::restore(&core.snapshot()).expect("its own snapshot");
        for command in &after {
            prop_assert_eq!(apply(&mut core, 9, command), apply(&mut restored, 9, command));
        }
        prop_assert_eq!(core.snapshot(), restored.snapshot());
    }
}
