"""ccxws, unmodified, as it comes from npm: its CoinEx client follows trades and book while orders come and go."""

from __future__ import annotations

import hashlib
import http.client
import json
import shutil
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.support.clients import one_at_a_time

ROOT = Path(__file__).resolve().parents[2]
CCXWS = ROOT / "tests" / "clients" / "ccxws"
PATIENCE = 300.0
MARKET, LIMIT = "BTCUSD", 50
"""The limit is the one that ccxws asks for."""


def ccxws_folder() -> Path:
    """Where exactly tests/clients/ccxws/package.json is installed; made once, made anew when the file changes."""
    missing = [program for program in ("node", "npm") if shutil.which(program) is None]
    if missing:
        pytest.skip(f"{' and '.join(missing)} is not there: sudo apt-get install nodejs npm")
    home, wanted = ROOT / ".venvs" / "ccxws", CCXWS / "package.json"
    stamp, digest = home / "package.sha256", hashlib.sha256(wanted.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != digest:
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        shutil.copy(wanted, home)
        install = ["npm", "install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run(install, cwd=home, check=True, timeout=PATIENCE, capture_output=True)
        stamp.write_text(digest)
    return home / "node_modules" / "ccxws"


class Account:
    """One user's orders over HTTP, on a connection that stays open."""

    def __init__(self, url: str, token: str) -> None:
        self._headers = {"Authorization": f"Bearer{token}", "Content-Type": "application/json"}
        self._connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=PATIENCE)
        self.open: list[int] = []

    def call(self, method: str, path: str, **fields: Any) -> Any:
        self._connection.request(method, f"/v1/markets/{MARKET}/{path}", json.dumps(fields) if fields else None, self._headers)
        answer = self._connection.getresponse()
        body = json.loads(answer.read())
        assert answer.status in (200, 404), body
        return body if answer.status == 200 else None

    def act(self, random: Random) -> None:
        """Places an order near the middle, or cancels one."""
        if self.open and random.random() < 0.35:
            self.call("POST", f"orders/{self.open.pop(random.randrange(len(self.open)))}/_cancel")
            return
        side, offset = random.choice((1, 2)), random.randrange(-800, 2_400) * 25
        price = 2_400_000 + (offset if side == 1 else -offset)
        amount = random.randrange(10, 400)
        order = self.call("POST", "orders", side=side, amount=f"0.0{amount:03d}", price=f"{price // 1000}.{price % 1000:03d}")
        if order is not None and order["left"] != "0":
            self.open.append(order["id"])


def server_has(account: Account) -> dict[str, Any]:
    """The book at ccxws' limit and every trade, oldest first, in the words of follow.js."""
    depth = account.call("GET", f"depth?limit={LIMIT}")
    return {"asks": depth["asks"], "bids": depth["bids"]}


@dataclass(frozen=True)
class Followed:
    """What ccxws had in the end, each time the same as the server."""

    trades: int
    updates: int
    snapshots: int
    book: dict[str, Any]


def follow(url: str, tokens: Sequence[str], orders: int, checkpoints: int, folder: Path) -> Followed:
    """ccxws follows `url` while these users trade; at every checkpoint it must have the server's book and every trade, in order."""
    with one_at_a_time("ccxws"):
        installed = ccxws_folder()
    config = {"url": url.replace("http", "ws") + "/ws", "market": MARKET, "base": "BTC", "quote": "USD", "limit": LIMIT}
    (folder / "follow.json").write_text(json.dumps(config))
    line: list[str | Path] = ["node", CCXWS / "follow.js", installed, folder / "follow.json"]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(line, text=True, **pipes) as follower:
        watchdog = threading.Timer(PATIENCE, follower.kill)
        watchdog.start()
        assert follower.stdin is not None
        assert follower.stdout is not None
        assert follower.stderr is not None
        try:
            first = follower.stdout.readline()
            assert first, follower.stderr.read()
            assert json.loads(first) == {"said": "following"}
            random, accounts = Random(3), [Account(url, token) for token in tokens]
            for _checkpoint in range(checkpoints):
                for _order in range(orders // checkpoints):
                    random.choice(accounts).act(random)
                book = server_has(accounts[0])
                follower.stdin.write(json.dumps(book | {"trades": all_trades(url)}) + "\n")
                follower.stdin.flush()
                said = follower.stdout.readline()
                assert said, follower.stderr.read()
                result = json.loads(said)
                assert result["said"] == "same"
            follower.stdin.close()
        finally:
            watchdog.cancel()
            follower.kill()
    return Followed(result["trades"], result["updates"], result["snapshots"], book)


def all_trades(url: str) -> list[list[Any]]:
    """Every trade as ccxws words it: id as text, side, price, amount, ms."""
    from websockets.sync.client import connect

    with connect(url.replace("http", "ws") + "/ws", compression=None, max_size=None) as socket:
        socket.send(json.dumps({"method": "deals.query", "params": [MARKET, 10_000, 0], "id": 1}))
        deals = json.loads(socket.recv())["result"]
    return [[str(deal["id"]), deal["type"], deal["price"], deal["amount"], int(deal["time"] * 1_000)] for deal in reversed(deals)]
