"""Real client libraries, unmodified, against a live server process: tests/clients has what they are made to do."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.certificates import local_authority
from tests.support.clients import drive, situations
from tests.support.processes import Running, serving

BTC_ADDRESS = "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return local_authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Running]:
    with serving(tmp_path, "sandbox", "--seed", "7", "--quiet") as running:
        yield running


def keys(running: Running, dialect: str) -> dict[str, dict[str, str]]:
    """Key and secret of each user by name."""
    return {user["name"]: user["keys"][dialect] for user in running.ready["users"]}


def test_wexapi(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    chain, secret = certificate
    with serving(tmp_path, "sandbox", "--seed", "7", "--quiet", "--tls-cert", chain, "--tls-key", secret) as running:
        config = {"host": "127.0.0.1", "port": running.port, **keys(running, "wex")}
        passed = drive("drive_wexapi.py", "wexapi", config, tmp_path, SSL_CERT_FILE=str(chain))
    assert passed == situations("drive_wexapi.py")


def test_ccxt(tmp_path: Path, sandbox: Running) -> None:
    config = {"url": sandbox.url, "address": BTC_ADDRESS, "has_address": True, **keys(sandbox, "wex")}
    assert drive("drive_ccxt_wex.py", "ccxt-1.18", config, tmp_path) == situations("drive_ccxt_wex.py")
