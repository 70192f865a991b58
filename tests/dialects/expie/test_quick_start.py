"""What docs/how-to/socket-quick-start.md shows is what happens."""

import json
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.dialects.expie.floor import SELL, Floor, Trader
from tests.support.processes import serving

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/how-to/socket-quick-start.md").read_text()
FOLLOW, FOLD = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)


def test_the_ten_lines_follow_the_sandboxs_market(tmp_path: Path) -> None:
    assert len(FOLLOW.splitlines()) <= 10
    with serving(tmp_path, "sandbox", "--seed", "7") as running:
        (tmp_path / "follow.py").write_text(FOLLOW.replace("ws://127.0.0.1:8700", running.url.replace("http", "ws")))
        with subprocess.Popen([sys.executable, tmp_path / "follow.py"], stdout=subprocess.PIPE, text=True) as program:
            assert program.stdout is not None
            said: list[str] = []
            # Two answers, the book, the last deals, and then whatever the sandbox's traders do.
            while len(said) < 8:
                said.append(program.stdout.readline())
                assert said[-1], said
            program.kill()
    words = [line.partition(" ")[0] for line in said]
    assert words[:4] == ["answer", "depth.update", "answer", "deals.update"]
    assert set(words[4:]) <= {"depth.update", "deals.update"}


async def test_the_fold_keeps_the_book(floor: Floor, alice: Trader) -> None:
    names: dict[str, Any] = {"Decimal": Decimal}
    exec(FOLD, names)
    client, book = await floor.socket(), None
    await client.follow("depth.subscribe", "BCCBTC", 5, "0")
    for number in range(9):
        _method, params = await client.push()
        book = names["fold"](book, params, 5)
        await floor.limit(alice, "BCCBTC", SELL, "1", f"0.{9 - number}")
        floor.pass_time(500_000)
    assert book == {"asks": {Decimal(f"0.{digit}"): Decimal(1) for digit in range(2, 7)}, "bids": {}}


async def test_the_curl_and_the_private_messages(floor: Floor, alice: Trader) -> None:
    body = re.findall(r"-d '(.*?)'", PAGE)[0].encode()
    answer = await floor.http("POST", "/v1/markets/BTCUSD/orders", body, alice.token, content_type="application/x-www-form-urlencoded")
    assert (answer.status, answer.json["left"]) == (200, "0.01")
    client = await floor.socket()
    (block,) = re.findall(r"```json\n(.*?)```", PAGE, flags=re.DOTALL)
    for line in block.splitlines():
        request = json.loads(line.replace("<token>", alice.token))
        assert await client.call(request["method"], *request["params"]) == {"status": "success"}


def test_the_reference_names_every_method() -> None:
    page = (ROOT / "docs/reference/expie.md").read_text()
    source = ROOT / "src/cambist/dialects/expie"
    names = re.findall(r'"([a-z]+\.[a-z]+)": (?:Method|dropping)', "".join(file.read_text() for file in source.glob("*_methods.py")))
    assert len(names) == 30
    for name in names:
        assert f"`{name}`" in page or name.endswith(".unsubscribe"), name
