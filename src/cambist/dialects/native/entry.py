"""From what a client says of an order to what the core takes, and what is wrong with it in words."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

from cambist import _core
from cambist.api_types import orders as api
from cambist.api_types.problems import Code, Problem, problem
from cambist.dialects.native.listings import Listing, units_of
from cambist.domain.orders import OrderType, SelfTrade, Side, TimeInForce

U64_MAX = (1 << 64) - 1
STOP_LEG = 1 << 127
"""In a client id: the stop of a pair, whose limit order has the same one without it. No text's number has this bit."""

SIDES = {"buy": Side.BUY, "sell": Side.SELL}
TYPES = {
    "limit": OrderType.LIMIT,
    "market": OrderType.MARKET,
    "stop-limit": OrderType.STOP_LIMIT,
    "stop-market": OrderType.STOP_MARKET,
    "take-profit-limit": OrderType.STOP_LIMIT,
    "take-profit-market": OrderType.STOP_MARKET,
    "trailing-stop-limit": OrderType.STOP_LIMIT,
    "trailing-stop-market": OrderType.STOP_MARKET,
}
FORCES = {"gtc": TimeInForce.GTC, "ioc": TimeInForce.IOC, "fok": TimeInForce.FOK, "gtd": TimeInForce.GTD}
SELF_TRADES = {
    "market-default": SelfTrade.MARKET_DEFAULT,
    "allow": SelfTrade.ALLOW,
    "cancel-newest": SelfTrade.CANCEL_NEWEST,
    "cancel-oldest": SelfTrade.CANCEL_OLDEST,
    "cancel-both": SelfTrade.CANCEL_BOTH,
}
TOO_LARGE = {
    "price": Code.PRICE_TOO_HIGH,
    "stop_price": Code.PRICE_TOO_HIGH,
    "stop_limit_price": Code.PRICE_TOO_HIGH,
    "trail": Code.TRAIL_INVALID,
    "amount": Code.AMOUNT_TOO_LARGE,
    "funds": Code.TOTAL_TOO_LARGE,
}


def client_id(text: str) -> int:
    """The core's client id for a client order id; 0 for none."""
    if not text:
        return 0
    return int.from_bytes(blake2b(text.encode(), digest_size=16, person=b"cambist-native").digest(), "little") % (STOP_LEG - 1) + 1


@dataclass(frozen=True, slots=True)
class NewOrder:
    """An order in the market's units; 0 is "not given"."""

    side: Side
    type: OrderType
    tif: TimeInForce
    price: int
    amount: int
    funds: int
    stop_price: int
    trail: int
    trails_by_ppm: bool
    take_profit: bool
    expires: int


def number(name: str, text: str | None, scale: int) -> int | Problem:
    """Units of 10^-scale of a field that is above zero; 0 for one that is not given."""
    if text is None:
        return 0
    units = units_of(text, scale)
    if units is None:
        return problem(Code.TOO_MANY_DECIMALS, f"{name} has more than {scale} decimals.", field=name)
    if units == 0:
        return problem(Code.ORDER_INVALID, f"{name} must be above zero.", field=name)
    if units > (_core.MAX_ATOMS if name == "funds" else U64_MAX):
        return problem(TOO_LARGE[name], field=name)
    return units


def read(order: api.PlaceOrder, listing: Listing) -> NewOrder | Problem:
    """The order in the core's terms, or the first thing that is wrong with it."""
    complaint = _complaint(order)
    if complaint is not None:
        return complaint
    price_scale = listing.spec.price_scale
    units: dict[str, int] = {}
    for name, text, scale in (
        ("price", order.price, price_scale),
        ("amount", order.amount, listing.spec.amount_scale),
        ("funds", order.funds, listing.quote.scale),
        ("stop_price", order.stop_price, price_scale),
        ("trail", order.trail, price_scale),
    ):
        found = number(name, text, scale) if text is not None else 0
        if isinstance(found, Problem):
            return found
        units[name] = found
    kind = TYPES[order.type]
    at_market = kind in (OrderType.MARKET, OrderType.STOP_MARKET)
    return NewOrder(
        side=SIDES[order.side],
        type=kind,
        tif=FORCES[order.time_in_force or ("ioc" if at_market else "gtc")],
        price=units["price"],
        amount=units["amount"],
        funds=units["funds"],
        stop_price=units["stop_price"],
        trail=units["trail"] or order.trail_ppm or 0,
        trails_by_ppm=order.trail_ppm is not None,
        take_profit=order.type.startswith("take-profit"),
        expires=order.expires or 0,
    )


def _complaint(order: api.PlaceOrder) -> Problem | None:
    """What is there and must not be, or is not and must: in words, where the core would say only that they do not fit."""
    at_limit, trails = order.type.endswith("limit"), order.type.startswith("trailing")
    stop = order.type not in ("limit", "market") and not trails
    for field, given, wanted in (
        ("price", order.price is not None, at_limit),
        ("stop_price", order.stop_price is not None, stop),
        ("expires", order.expires is not None, order.time_in_force == "gtd"),
    ):
        if given != wanted:
            said = "needs" if wanted else "takes no"
            what = f"An order of type {order.type}" if field != "expires" else f"Time in force {order.time_in_force or 'gtc'}"
            return problem(Code.ORDER_INVALID, f"{what} {said} {field}.", field=field)
    if trails != ((order.trail is not None) != (order.trail_ppm is not None)) or (not trails and order.trail is not None):
        return problem(Code.ORDER_INVALID, "A trailing stop says either trail or trail_ppm, and no other order does.", field="trail")
    return _complaint_of_amount(order, at_limit) or _complaint_of_force(order, at_limit)


def _complaint_of_amount(order: api.PlaceOrder, at_limit: bool) -> Problem | None:
    if (order.amount is None) == (order.funds is None):
        return problem(Code.ORDER_INVALID, "Say either amount, or what a market buy may spend as funds.", field="amount")
    if order.funds is not None and (at_limit or order.side == "sell"):
        return problem(Code.ORDER_INVALID, "Only a buy at market can be said in funds.", field="funds")
    if order.funds is None and order.side == "buy" and not at_limit and order.type != "market":
        return problem(Code.ORDER_INVALID, "A stop at market that buys says its funds: it must hold them until then.", field="funds")
    if order.funds is not None and order.time_in_force == "fok":
        return problem(Code.ORDER_INVALID, "An order said in funds cannot be fill-or-kill.", field="time_in_force")
    return None


def _complaint_of_force(order: api.PlaceOrder, at_limit: bool) -> Problem | None:
    if not at_limit and order.time_in_force not in (None, "ioc", "fok"):
        return problem(Code.ORDER_INVALID, "An order at market never rests: its time in force is ioc or fok.", field="time_in_force")
    if order.type.endswith("-market") and order.time_in_force == "fok":
        return problem(Code.ORDER_INVALID, "A stop at market cannot be fill-or-kill.", field="time_in_force")
    if order.post_only and (order.type != "limit" or order.time_in_force in ("ioc", "fok")):
        return problem(Code.ORDER_INVALID, "Only a limit order that rests can be post-only.", field="post_only")
    return None
