"""What faults do to orders: fills in parts, cancels that lose, halts. Book, trades and ledger stay true, as every API shows them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.faults.raw_clients import APIS, CLOSED, DONE, Sandbox

EACH_API = pytest.mark.parametrize("dialect", APIS)
FEE = Decimal("0.002")


class Onlooker:
    """Alice's orders and money, and the book of btc_usd, by an API that uses no nonces."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.api = APIS["expie"](sandbox)

    def best(self) -> tuple[Decimal, Decimal]:
        """(best bid, best ask)."""
        ticker = self.api.ask(self.api.public()).json
        return Decimal(ticker["bid"]), Decimal(ticker["ask"])

    def order(self) -> dict[str, Any] | None:
        """Her newest open order."""
        records = self.api.ask(self.api.orders()).json["records"]
        return dict(records[0]) if records else None

    def left(self) -> str | None:
        order = self.order()
        return None if order is None else str(order["left"])

    def money(self) -> dict[str, Decimal]:
        """Balances, what orders hold included."""
        return {row["coin_code"]: Decimal(row["balance"]) for row in self.api.ask(self.api.balance()).json}

    def deals(self, order_id: int) -> list[tuple[Decimal, Decimal]]:
        """(price, amount) of an order's deals, oldest first."""
        records = self.api.ask(self.api.read(f"/v1/markets/BTCUSD/orders/{order_id}")).json["records"]
        return [(Decimal(deal["price"]), Decimal(deal["amount"])) for deal in reversed(records)]


@pytest.fixture
def onlooker(sandbox: Sandbox) -> Onlooker:
    sandbox.advance(30)  # books are whole again, whatever was taken out of them
    return Onlooker(sandbox)


def beyond(price: Decimal, by: str) -> str:
    """A price a little further."""
    return str((price * Decimal(by)).quantize(Decimal("0.001")))


@EACH_API
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_an_order_that_would_trade_at_once_is_filled_by_exactly_its_share_then_the_rest(
    sandbox: Sandbox, onlooker: Onlooker, dialect: str, side: str
) -> None:
    bid, ask = onlooker.best()
    price = beyond(ask, "1.01") if side == "buy" else beyond(bid, "0.99")
    api = APIS[dialect](sandbox)
    before = onlooker.money()
    sandbox.arm("fill", dialect=dialect, user="alice", side=side, percent=40, wait=10)
    assert api.ask(api.order("0.5", price, side)).status in DONE
    order = onlooker.order()
    assert order is not None
    assert (order["amount"], order["left"], Decimal(order["price"])) == ("0.5", "0.3", Decimal(price))
    ((first, amount),) = onlooker.deals(order["id"])
    assert amount == Decimal("0.2")
    reference = ask if side == "buy" else bid
    assert abs(first - reference) < reference / 100  # a linked book may have another best price than this one
    sandbox.advance(9.9)
    assert onlooker.left() == "0.3"
    sandbox.advance(0.2)
    assert onlooker.left() is None
    deals = onlooker.deals(order["id"])
    assert deals[1:] == [(Decimal(price), Decimal("0.3"))]
    after = onlooker.money()
    total = sum((at * amount for at, amount in deals), Decimal(0))
    bought, paid = ("BTC", "USD") if side == "buy" else ("USD", "BTC")
    received = (Decimal("0.5") if side == "buy" else total) * (1 - FEE)
    assert abs(after[bought] - before[bought] - received) < Decimal("0.00000002")
    assert abs(before[paid] - after[paid] - (total if side == "buy" else Decimal("0.5"))) < Decimal("0.00000002")


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_an_order_behind_others_is_filled_when_the_price_has_come_to_it(sandbox: Sandbox, onlooker: Onlooker, side: str) -> None:
    bid, ask = onlooker.best()
    price = beyond(bid, "0.9995") if side == "buy" else beyond(ask, "1.0005")
    sandbox.arm("fill", user="alice", percent=25, rest="leave", wait=3600)
    api = APIS["btse"](sandbox)
    assert api.ask(api.order("0.8", price, side)).status == 200
    order = onlooker.order()
    assert order is not None
    assert order["left"] == "0.6"
    assert onlooker.deals(order["id"]) == [(Decimal(price), Decimal("0.2"))]
    sandbox.advance(60)
    assert onlooker.left() == "0.6"


@pytest.mark.parametrize(("rest", "left"), [("cancel", None), ("leave", "0.3"), ("fill", None)])
def test_the_rest_of_a_fill_is_what_the_plan_says(sandbox: Sandbox, onlooker: Onlooker, rest: str, left: str | None) -> None:
    _bid, ask = onlooker.best()
    sandbox.arm("fill", user="alice", percent=40, wait=1, rest=rest)
    onlooker.api.ask(onlooker.api.order("0.5", beyond(ask, "1.01")))
    order = onlooker.order()
    assert order is not None
    sandbox.client.move_clock(advance=1.0)
    assert onlooker.left() == left
    assert sum(amount for _price, amount in onlooker.deals(order["id"])) == Decimal("0.5" if rest == "fill" else "0.2")


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_both_parts_have_the_prices_that_the_plan_says(sandbox: Sandbox, onlooker: Onlooker, side: str) -> None:
    bid, ask = onlooker.best()
    step = Decimal(1 if side == "buy" else -1)
    start = ask if side == "buy" else bid
    own, first, second = (str(start + step * far) for far in (9, 5, 3))
    sandbox.arm("fill", user="alice", percent=50, price=first, wait=1, rest_price=second)
    onlooker.api.ask(onlooker.api.order("0.4", own, side))
    order = onlooker.order()
    assert order is not None
    assert (order["left"], Decimal(order["price"])) == ("0.2", Decimal(own))
    sandbox.advance(1)
    assert onlooker.left() is None
    assert onlooker.deals(order["id"]) == [(Decimal(first), Decimal("0.2")), (Decimal(second), Decimal("0.2"))]


def test_an_order_that_cannot_rest_is_left_alone(sandbox: Sandbox, onlooker: Onlooker) -> None:
    api = APIS["btse"](sandbox)
    fields = {"symbol": "BTC-USD", "size": "0.5", "side": "BUY", "type": "MARKET"}
    sandbox.arm("fill", user="alice", percent=40)
    reply = api.ask(api.signing("POST", "/spot/api/v3.2/order", **fields)).json[0]
    assert Decimal(str(reply["fillSize"])) == Decimal("0.5")


GONE = {
    "btce_wex": '"error":"bad status"',
    "btse": "Order not found",
    "expie": '"order not found"',
    "mtgox": '"token":"order_not_found"',
    "native": '"code":"order-not-live"',
}


@EACH_API
def test_a_cancel_loses_the_race_against_a_fill(sandbox: Sandbox, onlooker: Onlooker, dialect: str) -> None:
    bid, _ask = onlooker.best()
    api = APIS[dialect](sandbox)
    api.ask(api.order("0.5", beyond(bid, "0.999")))
    order = onlooker.order()
    assert order is not None
    (own,) = api.open_orders()
    fault = sandbox.arm("cancel-loses", dialect=dialect, user="alice")
    assert GONE[dialect] in api.ask(api.cancel(own)).body.decode()
    assert len(sandbox.fired(fault)) == 1
    assert onlooker.left() is None
    assert sum(amount for _price, amount in onlooker.deals(order["id"])) == Decimal("0.5")


@EACH_API
def test_a_cancel_comes_when_a_part_is_filled(sandbox: Sandbox, onlooker: Onlooker, dialect: str) -> None:
    bid, _ask = onlooker.best()
    api = APIS[dialect](sandbox)
    api.ask(api.order("0.5", beyond(bid, "0.999")))
    order = onlooker.order()
    assert order is not None
    (own,) = api.open_orders()
    sandbox.arm("partial-cancel", dialect=dialect, percent=30)
    assert api.ask(api.cancel(own)).status == 200
    assert onlooker.left() is None
    assert sum(amount for _price, amount in onlooker.deals(order["id"])) == Decimal("0.15")


def test_several_orders_of_one_cancel_meet_a_fault_each(sandbox: Sandbox, onlooker: Onlooker) -> None:
    bid, _ask = onlooker.best()
    btce = APIS["btce_wex"](sandbox)
    for share in ("0.999", "0.998"):
        btce.ask(btce.order("0.5", beyond(bid, share)))
    orders = btce.open_orders()
    fault = sandbox.arm("cancel-loses", user="alice", count=1)
    answer = btce.ask(btce.cancelling(orders)).json["return"]["cancel_result"]
    assert sorted(row["success"] for row in answer.values()) == [0, 1]
    assert len(sandbox.fired(fault)) == 1


HALTED = {
    "btce_wex": '"error":"not available"',
    "btse": "Market is unavailable",
    "expie": '"service unavailable"',
    "mtgox": '"token":"market_halted"',
    "native": '"code":"market-halted"',
}


@EACH_API
def test_a_halted_market_takes_no_orders_but_cancels_until_its_time_is_over(sandbox: Sandbox, onlooker: Onlooker, dialect: str) -> None:
    api = APIS[dialect](sandbox)
    api.ask(api.order())
    (own,) = api.open_orders()
    fault = sandbox.arm("halt", market="btc_usd", seconds=30)
    assert len(sandbox.fired(fault)) == 1
    assert HALTED[dialect] in api.ask(api.order()).body.decode()
    assert api.ask(api.cancel(own)).status == 200
    sandbox.advance(29)
    assert HALTED[dialect] in api.ask(api.order()).body.decode()
    assert api.open_orders() == []
    sandbox.advance(1)
    api.ask(api.order())
    assert len(api.open_orders()) == 1


def test_a_market_that_two_faults_halt_opens_with_the_second(sandbox: Sandbox, onlooker: Onlooker) -> None:
    first, second = (sandbox.arm("halt", market="btc_usd") for _ in range(2))
    sandbox.disarm(first)
    assert onlooker.api.ask(onlooker.api.order()).status == 503
    sandbox.disarm(second)
    assert onlooker.api.ask(onlooker.api.order()).status == 200


@pytest.mark.parametrize(
    ("fields", "met"),
    [
        ({"market": "btc_usd"}, True),
        ({"market": "ltc_usd"}, False),
        ({"side": "buy"}, True),
        ({"side": "sell"}, False),
        ({"client_order_id": "mine"}, True),
        ({"client_order_id": "mi*"}, True),
        ({"client_order_id": "min"}, False),
        ({"market": "btc_usd", "user": "bob"}, False),
        ({"market": "btc_usd", "dialect": "expie"}, False),
        ({"side": "buy", "method": "POST", "path": "/spot/*"}, True),
        ({"side": "buy", "transport": "socket"}, False),
    ],
    ids=str,
)
def test_a_fault_of_requests_can_be_for_certain_orders(sandbox: Sandbox, onlooker: Onlooker, fields: dict[str, Any], met: bool) -> None:
    api = APIS["btse"](sandbox)
    fault = sandbox.arm("lose-reply", **fields)
    answer = api.ask(api.order(tag="mine"))
    assert (answer.ended == CLOSED) is met
    assert len(sandbox.fired(fault)) == met
    assert onlooker.left() == "0.1"
    if met:
        assert sandbox.fired(fault)[0].request == "POST /spot/api/v3.2/order"


def test_an_order_s_number_selects_its_cancellation(sandbox: Sandbox, onlooker: Onlooker) -> None:
    onlooker.api.ask(onlooker.api.order())
    order = onlooker.order()
    assert order is not None
    onlooker.api.ask(onlooker.api.order("0.2"))
    sandbox.arm("lose-reply", order=order["id"])
    other = onlooker.order()
    assert other is not None
    assert onlooker.api.ask(onlooker.api.cancel(other["id"])).status == 200
    assert onlooker.api.ask(onlooker.api.cancel(order["id"])).ended == CLOSED
    assert onlooker.left() is None


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ({"kind": "fill"}, "fill: give percent"),
        ({"kind": "fill", "percent": 0}, "percent: more than 0"),
        ({"kind": "fill", "percent": 101}, "percent: more than 0, at most 100"),
        ({"kind": "fill", "percent": 50, "rest": "forget"}, "Invalid enum value"),
        ({"kind": "fill", "percent": 50, "order": 7}, "fill: an order has no number before it is placed"),
        ({"kind": "fill", "percent": 50, "path": "/tapi"}, "fill takes no path"),
        ({"kind": "halt"}, "halt: name the market"),
        ({"kind": "halt", "market": "btc_xyz"}, 'there is no market "btc_xyz"'),
        ({"kind": "halt", "market": "btc_usd", "user": "alice"}, "halt takes no user"),
        ({"kind": "truncate", "market": "btc_usd"}, "truncate takes no market"),
        ({"kind": "fill", "percent": 50, "price": "cheap"}, "price: a decimal number such as 2500.5"),
        ({"kind": "fill", "percent": 50, "rest_price": "-1"}, "rest_price: a decimal number such as 2500.5"),
    ],
    ids=str,
)
def test_a_plan_that_makes_no_sense_is_refused_in_a_sentence(sandbox: Sandbox, plan: dict[str, Any], words: str) -> None:
    assert words in sandbox.control("POST", "faults", plan, status=400)["error"]
