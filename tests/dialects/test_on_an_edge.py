"""The dialects' own tests once more on an edge, whose state follows the log and whose commands another process takes: the same answers."""

import os
import subprocess
import sys

import pytest

from tests.tidy.test_tidy import ROOT

FILES = {
    "btce_wex": ["test_trade.py"],
    "mtgox": ["test_private.py", "test_streaming.py"],
    "btse": ["test_v3.py", "test_sockets.py"],
    "expie": ["test_orders_http.py", "test_private_streams.py"],
    "native": ["test_orders.py", "test_stream.py"],
}
"""Those that give commands and look at what comes of them. CAMBIST_TEST_SERVED_BY=edge takes all others there, too."""


@pytest.mark.parametrize("dialect", FILES)
def test_it_makes_no_difference(dialect: str) -> None:
    files = [f"tests/dialects/{dialect}/{name}" for name in FILES[dialect]]
    line = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *files]
    environment = {**os.environ, "CAMBIST_TEST_SERVED_BY": "edge", "PYTEST_ADDOPTS": ""}
    ran = subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=900)
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]
    assert "[100%]" in ran.stdout
