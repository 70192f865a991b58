"""Maps that are kept by hand are held against the code: what they name exists, and what exists is named."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.tidy.test_tidy import ROOT, SOURCE, tracked

PAGES_WITH_PATHS = sorted({*tracked("docs/internals/*.md"), *tracked("docs/explanation/life-of-an-order.md"), *tracked("src/*README.md")})
READMES = tracked("src/*README.md")
WALKS = ROOT / "docs" / "internals" / "walks.md"

PATH = re.compile(r"`([A-Za-z0-9_./-]+\.(?:py|rs|md|toml|pyi|sh))`")
STEP = re.compile(r"`(src/cambist/[a-z0-9_/]+\.py|core/src/[a-z0-9_/]+\.rs)`,? `([A-Za-z_][A-Za-z0-9_.]*)`")


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def candidates(page: Path, name: str) -> Iterator[Path]:
    """Where a path in a page may lie: from the project's root, the sources' roots, or beside the page."""
    yield from (
        ROOT / name,
        SOURCE / name,
        page.parent / name,
        ROOT / "core" / "src" / name,
        ROOT / "docs" / name,
        ROOT / "docs/reference" / name,
    )


@pytest.mark.parametrize("page", PAGES_WITH_PATHS, ids=relative)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    named = {name for name in PATH.findall(page.read_text()) if "*" not in name}
    gone = sorted(name for name in named if not any(place.exists() for place in candidates(page, name)))
    assert not gone, f"{relative(page)} names files that are not there: {', '.join(gone)}"


@pytest.mark.parametrize("page", READMES, ids=relative)
def test_a_package_page_names_every_file_of_its_package(page: Path) -> None:
    text = page.read_text()
    files = [path for path in page.parent.rglob("*.py") if path.name != "__init__.py"]
    missing = [str(path.relative_to(page.parent)) for path in files if str(path.relative_to(page.parent)) not in text]
    assert not missing, f"{relative(page)} does not say what lives in: {', '.join(sorted(missing))}"


@cache
def names_of(file: Path) -> frozenset[str]:
    """What a source file defines: functions, classes, and methods as `Class.method`."""
    text = file.read_text()
    if file.suffix == ".rs":
        return frozenset(re.findall(r"\b(?:fn|struct|enum|trait) ([A-Za-z_][A-Za-z0-9_]*)", text))
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ClassDef):
            members = [item for item in node.body if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef)]
            found |= {node.name, *(f"{node.name}.{member.name}" for member in members)}
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
    return frozenset(found)


STEPS = STEP.findall(WALKS.read_text()) if WALKS.exists() else []


def test_the_walks_name_steps() -> None:
    assert len(STEPS) > 20


@pytest.mark.parametrize(("file", "name"), sorted(set(STEPS)))
def test_each_step_of_a_walk_exists(file: str, name: str) -> None:
    path = ROOT / file
    assert path.exists(), f"{file} is not there: mend docs/internals/walks.md"
    assert name in names_of(path), f"{file} defines no {name}: mend docs/internals/walks.md"
