"""Signed Trade requests, ready to send: one key a connection, nonces in order, and a mix that a market survives.

Prices lie around a fixed middle. Slightly more than half of the orders are passive; the others reach through the book and trade with what
rests there, so book, money and open orders stay healthy however long it goes on.
"""

from __future__ import annotations

import hmac
import random
import time
from collections.abc import Iterable, Mapping

MIDDLE = 1_000_000
"""btc_usd in its price units: 1000.000."""
REACH = 200
"""How far from the middle orders are, in price units."""
PASSIVE = 0.55

FUNDS = "BTC=1000000,USD=1000000000,LTC=12345.678,EUR=1234567.89,ETH=1234.5,RUR=1234567.8,DSH=123.45678,NMC=1234.5,BCC=12.5,BTG=1.25"


class Client:
    """One user with one key. `host` is what the requests name."""

    def __init__(self, number: int, keys: Mapping[str, str], host: str) -> None:
        self.number = number
        self._key = keys["key"].encode()
        self._secret = keys["secret"].encode()
        self._host = host.encode()
        self._nonce = 0
        self._random = random.Random(f"orders {number}")

    def trades(self, count: int) -> list[bytes]:
        """The next `count` requests; they must be sent in this order, or left unsent altogether."""
        return [self._request(b"/tapi", self._body()) for _ in range(count)]

    def rest(self, distances: Iterable[int]) -> list[bytes]:
        """A bid and an ask so far from the middle (beyond where `trades` trades), for each distance."""
        bodies = []
        for distance in distances:
            for side, price in (("buy", MIDDLE - REACH - distance), ("sell", MIDDLE + REACH + distance)):
                self._nonce += 1
                bodies.append(self._order(side, price, 1_000_000 + distance))
        return [self._request(b"/tapi", body) for body in bodies]

    def accounts(self, count: int) -> list[bytes]:
        """The next `count` requests for the account's state."""
        found = []
        for _number in range(count):
            self._nonce += 1
            found.append(self._request(b"/tapi", b"method=getInfo&nonce=%d" % self._nonce))
        return found

    def empties(self, count: int) -> list[bytes]:
        """The same bytes but for the path; the nonce is used up by the orders to come, since nobody looks at it here."""
        return [self._request(b"/empty/signed", self._body(), again=True) for _ in range(count)]

    def _body(self) -> bytes:
        self._nonce += 1
        return self._order(*drawn(self._random))

    def _order(self, side: str, price: int, amount: int) -> bytes:
        rate = f"{price // 1000}.{price % 1000:03}"
        return f"pair=btc_usd&type={side}&rate={rate}&amount=0.{amount:08}&method=Trade&nonce={self._nonce}".encode()

    def _request(self, path: bytes, body: bytes, again: bool = False) -> bytes:
        if again:
            self._nonce -= 1
        sign = hmac.digest(self._secret, body, "sha512").hex().encode()
        return (
            b"POST %b HTTP/1.1\r\nHost: %b\r\nAccept-Encoding: identity\r\nContent-Length: %d\r\n"
            b"Content-type: application/x-www-form-urlencoded\r\nKey: %b\r\nSign: %b\r\n\r\n%b"
        ) % (path, self._host, len(body), self._key, sign, body)


def drawn(rng: random.Random) -> tuple[str, int, int]:
    """(side, price, amount) of the next order, in price units and 10^-8 BTC."""
    buy = rng.random() < 0.5
    away = rng.randint(1, REACH)
    if rng.random() >= PASSIVE:
        away = -REACH
    return "buy" if buy else "sell", MIDDLE - away if buy else MIDDLE + away, rng.randint(1_000_000, 50_000_000)  # 0.01 to 0.5 BTC


class NativeClient:
    """The same orders by the native API, signed with HMAC-SHA256. Timestamps are this machine's, when the requests are made: a run must
    begin within the server's window."""

    def __init__(self, number: int, keys: Mapping[str, str], host: str) -> None:
        self._key = keys["key"].encode()
        self._secret = keys["secret"].encode()
        self._host = host.encode()
        self._random = random.Random(f"native orders {number}")
        self._last = 0

    def orders(self, count: int) -> list[bytes]:
        """The next `count` requests."""
        return [self._request(*drawn(self._random)) for _ in range(count)]

    def _request(self, side: str, price: int, amount: int) -> bytes:
        body = (
            f'{{"market":"btc_usd","side":"{side}","type":"limit","price":"{price // 1000}.{price % 1000:03}","amount":"0.{amount:08}"}}'
        ).encode()
        self._last = max(time.time_ns() // 1_000, self._last + 1)
        message = b"%d\nPOST\n/cambist/v1/orders\n\n%b" % (self._last, body)
        sign = hmac.digest(self._secret, message, "sha256").hex().encode()
        return (
            b"POST /cambist/v1/orders HTTP/1.1\r\nHost: %b\r\nAccept-Encoding: identity\r\nContent-Length: %d\r\n"
            b"Content-type: application/json\r\ncambist-key: %b\r\ncambist-timestamp: %d\r\ncambist-signature: %b\r\n\r\n%b"
        ) % (self._host, len(body), self._key, self._last, sign, body)


def get(path: str, host: str) -> bytes:
    """A public request."""
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept-Encoding: identity\r\n\r\n".encode()
