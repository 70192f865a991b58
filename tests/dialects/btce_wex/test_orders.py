"""`ActiveOrders`, `OrderList`, `OrderInfo`, `CancelOrder`, `CancelOrders`."""

import pytest

from cambist.domain.orders import OrderType, Side, TimeInForce
from tests.dialects.btce_wex.floor import NOON, SECOND, Floor, Trader

NOW = NOON // SECOND


async def place(floor: Floor, trader: Trader, rate: str, amount: str, side: str = "buy", pair: str = "btc_usd") -> int:
    return int((await floor.returned(trader, "Trade", pair=pair, type=side, rate=rate, amount=amount))["order_id"])


async def test_active_orders_oldest_first(floor: Floor, alice: Trader, bob: Trader) -> None:
    await place(floor, alice, "485", "13.345", "sell")
    await place(floor, bob, "485", "1", "buy")
    floor.clock.now += 3 * SECOND
    await place(floor, alice, "0.05", "20", "sell", "ltc_btc")
    await floor.call(alice, "ActiveOrders")
    assert floor.replies[-1] == (
        b'{"success":1,"return":{'
        b'"1000001":{"pair":"btc_usd","type":"sell","amount":12.345,"rate":485,"timestamp_created":1795000000,"status":0},'
        b'"1000003":{"pair":"ltc_btc","type":"sell","amount":20,"rate":0.05,"timestamp_created":1795000003,"status":0}}}'
    )
    assert list(await floor.returned(alice, "ActiveOrders", pair="ltc_btc")) == ["1000003"]
    assert list(await floor.returned(alice, "ActiveOrders", pair="")) == ["1000001", "1000003"]


async def test_no_orders(floor: Floor, alice: Trader, bob: Trader) -> None:
    assert await floor.error(alice, "ActiveOrders") == "no orders"
    await place(floor, bob, "1", "1")
    await place(floor, alice, "1", "1")
    assert await floor.error(alice, "ActiveOrders", pair="ltc_usd") == "no orders"
    assert await floor.error(alice, "ActiveOrders", pair="usd_btc") == "invalid parameter: pair"


async def test_order_list_is_the_old_name(floor: Floor, alice: Trader) -> None:
    ids = [await place(floor, alice, "1", "1") for _ in range(3)]
    assert await floor.returned(alice, "OrderList") == await floor.returned(alice, "ActiveOrders")
    assert list(await floor.returned(alice, "OrderList", count=2, active=1, pair="btc_usd")) == [str(order) for order in ids[:2]]
    assert await floor.error(alice, "OrderList", pair="ltc_usd") == "no orders"
    assert await floor.error(alice, "OrderList", count="\x05") == "invalid parameter: count"


async def test_order_list_can_ask_for_finished_orders(floor: Floor, alice: Trader, bob: Trader) -> None:
    filled, cancelled, live = [await place(floor, alice, rate, "1") for rate in ("3", "2", "1")]
    await place(floor, bob, "3", "1", "sell")
    await floor.returned(alice, "CancelOrder", order_id=cancelled)
    listed = await floor.returned(alice, "OrderList", active=0)
    assert {int(order): entry["status"] for order, entry in listed.items()} == {live: 0, cancelled: 2, filled: 1}
    assert list(await floor.returned(alice, "OrderList", active=0, from_id=cancelled, end_id=cancelled)) == [str(cancelled)]
    assert await floor.error(alice, "OrderList", active=0, pair="ltc_usd") == "no orders"
    assert await floor.error(alice, "OrderList", active=0, pair="nothing") == "invalid parameter: pair"


async def test_order_info_through_an_orders_life(floor: Floor, alice: Trader, bob: Trader) -> None:
    order = await place(floor, alice, "485", "13.345", "sell")
    await place(floor, bob, "485", "1")
    await floor.call(alice, "OrderInfo", order_id=order)
    assert floor.replies[-1] == (
        b'{"success":1,"return":{"1000001":{"pair":"btc_usd","type":"sell","start_amount":13.345,"amount":12.345,"rate":485,'
        b'"timestamp_created":1795000000,"status":0}}}'
    )
    await place(floor, bob, "485", "12.345")
    assert (await floor.returned(alice, "OrderInfo", order_id=order))["1000001"] == {
        "pair": "btc_usd", "type": "sell", "start_amount": 13.345, "amount": 0, "rate": 485, "timestamp_created": NOW, "status": 1,
    }  # fmt: skip


async def test_order_info_after_a_cancel(floor: Floor, alice: Trader, bob: Trader) -> None:
    untouched, touched = await place(floor, alice, "2", "5"), await place(floor, alice, "3", "5")
    await place(floor, bob, "3", "1", "sell")
    for order in (untouched, touched):
        await floor.returned(alice, "CancelOrder", order_id=order)
    assert (await floor.returned(alice, "OrderInfo", order_id=untouched))[str(untouched)]["status"] == 2
    info = (await floor.returned(alice, "OrderInfo", order_id=touched))[str(touched)]
    assert (info["start_amount"], info["amount"], info["status"]) == (5, 4, 3)


async def test_order_info_of_a_market_order_shows_what_it_paid(floor: Floor, alice: Trader, bob: Trader) -> None:
    await place(floor, bob, "100", "1", "sell")
    await place(floor, bob, "101", "1", "sell")
    await floor.returned(alice, "Trade", pair="btc_usd", type="buy", mode="market", amount=2)
    assert (await floor.returned(alice, "OrderInfo", order_id=1000003))["1000003"]["rate"] == 100.5


async def test_cancelling_gives_the_funds_back(floor: Floor, alice: Trader) -> None:
    order = await place(floor, alice, "100.5", "2")
    await floor.call(alice, "CancelOrder", order_id=order)
    assert floor.replies[-1] == (b'{"success":1,"return":{"order_id":1000001,"funds":{"usd":100000,"btc":100,"ltc":1000,"eth":0,"eur":0}}}')
    assert await floor.error(alice, "CancelOrder", order_id=order) == "bad status"


@pytest.mark.parametrize("method", ["OrderInfo", "CancelOrder"])
@pytest.mark.parametrize(
    ("order_id", "error"),
    [
        ("", "invalid parameter: order_id"),
        ("x", "invalid parameter: order_id"),
        ("-1", "invalid parameter: order_id"),
        ("1.0", "invalid parameter: order_id"),
        ("1e1", "invalid parameter: order_id"),
        ("\x01", "invalid parameter: order_id"),
        ("1" * 21, "invalid parameter: order_id"),
        ("0", "invalid order"),
        ("999", "invalid order"),
        ("18446744073709551616", "invalid order"),
        ("99999999999999999999", "invalid order"),
    ],
)
async def test_order_ids_that_mean_nothing(floor: Floor, alice: Trader, method: str, order_id: str, error: str) -> None:
    await place(floor, alice, "1", "1")
    before = floor.money(), floor.orders()
    assert await floor.error(alice, method, order_id=order_id) == error
    assert (floor.money(), floor.orders()) == before


async def test_strangers_orders_are_unknown_live_or_done(floor: Floor, alice: Trader, bob: Trader) -> None:
    live, done = await place(floor, bob, "1", "1"), await place(floor, bob, "1", "1")
    await floor.returned(bob, "CancelOrder", order_id=done)
    for order in (live, done):
        for method in ("OrderInfo", "CancelOrder"):
            assert await floor.error(alice, method, order_id=order) == "invalid order"
    assert list(await floor.returned(bob, "ActiveOrders")) == [str(live)]


async def test_a_filled_order_cannot_be_cancelled(floor: Floor, alice: Trader, bob: Trader) -> None:
    order = await place(floor, alice, "100", "1")
    await place(floor, bob, "100", "1", "sell")
    assert await floor.error(alice, "CancelOrder", order_id=order) == "bad status"
    # The taker's order was done at once; its number was in no reply, and a guess is answered alike.
    assert await floor.error(bob, "CancelOrder", order_id=order + 1) == "bad status"


async def test_cancel_orders_answers_for_each(floor: Floor, alice: Trader, bob: Trader) -> None:
    first, second, done = [await place(floor, alice, "1", "1") for _ in range(3)]
    strangers = await place(floor, bob, "1", "1")
    await floor.returned(alice, "CancelOrder", order_id=done)
    seq = floor.engine.seq
    await floor.call(alice, "CancelOrders", order_id=f"{first}, {done},{second},{strangers},999,{first}")
    assert floor.replies[-1] == (
        b'{"success":1,"return":{"cancel_result":{"1000001":{"success":1},"1000003":{"success":0,"error":"invalid status"},'
        b'"1000002":{"success":1},'
        b'"1000004":{"success":0,"error":"invalid order"},"999":{"success":0,"error":"invalid order"}},'
        b'"funds":{"usd":100000,"btc":100,"ltc":1000,"eth":0,"eur":0}}}'
    )
    assert floor.engine.seq == seq + 1, "one command for all of them"
    assert floor.orders() == [(strangers - 1_000_000, 100_000_000)]


@pytest.mark.parametrize("order_id", ["", ",", "1,", "x", "1,x", "1;2", "1,-2", ",".join(["1"] * 1001)])
async def test_cancel_orders_with_a_list_that_is_none(floor: Floor, alice: Trader, order_id: str) -> None:
    await place(floor, alice, "1", "1")
    before = floor.money(), floor.orders()
    assert await floor.error(alice, "CancelOrders", order_id=order_id) == "invalid parameter: order_id"
    assert (floor.money(), floor.orders()) == before


async def test_cancel_orders_of_nothing_live(floor: Floor, alice: Trader) -> None:
    answer = await floor.returned(alice, "CancelOrders", order_id="5,1000006")
    assert answer["cancel_result"] == {"5": {"success": 0, "error": "invalid order"}, "1000006": {"success": 0, "error": "invalid order"}}


async def test_stops_of_other_apis_show_with_their_stop_price(floor: Floor, alice: Trader) -> None:
    placed = floor.immediate.place(alice.account, 0, Side.SELL, OrderType.STOP_MARKET, TimeInForce.IOC, 0, 100_000_000, stop_price=90_000)
    entry = (await floor.returned(alice, "ActiveOrders"))[str(1_000_000 + placed.id)]
    assert (entry["type"], entry["amount"], entry["rate"]) == ("sell", 1, 90)
    await floor.returned(alice, "CancelOrder", order_id=1_000_000 + placed.id)
