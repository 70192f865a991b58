"""`cambist sandbox ctl` on a real sandbox: it finds it by itself, says what it said, and says clearly what was wrong."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cambist.sandbox.control.catalogue import OPERATIONS
from tests.support.processes import Running, cambist, start
from tests.support.waiting import PATIENCE

HOME = "http://127.0.0.1:1"
"""Where nobody answers."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runtime")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory, place: Path) -> Iterator[Running]:
    running = start(tmp_path_factory.mktemp("sandbox"), "sandbox", "--quiet", "--clock", "manual", XDG_RUNTIME_DIR=str(place))
    yield running
    running.terminate()
    assert not list((place / "cambist").iterdir()), "it leaves no file behind"


def ctl(place: Path, *arguments: str | Path) -> tuple[int, str, str]:
    ran = cambist("sandbox", "ctl", *arguments, XDG_RUNTIME_DIR=str(place))
    return ran.returncode, ran.stdout, ran.stderr


def test_it_finds_the_sandbox_that_runs_and_prints_lines_for_people(sandbox: Running, place: Path) -> None:
    code, said, _ = ctl(place, "clock")
    assert code == 0
    assert said.splitlines()[:2] == ["mode: manual", f"time: {said.splitlines()[1][6:]}"]


def test_the_reply_as_json_is_the_api_s(sandbox: Running, place: Path) -> None:
    before = json.loads(ctl(place, "clock", "--json")[1])
    after = json.loads(ctl(place, "move-clock", "--advance", "90", "--json")[1])
    assert after["micros"] - before["micros"] == 90_000_000
    assert after["met"] is True


@pytest.mark.parametrize(
    "fields", [("--run-until-time", "1577900000"), ("--run-until", '{"time": 1577900100.5}'), ("--run-until-time", "2020-01-02T00:00:00Z")]
)
def test_fields_of_an_object_are_options_or_json(fields: tuple[str, ...], sandbox: Running, place: Path) -> None:
    assert json.loads(ctl(place, "move-clock", *fields, "--json")[1])["met"] is True


def test_a_reply_is_written_into_a_file(sandbox: Running, place: Path, tmp_path: Path) -> None:
    code, said, _ = ctl(place, "openapi", "--output", tmp_path / "openapi.json")
    assert (code, said) == (0, "")
    assert json.loads((tmp_path / "openapi.json").read_text())["openapi"].startswith("3.1")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        pytest.param(("move-clock",), 1, "give one of advance, run_until, step", id="what the sandbox refuses"),
        pytest.param(("move-clock", "--advance", "soon"), 2, "--advance: Expected", id="a word where a number should be"),
        pytest.param(("move-clock", "--run-until-order", "x"), 2, "--run-until-order: Expected", id="the same in an object"),
        pytest.param(("move-clock", "--run-until", "{"), 2, "--run-until: this is no JSON", id="broken JSON"),
        pytest.param(("move-clock", "--run-until", "[" * 100_000), 2, "--run-until: this is nested too deeply", id="JSON without end"),
        pytest.param(
            ("move-clock", "--run-until-market", "btc_usd", "--run-until-price-at-least", "abc"),
            1,
            "run_until.price_at_least: ",
            id="a price",
        ),
        pytest.param(("move-clock", "--run-until", "{}", "--run-until-order", "1"), 0, "", id="an object in two pieces"),
        pytest.param(("clock", "--url", HOME), 1, f"no sandbox answers at {HOME}: Connection refused", id="nobody there"),
        pytest.param(("clock", "--url", "ftp://x"), 1, "this is no address such as http://127.0.0.1:8700", id="no address"),
        pytest.param(("clock", "--url", "8805"), 1, "8805: this is no address; give http://127.0.0.1:8805", id="a port alone"),
        pytest.param(("clock", "--output", "/nowhere/at/all"), 2, "cannot be written", id="a file that cannot be written"),
        pytest.param(("fly",), 2, "No such command", id="an operation that there is not"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(arguments: tuple[str, ...], code: int, words: str, sandbox: Running, place: Path) -> None:
    ended, _said, complaint = ctl(place, *arguments)
    assert words in complaint
    if code:
        assert ended == code, complaint
    assert "Traceback" not in complaint


def test_without_a_sandbox_it_says_how_to_start_one(tmp_path: Path) -> None:
    code, _, complaint = ctl(tmp_path, "clock")
    assert code == 1
    assert "start one with `cambist sandbox`, or name one with --url" in complaint


def test_of_several_it_takes_none_and_names_all(sandbox: Running, place: Path, tmp_path: Path) -> None:
    other = start(tmp_path, "sandbox", "--quiet", "--seed", "77", XDG_RUNTIME_DIR=str(place))
    try:
        code, _, complaint = ctl(place, "clock")
        assert code == 2
        assert f"--url {sandbox.url} " in complaint
        assert f"--url {other.url} (seed 77" in complaint
        assert ctl(place, "clock", "--url", other.url)[0] == 0
    finally:
        other.kill()
    assert ctl(place, "clock")[0] == 0, "the one that was killed does not count any more"


def test_every_operation_is_a_command_whose_options_are_its_fields() -> None:
    for operation in OPERATIONS:
        ran = cambist("sandbox", "ctl", operation.name, "--help")
        assert ran.returncode == 0, ran.stderr
        for name in operation.takes.__struct_fields__:
            shown = name.upper() if name in operation.path_fields else f"--{name.replace('_', '-')}"
            assert shown in ran.stdout, (operation.name, name)


def test_an_attached_sandbox_ends_with_its_input_and_is_not_found(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writing = os.open(pipe, os.O_RDWR)
    runtime = {"XDG_RUNTIME_DIR": str(tmp_path)}
    running = start(tmp_path, "sandbox", "--quiet", "--attached", inside=("sh", "-c", f'exec "$@" <"{pipe}"', "sh"), **runtime)
    try:
        assert "no sandbox of yours runs" in ctl(tmp_path, "clock")[2]
        assert ctl(tmp_path, "clock", "--url", running.url)[0] == 0
    finally:
        os.close(writing)
    assert running.process.wait(PATIENCE) == 0


def test_attached_to_nobody_is_an_error(tmp_path: Path) -> None:
    ran = cambist("sandbox", "--attached", inside=("sh", "-c", 'exec "$@" </dev/null', "sh"))
    assert ran.returncode == 2
    assert "--attached" in ran.stderr
