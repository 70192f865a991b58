"""What the core checks before it takes an order, in its order (docs/internals/core.md), with the numbers that decided.

Which check a command failed is the core's word, its rejection code: those before it passed, those behind it were not reached.
"""

from __future__ import annotations  # the native types are names of the stub only

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from cambist import _core
from cambist.domain.orders import OrderFlag, OrderType, Side, TimeInForce
from cambist.domain.reject_reasons import RejectReason
from cambist.sandbox.report.evidence import Names
from cambist.sandbox.report.placing import Placing

if TYPE_CHECKING:
    from cambist._core import Engine, MarketSpec

R = RejectReason
PASSED, FAILED, NOT_REACHED = "passed", "failed", "not reached"


class OrderCheck(msgspec.Struct, frozen=True):
    """One check of the core's."""

    rule: str
    """What must be so."""
    outcome: str
    """`passed`, `failed`, or `not reached` because an earlier one failed."""
    numbers: str
    """What was compared; empty where there is nothing to compare."""
    code: str = ""
    """Of one that failed: the core's code, as in price-too-low."""


@dataclass(frozen=True, slots=True)
class _Rule:
    words: str
    reasons: frozenset[int]
    numbers: str = ""


def checks_of(placing: Placing, code: int, engine: Engine, names: Names, time: int) -> list[OrderCheck]:
    """`engine` as it is before the command, `code` what the core said to it (0: taken)."""
    found: list[OrderCheck] = []
    failed = False
    for rule in _rules(placing, engine, names, time):
        if failed:
            found.append(OrderCheck(rule.words, NOT_REACHED, rule.numbers))
        elif code in rule.reasons:
            failed = True
            found.append(OrderCheck(rule.words, FAILED, rule.numbers, R(code).name.lower().replace("_", "-")))
        else:
            found.append(OrderCheck(rule.words, PASSED, rule.numbers))
    return found


def _rules(placing: Placing, engine: Engine, names: Names, time: int) -> Iterator[_Rule]:
    yield _Rule("the account exists and is a user's", frozenset({R.ACCOUNT_NOT_FOUND, R.SYSTEM_ACCOUNT}))
    yield _Rule("the market exists", frozenset({R.MARKET_NOT_FOUND}))
    if placing.market >= len(names.markets):
        return
    spec = engine.market(names.markets[placing.market].id)
    yield _Rule("the market is open", frozenset({R.MARKET_HALTED}))
    yield _Rule("side, type and flags are known", frozenset({R.ENUM_INVALID, R.TRAIL_INVALID, R.NO_LAST_PRICE}))
    yield _Rule("the fields go together", frozenset({R.COMBINATION_INVALID}))
    yield from _limits(placing, spec, names)
    if placing.tif == TimeInForce.GTD:
        yield _Rule("it ends in the future", frozenset({R.ALREADY_EXPIRED}), f"{placing.expire_at - time} µs from now")
    if placing.client_id:
        yield _Rule("its client id was not used before", frozenset({R.CLIENT_ID_USED}))
    if placing.can_rest:
        open_orders = engine.open_order_count(placing.account) if placing.account < engine.accounts else 0
        yield _Rule("the account has room for another open order", frozenset({R.TOO_MANY_OPEN_ORDERS}), f"{open_orders} open")
    yield from _book(placing, spec, engine, names)


def _limits(placing: Placing, spec: MarketSpec, names: Names) -> Iterator[_Rule]:
    """Price, amount and total."""
    market = int(spec.id)
    for price, words in ((placing.price, "the price is in the market's range"), (placing.stop_price, "the stop price is too")):
        if price:
            least, most = names.price(market, spec.min_price), names.price(market, spec.max_price)
            numbers = f"{names.price(market, price)}, from {least} to {most}"
            yield _Rule(words, frozenset({R.PRICE_TOO_LOW, R.PRICE_TOO_HIGH}), numbers)
    if not placing.funds:
        least, most = names.amount(market, spec.min_amount), names.amount(market, spec.max_amount)
        numbers = f"{names.amount(market, placing.amount)}, from {least} to {most}"
        yield _Rule("the amount is in the market's range", frozenset({R.AMOUNT_TOO_SMALL, R.AMOUNT_TOO_LARGE}), numbers)
    total = placing.funds or placing.price * placing.amount * spec.quote_unit
    if total:
        quote = names.assets[spec.quote]
        numbers = f"{_core.format_units(total, quote.scale)} {quote.code}, at least {_core.format_units(spec.min_total, quote.scale)}"
        yield _Rule("the total is large enough", frozenset({R.TOTAL_TOO_SMALL, R.TOTAL_TOO_LARGE}), numbers)


def _book(placing: Placing, spec: MarketSpec, engine: Engine, names: Names) -> Iterator[_Rule]:
    """What depends on the book and on the account's money."""
    market = int(spec.id)
    bid, ask = engine.best(spec.id)
    opposite, side = (ask, "ask") if placing.side == Side.BUY else (bid, "bid")
    best = f"best {side} {names.price(market, opposite)}" if opposite else f"no {side}"
    if placing.flags & OrderFlag.POST_ONLY:
        yield _Rule("it does not trade at once", frozenset({R.WOULD_CROSS}), best)
    asset, cost = placing.cost(spec)
    available = engine.balance(placing.account, asset)[0] if placing.account < engine.accounts else 0
    code, scale = names.assets[asset].code, names.assets[asset].scale
    has = f"{_core.format_units(available, scale)} {code} available"
    numbers = f"{_core.format_units(cost, scale)} {code} needed, {has}" if placing.type not in (OrderType.MARKET,) else has
    yield _Rule("there is enough money", frozenset({R.INSUFFICIENT_FUNDS}), numbers)
    if placing.tif == TimeInForce.FOK:
        yield _Rule("all of it can be filled now", frozenset({R.FILL_OR_KILL_UNFILLABLE}), best)
    if placing.can_rest and placing.price:
        yield _Rule("the level has room", frozenset({R.LEVEL_FULL}))
