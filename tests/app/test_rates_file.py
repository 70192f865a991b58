"""A file of rates: set when it changes, left alone when it does not, complained of once when it is wrong."""

import os
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from cambist.app.rates_file import RatesFile
from cambist.operations.rejections import Kind, Rejected

RATES = '[BTC]\nEUR = "1.085"\nJPY = "0.0067"\n[LTC]\nEUR = "1.085"\n'


class Setter:
    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []

    async def __call__(self, base: str, rates: str) -> object:
        self.calls.append((base, rates))
        return Rejected("group-unknown", Kind.NOT_FOUND, "there is no group LTC") if base == "LTC" else None


@pytest.fixture
def setter() -> Setter:
    return Setter()


def replace(path: Path, text: str) -> None:
    new = path.with_suffix(".new")
    new.write_text(text)
    os.replace(new, path)


async def test_every_base_is_set_once_for_each_change(tmp_path: Path, setter: Setter) -> None:
    path = tmp_path / "rates.toml"
    replace(path, RATES)
    file = RatesFile(path, setter)
    await file.look()
    await file.look()
    assert setter.calls == [("BTC", "EUR=1.085,JPY=0.0067"), ("LTC", "EUR=1.085")]
    replace(path, '[BTC]\nEUR = "1.09"\n')
    await file.look()
    assert setter.calls[2:] == [("BTC", "EUR=1.09")]


async def test_a_file_that_is_written_again_unchanged_makes_its_rates_young_again(tmp_path: Path, setter: Setter) -> None:
    path = tmp_path / "rates.toml"
    file = RatesFile(path, setter)
    for _ in range(2):
        replace(path, '[BTC]\nEUR = "1.085"\n')
        await file.look()
    assert len(setter.calls) == 2


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        pytest.param(None, "No such file", id="missing"),
        pytest.param(b"[BTC\n", "write a table", id="no TOML"),
        pytest.param(b"[BTC]\nEUR = 1.085\n", "decimal texts", id="a number that is no text"),
        pytest.param(b"\xff\xfe", "write a table", id="no text"),
        pytest.param(b"#" * 70_000, "more than", id="too large"),
    ],
)
async def test_what_is_wrong_is_said_once(tmp_path: Path, setter: Setter, content: bytes | None, complaint: str) -> None:
    path = tmp_path / "rates.toml"
    if content is not None:
        path.write_bytes(content)
    file = RatesFile(path, setter)
    with capture_logs() as logged:
        await file.look()
        await file.look()
    (entry,) = logged
    assert complaint in entry["found"]
    assert setter.calls == []
    replace(path, '[BTC]\nEUR = "1.085"\n')
    await file.look()
    assert setter.calls == [("BTC", "EUR=1.085")]


@pytest.mark.parametrize("kind", ["device", "pipe", "directory"])
async def test_what_is_no_regular_file_is_said_once_and_not_waited_for(tmp_path: Path, setter: Setter, kind: str) -> None:
    path = tmp_path / "rates.toml"
    match kind:
        case "device":
            path.symlink_to("/dev/zero")
        case "pipe":
            os.mkfifo(path)
        case "directory":
            path.mkdir()
    file = RatesFile(path, setter)
    with capture_logs() as logged:
        await file.look()
        await file.look()
    assert [entry["found"] for entry in logged] == ["this is no regular file"]


async def test_one_base_that_is_refused_leaves_the_others(tmp_path: Path, setter: Setter) -> None:
    path = tmp_path / "rates.toml"
    path.write_text('[LTC]\nEUR = "1"\n[BTC]\nEUR = "1.085"\n')
    with capture_logs() as logged:
        await RatesFile(path, setter).look()
    assert [(entry["base"], entry["log_level"]) for entry in logged] == [("LTC", "error"), ("BTC", "info")]


async def test_what_could_not_be_set_for_now_is_tried_again(tmp_path: Path) -> None:
    answers: list[object] = [Rejected("audit-failed", Kind.UNAVAILABLE, "no room"), None, None]

    async def set_rates(_base: str, _rates: str) -> object:
        return answers.pop(0)

    path = tmp_path / "rates.toml"
    path.write_text('[BTC]\nEUR = "1.085"\n')
    file = RatesFile(path, set_rates)
    for _ in range(3):
        await file.look()
    assert len(answers) == 1
