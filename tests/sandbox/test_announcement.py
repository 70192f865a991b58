"""What a sandbox prints at its start fits on one small screen, whatever it was started with."""

import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from cambist.domain.units import AccountId
from cambist.sandbox.announcement import COLUMNS_AT_MOST, LINES_AT_MOST, Announced, announcement
from cambist.sandbox.people import Person

KEYS = {"btce": {"key": "K" * 44, "secret": "s" * 64}}
PLAIN = Announced(
    url="http://127.0.0.1:8700",
    seed=1,
    data=Path("/tmp/cambist-sandbox-abcd1234"),
    kept=False,
    people=[Person(name, "p" * 24, AccountId(16), KEYS) for name in ("alice", "bob", "carol")],
    apis=[("BTC-e and WEX", ("/tapi", "/api/2", "/api/3")), ("Expie", ("/v1", "/ws"))],
    examples=["btce.py", "expie.py"],
    market="btc_usd",
    documents="docs/index.md",
    command=".venv/bin/cambist",
)
CROWD = [Person(f"user-{number}", "p" * 24, AccountId(number), KEYS) for number in range(300)]
MANY = [(f"Exchange {number}", tuple(f"/a/long/path/{part}" for part in range(20))) for number in range(30)]


@pytest.mark.parametrize(
    "announced",
    [
        pytest.param(PLAIN, id="three users"),
        pytest.param(replace(PLAIN, people=[]), id="nobody"),
        pytest.param(replace(PLAIN, people=CROWD), id="three hundred users"),
        pytest.param(replace(PLAIN, people=[Person("n" * 64, "p" * 24, AccountId(1 << 40), KEYS)]), id="a long name"),
        pytest.param(replace(PLAIN, apis=MANY), id="many APIs with many paths"),
        pytest.param(replace(PLAIN, apis=[], market="", examples=[]), id="no API"),
        pytest.param(replace(PLAIN, kept=True, seed=1 << 62), id="kept, a long seed"),
    ],
)
def test_it_fits_on_a_small_screen(announced: Announced) -> None:
    lines = announcement(announced).splitlines()
    assert len(lines) <= LINES_AT_MOST
    assert max(map(len, lines)) <= COLUMNS_AT_MOST
    assert "PLAY MONEY" in lines[0]
    assert announced.url in lines[0]
    said = "\n".join(lines)
    assert all(secret not in said for secret in ("K" * 44, "s" * 64))


def test_what_is_to_be_typed_stands_flush_left_and_is_quoted() -> None:
    data = Path("/tmp/my ünusual $HOME/it's")
    lines = announcement(replace(PLAIN, data=data)).splitlines()
    tried = lines[next(number for number, line in enumerate(lines) if line.startswith("Try next")) + 1 :]
    assert [shlex.split(line)[0] for line in tried] == ["export", "python3", "curl", ".venv/bin/cambist"]
    assert shlex.split(tried[0])[1] == f"CAMBIST_DATA={data}"


def test_it_says_what_becomes_of_the_data() -> None:
    assert "removed when it stops" in announcement(PLAIN)
    assert "kept when it stops" in announcement(replace(PLAIN, kept=True))
