"""The pytest plug-in, in a pytest of its own as a user has it."""

import json
import os
import re
import subprocess
import sys
import textwrap
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from cambist.testing.pytest_plugin import seed_of
from tests.support.installed import entry_points, variables
from tests.support.waiting import PATIENCE

SAY = """
    import json, os, pathlib
    def say(sandbox, request):
        parent = sandbox._process and int(pathlib.Path(f"/proc/{sandbox._process.pid}/stat").read_text().rpartition(")")[2].split()[1])
        words = {"parent": parent, "url": sandbox.url, "seed": sandbox.seed, "options": sandbox.describe(), "node": request.node.nodeid}
        pathlib.Path(f"said-{os.getpid()}-{request.node.name}.json").write_text(json.dumps(words))
"""


def run(folder: Path, text: str, *arguments: str, ini: str = "") -> tuple[int, str]:
    """(exit code, output) of pytest on that test file."""
    (folder / "pytest.ini").write_text(f"[pytest]\naddopts = -p no:cacheprovider\n{ini}")
    (folder / "test_bot.py").write_text(textwrap.dedent(SAY) + textwrap.dedent(text))
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), **variables(folder)}
    line = [sys.executable, "-m", "pytest", "-p", "no:asyncio", *arguments]
    ran = subprocess.run(line, cwd=folder, env=environment, capture_output=True, text=True, timeout=4 * PATIENCE)
    return ran.returncode, ran.stdout + ran.stderr


def said(folder: Path) -> list[dict[str, Any]]:
    found = [json.loads(file.read_text()) for file in folder.glob("said-*.json")]
    return sorted(found, key=lambda words: words["node"])


def test_the_package_says_where_the_plug_in_is() -> None:
    assert "[pytest11]\ncambist = cambist.testing.pytest_plugin\n" in entry_points()


def test_each_test_has_a_sandbox_of_its_own_with_a_seed_from_its_name(tmp_path: Path) -> None:
    text = """
        import pytest
        @pytest.mark.cambist(preset="quiet")
        @pytest.mark.parametrize("case", ["a", "b"])
        def test_it(case, cambist_sandbox, request):
            assert cambist_sandbox.control.funds("alice").funds
            say(cambist_sandbox, request)
    """
    code, output = run(tmp_path, text)
    assert code == 0, output
    words = said(tmp_path)
    assert [one["node"] for one in words] == ["test_bot.py::test_it[a]", "test_bot.py::test_it[b]"]
    assert [one["seed"] for one in words] == [seed_of("test_bot.py::test_it[a]"), seed_of("test_bot.py::test_it[b]")]
    assert words[0]["url"] != words[1]["url"]


def test_the_seed_of_a_name_never_changes() -> None:
    assert seed_of("test_bot.py::test_it[a]") == 1061216924


def test_eight_start_in_parallel_in_eight_processes(tmp_path: Path) -> None:
    text = """
        import pytest
        @pytest.mark.parametrize("case", range(8))
        def test_it(case, cambist_sandbox, request):
            assert cambist_sandbox.control.clock().mode == "real"
            say(cambist_sandbox, request)
    """
    code, output = run(tmp_path, text, "-n", "8")
    assert code == 0, output
    words = said(tmp_path)
    assert len({one["url"] for one in words}) == 8
    assert len({one["seed"] for one in words}) == 8
    assert len({one["parent"] for one in words}) == 1, "all workers share one fork server"


@pytest.mark.parametrize(
    ("ini", "arguments", "mark", "options"),
    [
        pytest.param("cambist_preset = quiet", (), "", "--preset quiet --clock real", id="the ini-file"),
        pytest.param("cambist_preset = calm", ("--cambist-preset", "quiet"), "", "--preset quiet --clock real", id="the command line"),
        pytest.param("", ("--cambist-clock", "x2"), "preset='quiet', clock='manual'", "--preset quiet --clock manual", id="the mark"),
        pytest.param(
            "cambist_preset = quiet\ncambist_users = dora,emil\ncambist_fund = BTC=1", (), "options=['--loopback-callbacks']",
            "--preset quiet --clock real --users dora,emil --fund BTC=1 --loopback-callbacks", id="everything else",
        ),
    ],
)  # fmt: skip
def test_how_it_is_started(ini: str, arguments: tuple[str, ...], mark: str, options: str, tmp_path: Path) -> None:
    text = f"""
        import pytest
        @pytest.mark.cambist({mark})
        def test_it(cambist_sandbox, request):
            say(cambist_sandbox, request)
    """
    code, output = run(tmp_path, text, "--cambist-seed", "5", *arguments, ini=ini)
    assert code == 0, output
    (words,) = said(tmp_path)
    assert words["options"] == f"cambist sandbox --seed 5 {options}"


MARKET = """
    import pytest
    @pytest.mark.parametrize("case", range(3))
    def test_it(case, cambist_market, request):
        assert cambist_market.control.funds("alice").funds[0].available == "100"
        cambist_market.control.fund("alice", give="BTC=5")
        ccxt_key = cambist_market.credentials("alice", "wex")["key"]
        assert any(row.key == ccxt_key for row in cambist_market.control.keys(user="alice")), "keys are those of the seed"
        say(cambist_market, request)
"""


def test_the_market_is_one_process_that_is_put_to_its_start_before_each_test(tmp_path: Path) -> None:
    code, output = run(tmp_path, MARKET, ini="cambist_preset = quiet\ncambist_fund = BTC=100")
    assert code == 0, output
    words = said(tmp_path)
    assert len({one["url"] for one in words}) == 1
    assert [one["seed"] for one in words] == [1, 1, 1]


def test_each_worker_has_a_market_of_its_own(tmp_path: Path) -> None:
    code, output = run(tmp_path, MARKET, "-n", "3", "--dist", "each", ini="cambist_preset = quiet\ncambist_fund = BTC=100")
    assert code == 0, output
    assert len({one["url"] for one in said(tmp_path)}) == 3


def test_the_market_s_seed_can_be_marked_and_nothing_else(tmp_path: Path) -> None:
    text = """
        import pytest
        @pytest.mark.cambist(seed=9)
        def test_seed(cambist_market):
            assert cambist_market.seed == 9
        def test_after_it(cambist_market):
            assert cambist_market.seed == 5
        @pytest.mark.cambist(clock="manual")
        def test_clock(cambist_market): pass
    """
    code, output = run(tmp_path, text, "--cambist-seed", "5", ini="cambist_preset = quiet")
    assert code == 1
    assert "2 passed, 1 error" in output
    assert "cambist_market is started once: say clock on the command line or in the ini-file" in output


def test_a_failed_test_shows_its_sandbox_and_junit_its_seed(tmp_path: Path) -> None:
    text = """
        import pytest
        @pytest.mark.cambist(preset="quiet", seed=77)
        def test_it(cambist_sandbox):
            assert cambist_sandbox.seed == 1
    """
    code, output = run(tmp_path, text, "--junitxml", "report.xml", "--cambist-bundles", "kept/bundles")
    assert code == 1
    assert re.search(r"^\d+ commands, SHA-256 [0-9a-f]{64}; bytes sent, [0-9a-f]{64}$", output, flags=re.MULTILINE)
    assert "# What the bots did" in output
    assert "cambist replay kept/bundles/test_bot.py-test_it.zip" in output
    assert (tmp_path / "kept" / "bundles" / "test_bot.py-test_it.zip").read_bytes().startswith(b"PK")
    assert "Cambist sandbox (cambist_sandbox)" in output
    assert "cambist sandbox --seed 77 --preset quiet" in output
    properties = {one.get("name"): one.get("value") for one in ET.parse(tmp_path / "report.xml").iter("property")}
    assert properties["cambist_seed"] == "77"


def test_a_test_that_passes_shows_nothing_of_it(tmp_path: Path) -> None:
    code, output = run(tmp_path, "def test_it(): pass")
    assert code == 0
    assert "Cambist sandbox" not in output


@pytest.mark.parametrize(
    ("mark", "words"),
    [("'quiet'", "takes arguments by name only"), ("preset='stormy'", 'there is no preset "stormy"'), ("speed=3", "unexpected keyword")],
)
def test_a_wrong_mark_is_an_error_in_words(mark: str, words: str, tmp_path: Path) -> None:
    text = f"""
        import pytest
        @pytest.mark.cambist({mark})
        def test_it(cambist_sandbox): pass
    """
    code, output = run(tmp_path, text)
    assert code == 1
    assert words in output


def test_a_suite_that_asks_for_no_sandbox_imports_nothing_of_it(tmp_path: Path) -> None:
    text = """
        import sys
        def test_it():
            found = sorted(name for name in sys.modules if name.partition(".")[0] in ("cambist", "msgspec", "uvloop", "sqlalchemy"))
            assert found == ["cambist", "cambist.testing", "cambist.testing.pytest_plugin"]
    """
    code, output = run(tmp_path, text)
    assert code == 0, output


def test_strict_markers_know_the_mark_and_help_its_options(tmp_path: Path) -> None:
    text = """
        import pytest
        @pytest.mark.cambist(preset="quiet")
        def test_it(): pass
    """
    assert run(tmp_path, text, "--strict-markers")[0] == 0
    helped = run(tmp_path, text, "--help")[1]
    assert {"seed", "bundles", "preset", "clock", "users", "fund", "config"} <= set(re.findall(r"--cambist-(\w+)", helped))
