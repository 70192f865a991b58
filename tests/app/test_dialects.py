"""A dialect says of itself all that the composition root must know."""

import urllib.error
import urllib.request
from pathlib import Path

import pytest

from cambist.app.dialects import DIALECTS
from tests.support.processes import cambist, serving

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_each_has_a_page_and_snippets_for_every_kind_of_key(dialect: object) -> None:
    assert (ROOT / "docs" / "reference" / dialect.documents).exists()  # type: ignore[attr-defined]
    assert {form.dialect for form in dialect.key_forms} == {snippet.form for snippet in dialect.snippets}  # type: ignore[attr-defined]


def status(url: str, host: str = "") -> int:
    request = urllib.request.Request(url, headers={"host": host} if host else {})
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            return int(reply.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_a_dialect_can_be_switched_off_and_another_kept_to_a_host(tmp_path: Path) -> None:
    given = tmp_path / "given.toml"
    given.write_text('[dialects.mtgox]\nenabled = false\n[dialects.expie]\nhost = "expie.example"\n')
    data = tmp_path / "venue"
    with serving(tmp_path, "serve", "--data", data, "--config", given) as running:
        assert status(f"{running.url}/api/3/info") == 200
        assert status(f"{running.url}/api/1/BTCUSD/ticker") == 404
        assert status(f"{running.url}/v1/markets/BTCUSD/ticker") == 404
        assert status(f"{running.url}/v1/markets/BTCUSD/ticker", "expie.example") != 404
        assert cambist("user", "add", "alice", "--data", data).returncode == 0
        minted = cambist("key", "create", "alice", "--data", data, "--dialect", "mtgox")
        assert minted.returncode != 0
        assert "no dialect mtgox" in minted.stderr
