"""Another process has history locked: orders and money go on, and what only history knows is said to be not available."""

import pytest

from tests.dialects.btce_wex.floor import Floor, Trader

AWAY = "not available"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound itself is history's; here it is short."""
    monkeypatch.setattr("cambist.history.reader.History.reached.__kwdefaults__", {"within": 0.2})


async def test_changes_are_answered_and_histories_are_not_available(floor: Floor, alice: Trader, bob: Trader) -> None:
    coupon = (await floor.returned(alice, "CreateCoupon", currency="USD", amount="1"))["coupon"]
    with floor.history_place.locked():
        order = (await floor.returned(alice, "Trade", pair="btc_usd", type="buy", rate="90", amount="2"))["order_id"]
        sold = await floor.returned(bob, "Trade", pair="btc_usd", type="sell", rate="90", amount="0.5")
        assert (sold["received"], sold["remains"], sold["order_id"]) == (0.5, 0, 0)
        assert (await floor.returned(alice, "ActiveOrders"))[str(order)]["amount"] == 1.5
        assert (await floor.returned(alice, "OrderInfo", order_id=order))[str(order)]["start_amount"] == 2
        assert (await floor.returned(alice, "CancelOrder", order_id=order))["order_id"] == order
        assert (await floor.returned(alice, "getInfo"))["open_orders"] == 0
        for method, fields in (
            ("TradeHistory", {}),
            ("TransHistory", {}),
            ("OrderInfo", {"order_id": order}),
            ("OrderList", {"active": 0}),
            ("CancelOrder", {"order_id": order}),
            ("RedeemCoupon", {"coupon": coupon}),
        ):
            assert await floor.error(alice, method, **fields) == AWAY, method
    await floor.history.reached(floor.engine.seq, within=None)
    assert (await floor.returned(alice, "OrderInfo", order_id=order))[str(order)]["status"] == 3
    assert await floor.error(alice, "CancelOrder", order_id=order) == "bad status"
    assert (await floor.returned(alice, "RedeemCoupon", coupon=coupon))["couponAmount"] == "1"
    assert floor.nonces(alice) == list(range(1, alice.nonce + 1))
