"""freqtrade, unmodified, trades on paper with the market of a sandbox: it buys and sells, by its own book."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.clients import PATIENCE, ROOT
from tests.support.processes import serving
from tests.support.waiting import wait_until

PAGE = ROOT / "docs" / "how-to" / "trade-with-ccxt.md"
STRATEGY = """
from freqtrade.strategy import IStrategy


class BuyAtOnce(IStrategy):
    INTERFACE_VERSION = 3
    timeframe = "1m"
    minimal_roi = {"0": -0.05}
    stoploss = -0.1
    startup_candle_count = 0

    def populate_indicators(self, dataframe, metadata):
        return dataframe

    def populate_entry_trend(self, dataframe, metadata):
        dataframe["enter_long"] = 1
        return dataframe

    def populate_exit_trend(self, dataframe, metadata):
        return dataframe
"""
"""Buys whenever it can, and sells a little later for whatever there is."""
WHOLE = {
    "max_open_trades": 2, "stake_currency": "USD", "stake_amount": 100, "dry_run": True, "dry_run_wallet": 10_000, "timeframe": "1m",
    "cancel_open_orders_on_exit": False, "trading_mode": "spot", "margin_mode": "", "pairlists": [{"method": "StaticPairList"}],
    "internals": {"process_throttle_secs": 1}, "initial_state": "running",
}  # fmt: skip
"""What freqtrade needs besides."""


def freqtrade() -> str:
    found = os.environ.get("FREQTRADE") or shutil.which("freqtrade")
    if found is None:
        pytest.skip("CLIENT NOT TESTED: freqtrade (pip install freqtrade==2026.9, 800 MB) is not on the PATH, and FREQTRADE names none")
    return found


def settings(url: str, key: dict[str, str]) -> dict[str, Any]:
    """The page's, with the sandbox's address and a key of its."""
    (text,) = re.findall(r"^```json\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    shown: dict[str, Any] = json.loads(text.replace("http://127.0.0.1:8700", url))
    return WHOLE | shown | {"exchange": shown["exchange"] | key}


def sold(book: Path) -> bool:
    """Whether freqtrade's own book has a trade that is over."""
    if not book.exists():
        return False
    connection = sqlite3.connect(f"file:{book}?mode=ro", uri=True)
    try:
        return bool(connection.execute("SELECT 1 FROM trades WHERE NOT is_open AND close_rate > 0 AND open_rate > 0").fetchone())
    except sqlite3.OperationalError:  # it makes its tables first
        return False
    finally:
        connection.close()


def test_freqtrade_buys_and_sells_on_paper(tmp_path: Path) -> None:
    program = freqtrade()
    user, book, log = tmp_path / "user", tmp_path / "trades.sqlite", tmp_path / "freqtrade.log"
    (user / "strategies").mkdir(parents=True)
    (user / "strategies" / "buy_at_once.py").write_text(STRATEGY)
    with serving(tmp_path, "sandbox", "--seed", "7") as sandbox:
        config = tmp_path / "config.json"
        config.write_text(json.dumps(settings(sandbox.url, sandbox.ready["users"][0]["keys"]["btse"])))
        options = ["--strategy", "BuyAtOnce", "--db-url", f"sqlite:///{book}"]
        line = [program, "trade", "--dry-run", "-c", str(config), "--userdir", str(user), *options]
        with log.open("wb") as output:
            process = subprocess.Popen(line, cwd=tmp_path, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        try:
            wait_until(lambda: sold(book) or process.poll() is not None, patience=PATIENCE)
            assert process.poll() is None, log.read_text()[-3000:]
        finally:
            process.terminate()
            process.wait(PATIENCE)
