"""One order as BTSE's versions word it: v2.1, v3.2, v3.3 and v4."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from cambist.dialect_kit.order_rendering import JSON, OrderRendering, RenderedMessage, RenderedRequest
from cambist.dialect_kit.placed_orders import PlacedOrder
from cambist.dialects.btse.context import DialectContext
from cambist.dialects.btse.records import TIMED, OrderRecord, of_history
from cambist.dialects.btse.render import encode, millis, number
from cambist.dialects.btse.settings import Flavour
from cambist.dialects.btse.sockets.private import Fills, Notifications, NotificationsV2, NotificationsV3, PrivateChannel, notices_of
from cambist.dialects.btse.status import SIDE_NAMES, TYPE_NAMES
from cambist.dialects.btse.symbols import Market, shown
from cambist.dialects.btse.unified.envelope import enveloped
from cambist.dialects.btse.unified.orders import open_row, order_row, trade_row
from cambist.dialects.btse.v2.trade import fill_row, order_reply, pending_row
from cambist.dialects.btse.v3.rows import Rows, SizedRows, trail_value
from cambist.domain.orders import OrderType, Side, TimeInForce

API = "BTSE"
SIGNED = (
    JSON,
    ("request-api", "<key>"),
    ("request-nonce", "<ms since 1970>"),
    ("request-sign", "<HMAC-SHA384 of path, nonce and body, in hex>"),
)
SECOND = 1_000_000
Request = tuple[str, dict[str, Any]]
"""Path and the fields of the body."""


class OrderRenderer:
    """Asks each version."""

    def __init__(self, context: DialectContext) -> None:
        self._context = context
        old = context.settings.v2_flavour is Flavour.V2_0
        self._versions = (V2(in_words=old), V3("v3.2", Rows(), NotificationsV2), V3("v3.3", SizedRows(), NotificationsV3), V4())

    def __call__(self, placed: PlacedOrder) -> list[OrderRendering]:
        record = _record(placed, self._context.symbols[placed.order.market])
        return [version.render(placed, record) for version in self._versions]


class Version(ABC):
    """What all versions have together."""

    name = ""
    notifications: type[PrivateChannel]

    def render(self, placed: PlacedOrder, record: OrderRecord) -> OrderRendering:
        first = placed.asked
        pair, first_record = first.pair, _record(first, record.market)
        asked: Request | str = _beyond(first, first_record)
        if not asked:
            asked = self.request(first, first_record) if pair is None else self.pair_request(*pair, record.market)
        beyond, (path, fields) = (asked, ("", {})) if isinstance(asked, str) else ("", asked)
        legs = [_at_once(leg, _record(leg, record.market)) for leg in pair or (first,)]
        rendering = OrderRendering(
            api=API,
            version=self.name,
            request=RenderedRequest("POST", path, SIGNED, encode(fields).decode()),
            reply=self.reply(legs).decode(),
            rows=tuple(RenderedMessage(call, body.decode()) for call, body in self.rows(placed, record)),
            pushes=tuple(self._pushes(placed, record)),
        )
        return rendering.unless(beyond)

    def _pushes(self, placed: PlacedOrder, record: OrderRecord) -> Iterable[RenderedMessage]:
        waited = False
        for command in placed.commands:
            step = command.step
            notices = notices_of(step, record.market, record.tag, was_waiting=waited)
            waited = step.order.waiting
            for channel in (self.notifications, Fills):
                yield from (RenderedMessage(channel.topic, message.decode()) for message in channel.rendered(notices))

    @abstractmethod
    def request(self, placed: PlacedOrder, record: OrderRecord) -> Request | str:
        """What places the order, or why this version cannot place it: a sentence."""

    @abstractmethod
    def pair_request(self, limit: PlacedOrder, stop: PlacedOrder, market: Market) -> Request | str:
        """The same of both orders of a pair."""

    @abstractmethod
    def reply(self, records: Sequence[OrderRecord]) -> bytes:
        """What is answered; the record, or the two of a pair, are as the orders stood then."""

    @abstractmethod
    def rows(self, placed: PlacedOrder, record: OrderRecord) -> Iterable[tuple[str, bytes]]:
        """(call, what it answers) of those that show the order now."""


class V2(Version):
    name = "v2.1"
    notifications = Notifications

    def __init__(self, *, in_words: bool) -> None:
        self._in_words = in_words
        if in_words:
            self.name = "v2.0"

    def request(self, placed: PlacedOrder, record: OrderRecord) -> Request | str:
        if placed.trails:
            return "BTSE's v2 has no stops that follow the price; v3.2 and later have."
        market = record.market
        fields: dict[str, Any] = {"symbol": market.symbol, "side": SIDE_NAMES[record.side], "type": TYPE_NAMES[record.type]}
        if record.price:
            fields["price"] = market.price(record.price)
        fields |= {"funds": _funds(record)} if record.funds else {"amount": market.amount(record.amount)}
        if placed.is_stop:
            # `stop` names the way that the price moves; without it stop_price is a stop that limits a loss.
            profit = {"stop": "ENTRY" if record.side == Side.SELL else "LOSS"} if placed.takes_profit else {}
            fields |= {"stop_price": market.price(record.stop_price), **profit}
        return "/spot/v2/order", fields | _force(placed, record, "time_in_force") | _truths(record, "post_only") | _tag(record, "tag")

    def pair_request(self, limit: PlacedOrder, stop: PlacedOrder, market: Market) -> Request | str:
        return "BTSE's v2 has no pairs of orders of which one cancels the other; v3.2 and later have."

    def reply(self, records: Sequence[OrderRecord]) -> bytes:
        return order_reply(records[0])

    def rows(self, placed: PlacedOrder, record: OrderRecord) -> Iterable[tuple[str, bytes]]:
        if placed.live is not None:
            yield "GET /spot/v2/pending", encode([pending_row(record, in_words=self._in_words)])
        yield "POST /spot/v2/fills", encode([fill_row(record.market, fill) for fill in reversed(placed.fills)])


class V3(Version):
    def __init__(self, name: str, write: Rows, notifications: type[PrivateChannel]) -> None:
        self.name = name
        self.notifications = notifications
        self._write = write
        self._prefix = f"/spot/api/{name}"

    def request(self, placed: PlacedOrder, record: OrderRecord) -> Request | str:
        market = record.market
        fields: dict[str, Any] = {"symbol": market.symbol, "side": SIDE_NAMES[record.side], "type": TYPE_NAMES[record.type]}
        if placed.is_stop:
            fields["txType"] = "TRIGGER" if placed.takes_profit else "STOP"
        if record.price:
            fields["price"] = market.price(record.price)
        # What a market buy may spend stands where others have their price.
        fields |= {"price": _funds(record)} if record.funds else {"size": market.amount(record.amount)}
        if placed.is_stop:
            fields |= _trail(record) if placed.trails else {"triggerPrice": market.price(record.stop_price)}
        force = _force(placed, record, "time_in_force")
        return f"{self._prefix}/order", fields | force | _truths(record, "postOnly") | _tag(record, "clOrderID")

    def pair_request(self, limit: PlacedOrder, stop: PlacedOrder, market: Market) -> Request | str:
        if not stop.order.price:
            return f"The stop of a pair is at a limit in {self.name}, and this one is at market."
        record = _record(limit, market)
        fields = {"symbol": market.symbol, "side": SIDE_NAMES[record.side], "type": "OCO", "price": market.price(record.price)}
        fields |= {"size": market.amount(record.amount), "triggerPrice": market.price(stop.order.stop_price)}
        fields |= {"stopPrice": market.price(stop.order.price), **_force(limit, record, "time_in_force")}
        return f"{self._prefix}/order", fields | _truths(record, "postOnly") | _tag(record, "clOrderID")

    def reply(self, records: Sequence[OrderRecord]) -> bytes:
        return encode([self._write.order(record, record.status, millis(record.created)) for record in records])

    def rows(self, placed: PlacedOrder, record: OrderRecord) -> Iterable[tuple[str, bytes]]:
        if placed.live is not None:
            yield f"GET {self._prefix}/user/open_orders", encode([self._write.open(record)])
        yield f"GET {self._prefix}/order", encode(self._write.detail(record))
        trades = [self._write.trade(fill, record, placed.username) for fill in reversed(placed.fills)]
        yield f"GET {self._prefix}/user/trade_history", encode(trades)


class V4(Version):
    name = "v4"
    notifications = NotificationsV3
    prefix = "/spot/api/v4/trade"

    def request(self, placed: PlacedOrder, record: OrderRecord) -> Request | str:
        if placed.is_market and record.side == Side.BUY and not record.funds:
            return "A market order that buys says in v4 how much to spend (`quoteOrderSize`), not how much to buy as this one does."
        market = record.market
        fields: dict[str, Any] = {"symbol": market.symbol, "orderSide": SIDE_NAMES[record.side]}
        if not placed.is_stop:
            fields["orderType"] = TYPE_NAMES[record.type]
        elif placed.trails:
            fields["orderType"] = "TRAILING"
        else:
            kind = ("TAKE_PROFIT" if placed.takes_profit else "STOP_LOSS") + ("_LIMIT" if record.type == OrderType.STOP_LIMIT else "")
            fields |= {"orderType": "CONDITIONAL", "triggerOrderType": kind, "triggerPrice": market.price_text(record.stop_price)}
        if record.price:
            fields["orderPrice"] = market.price_text(record.price)
        if record.funds:
            fields["quoteOrderSize"] = shown(market.quote, record.funds)
        else:
            fields["orderSize"] = market.amount_text(record.amount)
        if placed.trails:
            fields |= _trail(record)
        path = f"{self.prefix}/orders{'/algo' if placed.is_stop else ''}"
        return path, fields | _force(placed, record, "timeInForce") | _truths(record, "postOnly") | _tag(record, "clOrderId")

    def pair_request(self, limit: PlacedOrder, stop: PlacedOrder, market: Market) -> Request | str:
        record = _record(limit, market)
        fields = {"symbol": market.symbol, "orderSide": SIDE_NAMES[record.side], "orderType": "OCO"}
        fields |= {"orderSize": market.amount_text(record.amount), "takeProfitOrderPrice": market.price_text(record.price)}
        fields["stopLossTriggerPrice"] = market.price_text(stop.order.stop_price)
        if stop.order.price:
            fields["stopLossOrderPrice"] = market.price_text(stop.order.price)
        more = _force(limit, record, "timeInForce") | _truths(record, "postOnly") | _tag(record, "clOrderId")
        return f"{self.prefix}/orders/algo", {**fields, **more}

    def reply(self, records: Sequence[OrderRecord]) -> bytes:
        return encode([order_row(record, record.status, millis(record.created)) for record in records])

    def rows(self, placed: PlacedOrder, record: OrderRecord) -> Iterable[tuple[str, bytes]]:
        if placed.live is not None:
            yield f"GET {self.prefix}/orders", encode([open_row(record)])
        yield f"GET {self.prefix}/order", encode(open_row(record))
        yield f"GET {self.prefix}/trade_history", enveloped([trade_row(fill, record) for fill in reversed(placed.fills)], placed.now)


def _record(placed: PlacedOrder, market: Market) -> OrderRecord:
    return replace(of_history(placed.order, market), trail=placed.trail)


def _at_once(placed: PlacedOrder, record: OrderRecord) -> OrderRecord:
    """As it stood when the request was answered."""
    at_once = placed.at_once
    return replace(
        record,
        filled=at_once.filled,
        total=at_once.total,
        reason=at_once.reason,
        waiting=at_once.waiting,
        triggered=placed.is_stop and not at_once.waiting,
    )


def _beyond(placed: PlacedOrder, record: OrderRecord) -> str:
    """What no version can place, or place with what is known of the order."""
    if placed.trails and record.type != OrderType.STOP_MARKET:
        return "A stop that follows the price is always at market at BTSE, and this one is at a limit."
    if placed.trails and not placed.trail:
        return "How far a stop stays behind the price is known only while it waits."
    if record.tif == TimeInForce.GTD and all(abs(record.expire_at - record.created - span) > SECOND for span in TIMED.values()):
        return f"Orders end at BTSE after one of {', '.join(TIMED)}, and this one after another time."
    return ""


def _funds(record: OrderRecord) -> Any:
    return number(shown(record.market.quote, record.funds))


def _trail(record: OrderRecord) -> dict[str, Any]:
    return {"trailValue": trail_value(record), "trailValueType": "PERCENTAGE" if record.trails_by_ppm else "DISTANCE"}


def _force(placed: PlacedOrder, record: OrderRecord, name: str) -> dict[str, str]:
    """An order at market never rests, so that there only FOK says anything."""
    return {} if placed.is_market and record.tif != TimeInForce.FOK else {name: record.tif_name}


def _truths(record: OrderRecord, name: str) -> dict[str, bool]:
    return {name: True} if record.post_only else {}


def _tag(record: OrderRecord, name: str) -> dict[str, str]:
    return {name: record.tag} if record.tag else {}
