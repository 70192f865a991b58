"""The native API of a real server in a process of its own, by raw clients."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.dialects.native.floor import BASE
from tests.support.processes import Running, serving


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(tmp_path_factory.mktemp("sandbox"), "sandbox", "--seed", "7") as running:
        yield running


def get(sandbox: Running, path: str) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(f"{sandbox.url}{BASE}{path}", timeout=30) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_market_data_of_a_sandbox(sandbox: Running) -> None:
    status, markets = get(sandbox, "/markets")
    assert status == 200
    names = [market["name"] for market in markets]
    assert "btc_usd" in names
    for name in names:
        for path in ("", "/book?depth=5000", "/trades?limit=500", "/trades/history?limit=500", "/candles?limit=1000", "/ticker"):
            status, found = get(sandbox, f"/markets/{name}{path}")
            assert status == 200, found
    assert len(get(sandbox, "/tickers")[1]) == len(names)
    assert get(sandbox, "/markets/nothing")[1]["code"] == "market-unknown"


def test_the_gateway_s_errors_have_the_form_of_a_problem(sandbox: Running) -> None:
    status, said = get(sandbox, "/nothing")
    assert (status, said["code"], said["retryable"]) == (404, "not-found", False)
