"""A clock that is wrong, and reads that are old, as each dialect's clients see them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.faults.raw_clients import APIS, Answer, Ask, Sandbox

EACH_API = pytest.mark.parametrize("dialect", APIS)
HOUR = 3_600


def test_a_client_is_shown_a_time_that_is_wrong(sandbox: Sandbox) -> None:
    btce, now = APIS["btce_wex"](sandbox), sandbox.now // 1_000_000
    sandbox.arm("clock-skew", skew=HOUR, user="alice")
    assert btce.ask(btce.balance()).json["return"]["server_time"] == now + HOUR
    assert btce.ask(Ask("GET", "/api/3/info")).json["server_time"] == now
    sandbox.disarm()
    assert btce.ask(btce.balance()).json["return"]["server_time"] == now


@pytest.mark.parametrize("path", ["/api/3/info", "/spot/v2/time", "/spot/api/v3.2/time"])
def test_everybody_is_shown_a_time_that_is_wrong(sandbox: Sandbox, path: str) -> None:
    sandbox.arm("clock-skew", skew=-HOUR)
    api, now = APIS["btce_wex"](sandbox), sandbox.now // 1_000_000

    def shown() -> list[int]:
        body: dict[str, Any] = api.ask(Ask("GET", path)).json
        return [value for value in body.values() if isinstance(value, int) and value > 1_000_000_000]

    assert shown() == [now - HOUR]
    sandbox.disarm()
    assert shown() == [now]


@pytest.mark.parametrize("skew", [HOUR, -HOUR])
def test_nonces_and_tonces_are_judged_by_the_wrong_clock(sandbox: Sandbox, skew: int) -> None:
    btse, mtgox = APIS["btse"](sandbox), APIS["mtgox"](sandbox)

    def tonce() -> Answer:
        answer: Answer = mtgox.ask(mtgox.with_tonce("/api/1/generic/private/info", sandbox.now + sandbox.number()))
        return answer

    sandbox.arm("clock-skew", skew=skew)
    assert btse.ask(btse.balance()).json["message"] == "Invalid nonce"
    assert tonce().json["token"] == "login_error_invalid_nonce"
    sandbox.disarm()
    assert btse.ask(btse.balance()).status == 200
    assert tonce().json["result"] == "success"


@EACH_API
def test_a_balance_is_shown_as_it_was_before_an_order(sandbox: Sandbox, dialect: str) -> None:
    api = APIS[dialect](sandbox)
    sandbox.arm("stale", dialect=dialect, user="alice", age=5)
    before = api.ask(api.balance()).body
    api.ask(api.order("0.5", "100"))
    sandbox.advance(4)
    assert api.ask(api.balance()).body == before
    sandbox.advance(4)  # 8 s after the first read, 4 s after the second, the first with the order in it
    assert api.ask(api.balance()).body == before
    sandbox.advance(5)
    assert api.ask(api.balance()).body != before


@EACH_API
def test_open_orders_are_those_of_some_commands_ago(sandbox: Sandbox, dialect: str) -> None:
    api = APIS[dialect](sandbox)
    sandbox.arm("stale", dialect=dialect, user="alice", commands=3)
    assert api.open_orders() == []
    api.ask(api.order("0.5", "100"))
    assert api.open_orders() == []
    for price in ("101", "102", "103"):
        api.ask(api.order("0.5", price))
    assert len(api.open_orders()) == 1


def test_what_changes_something_is_never_answered_with_an_old_reply(sandbox: Sandbox) -> None:
    api = APIS["btce_wex"](sandbox)
    sandbox.arm("stale", age=60)
    one, other = (api.ask(api.order("0.5", "100")).json["return"]["order_id"] for _ in range(2))
    assert one != other


def test_another_user_s_old_reply_is_shown_to_nobody(sandbox: Sandbox) -> None:
    alice, bob = (APIS["expie"](sandbox, name) for name in ("alice", "bob"))
    bob.ask(bob.order("0.5", "100"))
    sandbox.arm("stale", age=60, count=0)

    def held(body: list[dict[str, Any]]) -> Decimal:
        return next(Decimal(row["ex_trading_amount"]) for row in body if row["coin_code"] == "USD")

    assert held(alice.ask(alice.balance()).json) == 0
    assert held(bob.ask(bob.balance()).json) == 50
