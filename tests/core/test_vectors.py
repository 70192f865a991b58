"""The exported rules are the twin's, and they meet everything that the core can answer."""

from collections.abc import Iterable
from itertools import product

import pytest

from tests.core import vectors
from tests.core.vectors import DIRECTORY, FILES, Recorder
from tests.twin import commands, events
from tests.twin.words import Code, OrderStatus, Reason, SelfTrade, Side, Tif, Type


@pytest.fixture(scope="module")
def played() -> list[Recorder]:
    start = vectors.furnished()
    return [start, *(recorder for _, recorder in vectors.play(start)), vectors.play_owing(start)[2]]


@pytest.mark.parametrize("name", FILES)
def test_the_vectors_are_current(name: str) -> None:
    expected = FILES[name]()
    if (DIRECTORY / name).read_text() != expected:
        pytest.fail(f"core/tests/vectors/{name} is not what the twin does: python -m tests.core.vectors")


def placed(played: Iterable[Recorder]) -> list[commands.PlaceOrder]:
    return [
        command
        for recorder in played
        for command, outcome, _ in recorder.seen
        if not outcome.code and isinstance(command, commands.PlaceOrder)
    ]


def test_every_command_is_met_by_success_and_by_each_of_its_codes(played: list[Recorder]) -> None:
    seen = {(command.number, outcome.code) for recorder in played for command, outcome, _ in recorder.seen}
    assert {number for number, code in seen if not code} == set(commands.BY_NUMBER)
    assert {code for _, code in seen} == set(Code) - {Code.MALFORMED_COMMAND}
    for number, codes in CODES.items():
        assert {Code(code) for command, code in seen if command == number} - {Code.OK, Code.TIME_WENT_BACK} == codes


ORDER_CHECKS = {Code.PRICE_TOO_LOW, Code.PRICE_TOO_HIGH, Code.AMOUNT_TOO_SMALL, Code.AMOUNT_TOO_LARGE, Code.TOTAL_TOO_SMALL}
STANDING = {
    Code.WOULD_CROSS,
    Code.INSUFFICIENT_FUNDS,
    Code.LEVEL_FULL,
    Code.MARKET_HALTED,
    Code.COMBINATION_INVALID,
    Code.ACCOUNT_NOT_FOUND,
}
FINDING = {Code.ACCOUNT_NOT_FOUND, Code.ORDER_NOT_FOUND, Code.ORDER_NOT_LIVE, Code.NOT_YOUR_ORDER}
CODES: dict[int, set[Code]] = {
    2: {Code.ASSET_INVALID, Code.ASSET_EXISTS},
    3: {Code.ASSET_NOT_FOUND, Code.MARKET_INVALID, Code.MARKET_EXISTS, Code.ENUM_INVALID, Code.FEE_INVALID},
    4: {Code.MARKET_NOT_FOUND, Code.MARKET_INVALID},
    5: {Code.MARKET_NOT_FOUND, Code.ENUM_INVALID},
    6: {Code.MARKET_NOT_FOUND, Code.FEE_INVALID},
    7: {Code.ACCOUNT_NOT_FOUND, Code.SYSTEM_ACCOUNT, Code.FEE_INVALID},
    10: {
        *ORDER_CHECKS,
        *STANDING,
        Code.SYSTEM_ACCOUNT,
        Code.MARKET_NOT_FOUND,
        Code.ENUM_INVALID,
        Code.TOTAL_TOO_LARGE,
        Code.ALREADY_EXPIRED,
        Code.CLIENT_ID_USED,
        Code.TOO_MANY_OPEN_ORDERS,
        Code.FILL_OR_KILL_UNFILLABLE,
    },
    11: FINDING,
    12: {Code.ACCOUNT_NOT_FOUND},
    13: {Code.ACCOUNT_NOT_FOUND, Code.MARKET_NOT_FOUND, Code.ENUM_INVALID},
    14: {*FINDING, *ORDER_CHECKS, *STANDING, Code.NOT_REPLACEABLE, Code.AMOUNT_BELOW_FILLED},
    15: {Code.ACCOUNT_NOT_FOUND, Code.SYSTEM_ACCOUNT, Code.ALREADY_EXPIRED},
    16: {
        *ORDER_CHECKS,
        *STANDING,
        Code.SYSTEM_ACCOUNT,
        Code.MARKET_NOT_FOUND,
        Code.ENUM_INVALID,
        Code.ALREADY_EXPIRED,
        Code.CLIENT_ID_USED,
        Code.TOO_MANY_OPEN_ORDERS,
    },
    17: {
        *ORDER_CHECKS,
        *(STANDING - {Code.WOULD_CROSS}),
        Code.SYSTEM_ACCOUNT,
        Code.MARKET_NOT_FOUND,
        Code.ENUM_INVALID,
        Code.TOTAL_TOO_LARGE,
        Code.ALREADY_EXPIRED,
        Code.CLIENT_ID_USED,
        Code.TOO_MANY_OPEN_ORDERS,
        Code.NO_LAST_PRICE,
        Code.TRAIL_INVALID,
    },
    20: {
        Code.ACCOUNT_NOT_FOUND,
        Code.SAME_ACCOUNT,
        Code.ASSET_NOT_FOUND,
        Code.ENUM_INVALID,
        Code.TRANSFER_AMOUNT_INVALID,
        Code.TRANSFER_ID_USED,
        Code.INSUFFICIENT_FUNDS,
        Code.WORLD_LIMIT,
    },
    21: {Code.TRANSFER_NOT_FOUND, Code.TRANSFER_NOT_PENDING},
    22: {Code.TRANSFER_NOT_FOUND, Code.TRANSFER_NOT_PENDING},
    40: {Code.ASSET_NOT_FOUND, Code.LINK_INVALID, Code.FEE_INVALID},
    41: {Code.GROUP_NOT_FOUND, Code.MARKET_NOT_FOUND, Code.MARKET_LINKED, Code.LINK_INVALID},
    42: {Code.MARKET_NOT_FOUND, Code.MARKET_NOT_LINKED},
    43: {Code.GROUP_NOT_FOUND, Code.FEE_INVALID},
    44: {Code.GROUP_NOT_FOUND, Code.ASSET_NOT_FOUND, Code.RATE_INVALID},
}
"""What the page says a command can be rejected for."""


def test_every_event_and_every_end_of_an_order_is_met(played: list[Recorder]) -> None:
    emitted = [event for recorder in played for _, _, events_ in recorder.seen for event in events_]
    assert {type(event) for event in emitted} == set(events.ALL.values())
    assert {event.reason for event in emitted if isinstance(event, events.OrderDone)} == set(Reason)
    trades = [event for event in emitted if isinstance(event, events.TradeExecuted)]
    assert {(trade.taker_side, bool(trade.taker_market)) for trade in trades} == set(product(Side, (False, True)))
    assert {event.kept_priority for event in emitted if isinstance(event, events.OrderReplaced)} == {True, False}
    statuses = {outcome.status for recorder in played for _, outcome, _ in recorder.seen}
    assert statuses == set(OrderStatus)


def test_every_kind_of_order_is_taken(played: list[Recorder]) -> None:
    orders = placed(played)
    assert {order.self_trade for order in orders} == set(SelfTrade)
    limit_ways = product([Type.LIMIT, Type.STOP_LIMIT], Tif)
    market_ways = [(Type.MARKET, Tif.IOC), (Type.MARKET, Tif.FOK), (Type.STOP_MARKET, Tif.IOC)]
    assert {(order.type, order.tif) for order in orders} == {*limit_ways, *market_ways}
    assert {order.flags for order in orders} == {0, 1, 2}
