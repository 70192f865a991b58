"""Another process has history locked: what is done is answered, what only history knows is said to be away, and pushes go on."""

from __future__ import annotations

import pytest

from tests.dialects.expie.floor import BUY, SELL, Floor, Trader

AWAY = (503, 3, "service unavailable")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound itself is history's; here it is short."""
    monkeypatch.setattr("cambist.history.reader.History.reached.__kwdefaults__", {"within": 0.2})


async def test_changes_are_answered_and_histories_say_that_they_are_away(floor: Floor, alice: Trader, bob: Trader) -> None:
    client = await floor.socket(alice)
    with floor.history_place.locked():
        await client.follow("order.subscribe", "BCCBTC")
        order = await floor.limit(alice, "BCCBTC", SELL, "1", "0.1")
        assert await client.push() == ("order.update", [1, order])
        assert (await floor.get("markets/BCCBTC/orders/_pending", alice))["records"] == [order]
        bought = await floor.limit(bob, "BCCBTC", BUY, "0.4", "0.1")
        assert (bought["deal_stock"], bought["deal_fee"]) == ("0.4", "0.00024")
        assert (await client.push())[1][1]["left"] == "0.6"
        untouched = await floor.limit(alice, "BCCBTC", SELL, "1", "0.2")
        assert await floor.post(f"markets/BCCBTC/orders/{untouched['id']}/_cancel", alice) == untouched
        assert (await floor.get("balance/summary", alice))[1]["balance"] == "999.6"
        for path in ("markets/BCCBTC/orders/_pending", "markets/BCCBTC/orders/_finished", "balance/history?coin_code=BTC"):
            assert await floor.refused("GET", path, alice) == AWAY, path
        for method, params in (("order.history", ["BCCBTC", 0, 0, 0, 10, 0]), ("asset.history", ["", "", 0, 0, 0, 10])):
            # What comes in between are the pushes of what was done.
            assert await client.error(method, *params) == AWAY[1:], method
        # It is done, and says so.
        said = await floor.refused("POST", f"markets/BCCBTC/orders/{order['id']}/_cancel", alice)
        assert said == (503, 3, f"order {order['id']} was cancelled; its deals cannot be read now")
        assert floor.engine.open_orders(alice.account) == []
        assert (await client.call("deals.query", "BCCBTC", 10, 0))[0]["amount"] == "0.4"
    await floor.history.reached(floor.engine.seq, within=None)
    (finished,) = (await floor.get("markets/BCCBTC/orders/_finished", alice))["records"]
    assert (finished["id"], finished["deal_stock"]) == (order["id"], "0.4")
