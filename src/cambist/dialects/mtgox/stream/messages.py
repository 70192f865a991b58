"""What is pushed: messages as JSON bytes, the same for everybody who follows a channel."""

import msgspec

from cambist.dialects.mtgox.converted_books import ChangedLevel
from cambist.dialects.mtgox.instruments import Pair
from cambist.dialects.mtgox.replies import Long, Rejection, number
from cambist.dialects.mtgox.trades import AnyTrade, public_trade
from cambist.domain.orders import Side
from cambist.marketdata.values import LevelChange

_encode = msgspec.json.encode
DEPTH_TYPES = {Side.SELL: (1, "ask"), Side.BUY: (2, "bid")}


def private(channel: str, name: str, kind: str, content: dict[str, object], now: int) -> bytes:
    """A message on a channel (they are all called private): its content stands in the member named after its kind. `stamp` in µs."""
    return _encode(
        {
            "channel": channel,
            "channel_name": name,
            "op": "private",
            "origin": "broadcast",
            "private": kind,
            kind: content,
            "stamp": str(now),
        }
    )


def subscribed(channel: str) -> bytes:
    return _encode({"op": "subscribe", "channel": channel})


def unsubscribed(channel: str) -> bytes:
    return _encode({"op": "unsubscribe", "channel": channel})


def remark(rejection: Rejection, identifier: object = None) -> bytes:
    """Something went wrong; with the id of the call that it answers, if it answers one."""
    message: dict[str, object] = {"op": "remark", "success": False, "message": rejection.text, "token": rejection.token}
    if identifier is not None:
        message["id"] = identifier
    return _encode(message)


def result(identifier: object, content: object) -> bytes:
    """The answer to a call."""
    if isinstance(content, Long):
        content = msgspec.Raw(b"".join(content.pieces))
    return _encode({"op": "result", "id": identifier, "result": content})


def streamed_trade(pair: Pair, trade: AnyTrade, appearance: int) -> dict[str, object]:
    """A trade as it is pushed: as it is polled, but price and amount are numbers."""
    entry = public_trade(pair, trade, appearance)
    entry["price"] = number(pair.price_int(trade.price), pair.currency.scale)
    entry["amount"] = number(pair.amount_int(trade.amount), pair.item.scale)
    return {"type": "trade", **entry}


def depth_change(pair: Pair, level: LevelChange | ChangedLevel, now: int) -> dict[str, object]:
    """A level that changed: by how much (`volume`, may be negative), and what stands there now (`total_volume_int`)."""
    price, total = pair.price_int(level.price), pair.amount_int(level.amount)
    change = total - pair.amount_int(level.previous)
    kind, name = DEPTH_TYPES[Side(level.side)]
    return {
        "price": pair.currency.short_text(price),
        "type": kind,
        "type_str": name,
        "volume": pair.item.short_text(change),
        "price_int": str(price),
        "volume_int": str(change),
        "item": pair.item.code,
        "currency": pair.currency.code,
        "now": str(now),
        "total_volume_int": str(total),
    }
