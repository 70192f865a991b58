"""A bot's session as raw bytes: the same requests in the same order over one kept connection, and what came back."""

import hashlib
import hmac
import http.client
import json
import urllib.parse
from collections.abc import Mapping
from typing import Any

from tests.support.waiting import PATIENCE

Answer = tuple[int, tuple[tuple[str, str], ...], bytes]
"""(status, header fields, body)."""


class RawSession:
    """One connection. `answers`: everything that came back, in order."""

    def __init__(self, port: int, keys: Mapping[str, str]) -> None:
        self.port = port
        self.keys = keys
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self.answers: list[Answer] = []

    def send(self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> bytes:
        self.connection.request(method, path, body, {"User-Agent": "raw", **(headers or {})})
        answer = self.connection.getresponse()
        self.answers.append((answer.status, tuple(answer.getheaders()), answer.read()))
        return self.answers[-1][2]

    def get(self, path: str) -> bytes:
        body = self.send("GET", path)
        assert self.answers[-1][0] == 200, (path, body)
        return body

    def control(self, path: str, body: Any) -> Any:
        """A request to the control API that is carried out; not among the answers."""
        self.connection.request("POST", f"/sandbox/{path}", json.dumps(body), {"content-type": "application/json"})
        answer = self.connection.getresponse()
        given = json.loads(answer.read())
        assert answer.status == 200, given
        return given

    def signed(self, nonce: int, method: str, **parameters: str) -> dict[str, Any]:
        """A call of BTC-e's trade API."""
        body = urllib.parse.urlencode({"method": method, "nonce": nonce, **parameters}).encode()
        sign = hmac.new(self.keys["secret"].encode(), body, hashlib.sha512).hexdigest()
        headers = {"Key": self.keys["key"], "Sign": sign, "content-type": "application/x-www-form-urlencoded"}
        reply: dict[str, Any] = json.loads(self.send("POST", "/tapi", body, headers))
        return reply

    def trades_on(self, nonce: int) -> list[Answer]:
        """What a bot might do in half a minute, from that nonce on: everything that came back."""
        began = len(self.answers)
        for path in ("/api/3/depth/btc_usd-ltc_usd-eth_btc", "/api/3/ticker/btc_usd", "/api/3/trades/btc_usd", "/api/3/info"):
            self.get(path)
        self.signed(nonce, "getInfo")
        placed = self.signed(nonce + 1, "Trade", pair="btc_usd", type="buy", rate="2600", amount="0.5")
        assert placed["success"] == 1, placed
        resting = self.signed(nonce + 2, "Trade", pair="btc_usd", type="buy", rate="1000", amount="0.01")
        assert resting["success"] == 1, resting
        self.control("clock", {"advance": 10})
        for path in (
            "/api/3/depth/btc_usd",
            "/api/3/trades/btc_usd",
            "/api/2/btc_usd/ticker",
            "/api/1/BTCUSD/ticker",
            "/spot/api/v3.2/price",
        ):
            self.get(path)
        self.signed(nonce + 3, "ActiveOrders")
        self.signed(nonce + 4, "TradeHistory")
        self.signed(nonce + 5, "CancelOrder", order_id=str(resting["return"]["order_id"]))
        self.control("clock", {"advance": 20})
        self.signed(nonce + 6, "TransHistory")
        self.get("/api/3/depth/btc_usd-usd_rur-btc_eur?limit=2000")
        self.get("/api/3/ticker/ltc_usd-eth_usd")
        return self.answers[began:]

    def close(self) -> None:
        self.connection.close()
