"""How long `cambist sandbox` takes until its ready file is there, what it holds in memory when nobody asks anything, and how fast simulated
time passes."""

from __future__ import annotations

import hmac
import http.client
import json
import os
import time
import urllib.request
from hashlib import sha512
from statistics import median
from typing import Any

from benchmarks.process import CAMBIST, Process, ServerFailed
from benchmarks.report import AT_LEAST, AT_MOST, Row, Settings, Target

GROUP = "sandbox"
OPEN_ORDERS = 10_000
IDLE_AFTER = 5.0
"""Seconds from the ready file to the look at memory: every periodic periodic task has run by then."""


def measure(settings: Settings) -> list[Row]:
    rows = []
    for words, options in (("with traders", []), ("--quiet", ["--quiet"])):
        starts = []
        memory = 0.0
        for number in range(2 if settings.quick else 5):
            with Process([str(CAMBIST), "sandbox", *options], settings.scratch) as process:
                starts.append(process.start_seconds)
                if number == 0:
                    time.sleep(IDLE_AFTER)
                    memory = process.resident_mb()
        detail = {"starts": [round(seconds, 2) for seconds in starts]}
        rows.append(Row(GROUP, f"sandbox {words}, start to ready file", median(starts), "s", Target(AT_MOST, 1.2), "", detail))
        rows.append(Row(GROUP, f"sandbox {words}, idle memory", memory, "MB", Target(AT_MOST, 150), f"{IDLE_AFTER:.0f} s after the start"))
    rows.append(_simulated(settings))
    rows += _states(settings)
    return rows


def _simulated(settings: Settings) -> Row:
    """How fast the liveliest preset runs on one processor when its clock is moved by hand."""
    seconds = 60 if settings.quick else 600
    options = ["sandbox", "--preset", "busy", "--clock", "manual"]
    with Process([str(CAMBIST), *options], settings.scratch, {min(os.sched_getaffinity(0))}) as process:
        _advance(process, 30)
        used, began = process.processor_seconds(), time.perf_counter()
        _advance(process, seconds)
        took, used = time.perf_counter() - began, process.processor_seconds() - used
    detail = {"simulated_seconds": seconds, "seconds": round(took, 3), "processor_seconds": round(used, 3)}
    name = "preset busy, manual clock, simulated seconds a second"
    return Row(GROUP, name, seconds / took, "s/s", Target(AT_LEAST, 500), "on one processor", detail)


def _states(settings: Settings) -> list[Row]:
    """Resets of a sandbox that has traded, one by one and a hundred in a row, and a fork of one with many open orders."""
    rows = []
    with Process([str(CAMBIST), "sandbox", "--clock", "manual"], settings.scratch) as process:
        resets = []
        for _ in range(5 if settings.quick else 25):
            _advance(process, 5)
            resets.append(_timed(process, "reset", {}))
        detail: dict[str, Any] = {"resets_ms": [round(1e3 * seconds) for seconds in resets]}
        rows.append(Row(GROUP, "reset to start, after trading", 1e3 * median(resets), "ms", Target(AT_MOST, 100), "", detail))
        count = 20 if settings.quick else 100
        in_a_row = sum(_timed(process, "reset", {}) for _ in range(count)) * 100 / count
        rows.append(Row(GROUP, "a hundred resets in a row", in_a_row, "s", Target(AT_MOST, 10)))
        _place_orders(process, OPEN_ORDERS)
        forks = [_timed(process, "forks", {}) for _ in range(1 if settings.quick else 5)]
        detail = {"forks": [round(seconds, 2) for seconds in forks], "orders": OPEN_ORDERS}
        rows.append(Row(GROUP, "fork with 10,000 open orders, until it answers", median(forks), "s", Target(AT_MOST, 1), "", detail))
    return rows


def _place_orders(process: Process, count: int) -> None:
    """Buys far below the market, from all users in equal shares, over one kept connection."""
    connection = http.client.HTTPConnection(process.ready["url"].removeprefix("http://"), timeout=60)
    users = process.ready["users"]
    for number in range(count):
        keys = users[number % len(users)]["keys"]["btce"]
        rate, nonce = 100 + number % 1_000, number + 1
        body = f"method=Trade&nonce={nonce}&pair=btc_usd&type=buy&rate={rate}&amount=0.01".encode()
        sign = hmac.new(keys["secret"].encode(), body, sha512).hexdigest()
        headers = {"Key": keys["key"], "Sign": sign, "content-type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/tapi", body, headers)
        answer = json.loads(connection.getresponse().read())
        if not answer["success"] or not answer["return"]["order_id"]:
            raise ServerFailed(f"order {number} does not rest: {answer}")
    connection.close()


def _timed(process: Process, path: str, body: dict[str, Any]) -> float:
    """Seconds until a request to the control API is answered."""
    began = time.perf_counter()
    _control(process, path, body)
    return time.perf_counter() - began


def _advance(process: Process, seconds: int) -> None:
    _control(process, "clock", {"advance": seconds})


def _control(process: Process, path: str, body: dict[str, Any]) -> None:
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(f"{process.ready['url']}/sandbox/{path}", json.dumps(body).encode(), headers, method="POST")
    with urllib.request.urlopen(request, timeout=600) as answer:
        answer.read()
