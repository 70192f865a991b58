"""Orders: how they are placed, changed and shown."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from cambist.api_types.values import ClientOrderId, Decimal, Id, MarketName, PageQuery, Request, Side, Time, Value

OrderType = Literal[
    "limit",
    "market",
    "stop-limit",
    "stop-market",
    "take-profit-limit",
    "take-profit-market",
    "trailing-stop-limit",
    "trailing-stop-market",
]
TimeInForce = Literal["gtc", "ioc", "fok", "gtd"]
SelfTrade = Literal["market-default", "allow", "cancel-newest", "cancel-oldest", "cancel-both"]
OrderStatus = Literal["open", "waiting", "filled", "cancelled", "expired"]
EndReason = Literal[
    "filled",
    "cancelled",
    "expired",
    "unfilled",
    "self-trade",
    "insufficient-funds",
    "fok",
    "cancel-after",
    "one-cancels-other",
]
MOST_SECONDS = 604_800
MOST_CANCELLED = 500


class PlaceOrder(Request, frozen=True, kw_only=True):
    """An order. What is not needed is left out.

    `price`: of limit orders, stop-limit orders once they are triggered. `amount` is base; a market buy may say `funds` instead, quote to
    spend, and a stop at market that buys must. `stop_price` triggers stops: a stop waits for the price to move against it, one that takes a
    profit for the reverse. A trailing stop follows the price at a distance of `trail` (in quote) or `trail_ppm` of the price. Limit orders
    rest until cancelled (`gtc`) unless `time_in_force` says otherwise; `gtd` needs `expires`. `client_order_id` is taken once, among the
    live orders and the last 1,000 finished ones.
    """

    market: MarketName
    side: Side
    type: OrderType
    price: Decimal | None = None
    amount: Decimal | None = None
    funds: Decimal | None = None
    stop_price: Decimal | None = None
    trail: Decimal | None = None
    trail_ppm: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    time_in_force: TimeInForce | None = None
    expires: Time | None = None
    post_only: bool = False
    self_trade: SelfTrade = "market-default"
    client_order_id: ClientOrderId | None = None


class PlacePair(Request, frozen=True, kw_only=True):
    """A limit order and a stop of which one cancels the other. Without `stop_limit_price` the stop is at market; a buy needs one."""

    market: MarketName
    side: Side
    amount: Decimal
    price: Decimal
    stop_price: Decimal
    stop_limit_price: Decimal | None = None
    expires: Time | None = None
    post_only: bool = False
    self_trade: SelfTrade = "market-default"
    client_order_id: ClientOrderId | None = None


class OrderPlaced(Value, frozen=True, kw_only=True):
    """How the order stands right after the command: `filled` and `total` (quote) are what it traded in it, at once.

    `cancelled` with something filled: the rest found nothing to trade with. `stop_id`: the other order of a pair.
    """

    id: Id
    client_order_id: str | None
    market: MarketName
    status: OrderStatus
    filled: Decimal
    remaining: Decimal | None
    total: Decimal
    time: Time
    stop_id: Id | None = None


class ReplaceOrder(Request, frozen=True, kw_only=True):
    """What is left out stays. `amount` is the new whole amount, what is filled included. A change of anything but a
    smaller amount gives the place in the book up.
    """

    price: Decimal | None = None
    amount: Decimal | None = None
    stop_price: Decimal | None = None


class OrderReplaced(Value, frozen=True, kw_only=True):
    """How the order stands after the change: `filled` and `total` are what the change traded."""

    id: Id
    market: MarketName
    status: OrderStatus
    filled: Decimal
    remaining: Decimal
    total: Decimal
    time: Time


class OrderCancelled(Value, frozen=True, kw_only=True):
    """`remaining`: what was not traded, null for an order by funds. Of a pair both orders end."""

    id: Id
    market: MarketName
    remaining: Decimal | None
    time: Time


class CancelQuery(Request, frozen=True, kw_only=True):
    """Which orders: of one market, of one side; all when neither is named."""

    market: MarketName | None = None
    side: Side | None = None


class CancelOrders(Request, frozen=True, kw_only=True):
    """Orders by id; those that are not one's own live ones are passed over."""

    ids: Annotated[list[Id], Meta(min_length=1, max_length=MOST_CANCELLED)]


class OrdersCancelled(Value, frozen=True, kw_only=True):
    """How many were."""

    count: int


class SetCancelAfter(Request, frozen=True, kw_only=True):
    """All orders are cancelled in so many seconds unless this is asked again before; 0 takes it back."""

    seconds: Annotated[int, Meta(ge=0, le=MOST_SECONDS)]


class CancelAfter(Value, frozen=True, kw_only=True):
    """When all orders will be cancelled; null when they will not."""

    due: Time | None


class OrdersQuery(PageQuery, frozen=True, kw_only=True):
    """Which orders."""

    market: MarketName | None = None
    state: Literal["open", "finished", "all"] = "open"


class Order(Value, frozen=True, kw_only=True):
    """An order as it stands. `total`: the quote traded; `fee` so far, in `fee_asset`. `reason` says how it ended, null while it lives."""

    id: Id
    client_order_id: str | None
    market: MarketName
    side: Side
    type: OrderType
    status: OrderStatus
    reason: EndReason | None
    price: Decimal | None
    amount: Decimal | None
    funds: Decimal | None
    stop_price: Decimal | None
    trail: Decimal | None
    trail_ppm: int | None
    time_in_force: TimeInForce
    expires: Time | None
    post_only: bool
    pair: bool
    filled: Decimal
    remaining: Decimal | None
    total: Decimal
    fee: Decimal
    fee_asset: str
    created: Time
    updated: Time
