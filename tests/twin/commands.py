"""What can be asked of the core. Layouts are the rows of the page's table; `source`, `destination` are its `from`, `to`."""

from dataclasses import dataclass
from typing import ClassVar

from tests.twin.wire import Reader, pack_object
from tests.twin.words import MAX_META

HEADER = "length u32, kind u8, zero u8, meta_length u16, time u64"
HEADER_BYTES = 16


@dataclass(frozen=True, kw_only=True)
class Command:
    """Base of all commands."""

    number: ClassVar[int]
    layout: ClassVar[str] = ""

    time: int
    meta: bytes = b""

    def body(self) -> bytes:
        return pack_object(self.layout, self)

    @classmethod
    def read_body(cls, reader: Reader) -> dict[str, object]:
        return dict(reader.take(cls.layout))

    def encode(self) -> bytes:
        """The record. OverflowError when something does not fit."""
        if len(self.meta) > MAX_META:
            raise OverflowError(f"meta of {len(self.meta)} bytes, {MAX_META} at most")
        body = self.body()
        length = HEADER_BYTES + len(body) + len(self.meta)
        head = length.to_bytes(4, "little") + bytes([self.number, 0]) + len(self.meta).to_bytes(2, "little")
        return head + self.time.to_bytes(8, "little") + body + self.meta


@dataclass(frozen=True, kw_only=True)
class OpenAccount(Command):
    number = 1


@dataclass(frozen=True, kw_only=True)
class CreateAsset(Command):
    number = 2
    layout = "code [u8;12], scale u8, display_scale u8"
    code: bytes
    scale: int
    display_scale: int


@dataclass(frozen=True, kw_only=True)
class CreateMarket(Command):
    number = 3
    layout = (
        "base u16, quote u16, price_scale u8, amount_scale u8, self_trade u8, min_price u64, max_price u64, min_amount u64, "
        "max_amount u64, min_total u128, maker_ppm u32, taker_ppm u32"
    )
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


@dataclass(frozen=True, kw_only=True)
class SetMarketLimits(Command):
    number = 4
    layout = "market u16, min_price u64, max_price u64, min_amount u64, max_amount u64, min_total u128"
    market: int
    min_price: int
    max_price: int
    min_amount: int
    max_amount: int
    min_total: int


@dataclass(frozen=True, kw_only=True)
class SetMarketStatus(Command):
    number = 5
    layout = "market u16, status u8"
    market: int
    status: int


@dataclass(frozen=True, kw_only=True)
class SetMarketFees(Command):
    number = 6
    layout = "market u16, maker_ppm u32, taker_ppm u32"
    market: int
    maker_ppm: int
    taker_ppm: int


@dataclass(frozen=True, kw_only=True)
class SetAccountFees(Command):
    number = 7
    layout = "account u32, maker_ppm u32, taker_ppm u32"
    account: int
    maker_ppm: int
    taker_ppm: int


@dataclass(frozen=True, kw_only=True)
class SetMaxOpenOrders(Command):
    number = 8
    layout = "count u32"
    count: int


@dataclass(frozen=True, kw_only=True)
class PlaceOrder(Command):
    number = 10
    layout = (
        "account u32, market u16, side u8, type u8, tif u8, flags u8, self_trade u8, price u64, amount u64, stop_price u64, "
        "expire_at u64, funds u128, client_id u128"
    )
    account: int
    market: int
    side: int
    type: int
    tif: int
    flags: int
    self_trade: int
    price: int
    amount: int
    stop_price: int = 0
    expire_at: int = 0
    funds: int = 0
    client_id: int = 0


@dataclass(frozen=True, kw_only=True)
class CancelOrder(Command):
    number = 11
    layout = "account u32, order_id u64"
    account: int
    order_id: int


@dataclass(frozen=True, kw_only=True)
class CancelMany(Command):
    number = 12
    account: int
    order_ids: tuple[int, ...]

    def body(self) -> bytes:
        ids = b"".join(order_id.to_bytes(8, "little") for order_id in self.order_ids)
        return self.account.to_bytes(4, "little") + len(self.order_ids).to_bytes(2, "little") + ids

    @classmethod
    def read_body(cls, reader: Reader) -> dict[str, object]:
        account = reader.one("u32")
        count = reader.one("u16")
        return {"account": account, "order_ids": tuple(reader.one("u64") for _ in range(count))}


@dataclass(frozen=True, kw_only=True)
class CancelAll(Command):
    number = 13
    layout = "account u32, market u16, side u8"
    account: int
    market: int
    side: int


@dataclass(frozen=True, kw_only=True)
class ReplaceOrder(Command):
    number = 14
    layout = "account u32, order_id u64, price u64, amount u64, stop_price u64"
    account: int
    order_id: int
    price: int = 0
    amount: int = 0
    stop_price: int = 0


@dataclass(frozen=True, kw_only=True)
class SetCancelAfter(Command):
    number = 15
    layout = "account u32, due u64"
    account: int
    due: int


@dataclass(frozen=True, kw_only=True)
class PlaceOco(Command):
    number = 16
    layout = (
        "account u32, market u16, side u8, tif u8, flags u8, self_trade u8, price u64, amount u64, stop_price u64, stop_limit_price u64, "
        "expire_at u64, client_id u128, stop_client_id u128"
    )
    account: int
    market: int
    side: int
    tif: int
    flags: int
    self_trade: int
    price: int
    amount: int
    stop_price: int
    stop_limit_price: int = 0
    expire_at: int = 0
    client_id: int = 0
    stop_client_id: int = 0


@dataclass(frozen=True, kw_only=True)
class PlaceTrailing(Command):
    number = 17
    layout = (
        "account u32, market u16, side u8, type u8, tif u8, flags u8, self_trade u8, price u64, amount u64, trail u64, "
        "expire_at u64, funds u128, client_id u128"
    )
    account: int
    market: int
    side: int
    type: int
    tif: int
    flags: int
    self_trade: int
    price: int
    amount: int
    trail: int
    expire_at: int = 0
    funds: int = 0
    client_id: int = 0


@dataclass(frozen=True, kw_only=True)
class Transfer(Command):
    number = 20
    layout = "transfer_id u128, source u32, destination u32, asset u16, kind u8, pending u8, amount u128"
    transfer_id: int
    source: int
    destination: int
    asset: int
    kind: int
    pending: int
    amount: int


@dataclass(frozen=True, kw_only=True)
class PostTransfer(Command):
    number = 21
    layout = "transfer_id u128"
    transfer_id: int


@dataclass(frozen=True, kw_only=True)
class VoidTransfer(Command):
    number = 22
    layout = "transfer_id u128"
    transfer_id: int


@dataclass(frozen=True, kw_only=True)
class AdvanceTime(Command):
    number = 30


@dataclass(frozen=True, kw_only=True)
class Note(Command):
    number = 31


@dataclass(frozen=True, kw_only=True)
class CreateLinkedGroup(Command):
    number = 40
    layout = "base u16, anchor u16, fee_ppm u32, max_age u64"
    base: int
    anchor: int
    fee_ppm: int
    max_age: int


@dataclass(frozen=True, kw_only=True)
class LinkMarket(Command):
    number = 41
    layout = "group u16, market u16"
    group: int
    market: int


@dataclass(frozen=True, kw_only=True)
class UnlinkMarket(Command):
    number = 42
    layout = "market u16"
    market: int


@dataclass(frozen=True, kw_only=True)
class SetLinkedGroupTerms(Command):
    number = 43
    layout = "group u16, fee_ppm u32, max_age u64"
    group: int
    fee_ppm: int
    max_age: int


@dataclass(frozen=True, kw_only=True)
class SetConversionRates(Command):
    number = 44
    group: int
    rates: tuple[tuple[int, int], ...]
    """(asset, rate)"""

    def body(self) -> bytes:
        rates = b"".join(asset.to_bytes(2, "little") + rate.to_bytes(8, "little") for asset, rate in self.rates)
        return self.group.to_bytes(2, "little") + len(self.rates).to_bytes(2, "little") + rates

    @classmethod
    def read_body(cls, reader: Reader) -> dict[str, object]:
        group, count = reader.one("u16"), reader.one("u16")
        return {"group": group, "rates": tuple((reader.one("u16"), reader.one("u64")) for _ in range(count))}


BY_NUMBER = {kind.number: kind for kind in Command.__subclasses__()}


def decode_records(records: bytes) -> list[Command]:
    """ValueError when the run is not made of whole, well-formed records."""
    reader = Reader(records)
    commands = []
    while reader.left:
        commands.append(_decode_record(reader))
    return commands


def _decode_record(reader: Reader) -> Command:
    start = reader.at
    head = reader.take(HEADER)
    kind = BY_NUMBER.get(int(head["kind"]))
    if kind is None:
        raise ValueError(f"no command is of kind {head['kind']!r}")
    meta_length = int(head["meta_length"])
    if meta_length > MAX_META:
        raise ValueError(f"meta of {meta_length} bytes, {MAX_META} at most")
    body = kind.read_body(reader)
    meta = reader.raw(meta_length)
    if reader.at - start != head["length"]:
        raise ValueError(f"the record says {head['length']!r} bytes and has {reader.at - start}")
    return kind(time=int(head["time"]), meta=meta, **body)
