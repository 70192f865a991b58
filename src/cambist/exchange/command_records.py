"""Commands as records (docs/internals/core.md, Commands), for whoever gives them to a core elsewhere. Their time is that core's to stamp.

Integers that do not fit their field raise OverflowError, as the core's own calls do.
"""

import struct
from collections.abc import Callable, Sequence

from cambist.domain.commands import CommandKind

MAX_META = 4_096
HEADER = struct.Struct("<IBBHQ")
_ORDER = struct.Struct("<IHBBBBBQQQQ16s16s")
_PAIR = struct.Struct("<IHBBBBQQQQQ16s16s")
_REPLACE = struct.Struct("<IQQQQ")
_TRANSFER = struct.Struct("<16sIIHBB16s")
_LIMITS = struct.Struct("<QQQQ16s")
_WIDE_BYTES = 16


def _wide(number: int) -> bytes:
    return number.to_bytes(_WIDE_BYTES, "little")


def _packed(layout: str) -> Callable[..., bytes]:
    pack = struct.Struct("<" + layout).pack

    def body(*fields: int) -> bytes:
        try:
            return pack(*fields)
        except struct.error as error:
            raise OverflowError(str(error)) from None

    return body


def record(kind: CommandKind, body: bytes, meta: bytes) -> bytes:
    """The whole record. OverflowError: the meta is too long."""
    if len(meta) > MAX_META:
        raise OverflowError("meta has at most 4,096 bytes")
    return HEADER.pack(HEADER.size + len(body) + len(meta), kind, 0, len(meta), 0) + body + meta


def meta_of(encoded: bytes) -> bytes:
    """The meta of a whole record."""
    length = HEADER.unpack_from(encoded)[3]
    return encoded[len(encoded) - length :]


def _fitting(pack: Callable[..., bytes], *fields: int | bytes) -> bytes:
    try:
        return pack(*fields)
    except struct.error as error:
        raise OverflowError(str(error)) from None


def order(
    account: int,
    market: int,
    side: int,
    type: int,
    tif: int,
    flags: int,
    self_trade: int,
    price: int,
    amount: int,
    stop_price_or_trail: int,
    expire_at: int,
    funds: int,
    client_id: int,
) -> bytes:
    """The body of PlaceOrder, and of PlaceTrailing."""
    return _fitting(
        _ORDER.pack,
        account,
        market,
        side,
        type,
        tif,
        flags,
        self_trade,
        price,
        amount,
        stop_price_or_trail,
        expire_at,
        _wide(funds),
        _wide(client_id),
    )


def pair(
    account: int,
    market: int,
    side: int,
    tif: int,
    flags: int,
    self_trade: int,
    price: int,
    amount: int,
    stop_price: int,
    stop_limit_price: int,
    expire_at: int,
    client_id: int,
    stop_client_id: int,
) -> bytes:
    """The body of PlaceOco."""
    prices = (price, amount, stop_price, stop_limit_price)
    ids = (_wide(client_id), _wide(stop_client_id))
    return _fitting(_PAIR.pack, account, market, side, tif, flags, self_trade, *prices, expire_at, *ids)


def replacement(account: int, order_id: int, price: int, amount: int, stop_price: int) -> bytes:
    """The body of ReplaceOrder."""
    return _fitting(_REPLACE.pack, account, order_id, price, amount, stop_price)


def transfer(transfer_id: int, source: int, destination: int, asset: int, kind: int, pending: bool, amount: int) -> bytes:
    """The body of Transfer."""
    return _fitting(_TRANSFER.pack, _wide(transfer_id), source, destination, asset, kind, pending, _wide(amount))


def transfer_id(number: int) -> bytes:
    """The body of PostTransfer and of VoidTransfer."""
    return _wide(number)


cancel = _packed("IQ")
cancel_all = _packed("IHB")
cancel_after = _packed("IQ")
market_status = _packed("HB")
market_fees = _packed("HII")
account_fees = _packed("III")
max_open_orders = _packed("I")
linked_group = _packed("HHIQ")
link = _packed("HH")
unlink = _packed("H")
linked_group_terms = _packed("HIQ")


def cancel_many(account: int, order_ids: Sequence[int]) -> bytes:
    """The body of CancelMany."""
    if len(order_ids) > 0xFFFF:
        raise OverflowError("at most 65,535 orders in one command")
    return _fitting(struct.Struct(f"<IH{len(order_ids)}Q").pack, account, len(order_ids), *order_ids)


def asset(code: str, scale: int, display_scale: int) -> bytes:
    """The body of CreateAsset."""
    encoded = code.encode()
    if len(encoded) > 12:
        raise OverflowError("an asset code has at most 12 bytes")
    return _fitting(struct.Struct("<12sBB").pack, encoded, scale, display_scale)


def limits(min_price: int, max_price: int, min_amount: int, max_amount: int, min_total: int) -> bytes:
    """Of a market: a part of CreateMarket and of SetMarketLimits."""
    return _fitting(_LIMITS.pack, min_price, max_price, min_amount, max_amount, _wide(min_total))


def market(
    base: int, quote: int, price_scale: int, amount_scale: int, self_trade: int, its_limits: bytes, maker_ppm: int, taker_ppm: int
) -> bytes:
    """The body of CreateMarket."""
    head = _fitting(struct.Struct("<HHBBB").pack, base, quote, price_scale, amount_scale, self_trade)
    return head + its_limits + _fitting(struct.Struct("<II").pack, maker_ppm, taker_ppm)


def market_limits(number: int, its_limits: bytes) -> bytes:
    """The body of SetMarketLimits."""
    return _fitting(struct.Struct("<H").pack, number) + its_limits


def conversion_rates(group: int, rates: Sequence[tuple[int, int]]) -> bytes:
    """The body of SetConversionRates."""
    if len(rates) > 0xFFFF:
        raise OverflowError("at most 65,535 rates in one command")
    entry = struct.Struct("<HQ")
    return _fitting(struct.Struct("<HH").pack, group, len(rates)) + b"".join(_fitting(entry.pack, *rate) for rate in rates)
