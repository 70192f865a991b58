"""From what a client says of an order to what the core takes, and what is wrong with it in words."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b

import msgspec

from cambist import _core
from cambist._core import plain_units
from cambist.api_types import orders as api
from cambist.api_types.problems import Code, Problem, problem
from cambist.api_types.values import Side as ApiSide
from cambist.dialects.native.listings import Listing, NumberField
from cambist.domain.orders import OrderType, SelfTrade, Side, TimeInForce

U64_MAX = (1 << 64) - 1
STOP_LEG = 1 << 127
"""In a client id: the stop of a pair, whose limit order has the same one without it. No text's number has this bit."""

SIDES = {"buy": Side.BUY, "sell": Side.SELL}


class Form(msgspec.Struct, frozen=True, gc=False):
    """What the core is told of an order beside its numbers."""

    side: Side
    kind: OrderType
    tif: TimeInForce
    take_profit: bool


FORCES = {"gtc": TimeInForce.GTC, "ioc": TimeInForce.IOC, "fok": TimeInForce.FOK, "gtd": TimeInForce.GTD}
SELF_TRADES = {
    "market-default": SelfTrade.MARKET_DEFAULT,
    "allow": SelfTrade.ALLOW,
    "cancel-newest": SelfTrade.CANCEL_NEWEST,
    "cancel-oldest": SelfTrade.CANCEL_OLDEST,
    "cancel-both": SelfTrade.CANCEL_BOTH,
}


def _field(name: str, too_large: Code, largest: int = U64_MAX) -> NumberField:
    zero = problem(Code.ORDER_INVALID, f"{name} must be above zero.", field=name)
    return NumberField(name, largest, zero, problem(too_large, field=name))


PRICE = _field("price", Code.PRICE_TOO_HIGH)
STOP_PRICE = _field("stop_price", Code.PRICE_TOO_HIGH)
STOP_LIMIT_PRICE = _field("stop_limit_price", Code.PRICE_TOO_HIGH)
TRAIL = _field("trail", Code.TRAIL_INVALID)
AMOUNT = _field("amount", Code.AMOUNT_TOO_LARGE)
FUNDS = _field("funds", Code.TOTAL_TOO_LARGE, _core.MAX_ATOMS)


def client_id(text: str) -> int:
    """The core's client id for a client order id; 0 for none."""
    if not text:
        return 0
    return int.from_bytes(blake2b(text.encode(), digest_size=16, person=b"cambist-native").digest(), "little") % (STOP_LEG - 1) + 1


class NewOrder(msgspec.Struct, frozen=True, gc=False):
    """An order in the market's units; 0 is "not given"."""

    form: Form
    price: int
    amount: int
    funds: int = 0
    stop_price: int = 0
    trail: int = 0
    trails_by_ppm: bool = False
    expires: int = 0
    post_only: bool = False
    self_trade: SelfTrade = SelfTrade.MARKET_DEFAULT


def units(field: NumberField, text: str | None, scale: int) -> int | Problem:
    """Units of 10^-scale of what a client wrote; 0 where it is not given."""
    return 0 if text is None else field.units(text, scale)


def read(order: api.PlaceOrder, listing: Listing) -> NewOrder | Problem:
    """The order in the core's terms, or the first thing that is wrong with it."""
    price, amount = order.price, order.amount
    if (
        price is not None
        and amount is not None
        and order.time_in_force is None
        and order.funds is None
        and order.stop_price is None
        and order.trail is None
        and order.trail_ppm is None
        and order.expires is None
        and not order.post_only
        and order.self_trade == "market-default"
    ):  # as nearly all are
        form = form_of(order.type, order.side, True, True)
        price_units, amount_units = plain_units(price, listing.price_scale), plain_units(amount, listing.amount_scale)
        if type(form) is Form and price_units and amount_units and price_units <= U64_MAX and amount_units <= U64_MAX:
            return NewOrder(form, price_units, amount_units)
    return _read_any(order, listing)


def _read_any(order: api.PlaceOrder, listing: Listing) -> NewOrder | Problem:
    given = (order.price, order.amount, order.funds, order.stop_price, order.trail, order.trail_ppm, order.expires)
    price_given, amount_given, *others = (each is not None for each in given)
    form = form_of(order.type, order.side, price_given, amount_given, order.post_only, order.time_in_force, *others)
    if not isinstance(form, Form):
        return form
    found = []
    for field, text, scale in (
        (PRICE, order.price, listing.price_scale),
        (AMOUNT, order.amount, listing.amount_scale),
        (FUNDS, order.funds, listing.total_scale),
        (STOP_PRICE, order.stop_price, listing.price_scale),
        (TRAIL, order.trail, listing.price_scale),
    ):
        number = units(field, text, scale)
        if isinstance(number, Problem):
            return number
        found.append(number)
    price, amount, funds, stop_price, trail = found
    return NewOrder(
        form,
        price,
        amount,
        funds,
        stop_price,
        order.trail_ppm or trail,
        order.trail_ppm is not None,
        order.expires or 0,
        order.post_only,
        SELF_TRADES[order.self_trade],
    )


@lru_cache(1_024)
def form_of(
    kind: api.OrderType,
    side: ApiSide,
    price: bool,
    amount: bool,
    post_only: bool = False,
    force: api.TimeInForce | None = None,
    funds: bool = False,
    stop_price: bool = False,
    trail: bool = False,
    trail_ppm: bool = False,
    expires: bool = False,
) -> Form | Problem:
    """What an order is of that kind with those fields; or, in words, what is there and must not be, or is not and must: the core would say
    only that they do not fit. Combinations are few, so each is looked into once."""
    at_limit, trails, plain = kind.endswith("limit"), kind.startswith("trailing"), kind in ("limit", "market")
    typed, forced = f"An order of type {kind}", f"Time in force {force or 'gtc'}"
    for field, given, wanted, what in (
        ("price", price, at_limit, typed),
        ("stop_price", stop_price, not plain and not trails, typed),
        ("expires", expires, force == "gtd", forced),
    ):
        if given != wanted:
            return problem(Code.ORDER_INVALID, f"{what} {'needs' if wanted else 'takes no'} {field}.", field=field)
    if trails != (trail != trail_ppm) or (not trails and trail):
        return problem(Code.ORDER_INVALID, "A trailing stop says either trail or trail_ppm, and no other order does.", field="trail")
    complaint = _complaint_of_amount(kind, side, force, at_limit, amount, funds) or _complaint_of_force(kind, force, at_limit, post_only)
    if complaint is not None:
        return complaint
    at_once, triggered = (OrderType.LIMIT, OrderType.STOP_LIMIT) if at_limit else (OrderType.MARKET, OrderType.STOP_MARKET)
    tif = FORCES[force or ("gtc" if at_limit else "ioc")]
    return Form(SIDES[side], at_once if plain else triggered, tif, kind.startswith("take-profit"))


def _complaint_of_amount(
    kind: api.OrderType, side: ApiSide, force: api.TimeInForce | None, at_limit: bool, amount: bool, funds: bool
) -> Problem | None:
    if amount == funds:
        return problem(Code.ORDER_INVALID, "Say either amount, or what a market buy may spend as funds.", field="amount")
    if funds and (at_limit or side == "sell"):
        return problem(Code.ORDER_INVALID, "Only a buy at market can be said in funds.", field="funds")
    if not funds and side == "buy" and not at_limit and kind != "market":
        return problem(Code.ORDER_INVALID, "A stop at market that buys says its funds: it must hold them until then.", field="funds")
    if funds and force == "fok":
        return problem(Code.ORDER_INVALID, "An order said in funds cannot be fill-or-kill.", field="time_in_force")
    return None


def _complaint_of_force(kind: api.OrderType, force: api.TimeInForce | None, at_limit: bool, post_only: bool) -> Problem | None:
    if not at_limit and force not in (None, "ioc", "fok"):
        return problem(Code.ORDER_INVALID, "An order at market never rests: its time in force is ioc or fok.", field="time_in_force")
    if kind.endswith("-market") and force == "fok":
        return problem(Code.ORDER_INVALID, "A stop at market cannot be fill-or-kill.", field="time_in_force")
    if post_only and (kind != "limit" or force in ("ioc", "fok")):
        return problem(Code.ORDER_INVALID, "Only a limit order that rests can be post-only.", field="post_only")
    return None
