"""Drives the `wex` class of an unmodified ccxt 1.18.1 through an edge, before and after a leader's death, in ccxt's own environment.

usage: drive_edge_ccxt.py CONFIG   (JSON: url; alice and bob each with key and secret; folder: where `placed` is written once an order
rests, and `killed`, a pipe, is read before the next one)
Prints `passed: name` for each situation; an assertion that fails ends it with a traceback.
"""

import itertools
import json
import sys
from pathlib import Path
from typing import Any

import ccxt

SYMBOL = "LTC/BTC"
TIMEOUT_MS = 60_000
"""A take-over is a pause, and clients wait."""


def exchange(config: dict[str, Any], user: dict[str, Any]) -> Any:
    made = ccxt.wex({"apiKey": user["key"], "secret": user["secret"], "enableRateLimit": True, "rateLimit": 1, "timeout": TIMEOUT_MS})
    made.urls["api"] = {"public": config["url"] + "/api", "private": config["url"] + "/tapi"}
    # Its own nonce is the second, which would allow one call a second.
    counter = itertools.count(made.nonce())
    made.nonce = lambda: next(counter)
    return made


def passed(name: str) -> None:
    sys.stdout.write(f"passed: {name}\n")


def main() -> None:
    config = json.loads(Path(sys.argv[1]).read_text())
    alice, bob = (exchange(config, config[name]) for name in ("alice", "bob"))
    folder = Path(config["folder"])
    alice.load_markets()
    bob.load_markets()

    assert alice.fetch_balance()["BTC"]["free"] == 100
    passed("balance")

    resting = alice.create_order(SYMBOL, "limit", "buy", 10, 0.01)
    assert [order["id"] for order in alice.fetch_open_orders(SYMBOL)] == [resting["id"]]
    passed("order")

    (folder / "placed").touch()
    (folder / "killed").read_bytes()  # until it is written to
    bob.create_order(SYMBOL, "limit", "sell", 4, 0.01)
    (left,) = alice.fetch_open_orders(SYMBOL)
    assert left["remaining"] == 6
    alice.cancel_order(resting["id"], SYMBOL)
    assert alice.fetch_open_orders(SYMBOL) == []
    passed("trade")

    for trader in (alice, bob):
        (trade,) = trader.fetch_my_trades(SYMBOL)
        assert (trade["amount"], trade["price"]) == (4, 0.01)
    assert bob.fetch_balance()["BTC"]["free"] > 100
    passed("history")


main()
