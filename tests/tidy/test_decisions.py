"""Decision records have one form: number and title, status with date, then the decision and why. (tests/documents has their list.)"""

import re
from datetime import date
from pathlib import Path

import pytest

from tests.tidy.test_tidy import ROOT, tracked

FOLDER = ROOT / "docs" / "explanation" / "decisions"
PAGES = [page for page in tracked("docs/explanation/decisions/*.md") if page.name != "README.md"]
STATUS = re.compile(r"\*\*Status\.\*\* Accepted on (\S+?)(?:, superseded by \[(\d{4})\]\((\S+)\) on (\S+?))?\.")


def name(page: Path) -> str:
    return page.name


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_record_has_number_title_status_and_date(page: Path) -> None:
    heading, blank, status, *_rest = page.read_text().splitlines()
    assert re.fullmatch(rf"# {page.name[:4]}: \S.*[^.]", heading)
    assert blank == ""
    found = STATUS.fullmatch(status)
    assert found, f"the third line of {page.name} is not `**Status.** Accepted on YYYY-MM-DD.`: {status}"
    decided, newer, target, ended = found.groups()
    assert date.fromisoformat(decided).isoformat() == decided
    if newer is not None:
        assert target.startswith(newer)
        assert date.fromisoformat(ended) >= date.fromisoformat(decided)
        assert page.name[:4] in (FOLDER / target).read_text(), f"{target} does not say that it supersedes {page.name}"


def test_no_two_records_have_one_number() -> None:
    numbers = [page.name[:4] for page in PAGES]
    assert len(numbers) > 40
    assert len(set(numbers)) == len(numbers)
