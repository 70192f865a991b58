"""The dialects' own tests once more with their histories in PostgreSQL: the same answers, the same words when it cannot be had."""

import os
import subprocess
import sys

import pytest

from tests.support.postgresql import Server
from tests.tidy.test_tidy import ROOT

FILES = {
    "btce_wex": ["test_histories.py", "test_locked_history.py"],
    "mtgox": ["test_private.py"],
    "btse": ["test_v3.py", "test_v2_trade.py", "test_locked_history.py"],
    "expie": ["test_orders_http.py", "test_klines.py", "test_locked_history.py"],
    "native": ["test_balances.py", "test_funds.py"],
}
"""Those that ask histories most. CAMBIST_TEST_HISTORY=postgresql takes all others there, too."""


@pytest.mark.parametrize("dialect", FILES)
def test_it_makes_no_difference(dialect: str, postgresql: Server) -> None:
    assert postgresql.port, "there is a server, or this is skipped by name"
    files = [f"tests/dialects/{dialect}/{name}" for name in FILES[dialect]]
    line = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *files]
    environment = {**os.environ, "CAMBIST_TEST_HISTORY": "postgresql", "PYTEST_ADDOPTS": ""}
    ran = subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=900)
    assert ran.returncode == 0, ran.stdout[-6000:] + ran.stderr[-2000:]
    assert " passed" in ran.stdout or "[100%]" in ran.stdout
