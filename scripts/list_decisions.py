"""Writes docs/explanation/decisions/README.md, the list of all decisions, from their titles; --check says whether it is up to date."""

import re
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "explanation" / "decisions"
INDEX = FOLDER / "README.md"
HEAD = """# Decisions

Why things are as they are, one page each, in the order of their numbers. A page is not changed when its decision no longer
holds: a newer one says so. `scripts/list_decisions.py` writes this list.

| number | decision |
|---|---|
"""


def listing() -> str:
    rows = []
    for page in sorted(FOLDER.glob("[0-9]*.md")):
        title = re.sub(r"^# *(\d+[.:]? *)?", "", page.read_text(encoding="utf-8").splitlines()[0])
        rows.append(f"| {page.name[:4]} | [{title}]({page.name}) |\n")
    return HEAD + "".join(rows)


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(0 if INDEX.exists() and INDEX.read_text(encoding="utf-8") == listing() else "run scripts/list_decisions.py")
    INDEX.write_text(listing(), encoding="utf-8")
