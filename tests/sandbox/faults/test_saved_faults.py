"""Faults are part of a sandbox's state: a snapshot has them as they were, a reset has none, and an end lets everything go."""

from __future__ import annotations

from pathlib import Path

from tests.sandbox.faults.raw_clients import APIS, CLOSED, Sandbox, Wire
from tests.sandbox.faults.test_orders import Onlooker, beyond
from tests.support.processes import serving


def test_a_snapshot_has_its_faults_with_what_they_have_counted_and_drawn(sandbox: Sandbox) -> None:
    api = APIS["expie"](sandbox)
    fault = sandbox.arm("lose-reply", dialect="expie", probability=0.5, count=30)

    def lost(count: int) -> list[bool]:
        return [api.ask(api.balance()).ended == CLOSED for _ in range(count)]

    lost(10)
    sandbox.client.save("armed")
    before = sandbox.client.faults()
    first = lost(20)
    sandbox.client.restore("armed")
    after = sandbox.client.faults()
    assert (after.armed, after.fired) == (before.armed, before.fired)
    assert lost(20) == first
    assert sandbox.arm("lose-reply").rpartition("-")[2] == str(int(fault.rpartition("-")[2]) + 1)


def test_a_snapshot_has_fills_halts_and_marked_orders_under_way(sandbox: Sandbox) -> None:
    sandbox.advance(30)
    onlooker = Onlooker(sandbox)
    _bid, ask = onlooker.best()
    sandbox.arm("fill", user="alice", percent=40, wait=10)
    onlooker.api.ask(onlooker.api.order("0.5", beyond(ask, "1.01")))
    halt = sandbox.arm("halt", market="ltc_usd", seconds=20)
    btce = APIS["btce_wex"](sandbox)
    btce.ask(btce.order("1.00666030", beyond(onlooker.best()[0], "0.9")))
    marked = btce.open_orders()[-1]
    sandbox.client.save("under-way")
    for _time in range(2):
        sandbox.client.restore("under-way")
        assert {order["left"] for order in onlooker.api.ask(onlooker.api.orders()).json["records"]} == {"0.3", "1.0066603"}
        sandbox.advance(9.9)
        assert len(onlooker.api.ask(onlooker.api.orders()).json["records"]) == 2
        sandbox.advance(0.2)
        assert onlooker.left() == "1.0066603"
        assert [fault.id for fault in sandbox.client.faults().armed] == [halt]
        sandbox.advance(10)
        assert sandbox.client.faults().armed == []
        assert btce.ask(btce.cancel(marked)).json["error"] == "bad status"


def test_a_sandbox_that_is_reset_has_no_faults(sandbox: Sandbox) -> None:
    sandbox.arm("lose-reply", count=0)
    sandbox.client.reset()
    shown = sandbox.client.faults()
    assert (shown.armed, shown.over, shown.fired) == ([], [], [])


def test_a_sandbox_ends_though_requests_are_delayed_and_sockets_frozen_and_its_markets_open(tmp_path: Path) -> None:
    with serving(tmp_path, "sandbox", "--quiet", "--clock", "manual", "--data", tmp_path / "kept") as running:
        sandbox = Sandbox(running)
        expie = APIS["expie"](sandbox)
        wire = Wire(sandbox, "/ws")
        sandbox.arm("socket-freeze", now=True)
        sandbox.arm("halt", market="btc_usd")
        fault = sandbox.arm("delay", after=3600)
        exchange = sandbox.send(expie.balance())
        sandbox.wait_until_fired(fault)
        assert running.terminate() == 0
        assert exchange.answer().data.startswith(b"HTTP/1.1 200")
        wire.close()
    with serving(tmp_path, "sandbox", "--data", tmp_path / "kept") as running:
        expie = APIS["expie"](Sandbox(running))
        assert expie.ask(expie.order()).status == 200


def test_a_sandbox_that_was_killed_opens_the_markets_that_only_faults_had_halted(tmp_path: Path) -> None:
    data = tmp_path / "kept"
    with serving(tmp_path, "sandbox", "--quiet", "--data", data) as running:
        sandbox = Sandbox(running)
        for market in ("btc_usd", "ltc_usd"):
            sandbox.arm("halt", market=market)
        over = sandbox.arm("halt", market="btc_eur")
        sandbox.client.disarm_fault(over)
        running.kill()
    for _start in range(2):
        with serving(tmp_path, "sandbox", "--data", data) as running:
            expie = APIS["expie"](Sandbox(running))
            assert expie.ask(expie.order()).status == 200
            running.kill()
