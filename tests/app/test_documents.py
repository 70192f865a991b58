"""What the pages show is what happens: the tutorial's program runs, links lead somewhere, the command reference is complete."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from cambist.app.errors import Exit
from tests.support.processes import serving

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("src/**/README.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    prose = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if "://" not in target and not target.startswith(("#", "mailto:")):
            assert (page.parent / target.partition("#")[0]).exists(), f"{page.relative_to(ROOT)} links to {target}, which is not there"


def test_decision_records_have_numbers_of_their_own() -> None:
    numbers = [path.name[:4] for path in (ROOT / "docs/explanation/decisions").glob("[0-9]*.md")]
    assert len(numbers) == len(set(numbers)), "give the newer record the next free number"


def test_the_tutorials_program_runs(tmp_path: Path) -> None:
    text = (ROOT / "docs/tutorial/first-trade.md").read_text()
    (program,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    (tmp_path / "first_trade.py").write_text(program)
    with serving(tmp_path, "sandbox", "--seed", "7"):
        ran = subprocess.run([sys.executable, "first_trade.py"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    lines = dict(line.split(" ", 1) for line in ran.stdout.splitlines())
    assert lines["received"] == "0.01 still in the book 0"
    assert lines["paid"].endswith("USD, got 0.00998 BTC")
    assert lines["again:"] == "bad status"


def test_the_command_reference_names_every_exit_code() -> None:
    page = (ROOT / "docs/reference/cli.md").read_text()
    for code in Exit:
        assert f"| {int(code)} | " in page, code
