"""Wraps the prose of every Markdown page at the width that code has; `--check` changes nothing and names the pages that differ.

Tables, code, headings, comments and quotes stay as they are. Code spans and links are not broken, so a line with a long one may be longer.
"""

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WIDTH = 140

FENCE = re.compile(r" *(`{3,}|~{3,})")
ITEM = re.compile(r"( *)([-*+]|\d+[.)]) +(?=\S)")
VERBATIM = re.compile(r" *(\||#|<|>|\[[^\]]+\]: |\[\^|(-{3,}|\*{3,}|={3,}) *$)")
WORD = re.compile(r"(?:`+[^`]+`+|!?\[(?:`[^`]*`|[^\]`])*\](?:\([^)]*\))?|\S)+")
MEANT_AT_A_LINE_S_BEGINNING = re.compile(r"([-*+>|]|#+|\d+[.)])$|[|<>]|={3,}|-{3,}")


def unbroken(text: str) -> Iterator[str]:
    """What stays together on a line: words, a file with the name in it, and what would mean something else where a line begins."""
    held = ""
    for word in WORD.findall(text):
        together = held and (
            (held.rstrip(",").endswith((".py`", ".rs`")) and word.startswith("`")) or MEANT_AT_A_LINE_S_BEGINNING.match(word) is not None
        )
        if together:
            held += f" {word}"
        else:
            if held:
                yield held
            held = word
    if held:
        yield held


def filled(text: str, first: str, rest: str) -> Iterator[str]:
    """`text` in lines that begin with `first`, and with `rest` from the second on."""
    line = first
    for piece in unbroken(text):
        if line.strip() and line not in (first, rest) and len(line) + 1 + len(piece) > WIDTH:
            yield line
            line = rest
        line += piece if line in (first, rest) else f" {piece}"
    yield line


def wrapped(lines: Iterable[str]) -> Iterator[str]:
    """The lines of a page with its paragraphs and list items filled."""
    words: list[str] = []
    first = rest = ""
    fence = comment = ""

    def flushed() -> Iterator[str]:
        if words:
            yield from filled(" ".join(words), first, rest)
            words.clear()

    for line in lines:
        opened = FENCE.match(line)
        if fence or comment:
            yield line
            fence = "" if fence and opened and line.strip() == fence else fence
            comment = "" if comment and comment in line else comment
        elif not line.strip() or opened or VERBATIM.match(line):
            yield from flushed()
            yield line
            fence = opened[1] if opened else ""
            comment = "-->" if line.lstrip().startswith("<!--") and "-->" not in line else ""
        elif item := ITEM.match(line):
            yield from flushed()
            first, rest = item[0], " " * len(item[0])
            words.append(line[len(item[0]) :])
        else:
            if not words:
                first = rest = line[: len(line) - len(line.lstrip())]
            words.append(line.strip())
    yield from flushed()


def page_wrapped(text: str) -> str:
    return "".join(f"{line}\n" for line in wrapped(text.splitlines()))


def pages() -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", "*.md"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return sorted(ROOT / name for name in set(listing.stdout.split("\0")) if name and (ROOT / name).is_file())


def main() -> None:
    different = [page for page in pages() if page_wrapped(page.read_text(encoding="utf-8")) != page.read_text(encoding="utf-8")]
    if "--check" in sys.argv:
        sys.exit("run scripts/wrap_docs.py: " + ", ".join(str(page.relative_to(ROOT)) for page in different) if different else 0)
    for page in different:
        page.write_text(page_wrapped(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
