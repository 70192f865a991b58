"""Real client libraries, unmodified, against a live sandbox process: tests/clients has what they are made to do."""

from pathlib import Path

import pytest

from tests.support.clients import drive, situations
from tests.support.processes import serving

CLIENTS = [("drive_cryptoxlib.py", "cryptoxlib"), ("drive_ccxt_btse.py", "ccxt-4.5"), ("drive_ccxt_unified.py", "ccxt-4.5")]


@pytest.mark.parametrize(("script", "environment"), CLIENTS)
def test_an_unmodified_client(tmp_path: Path, script: str, environment: str) -> None:
    with serving(tmp_path, "sandbox", "--seed", "7", "--quiet") as sandbox:
        keys = {user["name"]: user["keys"]["btse"] for user in sandbox.ready["users"]}
        assert drive(script, environment, {"url": sandbox.url, **keys}, tmp_path) == situations(script)
