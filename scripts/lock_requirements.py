"""Pins every Python package, transitive ones too, into requirements/run.txt and requirements/dev.txt.

Resolves pyproject.toml's ranges in a throw-away environment, so that what lies in .venv does not matter.
"""

import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def freeze(python: Path, packages: list[str]) -> list[str]:
    """Installs `packages` and returns everything that is then installed, as `name==version`, in order of name."""
    subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True)
    listing = subprocess.run(
        [python, "-m", "pip", "freeze", "--exclude", "pip", "--exclude", "setuptools"], check=True, capture_output=True, text=True
    ).stdout
    return sorted(listing.split(), key=str.lower)


def main() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    with tempfile.TemporaryDirectory() as directory:
        venv.create(directory, with_pip=True)
        python = Path(directory) / "bin" / "python"
        run = freeze(python, project["dependencies"])
        both = freeze(python, [*run, *project["optional-dependencies"]["dev"]])
    dev = [line for line in both if line not in run]
    (ROOT / "requirements" / "run.txt").write_text(
        "# Everything that a running venue needs, transitively. Refresh with `make lock`.\n" + "\n".join(run) + "\n"
    )
    (ROOT / "requirements" / "dev.txt").write_text(
        "# What building, testing and linting need beside run.txt, transitively. Refresh with `make lock`.\n-r run.txt\n"
        + "\n".join(dev)
        + "\n"
    )
    sys.stdout.write(f"{len(run)} packages to run, {len(dev)} more to develop\n")


if __name__ == "__main__":
    main()
