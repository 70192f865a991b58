"""A bot without a client library: it sends what it is told to, whatever that is, from an address of its own."""

import hashlib
import hmac
import http.client
import json
from typing import Any
from urllib.parse import urlencode

from websockets.sync.client import ClientConnection, connect


class LostReply(Exception):
    """Nothing came, or what came was no reply of the API's."""


class RawBot:
    """One user of BTC-e's API. `address`: what its connections come from, of 127.0.0.0/8."""

    def __init__(self, url: str, user: dict[str, Any], address: str) -> None:
        self.name = str(user["name"])
        self.nonce = 0
        self._url, self._address = url, address
        self._keys, self._tokens = user["keys"]["btce"], user["keys"]["expie"]
        host, _, port = url.removeprefix("http://").partition(":")
        self._connection = http.client.HTTPConnection(host, int(port), timeout=60, source_address=(address, 0))

    def call(self, method: str, *, secret: str | None = None, **fields: Any) -> Any:
        """A signed call with the next nonce; `secret`: what it is signed with instead of the key's own."""
        self.nonce += 1
        body = urlencode({"method": method, "nonce": self.nonce, **fields}).encode()
        sign = hmac.new((secret or self._keys["secret"]).encode(), body, hashlib.sha512).hexdigest()
        headers = {"Key": self._keys["key"], "Sign": sign, "Content-Type": "application/x-www-form-urlencoded"}
        return self._sent("POST", "/tapi", body, headers)

    def trade(self, side: str, price: str, amount: str, pair: str = "btc_usd", **fields: Any) -> Any:
        return self.call("Trade", pair=pair, type=side, rate=price, amount=amount, **fields)

    def cancel_all(self) -> None:
        """Cancels what it has open."""
        for order in self.call("ActiveOrders").get("return", {}):
            self.call("CancelOrder", order_id=order)

    def public(self, path: str) -> Any:
        return self._sent("GET", f"/api/3/{path}", b"", {})

    @property
    def token(self) -> str:
        """What it shows Expie's API."""
        return str(self._tokens["token"])

    def socket(self) -> ClientConnection:
        """A socket of Expie's API, from its own address."""
        return connect(f"{self._url.replace('http', 'ws')}/ws", source_address=(self._address, 0), compression=None)

    def close(self) -> None:
        self._connection.close()

    def _sent(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Any:
        self._connection.request(method, path, body, headers)
        try:
            return json.loads(self._connection.getresponse().read())
        except (ConnectionError, http.client.HTTPException, json.JSONDecodeError) as error:
            self._connection.close()
            raise LostReply from error
