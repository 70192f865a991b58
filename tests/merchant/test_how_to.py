"""docs/how-to/take-a-payment.md, done as it says: its shop, its order, its notice."""

import json
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

from tests.support.processes import serving
from tests.support.waiting import PATIENCE

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "take-a-payment.md"


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def answers(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


def test_the_page_does_what_it_says(tmp_path: Path) -> None:
    text = PAGE.read_text()
    program, order = re.search(r"```python\n(.*?)```", text, re.DOTALL), re.search(r"```sh\n(KEY=.*?)```", text, re.DOTALL)
    assert program is not None
    assert order is not None
    port = free_port()
    with serving(tmp_path, "sandbox", "--seed", "7", "--quiet", "--loopback-callbacks") as running:
        alice, bob = running.ready["users"][:2]
        key, secret = bob["keys"]["mtgox"]["key"], bob["keys"]["mtgox"]["secret"]
        code = program[1].replace("bob's mtgox key", key).replace("bob's mtgox secret", secret).replace("8900", str(port))
        shop = subprocess.Popen([sys.executable, "-u", "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            end = time.monotonic() + PATIENCE
            while not answers(port):
                assert time.monotonic() < end
            lines = order[1].replace("bob's mtgox key", key).replace("bob's mtgox secret", secret)
            lines = lines.replace("http://127.0.0.1:8700", running.url).replace("8900", str(port))
            environment = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
            made = json.loads(
                subprocess.run(["bash", "-c", lines], capture_output=True, text=True, env=environment, timeout=PATIENCE).stdout
            )
            form = urlencode({"user": "alice", "password": alice["password"]}).encode()
            # The shop of the page knows POST only, so the way back to it ends there.
            with pytest.raises(HTTPError, match="501"):
                urlopen(Request(f"{made['return']['payment_url']}/pay", form), timeout=PATIENCE)
            assert shop.stdout is not None
            line = shop.stdout.readline()
        finally:
            shop.kill()
            shop.wait()
    assert line.startswith(f"genuine id={made['return']['transaction']}&payment_id=")
    assert "&status=paid&amount=25000000&currency=BTC&method=MTGOXBTC&date=" in line
    assert "&data=order-7&aonce=" in line
