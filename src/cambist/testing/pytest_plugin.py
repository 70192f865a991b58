"""The pytest plug-in: `cambist_sandbox`, a sandbox for one test, and `cambist_market`, one for all tests of a process.

It imports nothing but pytest until a test asks for a sandbox.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
import tempfile
import zlib
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from cambist.testing.sandbox import Sandbox

MARK = "cambist"
MARKET_SEED = 1
"""Of `cambist_market`: one for all, because a reset to the same start is the quickest."""
SHOWN = 6_000
"""Characters of a bot's report that a failed test shows."""
SETTINGS = {
    "preset": "The market of the tests' sandboxes, as `cambist sandbox --preset` has it.",
    "clock": "Their clock: real, x60 or another factor, or manual.",
    "users": "Who exists in them: names, separated by commas.",
    "fund": "What each of their users gets.",
    "config": "Their configuration, a TOML file; relative to the directory of the ini-file.",
}


_FORK_SERVER = pytest.StashKey[Path]()
_WORKER_INPUT = "cambist_fork_server"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("cambist", "sandboxes of Cambist")
    group.addoption(
        "--cambist-seed",
        type=int,
        default=None,
        metavar="N",
        help="One seed for all sandboxes, instead of one from each test's name (for cambist_market: 1).",
    )
    text = "Write the bundle of each failed test's sandbox there, for `cambist replay`."
    group.addoption("--cambist-bundles", default=None, metavar="DIR", help=text)
    for name, text in SETTINGS.items():
        group.addoption(f"--cambist-{name}", default=None, metavar=name.upper(), help=text)
        parser.addini(f"cambist_{name}", text, default=None)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        f"{MARK}(seed, preset, clock, users, fund, config, options): how the sandbox of this test is started, before all options.",
    )


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Has all workers of pytest-xdist share one fork server: in each of their own one sandbox would wait for all imports."""
    folder = node.config.stash.setdefault(_FORK_SERVER, Path(tempfile.gettempdir()) / f"cambist-fork-server-{os.urandom(8).hex()}")
    node.workerinput[_WORKER_INPUT] = str(folder)


@pytest.fixture(scope="session")
def _cambist_fork_server(pytestconfig: pytest.Config) -> None:
    """What the other fixtures' sandboxes are forked from; nothing is started before one is."""
    from cambist.testing.processes import FORK_SERVER

    folder = getattr(pytestconfig, "workerinput", {}).get(_WORKER_INPUT)
    if folder is not None:
        FORK_SERVER.share(Path(folder))


@pytest.fixture
def cambist_sandbox(request: pytest.FixtureRequest, _cambist_fork_server: None) -> Iterator[Sandbox]:
    """A sandbox of this test's own: its own process, its own port, and a seed that follows from the test's name."""
    from cambist.testing.sandbox import Sandbox

    with Sandbox(**_settings(request)) as sandbox:
        _remember(request, sandbox)
        yield sandbox


@pytest.fixture(scope="session")
def cambist_process(request: pytest.FixtureRequest, _cambist_fork_server: None) -> Iterator[Sandbox]:
    """The one sandbox of `cambist_market`: a process for a session, with pytest-xdist one for each worker."""
    from cambist.testing.sandbox import Sandbox

    with Sandbox(**_options(request.config), seed=_market_seed(request.config)) as sandbox:
        yield sandbox


@pytest.fixture
def cambist_market(request: pytest.FixtureRequest, cambist_process: Sandbox) -> Sandbox:
    """A sandbox that is put back to its start before each test instead of being started anew: the same for all tests, in any order."""
    marked = _marked(request)
    seed = marked.pop("seed", _market_seed(request.config))
    if marked:
        raise pytest.UsageError(f"cambist_market is started once: say {', '.join(marked)} on the command line or in the ini-file")
    cambist_process.reset(None if seed == cambist_process.seed else seed)
    _remember(request, cambist_process)
    return cambist_process


def _market_seed(config: pytest.Config) -> int:
    seed: int | None = config.getoption("cambist_seed")
    return MARKET_SEED if seed is None else seed


def seed_of(name: str) -> int:
    """The seed of the test with that node id: the same on every machine and in every process."""
    return zlib.crc32(name.encode())


def _settings(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Options for the test's sandbox: its mark goes before the command line, which goes before the ini-file."""
    seed = request.config.getoption("cambist_seed")
    found = _options(request.config) | {"seed": seed_of(request.node.nodeid) if seed is None else seed}
    return found | _marked(request)


def _marked(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What the test's mark says."""
    marker = request.node.get_closest_marker(MARK)
    if marker is None:
        return {}
    if marker.args:
        raise pytest.UsageError(f"@pytest.mark.{MARK} takes arguments by name only: seed, {', '.join(SETTINGS)}, options")
    return dict(marker.kwargs)


def _options(config: pytest.Config) -> dict[str, Any]:
    """What the command line says, and the ini-file."""
    found: dict[str, Any] = {}
    for name in SETTINGS:
        written = config.getini(f"cambist_{name}")
        if name == "config" and written and config.inipath is not None:
            written = config.inipath.parent / written
        value = config.getoption(f"cambist_{name}") or written
        if value:
            found[name] = value.split(",") if name == "users" else value
    return found


def _remember(request: pytest.FixtureRequest, sandbox: Sandbox) -> None:
    """Has the test's results (JUnit's among them) name the seed."""
    request.node.user_properties.append(("cambist_seed", sandbox.seed))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Shows with a failed test what its sandbox was, while it still runs."""
    report = yield
    module = sys.modules.get("cambist.testing.sandbox")
    if module is not None and report.failed and call.when == "call":
        for name, value in getattr(item, "funcargs", {}).items():
            if isinstance(value, module.Sandbox):
                report.sections.append((f"Cambist sandbox ({name})", _evidence(item, value)))
    return report


def _evidence(item: pytest.Item, sandbox: Sandbox) -> str:
    """What the sandbox was and what came of it: the command that starts it, hashes of the run, where its bundle is, the bots' report."""
    from cambist.sandbox.control_client.calls import ControlError

    lines = [sandbox.describe()]
    try:
        run = sandbox.control.run()
        lines.append(f"{run.commands.count} commands, SHA-256 {run.commands.hash}; bytes sent, {run.sent.hash}")
        folder = item.config.getoption("cambist_bundles")
        if folder is not None:
            file = Path(folder) / f"{re.sub(r'[^A-Za-z0-9_.-]+', '-', item.nodeid)}.zip"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(sandbox.control.bundle())
            lines.append(f"cambist replay {shlex.quote(str(file))}")
        lines += ["", _report(sandbox)]
    except (ControlError, OSError) as error:
        lines.append(str(error))
    return "\n".join(lines)


def _report(sandbox: Sandbox) -> str:
    """The bots' report, cut where it is long."""
    text = sandbox.report()
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…\n"
