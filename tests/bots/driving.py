"""Runs the bots of this folder, each inside its client library's own environment."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.clients import client_environment
from tests.support.waiting import PATIENCE

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Bot:
    """A program, the environment that it runs in, whose keys it has, and what the request is called that places its order."""

    program: str
    environment: str
    dialect: str
    keys: str
    order_method: str


BOTS = [
    Bot("wex_bot.py", "ccxt-1.18", "btce_wex", "wex", "Trade"),
    Bot("btse_bot.py", "ccxt-4.5", "btse", "btse", "POST"),
]


@dataclass(frozen=True)
class Ran:
    """What a bot says at its end."""

    placed: list[str]
    errors: list[str]


def run_bot(bot: Bot, folder: Path, url: str, user: dict[str, Any], manner: str, price: float = 100.0, amount: float = 0.5) -> Ran:
    """Runs it to its end, as that user. `manner`: naive or careful."""
    config = {"url": url, **user["keys"][bot.keys], "manner": manner, "price": price, "amount": amount, "name": f"own-{manner}", "nonce": 1}
    file = folder / "bot.json"
    file.write_text(json.dumps(config))
    line = [str(client_environment(bot.environment)), "-I", str(HERE / bot.program), str(file)]
    ran = subprocess.run(line, capture_output=True, text=True, timeout=PATIENCE * 5)
    assert ran.returncode == 0, f"{bot.program} stopped:\n{ran.stdout}\n{ran.stderr}"
    return Ran(**json.loads(ran.stdout))
