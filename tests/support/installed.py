"""An environment as a user's: Cambist as if its wheel had been installed (pytest finds its plug-in), with other packages beside it."""

import os
import sys
import tomllib
from pathlib import Path
from typing import Any

from tests.support.clients import ROOT, client_environment

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
SOURCES = ROOT / "src"


def entry_points() -> str:
    """entry_points.txt of the package's metadata."""
    groups = {"console_scripts": PROJECT["scripts"], **PROJECT.get("entry-points", {})}
    return "".join(f"[{group}]\n" + "".join(f"{name} = {target}\n" for name, target in names.items()) for group, names in groups.items())


def variables(folder: Path, *packages: str) -> dict[str, str]:
    """PYTHONPATH for Cambist's sources with their metadata, and behind everything the packages of tests/clients/NAME.txt. `folder` takes
    the metadata; a test is skipped where the packages cannot be had."""
    site = folder / "site"
    metadata = site / f"cambist-{PROJECT['version']}.dist-info"
    metadata.mkdir(parents=True, exist_ok=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: cambist\nVersion: {PROJECT['version']}\n")
    (metadata / "entry_points.txt").write_text(entry_points())
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    places = [str(client_environment(name).parents[1] / "lib" / version / "site-packages") for name in packages]
    (site / "sitecustomize.py").write_text(f"import sys\nsys.path += {places!r}\n")
    return {"PYTHONPATH": os.pathsep.join([str(site), str(SOURCES)])}
