"""A bot on the `btse` class of an unmodified ccxt of today: it wants one buy order in the book. Runs inside ccxt's own environment.

usage: btse_bot.py CONFIG   (JSON: url, key, secret, manner: naive or careful, price, amount, name)
Prints JSON: the ids of the orders that it believes to have placed, and the errors that it met.

The naive one sends its order again when it is not told that it was placed. The careful one gives its order a client order id, and looks for
that first.
"""

import json
import sys
from typing import Any

import ccxt

SYMBOL = "BTC/USD"
ATTEMPTS = 5


class Bot:
    def __init__(self, config: dict[str, Any]) -> None:
        self.exchange = ccxt.btse({"apiKey": config["key"], "secret": config["secret"], "enableRateLimit": False, "timeout": 60_000})
        self.exchange.urls["api"] = {"public": config["url"], "private": config["url"]}
        self.careful = config["manner"] == "careful"
        self.price, self.amount, self.name = config["price"], config["amount"], config["name"]
        self.errors: list[str] = []

    def run(self) -> list[str]:
        """The ids of the orders that it knows of."""
        for _attempt in range(ATTEMPTS):
            try:
                params = {"clientOrderId": self.name} if self.careful else {}
                order = self.exchange.create_order(SYMBOL, "limit", "buy", self.amount, self.price, params)
                if order["id"] is not None:
                    return [order["id"]]
                self.errors.append("no id")  # what this class makes of JSON that is cut off
            except ccxt.BaseError as error:
                self.errors.append(type(error).__name__)
            self.past(self.exchange.milliseconds())
            if self.careful:
                placed: list[str] = self.patiently(self.own_orders)
                if placed:
                    return placed
        return []

    def past(self, millisecond: int) -> None:
        """Returns after it: ccxt's nonce is the millisecond, and the same order with the same nonce is the same signed request, refused."""
        while self.exchange.milliseconds() <= millisecond:
            pass

    def own_orders(self) -> list[str]:
        return [order["id"] for order in self.exchange.fetch_open_orders(SYMBOL) if order["clientOrderId"] == self.name]

    def patiently(self, ask: Any) -> Any:
        """Asks until it is told: a read may be repeated."""
        for _attempt in range(ATTEMPTS):
            try:
                return ask()
            except ccxt.BaseError as error:
                self.errors.append(type(error).__name__)
        raise SystemExit("the exchange does not answer")


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        bot = Bot(json.load(file))
    bot.exchange.load_markets()
    placed = bot.run()
    print(json.dumps({"placed": placed, "errors": bot.errors}))


main()
