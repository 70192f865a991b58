"""What may be relied on from outside: docs/reference/python-api.md lists it, and nothing else is exported."""

import importlib
import pkgutil
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import FunctionType

import pytest

import cambist

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reference" / "python-api.md"

ROW = re.compile(r"^\| `(cambist[a-z_.]*)` \| (.*) \|$", flags=re.MULTILINE)
DOCUMENTED = {package: re.findall(r"`(\w+)`", names) for package, names in ROW.findall(PAGE.read_text())}
PACKAGES = ["cambist", *(module.name for module in pkgutil.walk_packages(cambist.__path__, "cambist.") if module.ispkg)]


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_exports_what_the_page_lists(package: str) -> None:
    exported = list(getattr(importlib.import_module(package), "__all__", ()))
    assert sorted(exported) == sorted(DOCUMENTED.get(package, [])), f"docs/reference/python-api.md and {package}.__all__ differ"


@pytest.mark.parametrize(("package", "name"), [(package, name) for package, names in DOCUMENTED.items() for name in names])
def test_what_the_page_lists_is_there_and_says_what_it_is(package: str, name: str) -> None:
    value = getattr(importlib.import_module(package), name)
    if isinstance(value, type | FunctionType):
        assert value.__doc__, f"{package}.{name} has no docstring"


def test_no_row_of_the_page_is_of_a_package_that_is_not_there() -> None:
    assert len(DOCUMENTED) > 8
    assert set(DOCUMENTED) <= set(PACKAGES)


def test_the_version_is_said_once_and_meant_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    core = tomllib.loads((ROOT / "core" / "Cargo.toml").read_text())["package"]
    assert cambist.__version__ == project["version"] == core["version"]


def test_importing_the_package_imports_nothing_else() -> None:
    code = "import sys, cambist; print([name for name in sys.modules if name.startswith('cambist.')])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": str(ROOT / "src")})
    assert shown.stdout.strip() == "[]"
