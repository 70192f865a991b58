"""Another process has history locked: what is done is answered, what only history knows is said to be away, and pushes go on."""

from typing import Any

import pytest

from tests.dialects.btse.floor import V2, V3, Floor, Trader

AWAY = (503, 17, "Histories are not available now")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound itself is history's; here it is short."""
    monkeypatch.setattr("cambist.history.reader.History.reached.__kwdefaults__", {"within": 0.2})


async def test_changes_are_answered_and_histories_say_that_they_are_away(floor: Floor, alice: Trader, bob: Trader) -> None:
    old = await floor.order(alice, side="BUY", price="90", size="1", clOrderID="old")
    await floor.order(bob, side="SELL", price="90", size="0.25")
    assert (await floor.call(alice, "GET", f"{V3}/order", clOrderID="old"))["filledSize"] == 0.25
    with floor.history_place.locked():
        new = await floor.order(alice, side="BUY", price="100", size="2", clOrderID="new")
        await floor.order(bob, side="SELL", price="100", size="0.5")
        rows = await floor.call(alice, "GET", f"{V3}/user/open_orders")
        assert [(row["clOrderID"], row["fillSize"], row["averageFillPrice"]) for row in rows] == [("old", 0.25, 90), ("new", 0.5, 100)]
        (row,) = await floor.call(alice, "PUT", f"{V3}/order", symbol="BTC-USD", orderID=new["orderID"], type="PRICE", value="101")
        assert (row["status"], row["price"], row["clOrderID"], row["fillSize"], row["averageFillPrice"]) == (123, 101, "new", 0.5, 100)
        (row,) = await floor.call(alice, "DELETE", f"{V3}/order", symbol="BTC-USD", clOrderID="old")
        assert (row["status"], row["orderID"], row["averageFillPrice"]) == (6, old["orderID"], 90)
        (row,) = await floor.call(alice, "POST", f"{V2}/deleteOrder", symbol="BTC-USD")
        assert (row["code"], row["data"]) == (6, {"id": new["orderID"], "symbol": "BTC-USD", "tag": "new"})
        for method, path, fields in READS:
            assert await floor.error(alice, method, path, **fields) == AWAY, path
        assert (await floor.call(alice, "GET", f"{V3}/order", orderID=new["orderID"]))["status"] == 6
    await floor.services.history.reached(floor.engine.seq, within=None)
    found = await floor.call(alice, "GET", f"{V3}/order", clOrderID="new")
    assert (found["status"], found["filledSize"], found["averageFillPrice"]) == (6, 0.5, 100)


READS: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", f"{V3}/user/trade_history", {"symbol": "BTC-USD"}),
    ("GET", f"{V3}/user/wallet_history", {}),
    ("GET", f"{V3}/order", {"clOrderID": "new"}),
    ("POST", f"{V2}/fills", {"symbol": "BTC-USD"}),
]


async def test_orders_of_before_the_start_are_found_in_what_history_has(floor: Floor, alice: Trader, bob: Trader) -> None:
    order = await floor.order(alice, side="BUY", price="90", size="1", clOrderID="mine")
    await floor.order(bob, side="SELL", price="90", size="0.25")
    await floor.services.history.reached(floor.engine.seq)
    floor.restart_dialect()
    with floor.history_place.locked():
        floor.immediate.place(bob.account, 0, 1, 0, 0, 90_000, 25_000_000)
        (row,) = await floor.call(alice, "DELETE", f"{V3}/order", symbol="BTC-USD", clOrderID="mine")
    expected = (6, order["orderID"], "mine", 0.5, 90)
    assert (row["status"], row["orderID"], row["clOrderID"], row["fillSize"], row["averageFillPrice"]) == expected
