"""Project rules that no linter knows. Each failure says where, what, and what to do instead."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "cambist"
CLOCK_AND_CHANCE_ALLOWED = ("app", "client", "sandbox", "testing")
LINES_AT_MOST = 800
FUNCTION_LINES_AT_MOST = 70

BANNED_CALLS = {
    "time.time": "take the clock as an argument: `clock: Callable[[], int]`, µs since the epoch",
    "time.time_ns": "take the clock as an argument: `clock: Callable[[], int]`, µs since the epoch",
    "datetime.now": "take the clock as an argument and convert its µs",
    "datetime.utcnow": "take the clock as an argument and convert its µs",
    "datetime.today": "take the clock as an argument and convert its µs",
    "date.today": "take the clock as an argument and convert its µs",
    "uuid.uuid1": "take `entropy: Callable[[str, int], bytes]` as an argument",
    "uuid.uuid4": "take `entropy: Callable[[str, int], bytes]` as an argument",
    "uuid4": "take `entropy: Callable[[str, int], bytes]` as an argument",
    "os.urandom": "take `entropy: Callable[[str, int], bytes]` as an argument",
}
BANNED_MODULES = {
    "random": "take `entropy` as an argument, or a generator that app/ or sandbox/ made from a seed",
    "secrets": "take `entropy: Callable[[str, int], bytes]` as an argument (hmac.compare_digest compares in constant time)",
}
BANNED_NAMES = {"utils", "util", "common", "helpers", "helper", "manager", "misc"}


def tracked(*patterns: str) -> list[Path]:
    """Files of the work tree that git knows or would add; outside a clone, all files that match."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", *patterns], cwd=ROOT, capture_output=True, text=True
    )
    if listing.returncode != 0:
        return sorted(path for pattern in patterns for path in ROOT.rglob(pattern.removeprefix("*")) if path.is_file())
    return sorted(ROOT / name for name in set(listing.stdout.split("\0")) if name and (ROOT / name).is_file())


def source_files() -> list[Path]:
    return tracked("*.py", "*.rs", "*.pyi", "*.js", "*.ts", "*.css")


def dotted(node: ast.AST) -> str:
    """`a.b.c` of an attribute chain, else an empty text."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        base = dotted(node.value)
        return f"{base}.{node.attr}" if base else ""
    return ""


def violations(path: Path) -> Iterator[str]:
    """Uses of clock, chance and entropy in one Python file, a line of text each."""
    where = path.relative_to(ROOT)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else [name.name for name in node.names]
            names = {f"{module}.{name.name}" for module in modules for name in node.names} if isinstance(node, ast.ImportFrom) else set()
            for module in modules:
                if module in BANNED_MODULES and (not isinstance(node, ast.ImportFrom) or node.level == 0):
                    yield f"{where}:{node.lineno}: imports {module}: {BANNED_MODULES[module]}"
            for name in names & BANNED_CALLS.keys():
                yield f"{where}:{node.lineno}: imports {name}: {BANNED_CALLS[name]}"
        elif isinstance(node, ast.Attribute):
            name = ".".join(dotted(node).split(".")[-2:])
            if name in BANNED_CALLS:
                yield f"{where}:{node.lineno}: uses {name}: {BANNED_CALLS[name]}"


def test_clock_and_chance_come_in_as_arguments() -> None:
    found: list[str] = []
    for path in tracked("src/*.py"):
        if path.relative_to(SOURCE).parts[0] not in CLOCK_AND_CHANCE_ALLOWED:
            found += violations(path)
    assert not found, "Only app/, sandbox/ and testing/ read the clock or draw chance; the rest must replay:\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("code", "caught"),
    [
        ("import time\ntime.time()", True),
        ("import time\ntime.monotonic()", False),
        ("from time import time_ns", True),
        ("import datetime\ndatetime.datetime.now()", True),
        ("from datetime import datetime\ndatetime.now()", True),
        ("import random", True),
        ("from random import Random", True),
        ("import os\nos.urandom(8)", True),
        ("import uuid\nuuid.uuid4()", True),
        ("import uuid\nuuid.UUID(int=1)", False),
        ("from cambist.sandbox.random import walk", False),
    ],
)
def test_the_ban_itself_catches_what_it_should(code: str, caught: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    sample = tmp_path / "sample.py"
    sample.write_text(code)
    assert bool(list(violations(sample))) is caught


def test_no_file_grows_past_reading() -> None:
    # The stub of the native module describes one module and cannot be split; the types of the APIs' operations are generated.
    whole = ("_core.pyi", "operations.d.ts", "generated.ts")
    lengths = {path: len(path.read_text().splitlines()) for path in source_files() if path.name not in whole}
    long = [f"{path.relative_to(ROOT)}: {length} lines" for path, length in lengths.items() if length > LINES_AT_MOST]
    assert not long, f"Files stay below {LINES_AT_MOST} lines: move one noun with its functions into a file of its own.\n" + "\n".join(long)


def long_functions(source: str) -> Iterator[tuple[str, int, int]]:
    """(name, line, how many lines) of each function that is too long, decorators not counted."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES_AT_MOST:
                yield node.name, node.lineno, length


def test_no_function_grows_past_reading() -> None:
    # Clippy holds the functions in Rust to the same (core/clippy.toml).
    long = [
        f"{path.relative_to(ROOT)}:{line}: {name} has {length} lines"
        for path in tracked("*.py")
        for name, line, length in long_functions(path.read_text())
    ]
    assert not long, f"Functions have at most {FUNCTION_LINES_AT_MOST} lines: give a step of it a name of its own.\n" + "\n".join(long)


@pytest.mark.parametrize(
    ("lines", "caught"), [(FUNCTION_LINES_AT_MOST - 1, []), (FUNCTION_LINES_AT_MOST, [("long", 1, FUNCTION_LINES_AT_MOST + 1)])]
)
def test_a_function_is_counted_from_its_first_line_to_its_last(lines: int, caught: list[tuple[str, int, int]]) -> None:
    assert list(long_functions("async def long():\n" + "    pass\n" * lines)) == caught


def test_no_file_is_named_after_nothing() -> None:
    bad = [str(path.relative_to(ROOT)) for path in source_files() if path.stem in BANNED_NAMES or path.parent.name in BANNED_NAMES]
    assert not bad, "Name a file after the noun that lives in it (utils, common, helpers, manager say nothing).\n" + "\n".join(bad)


SLEEPS = ("sleep", "asyncio.sleep", "time.sleep")
"""Of the machine's time; a manual scheduler's own passes by hand."""


def test_tests_wait_in_one_way() -> None:
    """Which a fixed sleep is not: too long on a quick machine, too short on a busy one."""
    waiting = ROOT / "tests" / "support" / "waiting.py"
    found = []
    for path in tracked("tests/*.py"):
        calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        found += [f"{path.relative_to(ROOT)}:{node.lineno}" for node in calls if dotted(node.func) in SLEEPS and path != waiting]
    assert not found, "Wait until something is so, with tests/support/waiting.py:\n" + "\n".join(found)


def test_no_dialect_s_tests_lean_on_another_s() -> None:
    dialects = ROOT / "tests" / "dialects"
    found = []
    for path in tracked("tests/dialects/*.py"):
        if path.parent == dialects:  # of what holds for all of them
            continue
        modules = [node.module or "" for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
        own = path.relative_to(dialects).parts[0]
        others = [module for module in modules if module.startswith("tests.dialects.") and own not in module.split(".")]
        found += [f"{path.relative_to(ROOT)}: {module}" for module in others]
    assert not found, "Move what several dialects' tests need to tests/support:\n" + "\n".join(found)


def test_every_module_of_the_tests_has_one_name() -> None:
    """A module that is imported under two names is there twice, and its values are not those of the other."""
    packages = {path.relative_to(ROOT / "tests").parts[0] for path in tracked("tests/*.py")}
    found = []
    for path in tracked("tests/*.py", "benchmarks/*.py", "scripts/*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Import | ast.ImportFrom):
                continue
            modules = [name.name for name in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                modules = [node.module or ""]
            found += [f"{path.relative_to(ROOT)}:{node.lineno}: {module}" for module in modules if module.split(".")[0] in packages]
    assert not found, "Import modules of the tests by their whole name, from tests on:\n" + "\n".join(found)


def test_no_machine_paths_in_what_is_kept() -> None:
    # Spelled in pieces, so that this file does not catch itself.
    machine = re.compile(
        "|".join(re.escape(head + tail) for head, tail in [("/wo", "rk/"), ("/ro", "ot/"), ("/home", "/"), ("/Us", "ers/")])
    )
    found = []
    for path in tracked("."):
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        found += [f"{path.relative_to(ROOT)}:{number}" for number, line in enumerate(text.splitlines(), 1) if machine.search(line)]
    assert not found, (
        "A path of one machine is of no use on the next: write it relative to the project or to a temporary directory.\n" + "\n".join(found)
    )


def test_locks_name_packages_and_versions_but_no_hosts() -> None:
    found = []
    for path in tracked("requirements/*.txt", "tests/*requirements*.txt", "*.lock", "*package-lock.json"):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            # Cargo writes this one fixed name for the public index, whatever mirror it really asks.
            own = line.replace("registry+https://github.com/rust-lang/crates.io-index", "")
            if "://" in own or "--index-url" in own or "--find-links" in own:
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
    assert not found, (
        "Lock files carry names and versions only, so that everyone's own registry settings hold: run `make lock`.\n" + "\n".join(found)
    )


def test_requirements_are_pinned() -> None:
    loose = [
        f"{path.relative_to(ROOT)}: {line}"
        for path in tracked("requirements/*.txt")
        for line in path.read_text().splitlines()
        if line and not line.startswith(("#", "-r ")) and not re.fullmatch(r"[A-Za-z0-9_.-]+(\[[a-z,]+\])?==[^ ]+( *;.*)?", line)
    ]
    assert not loose, "Every requirement is `name==version`: run `make lock`.\n" + "\n".join(loose)


def test_every_dependency_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pinned = "\n".join(path.read_text().lower() for path in tracked("requirements/run.txt", "requirements/dev.txt"))
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    names = [re.split(r"[^A-Za-z0-9_.-]", line, maxsplit=1)[0].lower() for line in wanted]
    missing = [name for name in names if not re.search(rf"^{re.sub('[-_]', '[-_]', name)}==", pinned, flags=re.MULTILINE)]
    assert not missing, f"in pyproject.toml, but not in requirements/: {', '.join(missing)}: run `make lock`"
