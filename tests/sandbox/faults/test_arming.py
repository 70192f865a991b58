"""Arming and disarming: whom a fault meets, when it fires, and what is wrong with a plan."""

from typing import Any

import pytest

from tests.sandbox.faults.raw_clients import APIS, CLOSED, Sandbox


def lost(sandbox: Sandbox, count: int, user: str = "alice") -> list[bool]:
    """Which of so many reads of a balance are lost."""
    api = APIS["expie"](sandbox, user)
    return [api.ask(api.balance()).ended == CLOSED for _ in range(count)]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "x....."),
        ({"count": 2}, "xx...."),
        ({"count": 0}, "xxxxxx"),
        ({"skip": 2}, "..x..."),
        ({"every": 2, "count": 0}, ".x.x.x"),
        ({"every": 3, "skip": 1}, "...x.."),
        ({"seconds": 60}, "xxxxxx"),
        ({"seconds": 60, "count": 1}, "x....."),
        ({"probability": 0.0, "count": 0}, "......"),
    ],
    ids=str,
)
def test_a_fault_fires_when_its_plan_says(sandbox: Sandbox, fields: dict[str, Any], expected: str) -> None:
    sandbox.arm("lose-reply", dialect="expie", **fields)
    assert "".join("x" if each else "." for each in lost(sandbox, len(expected))) == expected


def test_a_probability_is_drawn_from_the_seed_and_the_fault_s_name(sandbox: Sandbox) -> None:
    sandbox.arm("lose-reply", dialect="expie", probability=0.5, count=0)
    drawn = lost(sandbox, 40)
    assert 8 < sum(drawn) < 32
    sandbox.disarm()
    sandbox.arm("lose-reply", dialect="expie", probability=0.5, count=0)
    assert lost(sandbox, 40) != drawn


@pytest.mark.parametrize(
    ("fields", "met"),
    [
        ({"user": "alice"}, True),
        ({"user": "ALICE"}, True),
        ({"user": "bob"}, False),
        ({"dialect": "expie"}, True),
        ({"dialect": "btse"}, False),
        ({"transport": "http"}, True),
        ({"transport": "socket"}, False),
        ({"method": "GET"}, True),
        ({"method": "POST"}, False),
        ({"path": "/v1/balance/summary"}, True),
        ({"path": "/v1/*"}, True),
        ({"path": "/v1"}, False),
        ({"path": "/v1/balance/summar?"}, False),
        ({"contains": "nothing of the kind"}, False),
    ],
    ids=str,
)
def test_a_selector_says_whom_a_fault_meets(sandbox: Sandbox, fields: dict[str, Any], met: bool) -> None:
    fault = sandbox.arm("lose-reply", **fields)
    assert lost(sandbox, 1) == [met]
    assert len(sandbox.fired(fault)) == met


def test_a_key_and_the_request_s_own_method_are_selectors(sandbox: Sandbox) -> None:
    api = APIS["btce_wex"](sandbox)
    sandbox.arm("lose-reply", key=api.keys["btce"]["key"], method="Trade")
    assert api.ask(api.balance()).status == 200
    assert api.ask(api.order()).ended == CLOSED


def test_what_is_armed_and_what_fired_is_listed(sandbox: Sandbox) -> None:
    fault = sandbox.arm("lose-reply", dialect="expie", count=2)
    lost(sandbox, 1)
    (shown,) = sandbox.client.faults().armed
    assert (shown.id, shown.state, shown.met, shown.fired, shown.ends_at) == (fault, "armed", 1, 1, None)
    assert (shown.plan.kind, shown.plan.dialect, shown.plan.count) == ("lose-reply", "expie", 2)
    (firing,) = sandbox.fired(fault)
    assert (firing.dialect, firing.transport, firing.request) == ("expie", "http", "GET /v1/balance/summary")
    assert firing.exchange > 0
    lost(sandbox, 1)
    listed = sandbox.client.faults()
    assert (listed.armed, listed.over[-1].id, listed.over[-1].state) == ([], fault, "spent")


def test_a_fault_that_is_disarmed_meets_nobody(sandbox: Sandbox) -> None:
    fault, other = sandbox.arm("lose-reply"), sandbox.arm("lose-request", user="bob")
    sandbox.disarm(fault)
    assert lost(sandbox, 1) == [False]
    assert [shown.id for shown in sandbox.client.faults().armed] == [other]
    assert sandbox.control("DELETE", f"faults/{fault}", status=404) == {"error": f'no fault "{fault}" is armed'}


def test_what_is_delayed_goes_on_when_all_faults_are_disarmed(sandbox: Sandbox) -> None:
    api = APIS["expie"](sandbox)
    fault = sandbox.arm("delay", after=3600)
    exchange = sandbox.send(api.balance())
    sandbox.wait_until_fired(fault)
    sandbox.disarm()
    assert exchange.answer().status == 200


def test_a_kind_that_lasts_is_over_when_it_has_fired_as_often_as_it_should(sandbox: Sandbox) -> None:
    api = APIS["expie"](sandbox)
    sandbox.arm("maintenance", count=1)
    assert [api.ask(api.balance()).status for _ in range(2)] == [503, 200]
    assert sandbox.client.faults().armed == []


def test_a_fault_s_time_is_over_by_the_sandbox_s_clock(sandbox: Sandbox) -> None:
    fault = sandbox.arm("lose-reply", seconds=2)
    sandbox.advance(1.9)
    assert lost(sandbox, 1) == [True]
    sandbox.advance(0.1)
    assert lost(sandbox, 1) == [False]
    assert (sandbox.client.faults().over[-1].id, sandbox.client.faults().over[-1].state) == (fault, "expired")


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ({"kind": "bogus"}, 'there is no kind "bogus": lose-request, lose-reply'),
        ({"kind": "delay"}, "delay: give after or before"),
        ({"kind": "lose-reply", "delay": 3}, "lose-reply takes no delay; it takes kind, dialect"),
        ({"kind": "lose-reply", "dialect": "kraken"}, 'there is no dialect "kraken": btce_wex'),
        ({"kind": "lose-reply", "user": "mallory"}, 'there is no user "mallory"'),
        ({"kind": "lose-reply", "key": "1234"}, 'there is no key "1234"'),
        ({"kind": "lose-reply", "path": "v1"}, 'path: begins with "/" or "*"'),
        ({"kind": "lose-reply", "probability": 1.5}, "probability: 0 to 1"),
        ({"kind": "lose-reply", "every": 0}, "every: 1 to 1000000000"),
        ({"kind": "lose-reply", "seconds": 0}, "seconds: more than 0"),
        ({"kind": "lose-reply", "contains": ""}, "contains: 1 to 1000 printable characters"),
        ({"kind": "delay", "after": -1}, "after: 0 to 31622400"),
        ({"kind": "server-error", "status": 404}, "status: 500, 502, 503, 504"),
        ({"kind": "stale", "age": 1, "commands": 1}, "stale: age or commands, not both"),
        ({"kind": "content-type", "content_type": "täxt"}, "content_type: ASCII"),
        ({"kind": "lose-reply", "transport": "carrier pigeon"}, "Invalid enum value"),
        ({"kind": "lose-reply", "count": "many"}, "Expected `int"),
        ({"kind": "lose-reply", "cuont": 1}, "unknown field"),
        ({}, "missing required field `kind`"),
    ],
    ids=str,
)
def test_a_plan_that_makes_no_sense_is_refused_in_a_sentence(sandbox: Sandbox, plan: dict[str, Any], words: str) -> None:
    refused = sandbox.control("POST", "faults", plan, status=400)
    assert words in refused["error"]
    assert sandbox.client.faults().armed == []
