"""Runs in a network namespace whose one way out, the interface `outside`, leads nowhere and counts what would leave.

Starts a sandbox in it, has it trade, move its clock and send payment notices to this machine and to others, and prints as JSON how many
packets each step sent outside.
"""

import base64
import hashlib
import hmac
import itertools
import json
import socket
import sys
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from cambist.testing import Sandbox

NONCES = itertools.count(1)
ELSEWHERE = ("https://shop.example.com/ipn", "http://93.184.216.34/ipn")


def sent_outside() -> int:
    """Packets that left or would have left: sent and dropped ones."""
    (line,) = [line for line in Path("/proc/net/dev").read_text().splitlines() if line.strip().startswith("outside:")]
    numbers = line.partition(":")[2].split()
    return int(numbers[9]) + int(numbers[11])


class Shop(BaseHTTPRequestHandler):
    heard: list[str] = []  # noqa: RUF012

    def do_GET(self) -> None:
        """Who has paid comes back here."""
        self.send_response(204)
        self.end_headers()

    def do_POST(self) -> None:
        self.heard.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"[OK]")

    def log_message(self, *_: Any) -> None:
        pass


def posted(url: str, fields: dict[str, object], headers: dict[str, str]) -> bytes:
    request = urllib.request.Request(url, urlencode(fields).encode(), {"User-Agent": "shop", **headers})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return bytes(answer.read())


def ordered(sandbox: Sandbox, shop: str, ipn: str) -> None:
    """Bob's shop asks for money, with a notice to that address, and alice pays."""
    keys = sandbox.credentials("bob", "mtgox")
    fields = {"nonce": next(NONCES), "currency": "BTC", "amount": "0.5", "data": "x", "ipn": ipn}
    fields |= {"return_success": shop, "return_failure": shop}
    sign = base64.b64encode(hmac.new(base64.b64decode(keys["secret"]), urlencode(fields).encode(), hashlib.sha512).digest()).decode()
    path = "/api/1/generic/private/merchant/order/create"
    made = json.loads(posted(sandbox.url + path, fields, {"Rest-Key": keys["key"], "Rest-Sign": sign}))
    posted(f"{made['return']['payment_url']}/pay", {"user": "alice", "password": sandbox.users["alice"].password}, {})


def main() -> None:
    steps: dict[str, int] = {}
    shop = HTTPServer(("127.0.0.1", 0), Shop)
    threading.Thread(target=shop.serve_forever, daemon=True).start()
    began = sent_outside()
    with Sandbox(clock="manual", options=["--loopback-callbacks"]) as sandbox:
        steps["start"] = sent_outside() - began
        for path in ("/api/3/ticker/btc_usd", "/spot/api/v3.2/market_summary", "/v1/markets", "/api/1/BTCUSD/ticker", "/"):
            urllib.request.urlopen(urllib.request.Request(sandbox.url + path, headers={"User-Agent": "x"}), timeout=60).read()
        sandbox.clock.advance(600)
        steps["trading"] = sent_outside() - began
        here = f"http://127.0.0.1:{shop.server_port}"
        for url in (f"{here}/ipn", *ELSEWHERE):
            ordered(sandbox, here, url)
        sandbox.clock.advance(3 * 3600)
        steps["notices"] = sent_outside() - began
        steps["heard here"] = len(Shop.heard)
    steps["end"] = sent_outside() - began
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(b"x", ("93.184.216.34", 9))
    steps["what one packet counts"] = sent_outside() - began
    json.dump(steps, sys.stdout)


if __name__ == "__main__":
    main()
