"""What a command leaves behind: one outcome and a list of events. Attributes as on the native objects."""

from dataclasses import dataclass
from typing import ClassVar

from tests.twin.wire import pack_object


@dataclass(frozen=True)
class Outcome:
    code: int = 0
    seq: int = 0
    id: int = 0
    status: int = 0
    filled: int = 0
    remaining: int = 0
    count: int = 0
    total: int = 0


@dataclass(frozen=True)
class Event:
    """Base of all events; `layout` is the page's, in order."""

    number: ClassVar[int]
    layout: ClassVar[str]

    def fields(self) -> bytes:
        return pack_object(self.layout, self)

    def encode(self) -> bytes:
        """`u16 length (whole) | u8 kind | u8 zero | fields`."""
        fields = self.fields()
        return (4 + len(fields)).to_bytes(2, "little") + bytes([self.number, 0]) + fields


@dataclass(frozen=True)
class CommandApplied(Event):
    number = 1
    layout = "seq u64, time u64, command u8, zero u8, code u16, id u64"
    seq: int
    time: int
    command: int
    code: int
    id: int
    meta: bytes

    def fields(self) -> bytes:
        return super().fields() + self.meta


@dataclass(frozen=True)
class OrderAccepted(Event):
    number = 2
    layout = (
        "order_id u64, account u32, market u16, side u8, type u8, tif u8, flags u8, self_trade u8, zero u8, price u64, amount u64, "
        "stop_price u64, expire_at u64, funds u128, client_id u128, maker_ppm u32, taker_ppm u32"
    )
    order_id: int
    account: int
    market: int
    side: int
    type: int
    tif: int
    flags: int
    self_trade: int
    price: int
    amount: int
    stop_price: int
    expire_at: int
    funds: int
    client_id: int
    maker_ppm: int
    taker_ppm: int


@dataclass(frozen=True)
class OrderRejected(Event):
    number = 3
    layout = "account u32, market u16, code u16"
    account: int
    market: int
    code: int


@dataclass(frozen=True)
class TradeExecuted(Event):
    number = 4
    layout = (
        "trade_id u64, time u64, market u16, taker_side u8, taker_market u8, maker_account u32, taker_account u32, maker_order u64, "
        "taker_order u64, price u64, amount u64, maker_remaining u64, taker_remaining u64, total i128, maker_fee i128, taker_fee i128"
    )
    trade_id: int
    time: int
    market: int
    taker_side: int
    taker_market: bool
    maker_account: int
    taker_account: int
    maker_order: int
    taker_order: int
    price: int
    amount: int
    maker_remaining: int
    taker_remaining: int
    total: int
    maker_fee: int
    taker_fee: int


@dataclass(frozen=True)
class OrderDone(Event):
    number = 5
    layout = "order_id u64, account u32, market u16, side u8, reason u8, remaining u64, filled u64"
    order_id: int
    account: int
    market: int
    side: int
    reason: int
    remaining: int
    filled: int


@dataclass(frozen=True)
class OrderReplaced(Event):
    number = 6
    layout = "order_id u64, account u32, market u16, kept_priority u8, zero u8, price u64, amount u64, stop_price u64, remaining u64"
    order_id: int
    account: int
    market: int
    kept_priority: bool
    price: int
    amount: int
    stop_price: int
    remaining: int


@dataclass(frozen=True)
class StopTriggered(Event):
    number = 7
    layout = "order_id u64, account u32, market u16, zero u16, last_price u64"
    order_id: int
    account: int
    market: int
    last_price: int


@dataclass(frozen=True)
class BalanceChanged(Event):
    number = 8
    layout = (
        "entry_id u64, account u32, asset u16, business u8, zero u8, reference u64, "
        "change_available i128, change_held i128, available i128, held i128"
    )
    entry_id: int
    account: int
    asset: int
    business: int
    reference: int
    change_available: int
    change_held: int
    available: int
    held: int


@dataclass(frozen=True)
class BookLevelChanged(Event):
    number = 9
    layout = "market u16, side u8, zero u8, orders u32, price u64, amount u64"
    market: int
    side: int
    orders: int
    price: int
    amount: int


@dataclass(frozen=True)
class TransferPosted(Event):
    number = 10
    layout = "transfer_id u128, source u32, destination u32, asset u16, kind u8, was_pending u8, amount i128"
    transfer_id: int
    source: int
    destination: int
    asset: int
    kind: int
    was_pending: bool
    amount: int


@dataclass(frozen=True)
class TransferPending(Event):
    number = 11
    layout = "transfer_id u128, source u32, destination u32, asset u16, kind u8, zero u8, amount i128"
    transfer_id: int
    source: int
    destination: int
    asset: int
    kind: int
    amount: int


@dataclass(frozen=True)
class TransferVoided(Event):
    number = 12
    layout = TransferPending.layout
    transfer_id: int
    source: int
    destination: int
    asset: int
    kind: int
    amount: int


@dataclass(frozen=True)
class AccountOpened(Event):
    number = 13
    layout = "account u32"
    account: int


@dataclass(frozen=True)
class AssetCreated(Event):
    number = 14
    asset: int
    code: str
    scale: int
    display_scale: int

    def fields(self) -> bytes:
        numbers = pack_object("asset u16, scale u8, display_scale u8", self)
        return numbers + self.code.encode("ascii").ljust(12, b"\0")


@dataclass(frozen=True)
class MarketCreated(Event):
    number = 15
    layout = (
        "market u16, base u16, quote u16, price_scale u8, amount_scale u8, self_trade u8, zero u8, min_price u64, max_price u64, "
        "min_amount u64, max_amount u64, min_total u128, maker_ppm u32, taker_ppm u32"
    )
    market: int
    base: int
    quote: int
    price_scale: int
    amount_scale: int
    self_trade: int
    min_price: int
    max_price: int
    min_amount: int
    max_amount: int
    min_total: int
    maker_ppm: int
    taker_ppm: int


@dataclass(frozen=True)
class MarketLimitsSet(Event):
    number = 16
    layout = "market u16, min_price u64, max_price u64, min_amount u64, max_amount u64, min_total u128"
    market: int
    min_price: int
    max_price: int
    min_amount: int
    max_amount: int
    min_total: int


@dataclass(frozen=True)
class MarketStatusSet(Event):
    number = 17
    layout = "market u16, status u8"
    market: int
    status: int


@dataclass(frozen=True)
class MarketFeesSet(Event):
    number = 18
    layout = "market u16, maker_ppm u32, taker_ppm u32"
    market: int
    maker_ppm: int
    taker_ppm: int


@dataclass(frozen=True)
class AccountFeesSet(Event):
    number = 19
    layout = "account u32, maker_ppm u32, taker_ppm u32"
    account: int
    maker_ppm: int
    taker_ppm: int


@dataclass(frozen=True)
class MaxOpenOrdersSet(Event):
    number = 20
    layout = "count u32"
    count: int


@dataclass(frozen=True)
class CancelAfterSet(Event):
    number = 21
    layout = "account u32, due u64"
    account: int
    due: int


@dataclass(frozen=True)
class CancelAfterFired(Event):
    number = 22
    layout = "account u32, orders u32, due u64"
    account: int
    orders: int
    due: int


@dataclass(frozen=True)
class StopTrailed(Event):
    number = 23
    layout = "order_id u64, account u32, market u16, zero u16, trail u64, stop_price u64"
    order_id: int
    account: int
    market: int
    trail: int
    stop_price: int


@dataclass(frozen=True)
class ConvertedTradeExecuted(Event):
    number = 40
    layout = TradeExecuted.layout + ", resting_market u16, zero u16, resting_price u64, resting_total i128"
    trade_id: int
    time: int
    market: int
    taker_side: int
    taker_market: bool
    maker_account: int
    taker_account: int
    maker_order: int
    taker_order: int
    price: int
    amount: int
    maker_remaining: int
    taker_remaining: int
    total: int
    maker_fee: int
    taker_fee: int
    resting_market: int
    resting_price: int
    resting_total: int


@dataclass(frozen=True)
class LinkedGroupCreated(Event):
    number = 41
    layout = "group u16, base u16, anchor u16, zero u16, fee_ppm u32, max_age u64"
    group: int
    base: int
    anchor: int
    fee_ppm: int
    max_age: int


@dataclass(frozen=True)
class MarketLinked(Event):
    number = 42
    layout = "group u16, market u16"
    group: int
    market: int


@dataclass(frozen=True)
class MarketUnlinked(Event):
    number = 43
    layout = "group u16, market u16"
    group: int
    market: int


@dataclass(frozen=True)
class LinkedGroupTermsSet(Event):
    number = 44
    layout = "group u16, zero u16, fee_ppm u32, max_age u64"
    group: int
    fee_ppm: int
    max_age: int


@dataclass(frozen=True)
class ConversionRateSet(Event):
    number = 45
    layout = "group u16, asset u16, rate u64"
    group: int
    asset: int
    rate: int


ALL = {kind.__name__: kind for kind in Event.__subclasses__()}
"""Event classes by name, which the native module uses too."""
