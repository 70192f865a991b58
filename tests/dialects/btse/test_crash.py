"""A killed venue comes back and still knows which requests were used up, and which order a UUID names."""

import json
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.dialects.btse.floor import V3, signed_headers
from tests.support.processes import Running, serving, start


def say(running: Running, method: str, path: str, headers: dict[bytes, bytes], body: bytes | None = None) -> tuple[int, Any]:
    """(status, decoded body)."""
    fields = {name.decode(): value.decode() for name, value in headers.items()}
    request = urllib.request.Request(running.url + path, body, fields, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            return reply.status, json.loads(reply.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def test_a_request_that_was_answered_is_not_done_again_after_a_kill(tmp_path: Path) -> None:
    arguments = ("sandbox", "--data", tmp_path / "data", "--seed", "7", "--quiet")
    running = start(tmp_path, *arguments)
    user = running.ready["users"][0]["keys"]["btse"]
    body = json.dumps({"symbol": "BTC-USD", "side": "BUY", "type": "LIMIT", "price": "100", "size": "1", "clOrderID": "once"}).encode()
    order = signed_headers(user["key"], user["secret"], "/api/v3.2/order", time.time_ns() // 1_000_000, body)
    status, rows = say(running, "POST", f"{V3}/order", order, body)
    assert (status, rows[0]["status"]) == (200, 2)
    running.kill()
    with serving(tmp_path, *arguments) as again:
        assert say(again, "POST", f"{V3}/order", order, body)[1]["message"] == "Invalid nonce"
        headers = signed_headers(user["key"], user["secret"], "/api/v3.2/user/open_orders", time.time_ns() // 1_000_000)
        status, opened = say(again, "GET", f"{V3}/user/open_orders", headers)
        assert [(row["orderID"], row["clOrderID"], row["price"]) for row in opened] == [(rows[0]["orderID"], "once", 100)]
