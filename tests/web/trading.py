"""What tests ask the server beside the page: as a user with a key, or as anybody."""

import json
import urllib.request
from typing import Any

from cambist.api_types.orders import PlaceOrder
from cambist.client import Client, Credentials
from tests.support.processes import Running


def public(running: Running, path: str) -> Any:
    """A public path's answer."""
    with urllib.request.urlopen(f"{running.url}/cambist/v1{path}", timeout=60) as reply:
        return json.load(reply)


def client_of(running: Running, name: str) -> Client:
    """A client with the key that the sandbox made for a demo user."""
    (user,) = [user for user in running.ready["users"] if user["name"] == name]
    key = user["keys"]["native"]
    return Client(running.url, Credentials(key["key"], key["secret"]))


def limit(side: str, price: str, amount: str, market: str = "btc_usd") -> PlaceOrder:
    assert side in ("buy", "sell")
    return PlaceOrder(market=market, side=side, type="limit", price=price, amount=amount)  # type: ignore[arg-type]
