"""From what a client says of an order to what the core takes, and what is wrong with it in words."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b
from operator import attrgetter
from typing import NamedTuple

import msgspec

from cambist import _core
from cambist.api_types import orders as api
from cambist.api_types.problems import Code, Problem, problem
from cambist.api_types.values import Side as ApiSide
from cambist.dialects.native.listings import Listing, NumberField
from cambist.domain.orders import OrderType, SelfTrade, Side, TimeInForce

U64_MAX = (1 << 64) - 1
STOP_LEG = 1 << 127
"""In a client id: the stop of a pair, whose limit order has the same one without it. No text's number has this bit."""

SIDES = {"buy": Side.BUY, "sell": Side.SELL}


class Form(NamedTuple):
    """What the core is told of an order beside its numbers."""

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

    side: Side
    form: Form
    price: int
    amount: int
    funds: int = 0
    stop_price: int = 0
    trail: int = 0
    trails_by_ppm: bool = False
    expires: int = 0


def units(field: NumberField, text: str | None, scale: int) -> int | Problem:
    """Units of 10^-scale of what a client wrote; 0 where it is not given."""
    return 0 if text is None else field.units(text, scale)


_SELDOM = attrgetter("time_in_force", "funds", "stop_price", "trail", "trail_ppm", "expires")
"""What most orders do not say, read at once."""
_NOTHING = (None,) * 6


def read(order: api.PlaceOrder, listing: Listing) -> NewOrder | Problem:
    """The order in the core's terms, or the first thing that is wrong with it."""
    price, amount, seldom = order.price, order.amount, _SELDOM(order)
    given = (order.type, order.side, order.post_only, price is not None, amount is not None)
    plain = seldom == _NOTHING
    form = form_of(*given) if plain else form_of(*given, seldom[0], *(each is not None for each in seldom[1:]))
    if not isinstance(form, Form):
        return form
    price_units = 0 if price is None else PRICE.units(price, listing.price_scale)
    amount_units = 0 if amount is None else AMOUNT.units(amount, listing.amount_scale)
    if not isinstance(price_units, int):
        return price_units
    if not isinstance(amount_units, int):
        return amount_units
    if plain:
        return NewOrder(SIDES[order.side], form, price_units, amount_units)
    funds = units(FUNDS, order.funds, listing.total_scale)
    stop_price = units(STOP_PRICE, order.stop_price, listing.price_scale)
    trail = units(TRAIL, order.trail, listing.price_scale)
    if not isinstance(funds, int):
        return funds
    if not isinstance(stop_price, int):
        return stop_price
    if not isinstance(trail, int):
        return trail
    by_ppm = order.trail_ppm is not None
    return NewOrder(
        SIDES[order.side], form, price_units, amount_units, funds, stop_price, order.trail_ppm or trail, by_ppm, order.expires or 0
    )


@lru_cache(1_024)
def form_of(
    kind: api.OrderType,
    side: ApiSide,
    post_only: bool,
    price: bool,
    amount: bool,
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
    return Form(at_once if plain else triggered, FORCES[force or ("gtc" if at_limit else "ioc")], kind.startswith("take-profit"))


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
