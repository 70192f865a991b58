"""A bot on the `wex` class of an unmodified ccxt 1.18.1: it wants one buy order in the book. Runs inside ccxt's own environment.

usage: wex_bot.py CONFIG   (JSON: url, key, secret, manner: naive or careful, price, amount)
Prints JSON: the ids of the orders that it believes to have placed, and the errors that it met.

The naive one sends its order again when it is not told that it was placed. The careful one looks first.
"""

import itertools
import json
import sys
from typing import Any

import ccxt

SYMBOL = "BTC/USD"
ATTEMPTS = 5
TROUBLE = (ccxt.BaseError, ValueError)
"""This class of that ccxt lets out what its JSON decoder raises."""


class Bot:
    def __init__(self, config: dict[str, Any]) -> None:
        self.exchange = ccxt.wex({"apiKey": config["key"], "secret": config["secret"], "enableRateLimit": False, "timeout": 60_000})
        self.exchange.urls["api"] = {"public": config["url"] + "/api", "private": config["url"] + "/tapi"}
        # Its own nonce is the second, which would allow one call a second.
        counter = itertools.count(config["nonce"])
        self.exchange.nonce = lambda: next(counter)
        self.careful = config["manner"] == "careful"
        self.price, self.amount = config["price"], config["amount"]
        self.errors: list[str] = []

    def run(self) -> list[str]:
        """The ids of the orders that it knows of."""
        before = self.patiently(self.open_orders) if self.careful else []
        for _attempt in range(ATTEMPTS):
            try:
                return [self.exchange.create_limit_buy_order(SYMBOL, self.amount, self.price)["id"]]
            except TROUBLE as error:
                self.errors.append(type(error).__name__)
            if self.careful:
                placed = [order for order in self.patiently(self.open_orders) if order not in before]
                if placed:
                    return placed
        return []

    def open_orders(self) -> list[str]:
        return [order["id"] for order in self.exchange.fetch_open_orders(SYMBOL)]

    def patiently(self, ask: Any) -> Any:
        """Asks until it is told: a read may be repeated."""
        for _attempt in range(ATTEMPTS):
            try:
                return ask()
            except TROUBLE as error:
                self.errors.append(type(error).__name__)
        raise SystemExit("the exchange does not answer")


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        bot = Bot(json.load(file))
    bot.exchange.load_markets()
    placed = bot.run()
    print(json.dumps({"placed": placed, "errors": bot.errors}))


main()
