"""Drives the sockets of an unmodified vnpy_btse gateway: its order book, its trades, its private topics.

usage: drive_vnpy.py CONFIG   (JSON: url, alice and bob each with key and secret)
Its REST half does not work with the vnpy_rest that there is today, so orders are placed by hand. Prints `passed: name` for each situation;
an assertion that fails ends it with a traceback. Nothing of Cambist is here.
"""

import json
import os
import sys
import time
import traceback
from queue import Queue
from typing import Any

import requests
from vnpy_btse import btse_gateway
from vnpy_evo.event import EventEngine
from vnpy_evo.trader.constant import Direction, Exchange, Status
from vnpy_evo.trader.event import EVENT_LOG, EVENT_ORDER, EVENT_TICK, EVENT_TRADE
from vnpy_evo.trader.object import SubscribeRequest, TickData

SYMBOL = "BTC-USD"
PATIENCE = 60
"""Seconds for one event."""


class Client:
    """One user's gateway; what it hears waits in a queue for each kind of event."""

    def __init__(self, url: str, user: dict[str, str]) -> None:
        engine = EventEngine()
        engine.start()
        self.heard: dict[str, Queue[Any]] = {}
        for kind in (EVENT_LOG, EVENT_ORDER, EVENT_TICK, EVENT_TRADE):
            self.heard[kind] = Queue()
            engine.register(kind, lambda event: self.heard[event.type].put(event.data))
        self.url, self.user = url, user
        self.gateway = btse_gateway.BtseGateway(engine, "BTSE")
        self.subscribed: Queue[Any] = Queue()
        for api in (self.gateway.spot_ob_api, self.gateway.spot_ws_api):
            api.callbacks["subscribe"] = self.subscribed.put
        self.gateway.spot_ob_api.connect("TESTNET", "", 0)
        self.next(EVENT_LOG, msg="Spot orderbook API is connected")
        self.gateway.spot_ws_api.connect(user["key"], user["secret"], "TESTNET", "", 0)
        self.next(EVENT_LOG, msg="Spot websocket API login successful")
        self.acknowledged("notificationApiV2", "fills")

    def acknowledged(self, *topics: str) -> None:
        assert self.subscribed.get(timeout=PATIENCE)["channel"] == list(topics)

    def next(self, kind: str, **wanted: Any) -> Any:
        """The next thing of that kind with those values."""
        while True:
            data = self.heard[kind].get(timeout=PATIENCE)
            if all(getattr(data, name) == value for name, value in wanted.items()):
                return data

    def call(self, method: str, **fields: Any) -> Any:
        """A signed call about an order, in v3.3."""
        path, nonce = "/api/v3.3/order", str(time.time_ns() // 1_000_000)
        body = json.dumps(fields) if method == "POST" else ""
        sign = btse_gateway.generate_signature(f"{path}{nonce}{body}", self.user["secret"])
        headers = {"request-api": self.user["key"], "request-nonce": nonce, "request-sign": sign}
        answer = requests.request(
            method, f"{self.url}/spot{path}", params=None if body else fields, data=body, headers=headers, timeout=PATIENCE
        )
        assert answer.status_code == 200, answer.text
        return answer.json()[0]

    def order(self, side: str, price: float, size: float, tag: str) -> Any:
        return self.call("POST", symbol=SYMBOL, type="LIMIT", side=side, price=price, size=size, clOrderID=tag)


def an_order_from_its_beginning_to_its_end(alice: Client, bob: Client) -> None:
    alice.order("BUY", 1000.5, 0.5, "mine")
    assert alice.next(EVENT_ORDER, orderid="mine", status=Status.NOTTRADED).volume == 0.5
    bob.order("SELL", 1000.5, 0.2, "other")
    assert alice.next(EVENT_ORDER, orderid="mine", status=Status.PARTTRADED).traded == 0.2
    trade = alice.next(EVENT_TRADE, orderid="mine")
    assert (trade.price, trade.volume, trade.direction) == (1000.5, 0.2, Direction.LONG)
    assert bob.next(EVENT_TRADE, orderid="other").tradeid == trade.tradeid
    alice.call("DELETE", symbol=SYMBOL, clOrderID="mine")
    assert alice.next(EVENT_ORDER, orderid="mine", status=Status.CANCELLED).traded == 0.2


def best_prices_and_trades(alice: Client, bob: Client) -> None:
    alice.order("BUY", 990, 0.1, "bid")
    bob.order("SELL", 1010, 0.2, "offer")
    request = SubscribeRequest(SYMBOL, Exchange.BTSE)
    alice.gateway.ticks[SYMBOL] = TickData("BTSE", SYMBOL, Exchange.BTSE, None)
    alice.gateway.spot_ob_api.subscribe_snapshot(request)
    tick = alice.next(EVENT_TICK, bid_price_1=990)
    assert (tick.bid_volume_1, tick.ask_price_1, tick.ask_volume_1) == (0.1, 1010, 0.2)
    alice.acknowledged(f"snapshotL1:{SYMBOL}_0")
    alice.gateway.spot_ws_api.subscribe_market_trade(request)
    alice.acknowledged(f"tradeHistoryApi:{SYMBOL}")
    alice.order("BUY", 1010, 0.05, "take")
    assert alice.next(EVENT_TICK, last_price=1010).last_volume == 0.05


SITUATIONS = (
    an_order_from_its_beginning_to_its_end,
    best_prices_and_trades,
)


def main() -> None:
    with open(sys.argv[1]) as file:
        config = json.load(file)
    socket = config["url"].replace("http", "ws", 1)
    vars(btse_gateway).update(TESTNET_SPOT_WEBSOCKET_HOST=f"{socket}/ws/spot", TESTNET_SPOT_ORDERBOOK_HOST=f"{socket}/ws/oss/spot")
    clients = {name: Client(config["url"], config[name]) for name in ("alice", "bob")}
    for situation in SITUATIONS:
        situation(**clients)
        print("passed:", situation.__name__, flush=True)


if __name__ == "__main__":
    code = 1
    try:
        main()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)  # its threads have no end of their own
