"""Orders that ask for an outcome by themselves: by a client order id, or by the last digits of an amount."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from cambist.sandbox.faults.magic_orders import OUTCOMES, of_amount, of_client_id
from tests.sandbox.faults.raw_clients import APIS, CLOSED, RESET, WHOLE, Answer, Sandbox
from tests.sandbox.faults.test_orders import Onlooker, beyond


def status(code: int) -> Callable[[Answer], bool]:
    return lambda answer: answer.ended == WHOLE and answer.status == code


def lost(answer: Answer) -> bool:
    return (answer.ended, answer.data) == (CLOSED, b"")


def reset(answer: Answer) -> bool:
    return (answer.ended, answer.data) == (RESET, b"")


SEEN: dict[str, tuple[Callable[[Answer], bool], str | None]] = {
    "lose-reply": (lost, "all"),
    "lose-request": (lost, None),
    "reset": (reset, "all"),
    "refuse": (status(503), None),
    "rate-limit": (status(429), None),
    "ban": (status(451), None),
    "maintenance": (status(503), None),
    "nonce-rejected": (status(401), None),
    "500": (status(500), None),
    "502": (status(502), "all"),
    "503": (status(503), None),
    "504": (status(504), "all"),
    "half-fill": (status(200), "half"),
    "two-fills": (status(200), "half"),
    "half-cancelled": (status(200), "half"),
    "full-fill": (status(200), None),
    "cancel-loses": (status(200), "all"),
    "partial-cancel": (status(200), "all"),
}
"""By outcome: what BTSE's client gets, and how much of the order is open then."""


@pytest.mark.parametrize("name", SEEN)
def test_a_client_order_id_asks_for_an_outcome(sandbox: Sandbox, name: str) -> None:
    sandbox.advance(30)
    onlooker, api = Onlooker(sandbox), APIS["btse"](sandbox)
    bid, _ask = onlooker.best()
    seen, left = SEEN[name]
    answer = api.ask(api.order("0.5", beyond(bid, "0.999"), tag=f"fault-{name}-17"))
    assert seen(answer), answer
    assert onlooker.left() == {"all": "0.5", "half": "0.25", None: None}[left]
    assert len(sandbox.fired(f"order-{name}")) == 1
    sandbox.client.disarm_faults()


def test_a_client_order_id_that_names_no_outcome_is_an_order_s_as_any_other_and_listed(sandbox: Sandbox) -> None:
    sandbox.advance(30)
    onlooker, api = Onlooker(sandbox), APIS["btse"](sandbox)
    bid, _ask = onlooker.best()
    before = sandbox.client.faults()
    for tag in ("fault-zzz", "fault-lose", "faulty-1", "fault-full-fill-3"):
        assert api.ask(api.order("0.5", beyond(bid, "0.999"), tag=tag)).status == 200
    after = sandbox.client.faults()
    assert after.unknown[len(before.unknown) :] == ["fault-zzz", "fault-lose"]
    assert [one.fault for one in after.fired[len(before.fired) :]] == ["order-full-fill"]


@pytest.mark.parametrize("name", ["slow", "late"])
def test_an_order_asks_to_be_slow(sandbox: Sandbox, name: str) -> None:
    onlooker, api = Onlooker(sandbox), APIS["btse"](sandbox)
    exchange = sandbox.send(api.order(tag=f"fault-{name}"))
    sandbox.wait_until_fired(f"order-{name}")
    assert exchange.silent
    assert onlooker.left() == ("0.1" if name == "slow" else None)
    sandbox.advance(5)
    assert exchange.answer().status == 200
    assert onlooker.left() == "0.1"


@pytest.mark.parametrize("dialect", ["btce_wex", "expie", "mtgox"])
@pytest.mark.parametrize(
    ("code", "left"),
    [("01", "1.00666001"), ("02", None), ("10", "1.0066601"), ("20", "0.5033301"), ("23", None)],
    ids=["lose-reply", "lose-request", "502", "half-fill", "full-fill"],
)
def test_where_orders_have_no_client_ids_an_amount_asks(sandbox: Sandbox, dialect: str, code: str, left: str | None) -> None:
    sandbox.advance(30)
    onlooker, api = Onlooker(sandbox), APIS[dialect](sandbox)
    bid, _ask = onlooker.best()
    answer = api.ask(api.order(f"1.006660{code}", beyond(bid, "0.999")))
    assert {"01": lost, "02": lost, "10": status(502), "20": status(200), "23": status(200)}[code](answer), answer
    assert onlooker.left() == left


def test_a_cancel_that_its_order_asked_to_lose_does(sandbox: Sandbox) -> None:
    sandbox.advance(30)
    onlooker, api = Onlooker(sandbox), APIS["btce_wex"](sandbox)
    bid, _ask = onlooker.best()
    api.ask(api.order("1.00666030", beyond(bid, "0.999")))
    order = onlooker.order()
    assert order is not None
    (own,) = api.open_orders()
    assert api.ask(api.cancel(own)).json == {"success": 0, "error": "bad status"}
    assert sum(amount for _price, amount in onlooker.deals(order["id"])) == Decimal("1.0066603")


@pytest.mark.parametrize(
    ("tag", "name"),
    [
        ("fault-lose-reply", "lose-reply"),
        ("fault-lose-reply-", "lose-reply"),
        ("fault-lose-reply-1-2-3", "lose-reply"),
        ("fault-502-x", "502"),
        ("fault-lose", None),
        ("fault-lose-replyx", None),
        ("fault-", None),
        ("faultlose-reply", None),
        ("xfault-lose-reply", None),
        ("FAULT-lose-reply", None),
        ("", None),
    ],
)
def test_what_a_client_order_id_asks_for(tag: str, name: str | None) -> None:
    found = of_client_id(tag)
    assert (None if found is None else found.name) == name


@pytest.mark.parametrize(
    ("amount", "name"),
    [(100_666_001, "lose-reply"), (666_001, "lose-reply"), (50_666_001, None), (100_666_099, None), (667_001, None), (0, None)],
)
def test_what_an_amount_asks_for(amount: int, name: str | None) -> None:
    found = of_amount(amount)
    assert (None if found is None else found.name) == name


def test_names_and_codes_of_outcomes_are_their_own() -> None:
    assert len({outcome.name for outcome in OUTCOMES}) == len({outcome.code for outcome in OUTCOMES}) == len(OUTCOMES)
    assert {outcome.name for outcome in OUTCOMES} == {*SEEN, "slow", "late"}
