"""Writes docs/explanation/decisions/README.md, the list of all decisions with their status; --check says whether it is up to date."""

import re
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "explanation" / "decisions"
INDEX = FOLDER / "README.md"
STATUS = re.compile(r"\*\*Status\.\*\* Accepted on (\d{4}-\d{2}-\d{2})(?:, superseded by (\[\d{4}\]\(\S+\.md\)) on \d{4}-\d{2}-\d{2})?\.")
HEAD = """# Decisions

Why things are as they are, one page each, in the order of their numbers (tens by area: core, directory, history, sockets, start, dialects,
seams). A page begins with its status and date. When its decision no longer holds, a newer page says why, and the status of the old one
names it. `scripts/list_decisions.py` writes this list.

| number | decision | date | status |
|---|---|---|---|
"""


def listing() -> str:
    rows = []
    for page in sorted(FOLDER.glob("[0-9]*.md")):
        title, _blank, status = page.read_text(encoding="utf-8").splitlines()[:3]
        found = STATUS.fullmatch(status)
        if found is None:
            sys.exit(f"{page.name}: its third line is no `**Status.** Accepted on YYYY-MM-DD.` (`…, superseded by [NNNN](page.md) on …`)")
        date, newer = found.groups()
        rows.append(f"| {page.name[:4]} | [{title[8:]}]({page.name}) | {date} | {f'superseded by {newer}' if newer else 'accepted'} |\n")
    return HEAD + "".join(rows)


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(0 if INDEX.exists() and INDEX.read_text(encoding="utf-8") == listing() else "run scripts/list_decisions.py")
    INDEX.write_text(listing(), encoding="utf-8")
