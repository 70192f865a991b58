"""The code blocks of the pages, and what a test does with each.

A block says it in a comment on the line before it, which no reader of the rendered page sees:

| `<!-- test: ... -->` | |
|---|---|
| `run` | a shell runs it, in the page's own directory, with what earlier blocks exported or assigned |
| `run NAME` | the same, with the packages of tests/clients/NAME.txt beside Cambist, as if its wheel were installed |
| `serve` | its last line starts a server, on a free port; a server that an earlier block started is stopped |
| `stop, run` | the server is stopped first |
| `file NAME` | it is saved under that name |
| `python NAME` | it is run with the packages of tests/clients/NAME.txt |
| `elsewhere FILE` | that test runs it; further words are that test's own |
| `none, REASON` | nobody runs it; names and imports are checked all the same |
"""

import re
from dataclasses import dataclass
from pathlib import Path

from tests.tidy.test_tidy import ROOT, tracked

SHELL = ("sh", "bash", "console")
PAGES = [page for page in tracked("*.md") if "decisions" not in page.parts and page.name != "CHANGELOG.md"]
"""The pages that say how it is; decisions and changes say how it was."""
_BLOCK = re.compile(r"(?:^<!-- test: (?P<test>[^\n]*?) -->\n)?^```(?P<language>\w*)[^\n]*\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    page: Path
    line: int
    language: str
    test: str
    text: str

    @property
    def where(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def is_shell(self) -> bool:
        return self.language in SHELL

    @property
    def commands(self) -> list[str]:
        """The lines of a shell block, continued ones joined, comments and blank lines left out."""
        joined = re.sub(r"\\\n\s*", " ", self.text)
        lines = (re.sub(r"(^|\s)#.*", "", line) for line in joined.splitlines())
        return [line for line in lines if line.strip()]


def blocks(page: Path) -> list[Block]:
    text = page.read_text()
    return [
        Block(page, text.count("\n", 0, found.start()) + 1, found["language"], found["test"] or "", found["text"])
        for found in _BLOCK.finditer(text)
    ]


def prose(page: Path) -> str:
    """A page without its blocks."""
    return _BLOCK.sub("", page.read_text())


BLOCKS = [block for page in PAGES for block in blocks(page)]
