"""Where the project's documents are: beside the sources in a checkout, at the project's address otherwise."""

import os
import shlex
import shutil
import sys
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path


def documents_url() -> str:
    """The address of the documents, as the package's metadata name it; empty when the package is not installed."""
    try:
        urls = dict(line.split(", ", 1) for line in metadata("cambist").get_all("Project-URL") or [])
    except PackageNotFoundError:
        return ""
    return str(urls.get("Documentation", ""))


def documents() -> str:
    """Where a person on this machine finds them: a file of the checkout that runs, else the address."""
    page = Path(__file__).resolve().parents[3] / "docs" / "index.md"
    return str(page) if page.is_file() else documents_url()


def command() -> str:
    """How to call `cambist` from a terminal in any directory: by its name only where the PATH leads to this one."""
    called = Path(sys.argv[0])
    if called.name != "cambist":
        return f"{shlex.quote(sys.executable)} -m cambist"
    on_path = shutil.which("cambist")
    same = on_path is not None and os.path.realpath(on_path) == os.path.realpath(called)
    return "cambist" if same else shlex.quote(str(called.absolute()))
