"""The operator's pages are true: every command of theirs is run as written, on a venue that runs and has orders and withdrawals."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyotp
import pytest

from tests.support.btce_client import BtceClient
from tests.support.processes import Running, cambist, serving, start

ROOT = Path(__file__).resolve().parents[2]
HOW_TO = ROOT / "docs" / "how-to"
SOMEWHERE = "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"


def commands(page: str) -> list[str]:
    """The lines of a page's `sh` blocks, continued ones joined."""
    blocks = re.findall(r"^```sh\n(.*?)^```", (HOW_TO / page).read_text(), flags=re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.replace("\\\n", " ").splitlines() if line.strip()]


class Terminal:
    """Runs the lines of a page one after the other, `cambist` being the one under test. Paths of the pages lie below `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "var/lib/cambist"
        self.secret = ""
        for directory in ("bin", "var/lib", "var/backups", "var/tmp"):
            (folder / directory).mkdir(parents=True)
        shim = folder / "bin/cambist"
        shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m cambist "$@"\n')
        shim.chmod(0o755)
        self.server: Running | None = None

    def run(self, line: str) -> str:
        """What the line printed. It must succeed."""
        text = line.replace("/var/", f"{self.folder}/var/")
        if text.startswith("cambist serve"):
            self.stop()
            self.server = start(self.folder, *text.split()[1:])
            return ""
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        environment = {**os.environ, "PATH": path, "CAMBIST_DATA": str(self.data), **self.variables(text)}
        ran = subprocess.run(["bash", "-euc", text], cwd=self.folder, env=environment, capture_output=True, text=True, timeout=120)
        assert ran.returncode == 0, f"{line}\n{ran.stdout}{ran.stderr}"
        if found := re.search(r"^secret: ([A-Z2-7]+)$", ran.stdout, flags=re.MULTILINE):
            self.secret = found[1]
        return ran.stdout

    def variables(self, text: str) -> dict[str, str]:
        """What a reader would put in for the names that the line has."""
        found = {}
        if "$KEY" in text:
            found["KEY"] = self.rows("key", "list", "--user", "alice")[0]["key"]
        if "$ORDER" in text:
            found["ORDER"] = str(self.rows("order", "list", "alice")[0]["id"])
        if "$WITHDRAWAL" in text:
            found["WITHDRAWAL"] = self.rows("withdrawal", "list")[0]["id"]
        if "$CODE" in text:
            found["CODE"] = pyotp.TOTP(self.secret).now()
        return found

    def rows(self, *arguments: str) -> list[dict[str, str]]:
        answer = cambist(*arguments, "--json", "--data", self.data)
        assert answer.returncode == 0, answer.stderr
        rows: list[dict[str, str]] = json.loads(answer.stdout)
        return rows

    def stop(self) -> None:
        if self.server is not None:
            assert self.server.terminate() == 0
            self.server = None


async def trade(port: int, key: dict[str, str]) -> None:
    """Two orders in the book, and two withdrawals that are large enough to wait."""
    client = BtceClient(port, key["key"], key["secret"])
    for amount in ("0.1", "0.2"):
        await client.call(method="Trade", pair="btc_usd", type="sell", rate="9000", amount=amount)
    for amount in ("2", "3"):
        exchanged = await client.call(method="WithdrawCoin", coinName="BTC", amount=amount, address=SOMEWHERE)
        assert exchanged.reply is not None
        assert exchanged.reply["success"] == 1, exchanged.reply
    await client.close()


@contextmanager
def terminal(folder: Path) -> Iterator[Terminal]:
    """A venue in which Alice has a key, money, orders and withdrawals."""
    at = Terminal(folder)
    given = folder / "given.toml"
    given.write_text(cambist("config").stdout.replace("approve_above = {}", 'approve_above = { BTC = "1" }'))
    with serving(folder, "serve", "--data", at.data, "--config", given) as running:
        for line in ("cambist user add alice", 'cambist fund alice "BTC=10,USD=1000"'):
            at.run(line)
        answer = cambist("key", "create", "alice", "--scopes", "info,trade,withdraw", "--json", "--data", at.data)
        asyncio.run(trade(running.port, json.loads(answer.stdout)))
        cambist("key", "create", "alice", "--dialect", "expie", "--data", at.data)
        at.server = running
        yield at
        at.stop()


@pytest.mark.parametrize(
    "page", ["look-after-users.md", "handle-money.md", "change-markets.md", "back-up-and-restore.md", "operate-in-the-browser.md"]
)
def test_every_command_of_a_page_works_as_written(page: str, tmp_path: Path) -> None:
    with terminal(tmp_path) as at:
        lines = commands(page)
        assert len(lines) >= 5
        for line in lines:
            at.run(line)
