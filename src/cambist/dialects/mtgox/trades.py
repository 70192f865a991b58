"""Trades as this API reports them, in public and to those who made them."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol

from cambist._core import Column, RowForm
from cambist.dialect_kit.market_texts import TRADE_AMOUNT, TRADE_APPEARANCE, TRADE_MARKET, TRADE_PRICE, TRADE_SIDE, TRADE_TIME
from cambist.dialect_kit.rate_limits import SECOND
from cambist.dialects.mtgox import ids
from cambist.dialects.mtgox.instruments import Pair
from cambist.domain.trades import Appearance
from cambist.history.records import Fill

DAY = 86_400
MAX_TRADES = 1_000
"""Trades in one answer to `since`; the reader goes on from the last id."""
SIDES = ("bid", "ask")
"""By side: who buys bids, who sells asks."""
MIXED = ",mixed_currency"
"""Behind the `properties` of a trade between two currencies. It is reported once in each, and is primary in the buyer's."""


class AnyTrade(Protocol):
    """A trade of market data or of history."""

    @property
    def time(self) -> int: ...
    @property
    def taker_side(self) -> int: ...
    @property
    def price(self) -> int: ...
    @property
    def amount(self) -> int: ...
    @property
    def taker_market(self) -> bool: ...


@lru_cache(maxsize=1_024)
def public_form(pair: Pair) -> RowForm:
    """The same entry of `trades` as `public_trade`, for texts of many."""
    codes = f'"price_currency":"{pair.currency.code}","item":"{pair.item.code}"'.encode()
    pieces = [b'{"date":', b',"price":"', b'","amount":"', b'","price_int":"', b'","amount_int":"', b'","tid":"']
    pieces += [b'",' + codes + b',"trade_type":"', b'","primary":"', b'","properties":"', b"", b'"}']
    columns = [
        Column.integer(TRADE_TIME, divide=SECOND),
        Column.decimal(TRADE_PRICE, pair.price_scale),
        Column.decimal(TRADE_AMOUNT, pair.amount_scale),
        Column.integer(TRADE_PRICE, multiply=pair.price_int(1)),
        Column.integer(TRADE_AMOUNT, multiply=pair.amount_int(1)),
        Column.integer(TRADE_TIME),
        Column.choice(TRADE_SIDE, [side.encode() for side in SIDES]),
        Column.choice(TRADE_APPEARANCE, [primary(appearance).encode() for appearance in Appearance]),
        Column.choice(TRADE_MARKET, [b"limit", b"market"]),
        Column.choice(TRADE_APPEARANCE, [MIXED.encode() if appearance.is_converted else b"" for appearance in Appearance]),
    ]
    return RowForm(pieces, columns)


def public_trade(pair: Pair, trade: AnyTrade, appearance: int) -> dict[str, object]:
    """An entry of `trades`; prices and amounts are texts. The id is the trade's time in µs, which no other trade has."""
    price, amount = pair.price_int(trade.price), pair.amount_int(trade.amount)
    return {
        "date": trade.time // SECOND,
        "price": pair.currency.short_text(price),
        "amount": pair.item.short_text(amount),
        "price_int": str(price),
        "amount_int": str(amount),
        "tid": str(trade.time),
        "price_currency": pair.currency.code,
        "item": pair.item.code,
        "trade_type": SIDES[trade.taker_side],
        "primary": primary(appearance),
        "properties": properties(trade.taker_market, appearance),
    }


def primary(appearance: int) -> str:
    """Each trade is primary once, whatever markets it appears in."""
    return "N" if appearance == Appearance.SECONDARY else "Y"


def properties(taker_market: bool, appearance: int) -> str:
    """Words about a trade, the same for everybody: what kind of order the taker's was, and whether two currencies met."""
    return ("market" if taker_market else "limit") + (MIXED if Appearance(appearance).is_converted else "")


def own_trade(pair: Pair, fill: Fill) -> dict[str, object]:
    """An entry of one's own trades: the public one, with one's own side."""
    return public_trade(pair, fill, fill.appearance) | {"trade_type": SIDES[fill.side]}


def result_trade(pair: Pair, fill: Fill) -> dict[str, object]:
    """An entry of `order/result`."""
    return {
        "trade_id": str(fill.time),
        "primary": primary(fill.appearance),
        "currency": pair.currency.code,
        "type": SIDES[fill.side],
        "properties": properties(fill.taker_market, fill.appearance),
        "item": pair.item.code,
        "amount": pair.item.value(pair.amount_int(fill.amount)),
        "price": pair.currency.value(pair.price_int(fill.price)),
        "spent": pair.currency.of_atoms(fill.total),
        "date": moment(fill.time),
    }


def moment(micros: int) -> str:
    """`2012-02-01 23:32:11`, UTC."""
    return datetime.fromtimestamp(micros // SECOND, UTC).strftime("%Y-%m-%d %H:%M:%S")


def trade_uuid(trade_id: int) -> str:
    """The link of a trade in wallet histories."""
    return ids.make(ids.TRADE, trade_id)
