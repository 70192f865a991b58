//! Commands as journal records and events as bytes: little-endian, packed, as laid down in docs/internals/core.md.

use crate::command::{
    Command, ConversionRates, CreateAsset, CreateMarket, MarketLimits, OrderIds, PlaceOco, PlaceOrder, PlaceTrailing,
    ReplaceOrder, Transfer,
};
use crate::types::{AccountId, Amount, AssetId, MAX_META, MarketId, Micros, OrderId, Price};

const RECORD_HEADER: usize = 16;

/// One command record of a run. The command itself is read when it is asked for: it is several times as large.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    pub time: Micros,
    /// The command's number.
    pub kind: u8,
    body: &'a [u8],
    pub meta: &'a [u8],
    /// The whole record, header included.
    pub bytes: &'a [u8],
}

impl<'a> Record<'a> {
    /// The record at the front of a run.
    #[inline(always)]
    pub fn first(run: &'a [u8]) -> Option<Record<'a>> {
        let mut header = Fields(run.get(..RECORD_HEADER)?);
        let length = header.u32()? as usize;
        let kind = header.u8()?;
        let zero = header.u8()?;
        let meta_length = usize::from(header.u16()?);
        let time = header.u64()?;
        if zero != 0 || meta_length > MAX_META || length < RECORD_HEADER + meta_length {
            return None;
        }
        let bytes = run.get(..length)?;
        let (body, meta) = bytes[RECORD_HEADER..].split_at(length - RECORD_HEADER - meta_length);
        let record = Record { time, kind, body, meta, bytes };
        record.is_well_formed().then_some(record)
    }

    /// Which command comes next is anybody's guess, a processor's too: the size is looked up, no branch asks for the kind.
    #[inline(always)]
    fn is_well_formed(&self) -> bool {
        let size = SIZES.get(usize::from(self.kind)).copied().unwrap_or(ASK);
        size as usize == self.body.len() || (size == ASK && read_command(self.kind, self.body).is_some())
    }

    #[inline(always)]
    pub fn command(&self) -> Command<'a> {
        read_command(self.kind, self.body).expect("well-formed, or it would not have been made")
    }

    /// The command's own fields, as they stand in the record.
    pub fn body(&self) -> &'a [u8] {
        self.body
    }
}

const PLACE_ORDER: usize = 75;

/// Size of a command's body by its number, for the commands that come by the million; [`ASK`] for the others.
const SIZES: [u32; 16] = {
    let mut sizes = [ASK; 16];
    sizes[10] = PLACE_ORDER as u32;
    sizes[11] = 12;
    sizes[14] = 36;
    sizes
};
/// No body has this size: a record, its header included, has at most this many bytes.
const ASK: u32 = u32::MAX;

/// Bytes that are no whole, well-formed record, `offset` into the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordError {
    pub offset: usize,
}

/// Reads fields off a byte slice; a short slice makes everything after it `None`.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a>(pub &'a [u8]);

impl<'a> Fields<'a> {
    #[inline]
    pub fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    #[inline]
    pub fn u8(&mut self) -> Option<u8> {
        self.bytes::<1>().map(|[byte]| byte)
    }

    #[inline]
    pub fn u16(&mut self) -> Option<u16> {
        self.bytes().map(u16::from_le_bytes)
    }

    #[inline]
    pub fn u32(&mut self) -> Option<u32> {
        self.bytes().map(u32::from_le_bytes)
    }

    #[inline]
    pub fn u64(&mut self) -> Option<u64> {
        self.bytes().map(u64::from_le_bytes)
    }

    #[inline]
    pub fn u128(&mut self) -> Option<u128> {
        self.bytes().map(u128::from_le_bytes)
    }

    #[inline]
    pub fn i128(&mut self) -> Option<i128> {
        self.bytes().map(i128::from_le_bytes)
    }

    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }
}

/// Appends fields to a byte buffer.
pub(crate) struct Sink<'a>(pub &'a mut Vec<u8>);

impl Sink<'_> {
    #[inline]
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    #[inline]
    pub fn u8(&mut self, value: u8) -> &mut Self {
        self.bytes(&[value])
    }

    #[inline]
    pub fn u16(&mut self, value: u16) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    #[inline]
    pub fn u32(&mut self, value: u32) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    #[inline]
    pub fn u64(&mut self, value: u64) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    #[inline]
    pub fn u128(&mut self, value: u128) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }

    #[inline]
    pub fn i128(&mut self, value: i128) -> &mut Self {
        self.bytes(&value.to_le_bytes())
    }
}

/// The records of a run, in order; an error ends it.
pub fn records(mut run: &[u8]) -> impl Iterator<Item = Result<Record<'_>, RecordError>> {
    let whole = run.len();
    std::iter::from_fn(move || {
        if run.is_empty() {
            return None;
        }
        match Record::first(run) {
            Some(record) => {
                run = &run[record.bytes.len()..];
                Some(Ok(record))
            }
            None => {
                let offset = whole - run.len();
                run = &[];
                Some(Err(RecordError { offset }))
            }
        }
    })
}

#[inline(always)]
fn read_place_order(body: &[u8; PLACE_ORDER]) -> Option<PlaceOrder> {
    let mut f = Fields(body);
    Some(PlaceOrder {
        account: AccountId(f.u32()?),
        market: MarketId(f.u16()?),
        side: f.u8()?,
        order_type: f.u8()?,
        tif: f.u8()?,
        flags: f.u8()?,
        self_trade: f.u8()?,
        price: Price(f.u64()?),
        amount: Amount(f.u64()?),
        stop_price: Price(f.u64()?),
        expire_at: f.u64()?,
        funds: f.u128()?,
        client_id: f.u128()?,
    })
}

#[inline(always)]
fn read_command(kind: u8, body: &[u8]) -> Option<Command<'_>> {
    // The frequent ones are read from arrays, whose size answers every question of length at once.
    let mut f = Fields(body);
    let command = match kind {
        10 => {
            let body: &[u8; PLACE_ORDER] = body.try_into().ok()?;
            return Some(Command::PlaceOrder(read_place_order(body)?));
        }
        11 => Command::CancelOrder { account: AccountId(f.u32()?), order_id: OrderId(f.u64()?) },
        14 => Command::ReplaceOrder(ReplaceOrder {
            account: AccountId(f.u32()?),
            order_id: OrderId(f.u64()?),
            price: Price(f.u64()?),
            amount: Amount(f.u64()?),
            stop_price: Price(f.u64()?),
        }),
        _ => read_rare_command(kind, &mut f)?,
    };
    f.0.is_empty().then_some(command)
}

fn read_rare_command<'a>(kind: u8, f: &mut Fields<'a>) -> Option<Command<'a>> {
    Some(match kind {
        1 => Command::OpenAccount,
        2 => Command::CreateAsset(CreateAsset { code: f.bytes()?, scale: f.u8()?, display_scale: f.u8()? }),
        3 => Command::CreateMarket(CreateMarket {
            base: AssetId(f.u16()?),
            quote: AssetId(f.u16()?),
            price_scale: f.u8()?,
            amount_scale: f.u8()?,
            self_trade: f.u8()?,
            limits: read_limits(f)?,
            maker_ppm: f.u32()?,
            taker_ppm: f.u32()?,
        }),
        4 => Command::SetMarketLimits { market: MarketId(f.u16()?), limits: read_limits(f)? },
        5 => Command::SetMarketStatus { market: MarketId(f.u16()?), status: f.u8()? },
        6 => Command::SetMarketFees { market: MarketId(f.u16()?), maker_ppm: f.u32()?, taker_ppm: f.u32()? },
        7 => Command::SetAccountFees { account: AccountId(f.u32()?), maker_ppm: f.u32()?, taker_ppm: f.u32()? },
        8 => Command::SetMaxOpenOrders { count: f.u32()? },
        12 => {
            let account = f.u32()?;
            let count = usize::from(f.u16()?);
            let order_ids = f.rest();
            if order_ids.len() != count * 8 {
                return None;
            }
            Command::CancelMany { account: AccountId(account), order_ids: OrderIds(order_ids) }
        }
        13 => Command::CancelAll { account: AccountId(f.u32()?), market: MarketId(f.u16()?), side: f.u8()? },
        15 => Command::SetCancelAfter { account: AccountId(f.u32()?), due: f.u64()? },
        16 => Command::PlaceOco(PlaceOco {
            account: AccountId(f.u32()?),
            market: MarketId(f.u16()?),
            side: f.u8()?,
            tif: f.u8()?,
            flags: f.u8()?,
            self_trade: f.u8()?,
            price: Price(f.u64()?),
            amount: Amount(f.u64()?),
            stop_price: Price(f.u64()?),
            stop_limit_price: Price(f.u64()?),
            expire_at: f.u64()?,
            client_id: f.u128()?,
            stop_client_id: f.u128()?,
        }),
        17 => {
            // The same fields as a PlaceOrder's, with the trail where that has its stop price.
            let order = read_place_order(&f.bytes()?)?;
            let (trail, stop_price) = (order.stop_price.0, Price::NONE);
            Command::PlaceTrailing(PlaceTrailing { order: PlaceOrder { stop_price, ..order }, trail })
        }
        20 => Command::Transfer(Transfer {
            transfer_id: f.u128()?,
            from: AccountId(f.u32()?),
            to: AccountId(f.u32()?),
            asset: AssetId(f.u16()?),
            kind: f.u8()?,
            pending: f.u8()?,
            amount: f.u128()?,
        }),
        21 => Command::PostTransfer { transfer_id: f.u128()? },
        22 => Command::VoidTransfer { transfer_id: f.u128()? },
        30 => Command::AdvanceTime,
        31 => Command::Note,
        _ => read_linking_command(kind, f)?,
    })
}

/// Linked groups.
fn read_linking_command<'a>(kind: u8, f: &mut Fields<'a>) -> Option<Command<'a>> {
    Some(match kind {
        40 => Command::CreateLinkedGroup {
            base: AssetId(f.u16()?),
            anchor: AssetId(f.u16()?),
            fee_ppm: f.u32()?,
            max_age: f.u64()?,
        },
        41 => Command::LinkMarket { group: f.u16()?, market: MarketId(f.u16()?) },
        42 => Command::UnlinkMarket { market: MarketId(f.u16()?) },
        43 => Command::SetLinkedGroupTerms { group: f.u16()?, fee_ppm: f.u32()?, max_age: f.u64()? },
        44 => {
            let group = f.u16()?;
            let count = usize::from(f.u16()?);
            let rates = f.rest();
            if rates.len() != count * ConversionRates::SIZE {
                return None;
            }
            Command::SetConversionRates { group, rates: ConversionRates(rates) }
        }
        _ => return None,
    })
}

fn read_limits(f: &mut Fields<'_>) -> Option<MarketLimits> {
    Some(MarketLimits {
        min_price: Price(f.u64()?),
        max_price: Price(f.u64()?),
        min_amount: Amount(f.u64()?),
        max_amount: Amount(f.u64()?),
        min_total: f.u128()?,
    })
}

pub(crate) fn write_limits(out: &mut Sink<'_>, limits: &MarketLimits) {
    out.u64(limits.min_price.0)
        .u64(limits.max_price.0)
        .u64(limits.min_amount.0)
        .u64(limits.max_amount.0)
        .u128(limits.min_total);
}

/// Appends the record of `command`. `meta` is at most [`MAX_META`] bytes.
pub fn write_record(run: &mut Vec<u8>, time: Micros, command: &Command<'_>, meta: &[u8]) {
    assert!(meta.len() <= MAX_META, "meta is bounded by the caller");
    let start = run.len();
    let mut out = Sink(run);
    out.u32(0).u8(command.kind()).u8(0).u16(meta.len() as u16).u64(time);
    write_body(&mut out, command);
    out.bytes(meta);
    let length = (run.len() - start) as u32;
    run[start..start + 4].copy_from_slice(&length.to_le_bytes());
}

fn write_place_order(out: &mut Sink<'_>, c: &PlaceOrder, stop_price_or_trail: u64) {
    out.u32(c.account.0).u16(c.market.0).u8(c.side).u8(c.order_type).u8(c.tif).u8(c.flags).u8(c.self_trade);
    out.u64(c.price.0).u64(c.amount.0).u64(stop_price_or_trail).u64(c.expire_at).u128(c.funds).u128(c.client_id);
}

fn write_body(out: &mut Sink<'_>, command: &Command<'_>) {
    match command {
        Command::OpenAccount | Command::AdvanceTime | Command::Note => {}
        Command::CreateAsset(c) => {
            out.bytes(&c.code).u8(c.scale).u8(c.display_scale);
        }
        Command::CreateMarket(c) => {
            out.u16(c.base.0).u16(c.quote.0).u8(c.price_scale).u8(c.amount_scale).u8(c.self_trade);
            write_limits(out, &c.limits);
            out.u32(c.maker_ppm).u32(c.taker_ppm);
        }
        Command::SetMarketLimits { market, limits } => {
            out.u16(market.0);
            write_limits(out, limits);
        }
        Command::SetMarketStatus { market, status } => {
            out.u16(market.0).u8(*status);
        }
        Command::SetMarketFees { market, maker_ppm, taker_ppm } => {
            out.u16(market.0).u32(*maker_ppm).u32(*taker_ppm);
        }
        Command::SetAccountFees { account, maker_ppm, taker_ppm } => {
            out.u32(account.0).u32(*maker_ppm).u32(*taker_ppm);
        }
        Command::SetMaxOpenOrders { count } => {
            out.u32(*count);
        }
        Command::PlaceOrder(c) => write_place_order(out, c, c.stop_price.0),
        Command::PlaceTrailing(c) => write_place_order(out, &c.order, c.trail),
        Command::PlaceOco(c) => {
            out.u32(c.account.0).u16(c.market.0).u8(c.side).u8(c.tif).u8(c.flags).u8(c.self_trade);
            out.u64(c.price.0).u64(c.amount.0).u64(c.stop_price.0).u64(c.stop_limit_price.0).u64(c.expire_at);
            out.u128(c.client_id).u128(c.stop_client_id);
        }
        Command::CancelOrder { account, order_id } => {
            out.u32(account.0).u64(order_id.0);
        }
        Command::CancelMany { account, order_ids } => {
            out.u32(account.0).u16((order_ids.0.len() / 8) as u16).bytes(order_ids.0);
        }
        Command::CancelAll { account, market, side } => {
            out.u32(account.0).u16(market.0).u8(*side);
        }
        Command::ReplaceOrder(c) => {
            out.u32(c.account.0).u64(c.order_id.0).u64(c.price.0).u64(c.amount.0).u64(c.stop_price.0);
        }
        Command::SetCancelAfter { account, due } => {
            out.u32(account.0).u64(*due);
        }
        Command::Transfer(c) => {
            out.u128(c.transfer_id).u32(c.from.0).u32(c.to.0).u16(c.asset.0).u8(c.kind).u8(c.pending).u128(c.amount);
        }
        Command::PostTransfer { transfer_id } | Command::VoidTransfer { transfer_id } => {
            out.u128(*transfer_id);
        }
        Command::CreateLinkedGroup { base, anchor, fee_ppm, max_age } => {
            out.u16(base.0).u16(anchor.0).u32(*fee_ppm).u64(*max_age);
        }
        Command::LinkMarket { group, market } => {
            out.u16(*group).u16(market.0);
        }
        Command::UnlinkMarket { market } => {
            out.u16(market.0);
        }
        Command::SetLinkedGroupTerms { group, fee_ppm, max_age } => {
            out.u16(*group).u32(*fee_ppm).u64(*max_age);
        }
        Command::SetConversionRates { group, rates } => {
            out.u16(*group).u16((rates.0.len() / ConversionRates::SIZE) as u16).bytes(rates.0);
        }
    }
}
