"""Drives an unmodified cryptoxlib-aio through its BTSE client: v3.1 over HTTP, and its sockets. Nothing of Cambist is here.

usage: drive_cryptoxlib.py CONFIG   (JSON: url, alice and bob each with key and secret)
Prints `passed: name` for each situation; an assertion that fails ends it with a traceback.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable
from typing import Any

from cryptoxlib.clients.btse import enums
from cryptoxlib.clients.btse.BtseClient import BtseClient
from cryptoxlib.clients.btse.BtseWebsocket import (
    AccountSubscription,
    BtseWebsocket,
    OrderbookL2Subscription,
    OrderbookSubscription,
    TradeSubscription,
)
from cryptoxlib.clients.btse.exceptions import BtseRestException
from cryptoxlib.Pair import Pair

PAIR = Pair("BTC", "USD")
BUY, SELL = enums.OrderSide.BUY, enums.OrderSide.SELL
LIMIT, MARKET = enums.OrderType.LIMIT, enums.OrderType.MARKET


async def answer(call: Awaitable[Any]) -> Any:
    result = await call
    assert result["status_code"] == 200
    return result["response"]


async def raised(call: Awaitable[Any]) -> Any:
    try:
        await call
    except BtseRestException as error:
        return error
    return None


async def refused(call: Awaitable[Any], status: int, code: int) -> None:
    error = await raised(call)
    assert error is not None
    assert (error.status_code, error.body["errorCode"]) == (status, code), error.body


async def public_data(alice: Any, **_: Any) -> None:
    now = await answer(alice.get_time())
    assert abs(now["epoch"] - time.time()) < 60
    markets = await answer(alice.get_exchange_info())
    assert any(market["symbol"] == "BTC-USD" and market["active"] for market in markets)
    assert [market["symbol"] for market in await answer(alice.get_exchange_info(PAIR))] == ["BTC-USD"]
    assert (await answer(alice.get_price(PAIR)))[0]["symbol"] == "BTC-USD"
    book = await answer(alice.get_order_book(PAIR, depth=3))
    assert (book["buyQuote"], book["sellQuote"], book["symbol"]) == ([], [], "BTC-USD")


async def money_and_fees(alice: Any, **_: Any) -> None:
    wallet = {row["currency"]: row for row in await answer(alice.get_funds())}
    assert wallet["USD"]["available"] == wallet["USD"]["total"] > 0
    assert (await answer(alice.get_fees(PAIR)))[0]["takerFee"] == 0.002
    assert len(await answer(alice.get_fees())) > 1


async def orders(alice: Any, bob: Any, **_: Any) -> None:
    placed = await answer(
        alice.create_order(PAIR, BUY, LIMIT, "0.5", "1000.5", post_only=True, time_in_force=enums.TimeInForce.TIME_1DAY, client_id="first")
    )
    assert [(row["status"], row["price"], row["size"], row["clOrderID"], row["postOnly"], row["time_in_force"]) for row in placed] == [
        (2, 1000.5, 0.5, "first", True, "DAY")
    ]
    crossing = await answer(bob.create_order(PAIR, SELL, LIMIT, "0.5", "1000.5", post_only=True))
    assert (crossing[0]["status"], crossing[0]["message"]) == (15, "A post-only order would trade at once")
    opened = await answer(alice.get_open_orders(PAIR))
    assert [(row["orderID"], row["orderState"]) for row in opened] == [(placed[0]["orderID"], "STATUS_ACTIVE")]
    sold = await answer(bob.create_order(PAIR, SELL, MARKET, "0.2"))
    assert (sold[0]["status"], sold[0]["averageFillPrice"], sold[0]["fillSize"]) == (4, 1000.5, 0.2)
    assert (await answer(alice.get_open_orders(PAIR)))[0]["filledSize"] == 0.2
    cancelled = await answer(alice.cancel_order(PAIR, order_id=placed[0]["orderID"]))
    assert (cancelled[0]["status"], cancelled[0]["fillSize"], cancelled[0]["remainingSize"]) == (6, 0.2, 0.3)
    # By its other name: the same request again in the same millisecond would have the same nonce and signature.
    assert (await answer(alice.cancel_order(PAIR, client_order_id="first")))[0]["status"] == 16


async def cancels(alice: Any, **_: Any) -> None:
    for number in range(3):
        await answer(alice.create_order(PAIR, BUY, LIMIT, "0.5", "900", client_id=f"c{number}"))
    await answer(alice.create_order(PAIR, BUY, LIMIT, "0.5", "901", client_id="c1"))
    assert [row["clOrderID"] for row in await answer(alice.cancel_order(PAIR, client_order_id="c1"))] == ["c1", "c1"]
    assert [row["status"] for row in await answer(alice.cancel_order(PAIR))] == [6, 6]
    assert await answer(alice.get_open_orders(PAIR)) == []
    pair = await answer(alice.create_order(PAIR, BUY, enums.OrderType.OCO, "0.5", "900", stop_price="1100", trigger_price="1090"))
    assert [(row["status"], row["price"], row["triggerPrice"]) for row in pair] == [(2, 900, 0), (9, 1100, 1090)]
    assert [row["status"] for row in await answer(alice.cancel_order(PAIR, order_id=pair[1]["orderID"]))] == [6, 6]


async def rejections(alice: Any, **_: Any) -> None:
    await refused(alice.create_order(PAIR, BUY, LIMIT, "0.5", "-1"), 400, -2)
    await refused(alice.create_order(PAIR, BUY, LIMIT, "0.0000001", "1000"), 400, 301)
    await refused(alice.create_order(PAIR, BUY, enums.OrderType.OCO, "1", "1000", stop_price="1", trigger_price="1"), 400, -2)
    await refused(alice.create_order(Pair("XXX", "USD"), BUY, LIMIT, "1", "1000"), 400, -7006)
    for stranger in (BtseClient(alice.api_key, "wrong"), BtseClient("nobody", "wrong")):
        await refused(stranger.get_funds(), 401, -7)
        await stranger.close()
    poor = await answer(alice.create_order(PAIR, BUY, LIMIT, "999999", "9999"))
    assert (poor[0]["status"], poor[0]["message"]) == (8, "Insufficient balance")


async def sockets(alice: Any, bob: Any, **_: Any) -> None:
    """Login, acknowledgement and parsing are the library's own; its loop refuses Pythons newer than 3.10, so the calls stand here."""
    subscriptions = [AccountSubscription(), OrderbookSubscription([PAIR], 0), OrderbookL2Subscription([PAIR], 5), TradeSubscription([PAIR])]
    manager = BtseWebsocket(subscriptions, alice.api_key, alice.sec_key, alice.ssl_context)
    manager.websocket = manager.get_websocket()
    await manager.websocket.connect()
    await manager.send_authentication_message()
    await manager.send_subscription_message(subscriptions)
    await manager._process_periodic(manager.websocket)
    await manager.websocket.send("2")
    await answer(bob.create_order(PAIR, SELL, LIMIT, "1", "1000"))
    await answer(alice.create_order(PAIR, BUY, LIMIT, "0.25", "1000"))
    heard: dict[str, Any] = {}
    while not {"orderBookApi", "orderBookL2Api", "tradeHistoryApi", "notificationApi"} <= heard.keys():
        message = json.loads(await asyncio.wait_for(manager.websocket.receive(), 30))
        heard.setdefault(message["topic"].split(":")[0], []).append(message["data"])
    assert heard["tradeHistoryApi"][0][0]["size"] == 0.25
    assert heard["notificationApi"][0][0]["status"] == "ORDER_INSERTED"
    await manager.websocket.close()


SITUATIONS = (
    public_data,
    money_and_fees,
    orders,
    cancels,
    rejections,
    sockets,
)


async def drive(config: dict[str, Any]) -> None:
    BtseClient.REST_API_URI = f"{config['url']}/spot/api/v3.1/"
    BtseWebsocket.WEBSOCKET_URI = f"{config['url'].replace('http', 'ws')}/spotWS"
    alice, bob = (BtseClient(config[name]["key"], config[name]["secret"]) for name in ("alice", "bob"))
    for situation in SITUATIONS:
        await situation(alice=alice, bob=bob)
        print("passed:", situation.__name__, flush=True)
    await alice.close()
    await bob.close()


def main() -> None:
    with open(sys.argv[1]) as file:
        config = json.load(file)
    asyncio.run(asyncio.wait_for(drive(config), 200))


if __name__ == "__main__":
    main()
