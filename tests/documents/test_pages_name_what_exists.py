"""Commands, options, variables, files, targets and metrics that the pages name exist, and every metric is on a page."""

import ast
import importlib
import re
import shlex
import urllib.request
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.main

from cambist.app.cli import app
from cambist.testing.pytest_plugin import SETTINGS
from tests.documents.blocks import BLOCKS, PAGES, Block, prose
from tests.support.processes import serving
from tests.tidy.test_tidy import ROOT, tracked

INLINE = re.compile(r"`([^`\n]+)`")
CALL = re.compile(r"(?<!install)(?:^|[\s;&|(])(?:[\w./]*bin/)?cambist\s+([^;&|#)]+)")
NO_CALLS = {"cambist journal 1"}
"""What else begins so: the first bytes of a journal's file."""
OPTIONS_OF_OTHERS = {"--no-default-features", "--scratch", "--only", "--quick", "--ignorefile"}
OPTIONS_OF_OTHERS |= {"--cambist-seed", "--cambist-bundles", *(f"--cambist-{name}" for name in SETTINGS)}
"""Those of cargo, of benchmarks/run.py, of container engines, of the pytest plug-in."""
FILE = re.compile(r"(?<![\w/.<*-])((?:[\w.-]+/)*[\w.-]+\.(?:py|rs|md|toml|pyi|sqlite|key|service|sock|jsonl))(?![\w*<-])")
METRIC = re.compile(r"\bcambist_[a-z0-9_]+")
NO_METRICS = {"cambist_core", "cambist_sandbox", "cambist_market", "cambist_seed", *(f"cambist_{name}" for name in SETTINGS)}
"""What else begins so: the Rust crate; fixtures, a property and settings of the pytest plug-in."""


def relative(page: Path) -> str:
    return str(page.relative_to(ROOT))


@cache
def root() -> Any:
    return typer.main.get_command(app)


def every_command(command: Any) -> Iterator[Any]:
    yield command
    for child in getattr(command, "commands", {}).values():
        yield from every_command(child)


def options(command: Any) -> set[str]:
    return {"--help", *(text for parameter in command.params for text in (*parameter.opts, *parameter.secondary_opts))}


def calls(page: Path) -> Iterator[tuple[str, list[str]]]:
    """(where, arguments) of every call of `cambist` in a page's blocks and in its text."""
    lines = [(block.where, line) for block in BLOCKS if block.page == page and block.is_shell for line in block.commands]
    lines += [(relative(page), text) for text in INLINE.findall(prose(page)) if text not in NO_CALLS]
    for where, line in lines:
        for found in CALL.finditer(line):
            try:
                yield where, shlex.split(found[1])
            except ValueError:  # a quote that the pattern cut
                yield where, found[1].split()


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_call_of_the_command_is_one_that_it_takes(page: Path) -> None:
    for where, arguments in calls(page):
        command, rest = root(), list(arguments)
        while rest and hasattr(command, "commands"):
            if rest[0].startswith("-") or rest[0].isupper() or not re.fullmatch(r"[a-z-]+", rest[0]):
                break
            assert rest[0] in command.commands, f"{where}: cambist {' '.join(arguments)}: no command {rest[0]}"
            command = command.commands[rest.pop(0)]
        known = options(command) if not hasattr(command, "commands") else set().union(*map(options, every_command(command)))
        for argument in rest:
            if argument.startswith("--"):
                assert argument.partition("=")[0] in known, f"{where}: cambist {' '.join(arguments)}: no option {argument}"


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_option_in_the_text_is_one_of_a_command(page: Path) -> None:
    known = set().union(*map(options, every_command(root()))) | OPTIONS_OF_OTHERS
    for text in INLINE.findall(prose(page)):
        if text.startswith("--"):
            for option in re.findall(r"(?:^|\s)(--[a-z][a-z-]*)", text):
                assert option in known, f"{relative(page)}: `{text}`"


def test_every_variable_is_read_by_the_command() -> None:
    known = {name for command in every_command(root()) for parameter in command.params if isinstance(name := parameter.envvar, str)}
    for page in PAGES:
        for name in re.findall(r"\bCAMBIST_[A-Z]+\b", page.read_text()):
            assert name in known, f"{relative(page)}: {name}"


def test_every_target_of_make_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    for page in PAGES:
        lines = [line for block in BLOCKS if block.page == page and block.is_shell for line in block.commands]
        for text in [*lines, *INLINE.findall(prose(page))]:
            for words in re.findall(r"(?:^|[;&|]\s*)make((?: [^;&|#]*)?)", text):
                for word in shlex.split(words):
                    assert "=" in word or word in targets, f"{relative(page)}: make {word}"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[set[str], str]:
    """(names of the files that a sandbox, its ready file among them, has after some use; its metrics as text)."""
    folder = tmp_path_factory.mktemp("sandbox")
    with serving(folder, "sandbox", "--data", folder / "kept") as running:
        with urllib.request.urlopen(f"{running.url}/metrics", timeout=60) as answer:
            metrics = answer.read().decode()
        names = {path.name for path in folder.rglob("*")}
    return names, metrics


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_file_that_a_page_names_exists(page: Path, written: tuple[set[str], str]) -> None:
    own = [block for block in BLOCKS if block.page == page]
    saved = {block.test.removeprefix("file ") for block in own if block.test.startswith("file ")}
    saved |= {name for block in own for name in re.findall(r"^# (\w+\.py)$", block.text, re.MULTILINE)}
    made = written[0] | saved
    anywhere = {path.name for path in tracked()}
    places = [ROOT, ROOT / "src" / "cambist", ROOT / "src", page.parent, ROOT / "core" / "src", ROOT / "docs", ROOT / "docs" / "reference"]
    for text in INLINE.findall(prose(page)):
        for name in FILE.findall(text):
            exists = Path(name).name in made or any((place / name).exists() for place in places)
            assert exists or ("/" not in name and name in anywhere), f"{relative(page)} names {name}"


def of_the_cluster() -> set[str]:
    """Names of the metrics that only a node or an edge on a replicated log has, as their modules register them, and some that all have."""
    found = set()
    for module in ("engine_node.py", "replicated_log.py", "monitoring.py"):
        for node in ast.walk(ast.parse((ROOT / "src" / "cambist" / "app" / module).read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("gauge", "counter"):
                name = node.args[0]
                assert isinstance(name, ast.Constant)
                assert isinstance(name.value, str)
                found.add(f"cambist_{name.value}" + ("_total" if node.func.attr == "counter" else ""))
    assert len(found) > 8
    return found


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_metric_that_a_page_names_is_exposed(page: Path, written: tuple[set[str], str]) -> None:
    exposed = {*METRIC.findall(written[1]), *of_the_cluster()}
    for name in METRIC.findall(page.read_text()):
        if name not in NO_METRICS and not name.endswith("_"):
            assert name in exposed, f"{relative(page)}: {name}"


def test_every_metric_is_on_a_page(written: tuple[set[str], str]) -> None:
    described = {name for page in PAGES for name in METRIC.findall(page.read_text())}
    families = re.findall(r"^# TYPE (cambist_\w+) (\w+)", written[1], flags=re.MULTILINE)
    assert len(families) > 10
    missing = [name for name, _kind in families if name not in described and f"{name}_total" not in described]
    missing += sorted(of_the_cluster() - described)
    assert not missing, f"describe these on a page: {missing}"


def modules(block: Block) -> Iterator[tuple[str, str]]:
    """(module, name) of what a Python block imports of Cambist."""
    for node in ast.walk(ast.parse(block.text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "cambist":
            yield from ((node.module or "", name.name) for name in node.names)


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.language == "python"], ids=lambda block: block.where)
def test_a_python_block_is_python_and_imports_what_exists(block: Block) -> None:
    for module, name in modules(block):
        assert hasattr(importlib.import_module(module), name), f"{block.where}: from {module} import {name}"
